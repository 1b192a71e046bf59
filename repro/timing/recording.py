"""A timing run as a record: medians, ratios of all pairs, noise floor."""

import gzip
import itertools
import json
from collections.abc import Mapping
from pathlib import Path

from repro import env
from repro.errors import StoreError
from repro.files import write_whole
from repro.fingerprint import digest
from repro.spec import SCHEMA, network_name, spec_of
from repro.store import Measurement, Record
from repro.timing.analysis import Analysis
from repro.timing.procedures import TWIN
from repro.timing.subjects import Run, Subject

SAMPLES = "run.json.gz"


def record(run: Run, found: Analysis) -> Record:
    """What the store keeps of a run; the raw samples go beside it, see `keep`."""
    spec = described(run)
    notes = {"unstable": f"{found.unstable}."} if found.unstable else {}
    return Record(
        digest({**spec, "env": env.fingerprint(), "blocks": len(run.blocks), "schema": SCHEMA}),
        spec,
        tuple(_measurements(run, found)),
        env.fingerprint(),
        notes={**notes, "basis": found.basis},
    )


def described(run: Run) -> dict[str, object]:
    """What was timed, and how."""
    plain = [one for one in run.subjects if one.alias != TWIN]
    first = plain[0]
    return {
        "kind": "speed",
        "networks": [name(one) for one in plain],
        "backends": sorted({one.backend for one in plain}),
        "batch": first.batch,
        "precision": first.precision,
        "stage": first.stage,
        "flip": first.flip,
        **dict(run.settings),
        "machine": machine(),
    }


def machine() -> str:
    """The class of this machine: what it must share with another for times to be comparable."""
    known = env.fingerprint()
    libraries = known.get("libraries")
    torch = libraries.get("torch") if isinstance(libraries, Mapping) else None
    return f"{known['processor']}, {known['cores']} cores, {known['system']}, torch {torch}"


def name(subject: Subject) -> str:
    """`lpn_50 256x192`, with the backend unless it is eager."""
    spec = spec_of(subject.model, subject.input, subject.keypoints, subject.options)
    backend = "" if subject.backend == "eager" else f" [{subject.backend}]"
    return network_name(spec) + backend


def keep(folder: Path, run: Run) -> None:
    """Write every raw sample of a run."""
    path = folder / SAMPLES
    content = gzip.compress(json.dumps(run.described()).encode(), mtime=0)
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(f"`{path}` cannot be written: {error.strerror}.") from error


def _measurements(run: Run, found: Analysis) -> list[Measurement]:
    names = {
        place: name(run.subjects[place])
        for place in found.subjects
        if run.subjects[place].alias != TWIN
    }
    measurements = []
    for place, label in names.items():
        times = found.times(place)
        for metric, one in (("latency", times.wall), ("cpu_time", times.cpu)):
            value, low, high = (1000 * each for each in (one.value, one.low, one.high))
            measurements.append(Measurement(metric, value, "ms", low=low, high=high, of=label))
    for above, below in itertools.permutations(names, 2):
        ratio = found.ratio(above, below)
        pair = f"{names[above]} / {names[below]}"
        measurements.append(
            Measurement("ratio", ratio.value, "x", low=ratio.low, high=ratio.high, of=pair)
        )
    if found.floor is not None:
        measurements.append(Measurement("noise_floor", 100 * found.floor, "%"))
    for made in run.preparations:
        if made.subject in names and made.peak_memory:
            memory = Measurement("peak_memory", made.peak_memory, "bytes", of=names[made.subject])
            measurements.append(memory)
    return measurements
