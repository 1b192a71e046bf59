"""How accuracy is measured: everything that an evaluation does beside the network itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from repro.errors import ReproError, unknown
from repro.papers.datasets import (
    DATASETS,
    TOOLS,
    Dataset,
    DatasetChoice,
    OwnDataset,
    Tool,
    find_dataset,
)
from repro.papers.skeletons import Skeleton

HEATMAP_DECODERS = {
    "argmax": "argmax",
    "argmax+quarter": "quarter",
    "DARK": "dark",
    "DARK-UDP": "dark-udp",
    "beta-soft-argmax": "soft-argmax",
    "beta-soft-argmax+quarter": "soft-argmax+quarter",
}
"""how a protocol names a decoding of heatmaps -> how `repro.pose.decode` does"""
GROUPINGS = ("associative embedding", "centre offsets", "part affinity fields")
"""how bottom-up networks find persons"""
COORDINATES = ("SimCC", "points")
"""how networks of one person are read that give no heatmaps; exported files alone do"""
ROWS = "pose rows"
"""persons that a network of whole images gives by itself, a row each; exported files alone do"""
SERVER = "COCO evaluation server"
"""an evaluator that nobody can run at home"""
EVALUATORS = (*dict.fromkeys((*(one.evaluator for one in DATASETS.values()), *TOOLS)), SERVER)
COLOURS = ("RGB", "BGR")
NORMALISATIONS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "ImageNet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "128/256": ((128.0,) * 3, (256.0,) * 3),
    "0..1": ((0.0,) * 3, (255.0,) * 3),
    "-1..1": ((127.5,) * 3, (127.5,) * 3),
    "0..255": ((0.0,) * 3, (1.0,) * 3),
}
"""mean and deviation of pixel values, applied in the order in which the channels come"""
LARGEST_MEAN = 1e4
"""of pixel values, in a normalisation of one's own"""
GROUND_TRUTH, NO_BOXES = "ground truth", "none"
GEOMETRIES: Mapping[str, tuple[bool, bool]] = {
    "plain": (False, False),
    "udp": (True, False),
    "udp-in": (True, True),
}
"""how a geometry is called -> the rules `udp` and `plain_back`"""
OF_JOINTS, OF_BOXES = "joints", "box"
RESCORINGS = (OF_JOINTS, OF_BOXES)
"""what scores a person: its box times the mean of its joints, or its box alone"""
IGNORE, APPLY = "ignore", "apply"
EXIF = (IGNORE, APPLY)
"""the turn that a picture's EXIF asks for: HRNet's loader ignores it, MMPose's honours it"""

YOUNGER: Mapping[str, object] = {
    "plain_back": False,
    "rescoring": OF_JOINTS,
    "joint_score": 0.2,
    "box_score": 0.0,
}
"""rules that protocols did not always have, told only where they are not what was always done"""
UDP_WORDS = {"plain": "", "udp": " · UDP", "udp-in": " · UDP in, plain back"}
OFF = "off"
"""what takes a rule away, where None leaves it"""
_DECODE = re.compile(r"(beta-soft-argmax)\((\d{1,4})\)(\+quarter)?")


