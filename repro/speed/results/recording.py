"""A timing run as a record: medians, ratios of all pairs, noise floor."""

import gzip
import itertools
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from repro import env, schema
from repro.errors import StoreError, listed
from repro.files import write_whole
from repro.records.fingerprint import digest
from repro.records.measurement import Measurement
from repro.records.record import SCHEMA, Record
from repro.records.remarks import Remark
from repro.records.runs import TimingRun, count_run, network_name
from repro.speed.measure.procedures import TWIN
from repro.speed.measure.subjects import Subject, TimedRun, read
from repro.speed.results.analysis import Analysis, Times
from repro.speed.results.percentiles import PERCENTS

SAMPLES = "run.json.gz"
MOST_BYTES = 2**28
"""of the samples when they are unpacked"""


def record(run: TimedRun, analysis: Analysis) -> Record:
    """What the store keeps of a run; the raw samples go beside it, see `keep`."""
    spec = described(run)
    notes = {"unstable": f"{analysis.unstable}."} if analysis.unstable else {}
    return Record(
        digest({**spec, "env": env.fingerprint(), "samples": run.described(), "schema": SCHEMA}),
        spec,
        tuple(_measurements(run, analysis)),
        env.fingerprint(),
        notes={**notes, "basis": analysis.basis},
        remarks=remarks(run, analysis),
    )


def described(run: TimedRun) -> dict[str, object]:
    """What was timed, and how; of a sweep the batches and precisions are lists."""
    return {
        **asked(run.subjects),
        **dict(run.settings),
        "device": "cuda" if "device" in run.conditions else "cpu",
        "machine": machine(run.conditions.get("device")),
        **({"interrupted": True} if run.interrupted else {}),
    }


def asked(subjects: Sequence[Subject]) -> dict[str, object]:
    """What is to be timed; the twin is nobody's wish."""
    plain = [subject for subject in subjects if subject.alias != TWIN]
    files = {name(one): one.file.sha256 for one in plain if one.file is not None}
    return {
        "kind": TimingRun.kind,
        "networks": list(named(subjects).values()),
        "backends": sorted({subject.backend for subject in plain}),
        "batch": _one_or_all([subject.batch for subject in plain]),
        "precision": _one_or_all([subject.precision for subject in plain]),
        "stage": plain[0].stage,
        "flip": plain[0].flip,
        **({"files": files} if files else {}),
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
    """The network alone: `lpn_50 256x192`; a file with the beginning of its digest."""
    if subject.file is not None:
        height, width = subject.input
        return f"{subject.model}@{subject.file.sha256[:8]} {height}x{width}"
    return network_name(count_run(subject.model, subject.input, subject.keypoints, subject.options))


def names(run: TimedRun) -> dict[int, str]:
    """What each subject of a run is called; see `named`."""
    return named(run.subjects)


def named(subjects: Sequence[Subject]) -> dict[int, str]:
    """What each subject but the twin is called: by its network, and by what tells it apart.

    `lpn_50 256x192`, with the backend unless it is eager, and with batch and precision where the
    run has several.
    """
    plain = {place: subject for place, subject in enumerate(subjects) if subject.alias != TWIN}
    batches = {subject.batch for subject in plain.values()}
    precisions = {subject.precision for subject in plain.values()}
    labels = {}
    for place, subject in plain.items():
        parts = [] if subject.backend == "eager" else [subject.backend]
        parts += [subject.precision] if len(precisions) > 1 else []
        parts += [f"batch {subject.batch}"] if len(batches) > 1 else []
        labels[place] = name(subject) + (f" [{', '.join(parts)}]" if parts else "")
    return labels


def kept(folder: Path) -> TimedRun:
    """The run whose samples lie in a folder; a StoreError where they are gone or broken."""
    path = folder / SAMPLES
    try:
        with gzip.open(path) as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise ValueError(f"it unpacks to more than {MOST_BYTES:,} bytes")
        content = schema.json_value(text)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise StoreError(f"`{path}` cannot be read: {error}.") from error
    return read(content, str(path))


def keep(folder: Path, run: TimedRun) -> None:
    """Write every raw sample of a run."""
    path = folder / SAMPLES
    content = gzip.compress(json.dumps(run.described()).encode(), mtime=0)
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(f"`{path}` cannot be written: {error.strerror}.") from error


def _measurements(run: TimedRun, analysis: Analysis) -> list[Measurement]:
    known = names(run)
    timed = {place: known[place] for place in analysis.subjects if place in known}
    measurements = []
    for place, label in timed.items():
        times = analysis.times(place)
        for metric, time in (("latency", times.wall), ("cpu_time", times.cpu)):
            value, low, high = (1000 * each for each in (time.value, time.low, time.high))
            measurements.append(Measurement(metric, value, "ms", low=low, high=high, of=label))
        measurements += _tail(times, label)
    for above, below in itertools.permutations(timed, 2):
        pair = run.subjects[above], run.subjects[below]
        if pair[0].way != pair[1].way and name(pair[0]) != name(pair[1]):
            continue  # of another network in another way nobody wants to know
        ratio = analysis.ratio(above, below)
        of = f"{timed[above]} / {timed[below]}"
        measurements.append(
            Measurement("ratio", ratio.value, "x", low=ratio.low, high=ratio.high, of=of)
        )
    if analysis.floor is not None:
        measurements.append(Measurement("noise_floor", 100 * analysis.floor, "%"))
    for made in run.preparations:
        if made.subject in timed and made.peak_memory:
            memory = Measurement("peak_memory", made.peak_memory, "bytes", of=timed[made.subject])
            measurements.append(memory)
        if made.subject in timed and made.joules is not None:
            joules = made.joules / run.subjects[made.subject].batch
            measurements.append(Measurement("energy", joules, "J", of=timed[made.subject]))
    return measurements


def _tail(times: Times, label: str) -> list[Measurement]:
    """The percentiles that have a figure, and from how many calls they are told."""
    figures = [
        Measurement(
            f"latency_p{one.percent}",
            1000 * one.seconds,
            "ms",
            low=None if one.low is None else 1000 * one.low,
            high=None if one.high is None else 1000 * one.high,
            of=label,
        )
        for one in times.percentiles
        if one.seconds is not None
    ]
    return [*figures, Measurement("calls", times.calls, "calls", of=label)]


def remarks(run: TimedRun, analysis: Analysis) -> tuple[Remark, ...]:
    """Which percentiles have no figure, and why there is no energy."""
    known = names(run)
    timed = {known[place]: analysis.times(place) for place in analysis.subjects if place in known}
    said = []
    for percent in PERCENTS:
        few = [
            (label, one)
            for label, times in timed.items()
            for one in times.percentiles
            if one.percent == percent and one.seconds is None
        ]
        if few:
            calls = min(one.calls for _, one in few)
            least, asked = few[0][1].needed, few[0][1].certified
            text = (
                f"No {percent}th percentile of {listed([f'`{label}`' for label, _ in few])}: "
                f"{calls} calls have no upper end for it, {least} are needed (LoadGen asks "
                f"{asked:,}); a larger --budget gives more."
            )
            said.append(Remark("timing", text, len(few), len(timed)))
    absent = dict.fromkeys(made.no_energy for made in run.preparations if made.no_energy)
    said += [Remark("timing", f"No energy per image. {reason}") for reason in absent]
    return tuple(said)
