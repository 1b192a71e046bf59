"""A timing beside every published column of speeds, and beside the networks' costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from repro.counting import counter
from repro.papers import conventions
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


def standings(analysis: Analysis) -> list[OrderAgreement]:
    """The order of the networks run in each way, beside print and beside cost."""
    ways, columns = _ways(analysis), printed_speeds.printed()
    costs: dict[str, float] = {}
    for networks in ways.values():
        for place, name in networks.items():
            counted = analysis.run.subjects[place].file is None
            if len(networks) >= LEAST and counted and name not in costs:
                costs[name] = macs_of(analysis, place)
    return [
        agreement
        for way, networks in ways.items()
        for agreement in _of_way(analysis, way, networks, columns, costs)
    ]


def _ways(analysis: Analysis) -> dict[Way, dict[int, str]]:
    """The timed subjects of each way of running them, with the names of their networks."""
    ways: dict[Way, dict[int, str]] = {}
    for place in analysis.subjects:
        subject = analysis.run.subjects[place]
        if subject.alias != TWIN:
            ways.setdefault(subject.way, {})[place] = recording.name(subject)
    return ways


def _of_way(
    analysis: Analysis,
    way: Way,
    networks: Mapping[int, str],
    columns: Sequence[PrintedSpeeds],
    costs: Mapping[str, float],
) -> Iterator[OrderAgreement]:
    for column in columns:
        tau = _tau(analysis, column, networks)
        if tau is not None:
            yield OrderAgreement(column.title, "Kendall's tau", way, tau)
    known = {place: costs[name] for place, name in networks.items() if name in costs}
    if len(known) >= LEAST:
        rho = ranks.spearman(analysis, known)
        yield OrderAgreement(f"MACs ({conventions.TRUE})", "Spearman's rho", way, rho)


def _tau(
    analysis: Analysis, column: PrintedSpeeds, networks: Mapping[int, str]
) -> Correlation | None:
    times = {network_name(run): float(column.seconds(row)) for row, run in column.networks.items()}
    common = {place: times[name] for place, name in networks.items() if name in times}
    return ranks.kendall(analysis, common, fps=False) if len(common) >= LEAST else None


def macs_of(analysis: Analysis, place: int) -> float:
    """The multiply-accumulates of a timed network."""
    subject = analysis.run.subjects[place]
    run = count_run(subject.model, subject.input, subject.keypoints, subject.options)
    return float(counter.run(run, (conventions.TRUE,)).macs[conventions.TRUE])


def beside(analysis: Analysis, record: Record, paper: str) -> list[ColumnBeside]:
    """Every speed that a paper prints and the run timed, beside ours, for each way of running it.

    `record` is the run's own. A column is left out where the run timed fewer than two of its
    networks.
    """
    names = recording.names(analysis.run)
    device = str(record.spec["device"])
    sides = []
    for way, networks in _ways(analysis).items():
        called = {name: names[place] for place, name in networks.items()}
        for column in printed_speeds.printed(paper):
            timed = {
                row: called[network_name(run)]
                for row, run in column.networks.items()
                if network_name(run) in called
            }
            if len(set(timed.values())) > 1:
                reference = min(timed, key=column.seconds)
                held = tuple(_held(column, row, timed, reference, record, device) for row in timed)
                tau = _tau(analysis, column, networks)
                sides.append(ColumnBeside(column.title, way, reference, held, tau))
    return sides


def _held(
    column: PrintedSpeeds,
    row: str,
    timed: Mapping[str, str],
    reference: str,
    record: Record,
    device: str,
) -> SpeedBeside:
    times = {label: (name, column.seconds(label)) for label, name in timed.items()}
    network = times.pop(row)
    if DEVICES.get(column.column.device or "", device) != device:
        verdict, reason = "", f"The column is of a {column.column.device}, this run is not."
    else:
        verdict, reason = speed_order.verdict(speed_order.pairs(network, times, record), record)
    ratio = record.measurement("ratio", of=f"{timed[row]} / {timed[reference]}")
    value, low, high = (
        (1.0, 1.0, 1.0)
        if ratio is None
        else (float(ratio.value), float(ratio.low or 0), float(ratio.high or 0))
    )
    apart = float(column.seconds(row) / column.seconds(reference))
    return SpeedBeside(row, timed[row], column.text(row), apart, value, low, high, verdict, reason)