@dataclass(frozen=True, slots=True)
class Protocol:
    """The rules of one evaluation."""

    dataset: str
    """one of DATASETS, or the name of a user's `own`"""
    split: str
    boxes: str
    """the name of a detector's file, `ground truth`, or `none` where persons need no boxes"""
    colour: str
    """order of the channels that the network is given, RGB or BGR"""
    flip: bool
    """average with the outputs for the mirrored image"""
    shift: bool
    """move the mirrored image's heatmaps one column to the right"""
    decode: str
    """one of HEATMAP_DECODERS, beta-soft-argmax with its beta in brackets, one of GROUPINGS or of
    COORDINATES, or ROWS"""
    evaluator: str
    metric: str
    supply: str
    """what someone must supply to measure it"""
    source: str
    nms: float | None = None
    """the OKS above which the lesser of two persons is dropped; none by default"""
    padding: float = 1.25
    """what the sides of boxes are multiplied by"""
    udp: bool = False
    """whether the unit of crops and heatmaps is the pixel interval (UDP)"""
    plain_back: bool = False
    """whether points go back to the image by the plain geometry though crops are cut by UDP's, as
    in PaddleDetection"""
    rescoring: str = OF_JOINTS
    """one of RESCORINGS"""
    joint_score: float = 0.2
    """what a joint must score more than to count in its person's score"""
    box_score: float = 0.0
    """the least score of a detector's box that is looked at"""
    normalise: str = "ImageNet"
    """one of NORMALISATIONS, or three means and three deviations; see `normalisation`"""
    exif: str = IGNORE
    """one of EXIF: whether pictures are taken as stored, or turned as viewers show them"""
    own: OwnDataset | None = None
    """the data set, where it is a user's"""

    def __post_init__(self) -> None:
        _check("dataset", self.dataset, DATASETS if self.own is None else (self.own.name,))
        _check("colour", self.colour, COLOURS)
        _check("evaluator", self.evaluator, EVALUATORS)
        normalisation(self.normalise)
        _check("treatment of EXIF turns", self.exif, EXIF)
        _check("decoding", self.decoder, (*HEATMAP_DECODERS, *GROUPINGS, *COORDINATES, ROWS))
        _check("rescoring", self.rescoring, RESCORINGS)
        if self.beta == 0:
            raise ReproError(
                f"`{self.decode}` finds the middle of every heatmap.", "A beta of 160 is usual."
            )
        if not 0.5 <= self.padding <= 5:
            raise ReproError(f"A padding of {self.padding:g} is out of range.", "0.5 to 5 will do.")
        if self.nms is not None and not 0 < self.nms <= 1:
            raise ReproError(f"An OKS of {self.nms:g} does not exist.", "It is above 0, at most 1.")
        if self.bottom_up != (self.boxes == NO_BOXES):
            raise ReproError(
                f"The decoding `{self.decode}` does not go with the boxes `{self.boxes}`.",
                "Top-down decodings need boxes; groupings need none.",
            )
        if self.boxes not in (GROUND_TRUTH, NO_BOXES) and not self.boxes.endswith(".json"):
            raise ReproError(
                f"`{self.boxes}` is no kind of boxes.",
                f"Either `{GROUND_TRUTH}`, `{NO_BOXES}`, or the name of a detector's json file.",
            )
        self._check_persons()

    def _check_persons(self) -> None:
        """Raise ReproError for rules on persons and boxes that do not go together."""
        for what, score in (("joint", self.joint_score), ("box", self.box_score)):
            if not 0 <= score < 1:
                raise ReproError(
                    f"A least score of {score:g} for a {what} is out of range.", "From 0 up to 1."
                )
        if self.box_score and not self.boxes.endswith(".json"):
            raise ReproError(
                f"The boxes `{self.boxes}` have no scores to be above {self.box_score:g}.",
                "Leave the least score of boxes out, or give the boxes of a detector.",
            )
        if self.plain_back and not self.udp:
            raise ReproError(
                "Points of plain crops go back by the plain geometry anyway.",
                "The mixed geometry is one of UDP's crops: udp = true, plain_back = true.",
            )
        if self.evaluator in TOOLS and self.evaluator not in (
            self.entry.evaluator,
            *self.entry.tools,
        ):
            raise ReproError(
                f"{self.evaluator} cannot score {self.entry.title}.",
                f"Take {' or '.join(self.entry.tools) or self.entry.evaluator}.",
            )

    @property
    def decoder(self) -> str:
        """The decoding without its beta."""
        match = _DECODE.fullmatch(self.decode)
        return f"{match[1]}{match[3] or ''}" if match else self.decode

    @property
    def beta(self) -> float:
        """The sharpness of the beta-soft-argmax; 160 where the decoding has none."""
        match = _DECODE.fullmatch(self.decode)
        return float(match[2]) if match else 160.0

    @property
    def bottom_up(self) -> bool:
        """Whether persons are found in the whole image."""
        return self.decode in (*GROUPINGS, ROWS)

    @property
    def geometry(self) -> str:
        """One of GEOMETRIES."""
        rules = self.udp, self.plain_back
        return next(name for name, of in GEOMETRIES.items() if of == rules)

    @property
    def udp_maps(self) -> bool:
        """Whether the unit of heatmaps is the pixel interval, as points go back to the image."""
        return self.udp and not self.plain_back

    @property
    def tool(self) -> Tool:
        """The package that scores by OKS."""
        entry = self.entry
        return next((one for one in entry.tools if one == self.evaluator), entry.tool)

    @property
    def chosen(self) -> DatasetChoice:
        """What names the data set wherever one is asked for."""
        return self.own or self.dataset

    @property
    def entry(self) -> Dataset:
        """The data set."""
        return find_dataset(self.chosen)

    @property
    def skeleton(self) -> Skeleton:
        """The joints of the data set."""
        return self.entry.skeleton

    @property
    def keypoints(self) -> int:
        """How many joints a person has."""
        return len(self.skeleton.joints)

    @property
    def on(self) -> str:
        """`COCO val2017`."""
        return f"{self.entry.title} {self.split}".strip()

    def described(self) -> dict[str, object]:
        """What a record keeps: the rules, without who supplies what."""
        rules = asdict(self)
        del rules["supply"], rules["source"], rules["metric"], rules["own"]
        if self.own is not None:
            rules["own"] = self.own.described()
        for rule, usual in YOUNGER.items():
            if rules[rule] == usual:
                del rules[rule]
        return rules

    def __str__(self) -> str:
        return self.told(self.colour)

    def told(self, pixels: str) -> str:
        """The rules in one line, with these words on the colours of the input."""
        flip = "flip+shift" if self.flip and self.shift else "flip" if self.flip else "no flip"
        nms = "" if self.nms is None else f" · OKS-NMS {self.nms:g}"
        udp = UDP_WORDS[self.geometry]
        boxes = "" if self.bottom_up else f" · boxes: {self.boxes}"
        wide = "" if self.padding == 1.25 else f" padded {self.padding:g} times"
        turned = " · EXIF turns applied" if self.exif == APPLY else ""
        by = "" if self.rescoring == OF_JOINTS else " · scored by boxes alone"
        joints = "" if self.joint_score == 0.2 else f" · joints above {self.joint_score:g}"
        least = f" of {self.box_score:g} or more" if self.box_score else ""
        rules = f"{flip} · {self.decode}{joints}{by}{nms}{udp}{turned}"
        return f"{self.on}{boxes}{least}{wide} · {pixels} · {rules}"


