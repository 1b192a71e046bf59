"""Train the networks of a printed table, and tell what they reach on the data at hand.

Each network is trained once, by its official recipe: in full on real data, or for a minute on
generated figures. None of it is held against what is printed. Evaluations stay below the folder of
the training; only those of official data, after a training that follows its recipe in everything,
go to the records, as those of `repro eval` do.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from repro.data.layout import Source
from repro.errors import ReproError
from repro.evaluation import evaluating
from repro.evaluation.cells import Showing
from repro.evaluation.request import Look
from repro.files import read_plain
from repro.protocol import Protocol
from repro.runners.execution import Execution
from repro.store import Record, Store
from repro.study import Table
from repro.training import course, preparing, series, smoke
from repro.training.entries import Entry, columns, runs
from repro.training.evaluation import PRIMARY
from repro.training.preparing import Prepared
from repro.training.request import Run, evaluation_rules
from repro.training.series import Watch
from repro.training.supply import Say
from repro.training.training import write

MARK = "smoke.json"
"""is written when a smoke training is finished"""


@dataclass(frozen=True)
class Reached:
    """What one network reaches."""

    records: Mapping[Protocol, Record]
    deviations: tuple[str, ...] = ()
    """of its training, from the recipe"""
    why: str = ""
    """why it reaches nothing"""
    failed: bool = False


@dataclass(frozen=True)
class Trainer:
    """How the networks are trained and evaluated."""

    watch: Watch
    show: Showing
    say: Say
    store: Store
    """of records that printed cells are held against"""
    execution: Execution
    fresh: bool = False


def train(wanted: Sequence[Entry], trainer: Trainer) -> dict[Path, Reached]:
    """Train what is not yet trained and evaluate it; what fails is said, and the others go on."""
    found = {}
    for out, run in runs(wanted).items():
        own = [entry for entry in wanted if entry.run is not None and entry.run.out == out]
        try:
            found[out] = _reached(run, own, trainer)
        except (ReproError, RuntimeError, MemoryError) as error:
            hint = f" {error.hint}" if isinstance(error, ReproError) and error.hint else ""
            why = f"{error or type(error).__name__}{hint}"
            found[out] = Reached({}, why=why, failed=True)
            trainer.say(f"error: {own[0].label}, {run.name}: {why}")
    return found


def described(
    table: Table, wanted: Sequence[Entry], reached: Mapping[Path, Reached]
) -> list[dict[str, object]]:
    """For --json: every row with what is printed, and what its network reaches where on what."""
    return [_described(table, entry, reached) for entry in wanted]


def _described(table: Table, entry: Entry, reached: Mapping[Path, Reached]) -> dict[str, object]:
    run = entry.run
    own = Reached({}, why=entry.why) if run is None else reached[run.out]
    figures = {}
    for column in columns(table):
        record = own.records.get(entry.rules[column.key]) if column.key in entry.rules else None
        figure = record.measurement(column.metric or "") if record else None
        if figure is not None:
            figures[column.key] = asdict(figure)
    record = next(iter(own.records.values()), None)
    best = next((one for name in PRIMARY if record and (one := record.measurement(name))), None)
    return {
        "label": entry.label,
        "model": entry.model,
        "network": run.name if run else None,
        "recipe": run.resolved.name if run else None,
        "deviations": list(own.deviations),
        "folder": str(run.out) if run else None,
        "printed": dict(entry.printed),
        "reached": figures,
        "best": asdict(best) if best else None,
        "on": record.spec["data"] if record else None,
        "why": own.why or None,
    }


def _reached(run: Run, own: Sequence[Entry], trainer: Trainer) -> Reached:
    prepared, label = preparing.prepare(run, trainer.say), f"{own[0].label}, {run.name}"
    if run.seconds is None:
        work: Callable[..., object] = functools.partial(course.train, fresh=trainer.fresh)
        series.carry_out(prepared, label, trainer.watch, trainer.say, work)
    else:
        _smoke(prepared, label, trainer)
    records: dict[Protocol, Record] = {}
    for entry in own:
        for rules in entry.rules.values():
            if entry.source is not None and rules not in records:
                records[rules] = _evaluated(prepared.run, entry, entry.source, rules, trainer)
    why = "" if records else "Trained, but there is nothing to evaluate it on."
    return Reached(records, tuple(map(str, prepared.run.resolved.deviations)), why)


def _smoke(prepared: Prepared, label: str, trainer: Trainer) -> None:
    run = prepared.run
    mark, identity = run.out / MARK, json.loads(json.dumps(prepared.identity()))
    if not trainer.fresh and _read(mark).get("identity") == identity:
        with trainer.watch(label, 0, None):
            return
    mark.unlink(missing_ok=True)
    seen = series.carry_out(prepared, label, trainer.watch, trainer.say, smoke.smoke)
    write(mark, {"identity": identity, **seen.described()})


def _read(path: Path) -> dict[str, object]:
    """What a finished smoke training left; nothing where it is not there, or torn."""
    try:
        found = json.loads(read_plain(path))
    except (OSError, ValueError):
        return {}
    whole = isinstance(found, dict) and (path.parent / "best.safetensors").exists()
    return found if whole else {}


def _evaluated(run: Run, entry: Entry, source: Source, rules: Protocol, trainer: Trainer) -> Record:
    look = Look(
        run.model,
        run.out / "best.safetensors",
        evaluation_rules(rules, source),
        run.size,
        run.options,
        entry.variant,
        execution=trainer.execution,
    )
    job = evaluating.prepare(look, source)
    faithful = job.spec.data["official"] is True and not run.resolved.deviations
    kept = trainer.store if faithful else Store(run.out / "records")
    total = 0 if kept.find(job.spec) is not None else job.total
    with trainer.show(total, f"crops or images, {run.name}") as tell:
        return evaluating.run(job, kept, tell)
