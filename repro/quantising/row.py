"""A network in int8 against itself in floats: one row of size, speed, deviation and accuracy."""

from collections.abc import Iterator

from repro import env
from repro.quantising.inputs import CLEAR
from repro.quantising.measuring import PairedAccuracy, PairedSpeed
from repro.quantising.writing import QuantisedFile
from repro.records.fingerprint import digest
from repro.records.measurement import Measurement
from repro.records.record import SCHEMA, MadeBy, Record
from repro.records.runs import NO_VERDICT, QUANTISED
from repro.speed.results.analysis import TimeRatio

FLOATS, INT8 = "floats", "int8"
"""which of the two a measurement is of"""
SOMEBODY = 2.0
"""per cent of AP or PCKh, below which a network finds nobody"""


def nobody(file: QuantisedFile, accuracy: PairedAccuracy | None) -> str:
    """Why a network in int8 is of no use, where it is in floats; empty if it is of use."""
    said = f"`{file.path.name}` finds nobody"
    if accuracy is not None:
        floats, int8 = accuracy.values
        if int8 < SOMEBODY <= floats:
            return f"{said}: {accuracy.metric} {int8:.2f}, in floats {floats:.2f}."
        return ""
    floats_seen, int8_seen = file.seen
    if floats_seen and not int8_seen:
        count, unit = len(file.drawn.measured), file.drawn.unit
        found = f"no joint scores {CLEAR:g} on {count} {unit}"
        return f"{said}: {found}, and in floats {floats_seen} persons have some."
    return ""


def record(
    file: QuantisedFile, accuracy: PairedAccuracy | None, speed: PairedSpeed | None
) -> Record:
    """The row as a store keeps it, an event like a timing: its key covers what was measured."""
    spec: dict[str, object] = {
        "kind": QUANTISED,
        "network": file.float_name,
        "file": file.path.name,
        "files": {FLOATS: file.float_sha256, INT8: file.sha256},
        "method": file.method,
        "quantised_with": file.metadata["quantised_with"],
        "calibration": {
            "count": len(file.drawn.calibration),
            "total": file.drawn.total,
            "unit": file.drawn.unit,
            "sha256": file.calibration_sha256,
        },
        "compared_on": len(file.drawn.measured),
        "layers": [[group.name, group.layers] for group in file.deviation.groups],
    }
    measurements = (*_of_file(file), *_of_speed(speed), *_of_accuracy(accuracy))
    worst = {group.name: group.worst for group in file.deviation.groups}
    notes = {f"worst layer, {name}": layer for name, layer in worst.items()}
    if speed is not None:
        spec["machine"], spec["timing"] = speed.record.spec["machine"], speed.record.key
        notes["speed"] = _verdict(speed.ratio)
    if accuracy is not None:
        spec["evaluations"] = {FLOATS: accuracy.floats.key, INT8: accuracy.int8.key}
        spec["data"] = accuracy.floats.spec["data"]
    values = [(one.metric, one.of, one.value) for one in measurements]
    key = digest({**spec, "values": values, "env": env.fingerprint(), "schema": SCHEMA})
    made = MadeBy(env.now())
    facts = env.fingerprint()
    return Record(key, spec, measurements, facts, notes=notes, remarks=file.remarks, made=made)


def _verdict(ratio: TimeRatio) -> str:
    """What the ratio of times says, in words."""
    if ratio.verdict in ("faster", "slower"):
        return f"int8 is {ratio.verdict}"
    if ratio.verdict == "same":
        return "int8 is as fast"
    return f"{NO_VERDICT}: {ratio.reason or 'the interval leaves it open'}"


def _of_file(file: QuantisedFile) -> Iterator[Measurement]:
    yield Measurement("size", file.float_size, "bytes", of=FLOATS)
    yield Measurement("size", file.size, "bytes", of=INT8)
    yield Measurement("size_ratio", file.float_size / file.size, "x")
    apart = file.deviation
    yield Measurement("deviation_rms", apart.overall.rms, "of the values")
    yield Measurement("deviation_largest", apart.overall.largest, "of the largest value")
    parts = [(one.name, one.rms, one.largest) for one in apart.outputs]
    parts += [(one.name, one.rms, one.largest) for one in apart.groups]
    for name, rms, largest in parts:
        yield Measurement("deviation_rms", rms, "of the values", of=name)
        yield Measurement("deviation_largest", largest, "of the largest value", of=name)


def _of_speed(speed: PairedSpeed | None) -> Iterator[Measurement]:
    if speed is not None:
        one = speed.ratio
        low, high = 1 / one.high, 1 / one.low
        yield Measurement("speed_ratio", 1 / one.value, "x", low=low, high=high)


def _of_accuracy(accuracy: PairedAccuracy | None) -> Iterator[Measurement]:
    if accuracy is None:
        return
    name = accuracy.metric
    for of, whole in ((FLOATS, accuracy.floats), (INT8, accuracy.int8)):
        figure = whole.measurement(name)
        if figure is not None:
            low, high = figure.low, figure.high
            yield Measurement(name, figure.value, "%", low=low, high=high, of=of)
    change = accuracy.difference
    if change is not None:
        value, low, high = change.value, change.low, change.high
        yield Measurement(f"{name}_difference", value, "points", low=low, high=high)
