"""Networks whose weights and accuracy are published, and the real images they are held against.

They are no cells of a paper: what they give here tells whether pictures, crops, decoding and
evaluator, all together, bring back a figure that somebody else has measured.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import zoo
from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders, published
from repro.papers.catalogues import gathered
from repro.papers.datasets import REAL, find_dataset
from repro.papers.metrics import ACCURACY
from repro.papers.protocol import GROUND_TRUTH, Protocol
from repro.papers.published import Published
from repro.papers.values import Options, Size

FILE = "evidence.toml"
NAME = "evidence"
"""stands for a paper in the name of a protocol: `evidence/dark`"""
EXPORTED: Mapping[str, str] = {".onnx": "onnx", ".xml": "openvino", ".tflite": "tflite"}
"""ending of an exported file -> what stands for it among the models"""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Some images of an official set, with its annotations."""

    name: str
    dataset: str
    split: str
    """of which they are some"""
    file: str
    """what the annotation file is called; its digest tells it"""
    sha256: str
    """of the annotation file"""
    persons: int
    labelled: int
    """persons with a joint to be found"""
    chosen: str
    """how the images came together"""
    images: tuple[int, ...]
    """their ids in the official set"""

    def __post_init__(self) -> None:
        if self.dataset not in REAL:
            raise unknown("data set", self.dataset, REAL)
        splits = find_dataset(self.dataset).splits
        if self.split not in splits:
            raise unknown(f"split of {self.dataset}", self.split, splits)
        _check_digest(self.sha256)
        if not self.images or len(set(self.images)) < len(self.images):
            raise ReproError(f"The images of `{self.name}` are none, or one of them is twice.")
        if not 0 < self.labelled <= self.persons:
            raise ReproError(f"`{self.name}` has {self.labelled} labelled of {self.persons}.")

    @property
    def whole(self) -> str:
        """`COCO val2017`, of which they are some."""
        return f"{find_dataset(self.dataset).title} {self.split}"

    @property
    def title(self) -> str:
        """`182 images of COCO val2017`."""
        return f"{len(self.images):,} images of {self.whole}"


@dataclass(frozen=True, slots=True)
class PublishedNetwork:
    """A network with public weights, by one protocol."""

    label: str
    architecture: str
    """what it shares with networks that are no witnesses of their own beside it"""
    file: str
    """an exported file, or a checkpoint of `model`; its digest tells it"""
    sha256: str
    """as a record has it: of the file, or of all the files that it consists of"""
    input: Size
    protocol: str
    """how it is evaluated here, one of the file's protocols"""
    sets: tuple[str, ...]
    """on which images"""
    source: str
    """where the figure is published and what it was measured on; or why there is none"""
    published: str | None = None
    """as printed, in per cent"""
    metric: str = "AP"
    model: str | None = None
    """of the zoo; None for an exported file"""
    options: Options = field(default_factory=dict)
    boxes_sha256: Mapping[str, str] = field(default_factory=dict)
    """set -> digest of a detector's file of boxes; any file of the protocol's name where none is"""
    anchor: bool = False
    """whether estimates may rest on it: its figure is of the whole set, by this protocol"""
    note: str = ""
    """what must be known of it beside the source"""

    def __post_init__(self) -> None:
        _check_digest(self.sha256)
        for name, digest in self.boxes_sha256.items():
            _check_digest(digest)
            if name not in self.sets:
                raise unknown(f"set of `{self.label}`", name, self.sets)
        if self.metric not in ACCURACY:
            raise unknown("accuracy", self.metric, ACCURACY)
        if self.published is not None and self.figure is None:
            raise ReproError(f"`{self.published}` is no {self.metric}.")
        if self.anchor and self.published is None:
            raise ReproError(f"`{self.label}` is an anchor without a published figure.")
        if self.model is not None and self.model not in zoo.MODELS:
            raise unknown("model", self.model, zoo.MODELS)
        if self.model is None and Path(self.file).suffix not in EXPORTED:
            raise ReproError(
                f"`{self.file}` is no exported network by its ending, and has no `model`.",
                f"Known endings: {', '.join(EXPORTED)}.",
            )

    @property
    def subject(self) -> str:
        """What a record calls the network: a name of the zoo, or the kind of exported file."""
        return self.model or EXPORTED[Path(self.file).suffix]

    @property
    def figure(self) -> Published | None:
        """The published figure; None where there is none."""
        return None if self.published is None else published.parse(self.published)


