"""Whether records are what they say: their digests, keys and files, and of counts the values.

A record's digest covers its content, its key what it is of and by what code it was made. The key of
a run is made anew from both; that of a timing from its samples, too. Where a key rests on what is
not here, as the samples or a network that this version has otherwise, it is neither shown nor
refuted: `unproved`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.errors import ReproError
from repro.files import sha256
from repro.records.fingerprint import digest
from repro.records.record import SCHEMA, Record, plain
from repro.records.runs import (
    QUANTISED,
    CountRun,
    EvaluationRun,
    Run,
    TimingRun,
    TrainingRun,
    run_of,
)
from repro.records.store import Store

SOUND, DIFFERS, UNPROVED = "sound", "differs", "unproved"
SAME, OTHER, NOT_MEASURED = "same", "other", "not measured"
MOST = 8
"""figures that are told of a record that has others"""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record is from, as it says itself; empty or null for what it does not say."""

    commit: str
    """of the code, 12 digits"""
    changed: bool | None
    """whether the code differed from that commit"""
    code: str
    """digest of the code that the result can depend on; a timing has none"""
    made: str
    machine: str
    libraries: Mapping[str, str]
    """name -> version"""
    data: Mapping[str, str]
    """what of the data -> sha256"""
    weights: str
    """sha256 of their file, or the key of their training"""
    lacks: tuple[str, ...]
    """what it should say of these and does not"""


