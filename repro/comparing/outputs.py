"""What `repro ... --json` wrote, as the records it was made from, as far as it tells them.

Every value is checked: a file may come from anywhere.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from repro import schema
from repro.comparing.forms import (
    Bounds,
    Cell,
    Counted,
    Equal,
    Evaluated,
    Ratio,
    Scored,
    Timed,
    Timing,
)
from repro.errors import ReproError
from repro.files import read_plain
from repro.papers.values import Scalar
from repro.plans import selection
from repro.records.measurement import Measurement, is_sane
from repro.records.record import Record
from repro.records.requirements import AccuracyRequirement, Wanted
from repro.records.runs import CountRun, EvaluationRun

T = TypeVar("T")


def read(path: Path) -> tuple[Record, ...]:
    """The records behind an output; ReproError for a file that is none, or has none behind it."""
    cure = f"Give an output of repro {', '.join(READERS)} with --json."
    try:
        data = json.loads(read_plain(path))
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.", cure) from error
    except (ValueError, RecursionError) as error:
        raise ReproError(f"`{path}` is no JSON: {str(error)[:80]}.", cure) from error
    command = str(data.get("command", "")) if isinstance(data, dict) else ""
    if command not in READERS:
        what = f"is of `{command:.40}`" if command else "is no output of repro"
        raise ReproError(f"`{path}` {what}: there is nothing to compare in it.", cure)
    try:
        found = tuple(READERS[command](data, str(path)))
    except ReproError as error:
        raise ReproError(str(error), error.hint or cure) from error
    for one in found:
        for measured in one.measurements:
            if not is_sane(measured):
                numbers = (measured.value, measured.low, measured.high)
                shown = ", ".join(f"{one!s:.20}" for one in numbers if one is not None)
                raise ReproError(f"`{path}`: {measured.metric:.40} cannot be {shown}.", cure)
    return found


def are_poses(path: Path) -> bool:
    """Whether a file is a list, or one of MATLAB's, as poses are."""
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith((b"[", b"MATLAB"))
    except OSError:
        return False


def _taken(cls: type[T], data: object, file: str, place: str = "") -> T:
    """The fields of a dataclass out of data that may hold more."""
    if isinstance(data, Mapping):
        known = {one.name for one in dataclasses.fields(cls)}  # type: ignore[arg-type]
        data = {key: value for key, value in data.items() if key in known}
    return schema.read(cls, data, file, place)


def _each(cls: type[T], data: object, file: str, place: str) -> list[T]:
    if not isinstance(data, list):
        raise ReproError(f"{file}: `{place}` should be a list.")
    return [_taken(cls, one, file, f"{place}[{at}]") for at, one in enumerate(data)]


def _count(data: Mapping[str, object], file: str) -> Iterator[Record]:
    several = data.get("results", [data])
    for one in _each(Counted, several, file, "results"):
        spec = CountRun(one.model, one.input, one.keypoints)
        macs = [Measurement("macs", value, "MACs", rules) for rules, value in one.macs.items()]
        params = Measurement("params", one.params, "parameters")
        # the output does not say which of its conventions lack a rule
        uncounted = dict.fromkeys(one.macs, one.uncounted) if one.uncounted else {}
        yield _record(spec.described(), (params, *macs), uncounted=uncounted)


def _parity(data: Mapping[str, object], file: str) -> Iterator[Record]:
    for one in _each(Equal, data.get("results"), file, "results"):
        yield _record(
            {"kind": "parity", "model": one.model}, (Measurement("parity", int(one.ok), ""),)
        )


def _eval(data: Mapping[str, object], file: str) -> Iterator[Record]:
    one = _taken(Evaluated, data, file)
    names = {each.name for each in dataclasses.fields(EvaluationRun)} - {"kind"}
    spec = EvaluationRun(**{name: getattr(one, name) for name in names})
    yield _record(spec.described(), _accuracy(one.metrics, one.intervals, 1.0), one.record)


def _score(data: Mapping[str, object], file: str) -> Iterator[Record]:
    one = _taken(Scored, data, file)
    scale = 1.0 if one.dataset == "mpii" else 100.0
    known = {name: value for name, value in one.metrics.items() if value is not None}
    facts = {"dataset": one.dataset, "images": one.images, "people": one.people}
    spec = {"kind": "score", "data": facts, "evaluator": one.evaluator}
    yield _record(spec, _accuracy(known, one.intervals, scale))


