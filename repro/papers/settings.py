"""Which protocols could print a number: all that follow from what a paper may leave unsaid.

A setting is a whole protocol; what it is told by is how it deviates from the base, the protocol
that all of them are varied from.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import product

from repro.errors import ReproError
from repro.papers.protocol import (
    GEOMETRIES,
    GROUND_TRUTH,
    HEATMAP_DECODERS,
    OF_BOXES,
    OF_JOINTS,
    OFF,
    Protocol,
    changed,
)

ALL = "all"
"""in place of a protocol's name: every setting"""
DECODINGS = (
    "argmax",
    "argmax+quarter",
    "DARK",
    "DARK-UDP",
    "beta-soft-argmax(160)",
    "beta-soft-argmax(160)+quarter",
)
JOINT_SCORES = (0.2, 0.0)
SUPPRESSIONS = (OFF, 0.9)
BOX_SCORES = (0.0, 0.2)

Rules = Mapping[str, object]

WORDS: Mapping[str, Callable[[Protocol], str]] = {
    "boxes": lambda rules: f"boxes: {rules.boxes}",
    "box score": lambda rules: f"boxes of {rules.box_score:g} or more",
    "padding": lambda rules: f"padding {rules.padding:g}",
    "colour": lambda rules: rules.colour,
    "normalisation": lambda rules: f"normalised by {rules.normalise}",
    "EXIF": lambda rules: f"EXIF turns: {rules.exif}",
    "geometry": lambda rules: f"geometry {rules.geometry}",
    "flip": lambda rules: ("flip+shift" if rules.shift else "flip") if rules.flip else "no flip",
    "decoding": lambda rules: rules.decode,
    "person score": lambda rules: (
        "box scores alone"
        if rules.rescoring == OF_BOXES
        else f"box score x mean of joints above {rules.joint_score:g}"
    ),
    "NMS": lambda rules: "no NMS" if rules.nms is None else f"NMS {rules.nms:g}",
    "evaluator": lambda rules: f"by {rules.evaluator}",
}
"""what settings differ in -> how one of them has it"""


def deviation(base: Protocol, setting: Protocol) -> dict[str, str]:
    """What of WORDS a setting has otherwise than the base, and how."""
    return {name: word(setting) for name, word in WORDS.items() if word(setting) != word(base)}


def every(base: Protocol, fixed: Collection[str], detector: str | None) -> tuple[Protocol, ...]:
    """All combinations of the rules, the base first; those that are `fixed` are as in the base.

    `detector` is the name of the file of a detector's boxes, where there is one. Another evaluator
    is tried on the base alone: what gives the same of one set of poses gives it of any. A
    ReproError for protocols of whole images.
    """
    check(base)
    ways = [
        [rules for rules in choices if _fits(base, rules, fixed)]
        for choices in _choices(base, detector)
    ]
    settings: dict[Protocol, None] = {base: None}
    for combined in product(*ways):
        rules = {name: value for part in combined for name, value in part.items()}
        if rules.get("boxes", base.boxes) == GROUND_TRUTH:
            rules["box_score"] = 0.0
        settings[changed(base, **rules)] = None
    if "evaluator" not in fixed:
        others = (tool for tool in base.entry.tools if tool != base.tool)
        settings |= {changed(base, evaluator=tool): None for tool in others}
    return tuple(settings)


def check(base: Protocol) -> None:
    """Raise ReproError for protocols that have no settings to be tried here."""
    if base.bottom_up:
        raise ReproError(
            f"`{base.decode}` finds persons in whole images: its maps are too large to be read in "
            "many ways at once.",
            "Evaluate each setting by itself: --flip and --no-flip, for one.",
        )
    if base.decoder not in HEATMAP_DECODERS:
        raise ReproError(
            f"`{base.decode}` reads no heatmaps: there are no other ways to decode them.",
            "Evaluate each setting by itself: --flip and --no-flip, for one.",
        )


def comparable(settings: Sequence[Protocol]) -> None:
    """Raise ReproError unless all settings are of the same persons on the same pictures."""
    base = settings[0]
    for setting in settings:
        check(setting)
        if (setting.on, setting.chosen) != (base.on, base.chosen):
            raise ReproError(
                f"One protocol is of {base.on}, another of {setting.on}.",
                "Name protocols of one split, or name it: --dataset, --split.",
            )


def _fits(base: Protocol, rules: Rules, fixed: Collection[str]) -> bool:
    """Whether rules leave what is fixed as it is."""
    return all(
        (None if value == OFF else value) == getattr(base, name)
        for name, value in rules.items()
        if name in fixed
    )


def _choices(base: Protocol, detector: str | None) -> Iterator[list[Rules]]:
    """The ways in which each rule can be had, that of the base among them.

    What is moot in a way, as the shift without a flip, is as in the base: a setting that gives the
    same is the same.
    """
    yield [
        {"flip": False, "shift": base.shift},
        {"flip": True, "shift": False},
        {"flip": True, "shift": True},
    ]
    yield [{"decode": how} for how in dict.fromkeys((base.decode, *DECODINGS))]
    yield [{"udp": udp, "plain_back": back} for udp, back in GEOMETRIES.values()]
    if base.entry.measure == "PCKh":
        return  # by the annotated persons, whatever they score
    scores = dict.fromkeys((base.joint_score, *JOINT_SCORES))
    yield [
        *({"rescoring": OF_JOINTS, "joint_score": score} for score in scores),
        {"rescoring": OF_BOXES, "joint_score": base.joint_score},
    ]
    yield [{"nms": nms} for nms in dict.fromkeys((base.nms or OFF, *SUPPRESSIONS))]
    if detector is not None:
        yield [{"boxes": boxes} for boxes in dict.fromkeys((base.boxes, detector, GROUND_TRUTH))]
        yield [{"box_score": score} for score in dict.fromkeys((base.box_score, *BOX_SCORES))]
