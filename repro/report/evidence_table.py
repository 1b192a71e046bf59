"""Networks with published weights on real images: one layout for every medium."""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.evidence.checks import NetworkCheck, by_set, spread
from repro.papers.evidence import ImageSet
from repro.report.text import SHORT, counted
from repro.verdicts import digits

TITLE = "Networks with published weights, on real images"
LEAD = (
    "A test of our own chain from a picture to a figure: weights and accuracy of these networks "
    "are public, so that ours can be held against a figure that somebody else measured. They are "
    "not of the papers, and no number of a paper is judged by them."
)
LIMITS = (
    "A published figure inside the 95 % interval of ours, which comes from resampled images, is "
    "what right crops, decoding and evaluator give; an error smaller than the interval it cannot "
    "exclude. One outside means that something is wrong, or that these images are easier or harder "
    "than the whole set: they are few, and no random sample."
)
HEADINGS = ("network", "evaluated by", "published", "ours", "95 % interval", "Δ", "inside")
"""`Δ` is ours less published, in points; `inside` whether the published lies in the interval"""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One network on one set, in words; what is lacking is empty."""

    check: NetworkCheck

    @property
    def network(self) -> str:
        return self.check.network.label

    @property
    def rules(self) -> str:
        """The protocol without its data set."""
        return " · ".join(str(self.check.protocol).split(" · ")[1:])

    @property
    def published(self) -> str:
        return self.check.network.published or "–"

    @property
    def ours(self) -> str:
        """A digit more than is published as a rule; without one of ours a dash."""
        shown = self.check.shown
        if shown is None:
            return "–"
        return f"{shown.value:.2f}" if self.check.measured else f"{shown.value:.2f} stale"

    @property
    def record(self) -> str:
        """The beginning of the key of the record with our figure."""
        record = None if self.check.shown is None else self.check.record
        return "" if record is None else record.key[:SHORT]

    @property
    def interval(self) -> str:
        measured = self.check.measured
        if measured is None or measured.low is None or measured.high is None:
            return ""
        return f"{measured.low:.1f} to {measured.high:.1f}"

    @property
    def delta(self) -> str:
        return "" if self.check.delta is None else digits.signed(f"{self.check.delta:.2f}")

    @property
    def inside(self) -> str:
        return {None: "", True: "yes", False: "no"}[self.check.inside]


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """All networks on one set of images."""

    images: ImageSet
    lines: tuple[EvidenceLine, ...]

    @property
    def facts(self) -> str:
        """The images in a line."""
        images = self.images
        people = f"{images.persons:,} persons, {images.labelled:,} of them with labelled joints"
        return f"{people} · `{images.file}`, sha256 {images.sha256}"

    @property
    def spread(self) -> str:
        """How the differences of the anchors lie, in a sentence; empty for fewer than two."""
        known = spread(line.check for line in self.lines if line.check.network.anchor)
        if len(known.differences) < 2:
            return ""
        return (
            f"Ours less published over {counted(len(known.differences), 'network')} of "
            f"{counted(known.architectures, 'architecture')}: "
            f"{digits.signed(f'{-known.mean:.2f}')} points on average, standard deviation "
            f"{known.deviation:.2f}."
        )

    @property
    def ids(self) -> str:
        return ", ".join(map(str, self.images.images))

    @property
    def lacking(self) -> list[tuple[str, str]]:
        """Network and what would supply its figure, of those without one."""
        return [(line.network, line.check.lacking) for line in self.lines if line.check.lacking]


def sources(checks: Sequence[NetworkCheck]) -> list[tuple[str, str]]:
    """Networks, and where their figures are published or what else must be known of them."""
    said: dict[str, dict[str, None]] = {}
    for check in checks:
        for text in filter(None, (check.network.source, check.network.note, check.boxes_told)):
            said.setdefault(text if text.endswith(".") else f"{text}.", {})[check.network.label] = (
                None
            )
    return [("; ".join(labels), text) for text, labels in said.items()]


def tables(checks: Sequence[NetworkCheck]) -> list[EvidenceTable]:
    """A table for each set of images."""
    return [
        EvidenceTable(group[0].images, tuple(map(EvidenceLine, group)))
        for group in by_set(checks).values()
    ]
