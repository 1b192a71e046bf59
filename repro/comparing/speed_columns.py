"""A timing beside every published column of speeds, and beside the networks' costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from repro.counting import counter
from repro.plans import printed_speeds
from repro.plans.printed_speeds import PrintedSpeeds
from repro.records.record import Record
from repro.records.runs import count_run, network_name
from repro.speed.measure.procedures import TWIN
from repro.speed.measure.subjects import Way
from repro.speed.results import ranks, recording
from repro.speed.results.analysis import Analysis
from repro.speed.results.ranks import Correlation
from repro.verdicts import speed_order

LEAST = 3
"""networks in common, below which an order says nothing"""
COST = "conv"
"""the counting convention of the cost: true multiply-adds"""
DEVICES = {"cpu": "cpu", "gpu": "cuda"}
"""of a printed column -> of ours; other columns are held against any"""


@dataclass(frozen=True)
class OrderAgreement:
    """How the order of a run's networks, run in one way, agrees with another order."""

    beside: str
    """a published column, or the cost"""
    measure: str
    """Kendall's tau or Spearman's rho"""
    way: Way
    agreement: Correlation


@dataclass(frozen=True)
class SpeedBeside:
    """One printed speed beside ours."""

    row: str
    network: str
    """as the run calls it"""
    printed: str
    ratio: float
    """how many times as long it takes as the fastest of the column, as printed"""
    value: float
    """and here"""
    low: float
    """of the 95 % interval"""
    high: float
    verdict: str
    """rank, off or unstable; empty for a column of another kind of device"""
    reason: str


@dataclass(frozen=True)
class ColumnBeside:
    """A published column beside our times of its networks, run in one way."""

    title: str
    way: Way
    reference: str
    """the row that was the fastest in print, of those that were timed"""
    held: tuple[SpeedBeside, ...]
    tau: Correlation | None
    """Kendall's tau of the two orders; None below three networks"""


def standings(found: Analysis) -> list[OrderAgreement]:
    """The order of the networks run in each way, beside print and beside cost."""
    ways, columns = _ways(found), printed_speeds.printed()
    costs: dict[str, float] = {}
    for own in ways.values():
        for place, name in own.items():
            if len(own) >= LEAST and name not in costs:
                costs[name] = _macs(found, place)
    return [one for way, own in ways.items() for one in _of_way(found, way, own, columns, costs)]


def _ways(found: Analysis) -> dict[Way, dict[int, str]]:
    """The timed subjects of each way of running them, with the names of their networks."""
    ways: dict[Way, dict[int, str]] = {}
    for place in found.subjects:
        subject = found.run.subjects[place]
        if subject.alias != TWIN:
            ways.setdefault(subject.way, {})[place] = recording.name(subject)
    return ways


def _of_way(
    found: Analysis,
    way: Way,
    own: Mapping[int, str],
    columns: Sequence[PrintedSpeeds],
    costs: Mapping[str, float],
) -> Iterator[OrderAgreement]:
    for one in columns:
        tau = _tau(found, one, own)
        if tau is not None:
            yield OrderAgreement(one.title, "Kendall's tau", way, tau)
    if len(own) >= LEAST:
        rho = ranks.spearman(found, {place: costs[name] for place, name in own.items()})
        yield OrderAgreement(f"MACs ({COST})", "Spearman's rho", way, rho)


def _tau(found: Analysis, one: PrintedSpeeds, own: Mapping[int, str]) -> Correlation | None:
    times = {network_name(spec): float(one.seconds(row)) for row, spec in one.networks.items()}
    common = {place: times[name] for place, name in own.items() if name in times}
    return ranks.kendall(found, common, fps=False) if len(common) >= LEAST else None


def _macs(found: Analysis, place: int) -> float:
    one = found.run.subjects[place]
    spec = count_run(one.model, one.input, one.keypoints, one.options)
    return float(counter.run(spec, (COST,)).macs[COST])


def beside(found: Analysis, record: Record, paper: str) -> list[ColumnBeside]:
    """Every speed that a paper prints and the run timed, beside ours, for each way of running it.

    `record` is the run's own. A column is left out where the run timed fewer than two of its
    networks.
    """
    names = recording.names(found.run)
    device = str(record.spec["device"])
    sides = []
    for way, own in _ways(found).items():
        called = {name: names[place] for place, name in own.items()}
        for one in printed_speeds.printed(paper):
            timed = {
                row: called[network_name(spec)]
                for row, spec in one.networks.items()
                if network_name(spec) in called
            }
            if len(set(timed.values())) > 1:
                reference = min(timed, key=one.seconds)
                held = tuple(_held(one, row, timed, reference, record, device) for row in timed)
                sides.append(ColumnBeside(one.title, way, reference, held, _tau(found, one, own)))
    return sides


def _held(
    one: PrintedSpeeds,
    row: str,
    timed: Mapping[str, str],
    reference: str,
    record: Record,
    device: str,
) -> SpeedBeside:
    times = {label: (name, one.seconds(label)) for label, name in timed.items()}
    own = times.pop(row)
    if DEVICES.get(one.column.device or "", device) != device:
        verdict, reason = "", f"The column is of a {one.column.device}, this run is not."
    else:
        verdict, reason = speed_order.verdict(speed_order.pairs(own, times, record), record)
    ratio = record.measurement("ratio", of=f"{timed[row]} / {timed[reference]}")
    value, low, high = (
        (1.0, 1.0, 1.0)
        if ratio is None
        else (float(ratio.value), float(ratio.low or 0), float(ratio.high or 0))
    )
    apart = float(one.seconds(row) / one.seconds(reference))
    return SpeedBeside(row, timed[row], one.text(row), apart, value, low, high, verdict, reason)
