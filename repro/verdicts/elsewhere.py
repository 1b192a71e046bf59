"""Times of networks on devices that are not here: cited from others, or imported from a log.

They are named beside what they bear on and move no verdict, since nobody here measured them.
"""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repro.papers.cited_speeds import cited
from repro.papers.metrics import SPEED
from repro.papers.table import Column, Row
from repro.records.record import Record
from repro.records.runs import CountRun, ImportedTiming, network_name
from repro.records.store import Store

MOST = 1000
"""imported records that are looked at, the newest"""
CITED, IMPORTED = "cited", "imported"


@dataclass(frozen=True, slots=True)
class ElsewhereTime:
    """One network's time."""

    network: str
    """`litehrnet_18 256x192`; of a source the zoo's name, or a pattern of names"""
    ms: float | None
    """None where the source has no number"""
    on: str
    """the device, and how"""
    source: str
    origin: str
    """CITED or IMPORTED"""

    @property
    def model(self) -> str:
        """The network without its input."""
        return self.network.partition(" ")[0]

    def __str__(self) -> str:
        return f"{self.network} {self.ms:g} ms on {self.on} ({self.source}; {self.origin})"


@dataclass(frozen=True, slots=True)
class ElsewhereOrder:
    """Two networks, of which the first is said to take longer, as somebody else timed them."""

    longer: ElsewhereTime
    other: ElsewhereTime

    @property
    def call(self) -> str:
        """holds, fails or equal."""
        first, second = self.longer.ms, self.other.ms
        if first is None or second is None or first == second:
            return "equal"
        return "holds" if first > second else "fails"

    def __str__(self) -> str:
        if self.longer.ms is None or self.other.ms is None:
            return self.longer.on
        return f"{self.longer.on} ({self.longer.ms:g} against {self.other.ms:g} ms)"


def timings(store: Store | None = None) -> list[tuple[ElsewhereTime, ...]]:
    """What each source says of its networks, and then each tool on each device of a store."""
    found = [
        tuple(
            ElsewhereTime(one.network, one.ms, timing.on, timing.source, CITED)
            for one in timing.networks
        )
        for timing in cited()
    ]
    return [*found, *_imported(_records(store) if store else ())]


def of_row(store: Store, row: Row, column: Column) -> list[ElsewhereTime]:
    """The times of a row's network, if the column is of speeds: those of logs at its input too."""
    if column.metric not in SPEED or row.model is None or row.input is None:
        return []
    network = network_name(CountRun(row.model, row.input, 0, row.options))
    return [
        one
        for timing in timings(store)
        for one in timing
        if one.ms is not None and one.network in (network, row.model)
    ]


def orders(
    known: Iterable[Sequence[ElsewhereTime]], longer: str, other: str
) -> tuple[ElsewhereOrder, ...]:
    """Every two networks of one timing that two patterns mean, at one input."""
    return tuple(
        ElsewhereOrder(first, second)
        for timing in known
        for first in timing
        for second in timing
        if fnmatch.fnmatchcase(first.model, longer)
        and fnmatch.fnmatchcase(second.model, other)
        and first.network.partition(" ")[2] == second.network.partition(" ")[2]
    )


def sentence(found: Sequence[ElsewhereOrder]) -> str:
    """`Elsewhere, by others' times: it holds on ...; it fails on ...`; empty for none."""
    words = {"holds": "it holds on", "fails": "it fails on", "equal": "there is no difference on"}
    parts = []
    for call, said in words.items():
        places = dict.fromkeys(str(one) for one in found if one.call == call)
        if places:
            parts.append(f"{said} {', '.join(places)}")
    kinds = dict.fromkeys(one.longer.origin for one in found)
    return f"Elsewhere ({' and '.join(kinds)}, not measured): {'; '.join(parts)}." if parts else ""


def _records(store: Store) -> list[Record]:
    """The imported records of a store, the oldest first."""
    outlines = store.outlines(ImportedTiming.kind, MOST)
    stored = [store.at(one.path) for one in reversed(outlines)]
    return [one.record for one in stored if one is not None]


def _imported(records: Iterable[Record]) -> list[tuple[ElsewhereTime, ...]]:
    """The times of each device by each tool, of a network the newest."""
    groups: dict[tuple[str, str], dict[str, ElsewhereTime]] = {}
    for record in records:
        run = ImportedTiming.read(record.spec)
        for measured in record.measurements:
            if measured.metric == "latency" and measured.of:
                source = f"{run.tool}, {run.statistic}, {run.origin}"
                time = ElsewhereTime(
                    measured.of, float(measured.value), run.device, source, IMPORTED
                )
                groups.setdefault((run.device, run.tool), {})[measured.of] = time
    return [tuple(group.values()) for group in groups.values()]