@dataclass(frozen=True, slots=True)
class EstimateRule:
    """How a printed accuracy is estimated from such images."""

    least: int
    """anchors without which nothing is said"""
    boxes: str = GROUND_TRUTH
    """what a printed protocol takes instead of a detector's boxes, which are not at hand"""


@dataclass(frozen=True, slots=True)
class EvidenceCatalogue:
    """The file tables/evidence.toml, or that of a user, which adds to it."""

    sets: tuple[ImageSet, ...] = ()
    protocols: Mapping[str, Protocol] = field(default_factory=dict)
    networks: tuple[PublishedNetwork, ...] = ()
    estimates: EstimateRule | None = None
    """of the first file that has one"""

    def image_set(self, name: str) -> ImageSet:
        """The set of exactly that name."""
        return next(one for one in self.sets if one.name == name)


def catalogue() -> EvidenceCatalogue:
    """The networks and images of all folders of papers; ReproError where ours are wrong."""
    paths = [folder / FILE for folder in folders.study_folders()]
    return _catalogue(*(path for path in paths if path.is_file()))


def protocol(name: str) -> Protocol:
    """The protocol of exactly that name; a ReproError if there is none."""
    known = catalogue().protocols
    if name not in known:
        raise unknown("protocol", f"{NAME}/{name}", (f"{NAME}/{one}" for one in known))
    return known[name]


def wrong(path: Path) -> list[ReproError]:
    """What is wrong with the entries of a user's catalogue, beside the others."""
    paths = [folder / FILE for folder in folders.study_folders()]
    others = [one for one in paths if one.is_file() and one.resolve() != path.resolve()]
    try:
        _added(_catalogue(*others), path)
    except ReproError as error:
        return [ReproError(str(error).removeprefix(f"{folders.shown(path)}: "), error.hint)]
    return []


@functools.cache
def _catalogue(*paths: Path) -> EvidenceCatalogue:
    """Ours with what those of a user add; one of theirs that is wrong is left out."""
    return gathered(paths, EvidenceCatalogue(), _added)


def _added(before: EvidenceCatalogue, path: Path) -> EvidenceCatalogue:
    """A catalogue with what a file adds to it."""
    file = folders.shown(path)
    read = schema.read(EvidenceCatalogue, schema.toml(path, file), file)
    whole = replace(
        before,
        sets=(*before.sets, *read.sets),
        protocols={**before.protocols, **read.protocols},
        networks=(*before.networks, *read.networks),
        estimates=before.estimates or read.estimates,
    )
    twice = set(before.protocols) & set(read.protocols)
    for said, hint in (
        *((f"the protocol `{name}` is twice.", "") for name in twice),
        *_flaws(whole),
    ):
        raise ReproError(f"{file}: {said}", hint)
    return whole


def _flaws(whole: EvidenceCatalogue) -> Iterator[tuple[str, str]]:
    """What is wrong between the entries of a catalogue: facts and cures."""
    for what, names in (
        ("set", [one.name for one in whole.sets]),
        ("network", [one.label for one in whole.networks]),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                yield f"the {what} `{name}` is twice.", ""
    sets = {one.name: one for one in whole.sets}
    for network in whole.networks:
        for what, word, valid in (
            ("protocol", network.protocol, whole.protocols),
            *(("set of images", name, sets) for name in network.sets),
        ):
            if word not in valid:
                error = unknown(what, word, valid)
                yield f"`{network.label}`: {error}", error.hint
        data = {sets[name].dataset for name in network.sets if name in sets}
        rules = whole.protocols.get(network.protocol)
        if rules is not None and data - {rules.dataset}:
            yield f"`{network.label}` is evaluated as {rules.dataset}, on images of another.", ""


def _check_digest(text: str) -> None:
    if not _SHA256.fullmatch(text):
        raise ReproError(f"`{text:.70}` is no sha256.", "It has 64 digits of 0 to 9 and a to f.")
