"""Accuracy: by the paired bootstrap over images where it can be, else by the kept intervals."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro import files
from repro.comparing.change import Change
from repro.comparing.side import Side, newest
from repro.data import layout
from repro.errors import ReproError
from repro.papers.metrics import MAIN
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.store import Store

RULES = ("protocol", "evaluator", "annotations", "boxes", "truth", "partial", "images", "people")
Rules = tuple[tuple[str, str], ...]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Truths:
    """Where annotations may be: files, and a data folder."""

    annotations: tuple[Path, ...] = ()
    data: Path | None = None

    def find(self, record: Record) -> Path | None:
        """The annotations that a record was evaluated by; None if they are not here."""
        facts = _mapping(record.spec.get("data"))
        places = list(self.annotations)
        if self.data is not None:
            try:
                dataset, split = str(facts.get("dataset")), str(facts.get("split"))
                places.append(layout.find(self.data, dataset, split, images=False).annotations)
            except ReproError:
                pass
        wanted = facts.get("annotations")
        return next((path for path in places if files.sha256(path) == wanted), None)


@dataclass(frozen=True, slots=True)
class StoredEvaluation:
    """One evaluation and where its poses may lie."""

    record: Record
    store: Store | None

    @property
    def poses(self) -> Path | None:
        """The file of the poses, if they are kept."""
        from repro.evaluation import predictions

        if self.store is None:
            return None
        path = self.store.artifacts(self.record.key) / predictions.NAME
        return path if path.is_file() else None


def changes(a: Side, b: Side, truths: Truths, resamples: int, tell: Tell) -> Iterator[Change]:
    """The deciding figure of every evaluation of two sets."""
    before, after = _grouped(a), _grouped(b)
    for name in dict.fromkeys((*before, *after)):
        left, right = before.get(name, []), after.get(name, [])
        several = len(left) > 1 or len(right) > 1
        for former, latter in _pairs(left, right):
            cell = f"{name}{_telling(former or latter, (*left, *right)) if several else ''}"
            if former is None or latter is None:
                yield Change("accuracy", cell, "new" if former is None else "missing")
                continue
            apart = _apart(former.record, latter.record)
            if apart:
                values = (_figure(former.record).value, _figure(latter.record).value)
                yield Change("accuracy", cell, "incomparable", *values, reason=apart)
            else:
                tell(cell)
                yield _compared(cell, former, latter, truths, resamples)


def _compared(
    name: str, a: StoredEvaluation, b: StoredEvaluation, truths: Truths, resamples: int
) -> Change:
    before, after = _figure(a.record), _figure(b.record)
    weights = [_mapping(each.record.spec.get("weights")).get("sha256") for each in (a, b)]
    retrained = "other weights; " if None not in weights and weights[0] != weights[1] else ""
    difference = _paired(a, b, truths, resamples)
    if difference is None:
        change, low, high = after.value - before.value, *_independent(before, after)
        how = "by the intervals of each: poses or annotations are not here"
    else:
        (change, low, high), how = difference, "paired over images"
    if low is None or high is None:
        call = "same" if not change else "undecided"
        how = "no interval is kept, and no poses"
    else:
        call = "better" if low > 0 else "worse" if high < 0 else "same"
    return Change(
        "accuracy", name, call, before.value, after.value, change, low, high, retrained + how
    )


def _paired(
    a: StoredEvaluation, b: StoredEvaluation, truths: Truths, resamples: int
) -> tuple[float, float, float] | None:
    """The difference and its interval from the poses of both; None where they are not at hand."""
    if a.poses is None or b.poses is None or a.store is None or b.store is None:
        return None
    if a.poses.read_bytes() == b.poses.read_bytes():
        return 0.0, 0.0, 0.0
    annotations = truths.find(a.record)
    if annotations is None:
        return None
    from repro.comparing import paired

    evaluations = (a.record, a.store), (b.record, b.store)
    differences = paired.of_records(*evaluations, annotations, resamples)
    difference = differences.get(_figure(a.record).metric)
    return None if difference is None else (difference.value, difference.low, difference.high)


def _independent(a: Measurement, b: Measurement) -> tuple[float | None, float | None]:
    """The interval of a difference of two figures as if they were of other images each."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return None, None
    change = b.value - a.value
    below = math.hypot(b.value - b.low, a.high - a.value)
    above = math.hypot(b.high - b.value, a.value - a.low)
    return change - below, change + above


def _grouped(side: Side) -> dict[str, list[StoredEvaluation]]:
    """The evaluations of each network on each data set, one for each set of rules."""
    records = newest(
        ((_name(record), tuple(_rules(record).items())), record)
        for record in side.records
        if _name(record)
    )
    grouped: dict[str, list[StoredEvaluation]] = {}
    for record in records.values():
        grouped.setdefault(_name(record), []).append(StoredEvaluation(record, side.store))
    return grouped


def _pairs(
    left: list[StoredEvaluation], right: list[StoredEvaluation]
) -> Iterator[tuple[StoredEvaluation | None, StoredEvaluation | None]]:
    """Those by the same rules together, then the others as they come."""
    left, right = list(left), list(right)
    for former in list(left):
        latter = next((one for one in right if not _apart(former.record, one.record)), None)
        if latter is not None:
            left.remove(former)
            right.remove(latter)
            yield former, latter
    yield from itertools.zip_longest(left, right)


def _telling(evaluation: StoredEvaluation | None, others: Sequence[StoredEvaluation]) -> str:
    """The rules that tell an evaluation from others of its network."""
    rules = {} if evaluation is None else _rules(evaluation.record)
    known = [_rules(other.record) for other in others]
    varied = (name for name in rules if len({other.get(name) for other in known}) > 1)
    return "".join(f", {name} {rules[name]:.60}" for name in varied)


def _figure(record: Record) -> Measurement:
    figures = (record.measurement(metric) for metric in MAIN)
    return next(figure for figure in figures if figure is not None)


def _name(record: Record) -> str:
    """`lpn_50_256x192_coco on coco val2017 AP`; empty for what is no evaluation."""
    spec = record.spec
    metric = next((name for name in MAIN if record.measurement(name) is not None), "")
    if spec.get("kind") not in ("evaluate", "score") or not metric:
        return ""
    data = _mapping(spec.get("data"))
    on = " ".join(str(data[key]) for key in ("dataset", "split") if data.get(key))
    if spec.get("kind") == "score":
        return f"poses on {on} {metric}"
    weights = _mapping(spec.get("weights")).get("name")
    size = spec.get("input")
    shown = f"{size[0]}x{size[1]}" if isinstance(size, list) and len(size) == 2 else str(size)
    network = str(weights or f"{spec.get('model')} {shown}")
    return f"{network} on {on} {metric}"


def _rules(record: Record) -> dict[str, str]:
    """What two evaluations must share, as far as the record tells it."""
    spec = record.spec
    flat: dict[str, object] = {"evaluator": spec.get("evaluator")}
    for key in ("protocol", "data", "weights"):
        flat |= {
            f"{key}.{name}": value
            for name, value in _mapping(spec.get(key)).items()
            if key == "protocol" or name in RULES
        }
    return {name: str(value) for name, value in flat.items() if value not in (None, "")}


def _apart(a: Record, b: Record) -> str:
    """The rules that both tell and that differ; empty if none does."""
    before, after = _rules(a), _rules(b)
    return "; ".join(
        f"{name} {before[name]:.60} in A, {after[name]:.60} in B"
        for name in before
        if name in after and before[name] != after[name]
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
