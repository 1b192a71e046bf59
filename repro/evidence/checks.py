"""What the store has of networks with published weights on real images. Runs nothing."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from repro.papers import evidence
from repro.papers.evidence import NAME, ImageSet, PublishedNetwork
from repro.papers.protocol import GROUND_TRUTH, Protocol
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.requirements import SubsetRequirement

Find = Callable[[SubsetRequirement], Record | None]


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """A network with a published figure beside what it gives here on some images."""

    network: PublishedNetwork
    images: ImageSet
    protocol: Protocol
    record: Record | None
    """that counts; None where there is none"""

    @property
    def shown(self) -> Measurement | None:
        """Our figure in per cent, current or stale."""
        return None if self.record is None else self.record.measurement(self.network.metric)

    @property
    def measured(self) -> Measurement | None:
        """Our figure in per cent, by the present code."""
        return None if self.record is None or self.record.stale else self.shown

    @property
    def delta(self) -> float | None:
        """Measured less published, in points; None where one of them is lacking."""
        figure, measured = self.network.figure, self.measured
        return None if figure is None or measured is None else measured.value - float(figure.value)

    @property
    def inside(self) -> bool | None:
        """Whether the published value lies in the 95 % interval of ours; None for no answer."""
        figure, measured = self.network.figure, self.measured
        if figure is None or measured is None or measured.low is None or measured.high is None:
            return None
        return measured.low <= figure.value <= measured.high

    @property
    def lacking(self) -> str:
        """Why there is no figure, and what would supply it; empty where there is one."""
        if self.measured is not None:
            return ""
        made = f"`{self.command}`"
        if self.detected:
            digest = self.network.boxes_sha256.get(self.images.name)
            made += f", with the boxes in `{self.protocol.boxes}`"
            made += f" (sha256 {digest})" if digest else ""
        if self.record is not None and self.record.stale:
            return f"Stale: by older code, of commit {self.record.commit}. Anew: {made}."
        if self.record is not None:
            return f"Its record has no {self.network.metric}."
        return f"Not evaluated here: {made}."

    @property
    def boxes_told(self) -> str:
        """Which boxes of a detector our figure is from; empty for others."""
        data = {} if self.shown is None or self.record is None else self.record.spec["data"]
        assert isinstance(data, Mapping)
        digest = data.get("boxes")
        name = self.images.name
        return f"On {name} ours is in the boxes with sha256 {digest}." if digest else ""

    @property
    def detected(self) -> bool:
        """Whether the boxes are a detector's."""
        return not self.protocol.bottom_up and self.protocol.boxes != GROUND_TRUTH

    @property
    def command(self) -> str:
        """What evaluates it; DIR is the folder of the images."""
        network = self.network
        words = ["repro", "eval", network.model or network.file]
        if network.model is not None:
            words += ["--weights", network.file]
        for name, value in network.options.items():
            words += ["--option", f"{name}={value}"]
        words += ["--input", f"{network.input[0]}x{network.input[1]}"]
        words += ["--protocol", f"{NAME}/{network.protocol}"]
        if self.detected:
            words += ["--boxes", self.protocol.boxes]
        return shlex.join([*words, "--annotations", self.images.file, "--images", "DIR"])


def network_checks(find: Find) -> list[NetworkCheck]:
    """Every network on every set it is held against, by the records at hand; set by set."""
    known = evidence.catalogue()
    return [
        NetworkCheck(network, images, rules, find(wanted(network, images, rules)))
        for images in known.sets
        for network in known.networks
        for rules in (known.protocols[network.protocol],)
        if images.name in network.sets
    ]


def wanted(network: PublishedNetwork, images: ImageSet, rules: Protocol) -> SubsetRequirement:
    """What an evaluation must be to count for a network on a set."""
    return SubsetRequirement(
        network.subject,
        network.input,
        network.options,
        {"sha256": network.sha256},
        images.sha256,
        rules,
        network.boxes_sha256.get(images.name),
    )


def by_set(given: Iterable[NetworkCheck]) -> dict[str, list[NetworkCheck]]:
    """Name of a set -> its checks."""
    groups: dict[str, list[NetworkCheck]] = {}
    for check in given:
        groups.setdefault(check.images.name, []).append(check)
    return groups


@dataclass(frozen=True, slots=True)
class AnchorSpread:
    """How far published figures lie from those on some images, over several networks."""

    differences: tuple[float, ...]
    """published less measured, in points, a network each"""
    architectures: int
    """how many different ones there are among them"""

    @property
    def mean(self) -> float:
        """In points."""
        return fmean(self.differences)

    @property
    def deviation(self) -> float:
        """The standard deviation of the sample, in points; there must be two or more."""
        return stdev(self.differences)


def spread(anchors: Iterable[NetworkCheck]) -> AnchorSpread:
    """The differences of those checks that have one, whatever their metric."""
    usable = [(check, check.delta) for check in anchors]
    differences = tuple(-delta for _, delta in usable if delta is not None)
    known = {check.network.architecture for check, delta in usable if delta is not None}
    return AnchorSpread(differences, len(known))


def described(check: NetworkCheck) -> dict[str, object]:
    """A check as plain data; figures in per cent, differences in points."""
    network, shown = check.network, check.shown
    return {
        "set": check.images.name,
        "images": len(check.images.images),
        "annotations": check.images.sha256,
        "network": network.label,
        "architecture": network.architecture,
        "sha256": network.sha256,
        "protocol": f"{NAME}/{network.protocol}",
        "rules": str(check.protocol),
        "metric": network.metric,
        "published": network.published,
        "source": network.source,
        "anchor": network.anchor,
        "measured": shown
        and {"value": shown.value, "unit": shown.unit, "low": shown.low, "high": shown.high},
        "delta": check.delta,
        "inside": check.inside,
        "record": check.record and check.record.key,
        "standing": check.record and check.record.standing,
        "lacking": check.lacking,
    }
