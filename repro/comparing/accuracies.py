"""Accuracy: by the paired bootstrap over images where it can be, else by the kept intervals."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro import files
from repro.comparing.change import Change
from repro.comparing.side import Side, newest
from repro.data import layout
from repro.errors import ReproError
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.store import Store

MAIN = ("AP", "Mean")
"""the figure that decides"""
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


def changes(one: Side, other: Side, truths: Truths, resamples: int, tell: Tell) -> Iterator[Change]:
    """The deciding figure of every evaluation of two sets."""
    before, after = _grouped(one), _grouped(other)
    for name in dict.fromkeys((*before, *after)):
        left, right = before.get(name, []), after.get(name, [])
        several = len(left) > 1 or len(right) > 1
        for a, b in _pairs(left, right):
            cell = f"{name}{_own(a or b, (*left, *right)) if several else ''}"
            if a is None or b is None:
                yield Change("accuracy", cell, "new" if a is None else "missing")
                continue
            apart = _apart(a.record, b.record)
            if apart:
                values = (_figure(a.record).value, _figure(b.record).value)
                yield Change("accuracy", cell, "incomparable", *values, reason=apart)
            else:
                tell(cell)
                yield _compared(cell, a, b, truths, resamples)


def _compared(
    name: str, a: StoredEvaluation, b: StoredEvaluation, truths: Truths, resamples: int
) -> Change:
    one, other = _figure(a.record), _figure(b.record)
    weights = [_mapping(each.record.spec.get("weights")).get("sha256") for each in (a, b)]
    retrained = "other weights; " if None not in weights and weights[0] != weights[1] else ""
    found = _paired(a, b, truths, resamples)
    if found is None:
        change, low, high = other.value - one.value, *_independent(one, other)
        how = "by the intervals of each: poses or annotations are not here"
    else:
        (change, low, high), how = found, "paired over images"
    if low is None or high is None:
        call = "same" if not change else "undecided"
        how = "no interval is kept, and no poses"
    else:
        call = "better" if low > 0 else "worse" if high < 0 else "same"
    return Change(
        "accuracy", name, call, one.value, other.value, change, low, high, retrained + how
    )


def _paired(
    a: StoredEvaluation, b: StoredEvaluation, truths: Truths, resamples: int
) -> tuple[float, float, float] | None:
    """The difference and its interval from the poses of both; None where they are not at hand."""
    first, second = a.poses, b.poses
    if first is None or second is None or a.store is None or b.store is None:
        return None
    if first.read_bytes() == second.read_bytes():
        return 0.0, 0.0, 0.0
    annotations = truths.find(a.record)
    if annotations is None:
        return None
    from repro.comparing import paired

    found = paired.of_records((a.record, a.store), (b.record, b.store), annotations, resamples)
    one = found.get(_figure(a.record).metric)
    return None if one is None else (one.value, one.low, one.high)


def _independent(one: Measurement, other: Measurement) -> tuple[float | None, float | None]:
    """The interval of a difference of two figures as if they were of other images each."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return None, None
    change = other.value - one.value
    below = math.hypot(other.value - other.low, one.high - one.value)
    above = math.hypot(other.high - other.value, one.value - one.low)
    return change - below, change + above


def _grouped(side: Side) -> dict[str, list[StoredEvaluation]]:
    """The evaluations of each network on each data set, one for each set of rules."""
    found = newest(
        ((_name(record), tuple(_rules(record).items())), record)
        for record in side.records
        if _name(record)
    )
    grouped: dict[str, list[StoredEvaluation]] = {}
    for record in found.values():
        grouped.setdefault(_name(record), []).append(StoredEvaluation(record, side.store))
    return grouped


def _pairs(
    left: list[StoredEvaluation], right: list[StoredEvaluation]
) -> Iterator[tuple[StoredEvaluation | None, StoredEvaluation | None]]:
    """Those by the same rules together, then the others as they come."""
    left, right = list(left), list(right)
    for one in list(left):
        same = next((two for two in right if not _apart(one.record, two.record)), None)
        if same is not None:
            left.remove(one)
            right.remove(same)
            yield one, same
    for place in range(max(len(left), len(right))):
        yield (
            left[place] if place < len(left) else None,
            right[place] if place < len(right) else None,
        )


def _own(one: StoredEvaluation | None, others: Sequence[StoredEvaluation]) -> str:
    """The rules that tell an evaluation from others of its network."""
    own = {} if one is None else _rules(one.record)
    known = [_rules(each.record) for each in others]
    varied = (name for name in own if len({each.get(name) for each in known}) > 1)
    return "".join(f", {name} {own[name]:.60}" for name in varied)


def _figure(record: Record) -> Measurement:
    found = (record.measurement(metric) for metric in MAIN)
    return next(one for one in found if one is not None)


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


def _apart(one: Record, other: Record) -> str:
    """The rules that both tell and that differ; empty if none does."""
    before, after = _rules(one), _rules(other)
    return "; ".join(
        f"{name} {before[name]:.60} in A, {after[name]:.60} in B"
        for name in before
        if name in after and before[name] != after[name]
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
