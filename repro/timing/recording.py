"""A timing run as a record: medians, ratios of all pairs, noise floor."""

import gzip
import itertools
import json
from collections.abc import Mapping, Sequence
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
    """What was timed, and how; of a sweep the batches and precisions are lists."""
    plain = [one for one in run.subjects if one.alias != TWIN]
    first = plain[0]
    return {
        "kind": "speed",
        "networks": list(names(run).values()),
        "backends": sorted({one.backend for one in plain}),
        "batch": _one_or_all([one.batch for one in plain]),
        "precision": _one_or_all([one.precision for one in plain]),
        "stage": first.stage,
        "flip": first.flip,
        **dict(run.settings),
        "device": "cuda" if "device" in run.conditions else "cpu",
        "machine": machine(run.conditions.get("device")),
        **({"interrupted": True} if run.interrupted else {}),
    }


def _one_or_all(values: Sequence[object]) -> object:
    distinct = list(dict.fromkeys(values))
    return distinct if len(distinct) > 1 else distinct[0]


def machine(device: object = None) -> str:
    """The class of this machine: what it must share with another for times to be comparable.

    `device` is what a run on a GPU keeps of it.
    """
    known = env.fingerprint()
    libraries = known.get("libraries")
    torch = libraries.get("torch") if isinstance(libraries, Mapping) else None
    gpu = f"{device['name']}, CUDA {device['cuda']}, " if isinstance(device, Mapping) else ""
    return f"{gpu}{known['processor']}, {known['cores']} cores, {known['system']}, torch {torch}"


def name(subject: Subject) -> str:
    """The network alone: `lpn_50 256x192`."""
    return network_name(spec_of(subject.model, subject.input, subject.keypoints, subject.options))


def names(run: Run) -> dict[int, str]:
    """What each subject but the twin is called: by its network, and by what tells it apart.

    `lpn_50 256x192`, with the backend unless it is eager, and with batch and precision where the
    run has several.
    """
    plain = {place: one for place, one in enumerate(run.subjects) if one.alias != TWIN}
    batches = {one.batch for one in plain.values()}
    precisions = {one.precision for one in plain.values()}
    found = {}
    for place, one in plain.items():
        parts = [] if one.backend == "eager" else [one.backend]
        parts += [one.precision] if len(precisions) > 1 else []
        parts += [f"batch {one.batch}"] if len(batches) > 1 else []
        found[place] = name(one) + (f" [{', '.join(parts)}]" if parts else "")
    return found


def keep(folder: Path, run: Run) -> None:
    """Write every raw sample of a run."""
    path = folder / SAMPLES
    content = gzip.compress(json.dumps(run.described()).encode(), mtime=0)
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(f"`{path}` cannot be written: {error.strerror}.") from error


def _measurements(run: Run, found: Analysis) -> list[Measurement]:
    known = names(run)
    timed = {place: known[place] for place in found.subjects if place in known}
    measurements = []
    for place, label in timed.items():
        times = found.times(place)
        for metric, one in (("latency", times.wall), ("cpu_time", times.cpu)):
            value, low, high = (1000 * each for each in (one.value, one.low, one.high))
            measurements.append(Measurement(metric, value, "ms", low=low, high=high, of=label))
    for above, below in itertools.permutations(timed, 2):
        pair = run.subjects[above], run.subjects[below]
        if pair[0].way != pair[1].way and name(pair[0]) != name(pair[1]):
            continue  # of another network in another way nobody wants to know
        ratio = found.ratio(above, below)
        of = f"{timed[above]} / {timed[below]}"
        measurements.append(
            Measurement("ratio", ratio.value, "x", low=ratio.low, high=ratio.high, of=of)
        )
    if found.floor is not None:
        measurements.append(Measurement("noise_floor", 100 * found.floor, "%"))
    for made in run.preparations:
        if made.subject in timed and made.peak_memory:
            memory = Measurement("peak_memory", made.peak_memory, "bytes", of=timed[made.subject])
            measurements.append(memory)
    return measurements
