"""Records made by hand, for tests that compare sets of them."""

import json
from pathlib import Path

from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.store import Store
from support.command_line import Outcome

Spec = dict[str, object]
MACHINE = {"machine": "one", "device": "cpu", "threads": 2, "protocol": "repro", "stage": "net"}


def key(sign: str) -> str:
    return sign * 64


def count(model: str = "lpn_50", sign: str = "a", params: int = 100, **macs: int) -> Record:
    """A count; MACs by convention."""
    spec = {"kind": "count", "model": model, "input": [256, 192], "keypoints": 17, "options": {}}
    figures = [Measurement("macs", value, "MACs", rules) for rules, value in macs.items()]
    return Record(key(sign), spec, (Measurement("params", params, "parameters"), *figures), {})


def timing(sign: str, seconds: dict[str, float], floor: float = 1.0, **spec: object) -> Record:
    """A timing whose ratios are sure to 1 %, or to `half` in all."""
    half = float(str(spec.pop("half", 1.01)))
    notes = {"unstable": str(spec.pop("unstable"))} if "unstable" in spec else {}
    figures = [Measurement("latency", value, "ms", of=name) for name, value in seconds.items()]
    for one in seconds:
        for other in seconds:
            if one != other:
                ratio = seconds[one] / seconds[other]
                of = f"{one} / {other}"
                bounds = (ratio / half, ratio * half)
                figures.append(Measurement("ratio", ratio, "x", None, *bounds, of=of))
    figures.append(Measurement("noise_floor", floor, "%"))
    known = {"kind": "speed", "networks": list(seconds), **MACHINE, **spec}
    return Record(key(sign), known, tuple(figures), {}, notes=notes)


def kept(folder: Path, *records: Record) -> str:
    store = Store(folder)
    for record in records:
        store.add(record, again=True)
    folder.mkdir(exist_ok=True)
    return str(folder)


def calls(outcome: Outcome) -> dict[str, str]:
    return {one["cell"]: one["call"] for one in json.loads(outcome.out)["changes"]}