def _speed(data: Mapping[str, object], file: str) -> Iterator[Record]:
    subjects = _each(Timed, data.get("subjects"), file, "subjects")
    ratios = _each(Ratio, data.get("ratios"), file, "ratios")
    one = _taken(Timing, data, file)
    found = []
    for subject in subjects:
        if subject.seconds is not None:
            bounds = (1000 * subject.seconds.low, 1000 * subject.seconds.high)
            ms = 1000 * subject.seconds.median
            found.append(Measurement("latency", ms, "ms", None, *bounds, of=subject.name))
    for ratio in ratios:
        if min(ratio.value, ratio.low, ratio.high) <= 0:
            raise ReproError(f"{file}: `{ratio.of}` takes {ratio.low} times as long as another.")
        values = (ratio.value, ratio.low, ratio.high)
        for above, below, (value, low, high) in (
            (ratio.of, ratio.against, values),
            (ratio.against, ratio.of, (1 / values[0], 1 / values[2], 1 / values[1])),
        ):
            name = f"{above} / {below}"
            found.append(Measurement("ratio", value, "x", low=low, high=high, of=name))
    if one.noise_floor is not None:
        found.append(Measurement("noise_floor", 100 * one.noise_floor, "%"))
    notes = {"unstable": one.unstable} if one.unstable else {}
    spec = {**one.timing, "kind": "speed"}
    yield _record(spec, tuple(found), one.record, {**notes, "basis": one.basis})


def _run(data: Mapping[str, object], file: str) -> Iterator[Record]:
    """The counts and evaluations behind judged cells; their speeds come without the ratios."""
    cells = _each(Cell, data.get("cells"), file, "cells")
    found: dict[str, Record] = {}
    for cell, wanted in zip(cells, _wanted(cells, file), strict=True):
        one, spec = cell.measured, wanted.spec if wanted else None
        if one is None or wanted is None or not isinstance(spec, CountRun | AccuracyRequirement):
            continue
        metric = wanted.column.metric or ""
        whole = isinstance(spec, CountRun)
        if whole and not one.value.is_integer():
            raise ReproError(
                f"{file}: {metric} of `{cell.row:.60}` is {one.value}, no whole number."
            )
        value = int(one.value) if whole else one.value
        measured = Measurement(metric, value, one.unit, one.convention, one.low, one.high)
        key = cell.record or ""
        known = found.get(key) or _record(_spec(spec), (), key)
        if measured not in known.measurements:
            values = (*known.measurements, measured)
            found[key] = dataclasses.replace(known, measurements=values)
    yield from found.values()


def _wanted(cells: list[Cell], file: str) -> list[Wanted | None]:
    """What each cell is by the tables as they are now; None for one that is no longer there."""
    tables = dict.fromkeys((cell.study, cell.table) for cell in cells)
    known: dict[tuple[str, str, str, str], Wanted] = {}
    for study, table in tables:
        try:
            chosen = selection.select(selection.tables(study, table))
        except ReproError as error:
            raise ReproError(f"{file}: {error}", error.hint) from error
        for one in chosen:
            known[study, table, one.row.label, one.column.key] = one
    return [known.get((cell.study, cell.table, cell.row, cell.column)) for cell in cells]


def _spec(spec: CountRun | AccuracyRequirement) -> Mapping[str, object]:
    if isinstance(spec, CountRun):
        return spec.described()
    data: dict[str, Scalar] = {
        "name": spec.protocol.on,
        "dataset": spec.protocol.dataset,
        "split": spec.protocol.split,
        "official": True,
    }
    return EvaluationRun(
        spec.model,
        spec.input,
        spec.keypoints,
        spec.options,
        {"name": spec.weights},
        data,
        spec.protocol.described(),
        {},
        "",
    ).described()


def _accuracy(
    metrics: Mapping[str, float], intervals: Mapping[str, Bounds], scale: float
) -> tuple[Measurement, ...]:
    found = []
    for name, value in metrics.items():
        low, high = intervals.get(name, (None, None))
        below = None if low is None else scale * low
        above = None if high is None else scale * high
        found.append(Measurement(name, scale * value, "%", None, below, above))
    return tuple(found)


def _record(
    spec: Mapping[str, object],
    measurements: tuple[Measurement, ...],
    key: str = "",
    notes: Mapping[str, str] | None = None,
    uncounted: Mapping[str, tuple[str, ...]] | None = None,
) -> Record:
    plain = json.loads(json.dumps(spec))
    return Record(key, plain, measurements, {}, uncounted=uncounted or {}, notes=notes or {})


READERS: Mapping[str, Callable[[Mapping[str, object], str], Iterator[Record]]] = {
    "run": _run,
    "count": _count,
    "parity": _parity,
    "eval": _eval,
    "score": _score,
    "speed": _speed,
}
