"""Networks in int8 against themselves in floats, as words: a row each, and its groups of layers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.runs import NO_VERDICT

MEBI = 2**20
HEADINGS = ("size", "smaller", "speed", "off by", "at most", "accuracy", "difference")
"""of what a row shows beside the network's name"""


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """How far the layers of one group are off."""

    name: str
    layers: int
    rms: str
    largest: str
    worst: str
    """the layer that is farthest off"""


@dataclass(frozen=True, slots=True)
class QuantisedRow:
    """A quantised network as words; empty where nothing was measured."""

    name: str
    file: str
    how: str
    """by what it was made, and on what it was calibrated"""
    cells: tuple[str, ...]
    """under HEADINGS"""
    facts: tuple[str, ...]
    """what a reader must know of the figures"""
    groups: tuple[LayerGroup, ...]


def row(record: Record) -> QuantisedRow:
    """The row of a record."""
    spec = record.spec
    calibration = _mapping(spec.get("calibration"))
    drawn = f"{calibration.get('count')} of {calibration.get('total')} {calibration.get('unit')}"
    return QuantisedRow(
        str(spec.get("network")),
        str(spec.get("file")),
        f"{spec.get('quantised_with')}, calibrated on {drawn}",
        tuple(_cells(record)),
        tuple(_facts(record)),
        tuple(_groups(record)),
    )


def _cells(record: Record) -> Iterator[str]:
    floats, int8 = (record.measurement("size", of=name) for name in ("floats", "int8"))
    yield f"{_mebi(floats)} → {_mebi(int8)} MiB"
    yield _times(record.measurement("size_ratio"))
    speed = record.measurement("speed_ratio")
    unsure = NO_VERDICT if record.notes.get("speed", "").startswith(NO_VERDICT) else ""
    yield f"{_times(speed)} {_interval(speed, '.2f')} {unsure}".strip()
    yield _share(record.measurement("deviation_rms"))
    yield _share(record.measurement("deviation_largest"))
    name = _figure(record)
    if not name:
        yield from ("", "")
        return
    before, after = (_percent(record.measurement(name, of=of)) for of in ("floats", "int8"))
    yield f"{name} {before} → {after}"
    change = record.measurement(f"{name}_difference")
    yield "" if change is None else f"{change.value:+.2f} {_interval(change, '+.2f')}".strip()


def _facts(record: Record) -> Iterator[str]:
    yield (
        f"off by: root mean square of the differences of the outputs, relative to their values; at "
        f"most: the largest, relative to the largest value; on {record.spec.get('compared_on')} "
        "inputs"
    )
    if "speed" in record.notes:
        yield f"speed by ONNX Runtime on {record.spec.get('machine')}: {record.notes['speed']}"
    data = _mapping(record.spec.get("data"))
    if data:
        words = f"{data.get('images'):,} images, {data.get('people'):,} persons"
        yield f"accuracy on {data.get('name')}, {words}; the difference is paired over images"


def _groups(record: Record) -> Iterator[LayerGroup]:
    groups = record.spec.get("layers")
    for name, count in groups if isinstance(groups, list) else ():
        rms, largest = (
            _share(record.measurement(metric, of=name))
            for metric in ("deviation_rms", "deviation_largest")
        )
        worst = record.notes.get(f"worst layer, {name}", "")
        yield LayerGroup(str(name), int(count), rms, largest, worst)


def _figure(record: Record) -> str:
    """AP, or the mean of PCKh; empty where accuracy was not measured."""
    of_int8 = (one.metric for one in record.measurements if one.of == "int8" and one.unit == "%")
    return next(of_int8, "")


def _mebi(found: Measurement | None) -> str:
    return "" if found is None else f"{found.value / MEBI:.2f}"


def _times(found: Measurement | None) -> str:
    return "" if found is None else f"{found.value:.2f}x"


def _percent(found: Measurement | None) -> str:
    return "" if found is None else f"{found.value:.2f}"


def _share(found: Measurement | None) -> str:
    if found is None:
        return ""
    percent = 100 * found.value
    return f"{percent:,.0f} %" if percent >= 10 else f"{percent:.2g} %"


def _interval(found: Measurement | None, form: str) -> str:
    if found is None or found.low is None or found.high is None:
        return ""
    return f"[{found.low:{form}}, {found.high:{form}}]"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