def normalisation(text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of pixel values (0 to 255) of each channel, in the channels' order.

    `text` is one of NORMALISATIONS, or the numbers themselves: `123.7,116.3,103.5/58.4,57.1,57.4`.
    ReproError for anything else.
    """
    if text in NORMALISATIONS:
        return NORMALISATIONS[text]
    mean, _, deviation = text.partition("/")
    try:
        numbers = [tuple(float(word) for word in part.split(",")) for part in (mean, deviation)]
    except ValueError:
        numbers = []
    if (
        [len(part) for part in numbers] == [3, 3]
        and all(abs(number) <= LARGEST_MEAN for part in numbers for number in part)
        and min(numbers[1]) > 0
    ):
        return numbers[0], numbers[1]
    error = unknown("normalisation", text, NORMALISATIONS)
    raise ReproError(str(error), f"{error.hint} Or three means and deviations: 1,2,3/4,5,6.")


def _check(what: str, value: str, valid: Iterable[str]) -> None:
    if value not in valid:
        raise unknown(what, value, valid)


def changed(protocol: Protocol, **rules: object) -> Protocol:
    """The protocol with some rules replaced; None leaves a rule as it is, OFF takes it away."""
    given = {key: value for key, value in rules.items() if value is not None}
    given = {key: None if value == OFF else value for key, value in given.items()}
    return replace(protocol, **given) if given else protocol  # type: ignore[arg-type]
