"""Hold a printed speed against a timing made elsewhere: order and ratios, never absolute values."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from repro.records.record import Record


@dataclass(frozen=True, slots=True)
class RivalRatio:
    """A network beside one rival: how many times as long it takes, printed and measured."""

    rival: str
    printed: float
    measured: float
    low: float
    """of the 95 % interval"""
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves a draw out."""
        return not self.low <= 1 <= self.high

    @property
    def reversed(self) -> bool:
        """Whether the order is surely the other one."""
        return self.clear and (self.printed - 1) * (self.measured - 1) < 0

    def __str__(self) -> str:
        return (
            f"{self.rival}: {self.printed:.2f}x printed, {self.measured:.2f}x "
            f"[{self.low:.2f}, {self.high:.2f}] here"
        )


def pairs(
    network: tuple[str, Fraction], rivals: Mapping[str, tuple[str, Fraction]], record: Record
) -> list[RivalRatio]:
    """The network beside each rival that the record timed with it.

    `own` and the values of `rivals` are the network's name in the record and its printed time;
    the keys of `rivals` are the names in the table. Networks that are the same are no pair.
    """
    network_name, time = network
    ratios = []
    for label, (other, rival_time) in rivals.items():
        ratio = record.measurement("ratio", of=f"{network_name} / {other}")
        if ratio is not None and ratio.low is not None and ratio.high is not None:
            printed = float(time / rival_time)
            ratios.append(RivalRatio(label, printed, float(ratio.value), ratio.low, ratio.high))
    return ratios


def verdict(ratios: list[RivalRatio], record: Record) -> tuple[str, str]:
    """`rank`, `off` or `unstable`, with the reason."""
    unstable = record.notes.get("unstable")
    against = [ratio for ratio in ratios if ratio.reversed]
    clear = [ratio for ratio in ratios if ratio.clear]
    count = f"{len(ratios)} rival{'' if len(ratios) == 1 else 's'}"
    if unstable:
        return "unstable", f"{unstable} No verdict."
    if not ratios:
        return "unstable", "No rival was timed with it."
    if against:
        listed = "; ".join(map(str, against[:3]))
        return "off", f"The order is reversed against {len(against)} of {count}: {listed}."
    if 2 * len(clear) < len(ratios):
        return "unstable", f"Only {len(clear)} of {count} can be told apart here."
    draws = len(ratios) - len(clear)
    tied = f", {draws} cannot be told apart" if draws else ""
    extreme = max(ratios, key=lambda ratio: abs(ratio.printed - ratio.measured))
    return "rank", f"The order holds against {len(clear)} of {count}{tied}; furthest off {extreme}."