@dataclass(frozen=True, slots=True)
class VerifiedRecord:
    """One record file, held against what it should be."""

    key: str
    path: Path
    run: str
    state: str
    """sound, differs, or unproved"""
    why: tuple[str, ...]
    """each a sentence, where it is not sound"""
    values: str
    """of a count that was measured anew: same or other; else not measured"""
    provenance: Provenance | None
    """null for a file that is no record"""


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to measure anew, and to read what lies beside a record."""

    samples: Callable[[Path], object]
    """of a timing, as plain data, from its folder; a ReproError where they are gone"""
    count: Callable[[CountRun], Record] | None = None
    """counts a network; None where no value is measured"""


def verified(store: Store, beginning: str, means: Means) -> Iterator[VerifiedRecord]:
    """Every record file whose key begins so, whole or not, in the order of the files."""
    for path in store.files(beginning):
        try:
            record = store.read(path)
        except ReproError as error:
            key, why = path.name.partition(".")[0], (_sentence(str(error)),)
            yield VerifiedRecord(key, path, "", DIFFERS, why, NOT_MEASURED, None)
            continue
        yield _held(record, path, store, means)


def _held(record: Record, path: Path, store: Store, means: Means) -> VerifiedRecord:
    folder = store.artifacts(record.key)
    run, values = run_of(record.spec), NOT_MEASURED
    wrong, open_ = list(_other_files(record, folder)), list(_unproved(record, run, folder, means))
    if open_ and run is not None and run.code and run.code == record.code:
        wrong, open_ = [*wrong, "By the code that made it, the key of this run is another."], []
    if isinstance(run, CountRun) and means.count is not None:
        values, said = _measured(record, run, means.count)
        older = run.key != record.key
        (open_ if older or values == NOT_MEASURED else wrong).extend(said)
    state = DIFFERS if wrong else UNPROVED if open_ else SOUND
    name = str(run) if run else str(record.spec.get("network", record.spec.get("kind", "")))
    why = (*wrong, *open_)
    return VerifiedRecord(record.key, path, name, state, why, values, provenance(record))


def _other_files(record: Record, folder: Path) -> Iterator[str]:
    """The files beside a record that are not those it names; one that is not here is none."""
    for name, known in record.artifacts.items():
        path = folder / name
        try:
            if sha256(path) != known:
                yield f"`{path}` is not the file that it names: the sha256 differs."
        except FileNotFoundError:
            continue
        except OSError as error:
            yield f"`{path}` cannot be read: {error.strerror}."


def _unproved(record: Record, run: Run | None, folder: Path, means: Means) -> Iterator[str]:
    """Why a key cannot be shown to be that of the record; nothing where it is."""
    kind = record.spec.get("kind")
    parts: dict[str, object] = {**record.spec, "env": record.env, "schema": SCHEMA}
    if kind == QUANTISED:
        values = [(one.metric, one.of, one.value) for one in record.measurements]
        key = digest({**parts, "values": values})
    elif kind == TimingRun.kind:
        try:
            key = digest({**parts, "samples": means.samples(folder)})
        except ReproError as error:
            yield f"The key rests on samples that are not here: {_sentence(str(error))}"
            return
    else:
        if run is None:
            yield "This version knows no such run, or not its network."
            return
        key = run.key_of(record.code)
    if key != record.key:
        yield "The key is not that of this run, or of its network as this version builds it."


def _measured(
    record: Record, run: CountRun, count: Callable[[CountRun], Record]
) -> tuple[str, Sequence[str]]:
    """Whether a count gives the same now, and what differs."""
    try:
        now = count(run)
    except (ReproError, RuntimeError, MemoryError) as error:
        return NOT_MEASURED, (f"It cannot be counted here: {_sentence(str(error))}",)
    known = {(one.metric, one.convention): one for one in record.measurements}
    anew = {(one.metric, one.convention): one for one in now.measurements}
    said = [
        f"{' '.join(filter(None, name))} was {_shown(was)}, is {_shown(now_is)}."
        for name in dict.fromkeys((*known, *anew))
        if (was := known.get(name)) != (now_is := anew.get(name))
    ]
    if plain([record.uncounted]) != plain([now.uncounted]):
        said.append("The operators that no rule counts are others.")
    if not said and record.parts and record.parts != now.parts:
        said.append("The sums are the same, and their parts are others.")
    return (OTHER if said else SAME), said[:MOST]


def _shown(measurement: object) -> str:
    value = getattr(measurement, "value", None)
    return "none" if value is None else f"{value:,}"


def provenance(record: Record) -> Provenance:
    """Where a record is from, and what it does not say of that."""
    env, spec = record.env, record.spec
    commit, libraries = str(env.get("commit", "")), env.get("libraries")
    versions = dict(libraries) if isinstance(libraries, Mapping) else {}
    names = ("processor", "gpu", "cores", "memory_gib", "system")
    units = {"cores": " cores", "memory_gib": " GiB"}
    machine = ", ".join(f"{env[name]}{units.get(name, '')}" for name in names if name in env)
    data, weights = _data(spec), _weights(spec)
    facts: dict[str, object] = {
        "the commit of the code": commit,
        "its machine": machine,
        "its libraries": versions,
    }
    if spec.get("kind") in (EvaluationRun.kind, TrainingRun.kind):
        facts["the digest of its data"] = data
    if spec.get("kind") == EvaluationRun.kind and spec.get("model") != "truth":
        facts["the digest of its weights"] = weights
    return Provenance(
        commit.rstrip("+"),
        commit.endswith("+") if commit else None,
        record.code,
        record.made.at if record.made else "",
        machine,
        {name: str(one) for name, one in versions.items()},
        data,
        weights,
        tuple(name for name, value in facts.items() if not value),
    )


def _data(spec: Mapping[str, object]) -> dict[str, str]:
    """What is a digest among the facts on the data."""
    data = spec.get("data")
    facts = data.items() if isinstance(data, Mapping) else ()
    return {name: value for name, value in facts if isinstance(value, str) and len(value) == 64}


def _weights(spec: Mapping[str, object]) -> str:
    weights = spec.get("weights")
    facts = weights if isinstance(weights, Mapping) else {}
    return str(facts.get("sha256") or facts.get("training") or "")


def _sentence(text: str) -> str:
    """With its first letter large, and one stop."""
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
