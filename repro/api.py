"""What `import repro` offers: the same as the command line, for Python.

Tables are loaded, a plan is made of them, carried out, and judged; or one network is counted,
evaluated, trained or timed. Records go to a `Store`, as those of the command line do. Models are
those of the zoo, of installed packages, and of `$REPRO_MODULES`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repro.models import registry
from repro.papers import lookup
from repro.papers.study import Table
from repro.papers.values import Options, Size
from repro.plan import planned, single
from repro.plans import selection
from repro.plans.planned import Plan, RunSettings
from repro.records.record import Record
from repro.records.runs import NO_OPTIONS, count_run
from repro.records.store import Store
from repro.run import Executor, Outcome, carry_out, counted
from repro.verdicts import judge
from repro.verdicts.judge import Cell

if TYPE_CHECKING:
    from repro.counting.counter import Count


def load_table(paper: str, table: str) -> Table:
    """A published table, as `load_table("paper1", "table1")`: rows and cells as they are printed.

    ReproError for a name that does not exist.
    """
    return lookup.find_table(lookup.find_study(paper), table)


def make_plan(
    tables: Sequence[Table],
    store: Store,
    settings: RunSettings | None = None,
    row: str | None = None,
    metrics: Sequence[str] = (),
) -> Plan:
    """Every run that the printed numbers of some tables need: there, to be made, or impossible.

    `row` is a pattern such as `LPN*`; `metrics` are names such as `params`, all by default.
    """
    return planned(selection.select(tables, row, metrics), store, settings)


def execute(plan: Plan, store: Store, executor: Executor | None = None) -> Outcome:
    """Make the missing records of a plan, each kept as it is made; failures are in the outcome.

    In this process, or by one of `repro.executors`, as `processes.LocalProcesses(4)`.
    """
    return carry_out(plan, store, executor=executor)


def judge_cells(plan: Plan, store: Store) -> list[Cell]:
    """The verdict on every printed number of a plan, by the records of a store. Runs nothing."""
    return judge.judge_all(plan.wanted, store.find)


def count_model(
    model: str, size: Size = (256, 192), keypoints: int | None = None, options: Options = NO_OPTIONS
) -> "Count":
    """Parameters and multiply-accumulates of a model of the zoo, by every convention.

    `size` is height and width in pixels; without `keypoints` it has its own number of joints.
    """
    registry.load()
    return counted(count_run(model, size, keypoints, options))


def evaluate_model(
    model: str,
    data: Path,
    store: Store,
    weights: Path | None = None,
    dataset: str | None = None,
    protocol: str | None = None,
    **rules: object,
) -> Record:
    """Accuracy of a model, an exported file or `truth`, in per cent with 95 % intervals.

    `data` is the folder with the data sets; `rules` are instead of the protocol's, as `flip=False`
    or `boxes="ground truth"`. From the store if it is there.
    """
    from repro.evaluation import choice, evaluator, preparing

    registry.load()
    _, request = choice.requested(model, weights, dataset, protocol, rules=rules)
    files = choice.source(request.protocol, data, {})
    run = evaluator.run_of(preparing.prepare(request, files))
    return execute(single(run, store, (request, files)), store).only


def train_model(
    paper: str,
    model: str,
    store: Store,
    data: Path | None = None,
    recipe: str = "paper",
    smoke: bool = False,
    out: Path | None = None,
    scale_schedule: bool = False,
    **fields: object,
) -> Record:
    """Train a model by a study's recipe; `fields` are instead of the recipe's, as `epochs=10`,
    and `scale_schedule` moves milestones and warm-up with the epochs.

    The weights lie beside the record, see `Store.artifacts`. `smoke` takes a minute on generated
    figures. A killed training goes on from its last checkpoint.
    """
    from dataclasses import replace

    from repro.training import choice, preparation, runs

    registry.load()
    chosen = choice.chosen(
        paper, model, recipe, fields=fields, smoke=smoke, scale_schedule=scale_schedule
    )
    request = choice.requested(chosen, data, out)
    run = runs.run_of(preparation.checked(replace(request, cache=None)))
    return execute(single(run, store, request, served=False), store).only


def time_models(
    models: Sequence[str],
    store: Store,
    size: Size = (256, 192),
    threads: int | None = None,
    budget: float = 60.0,
) -> Record:
    """Time models against each other, interleaved, for `budget` seconds: milliseconds and ratios.

    The note `unstable` of the record says why there is no verdict, if there is none.
    """
    from repro import env
    from repro.speed import requests, sweep
    from repro.speed.measure.procedures import TimingSettings

    registry.load()
    subjects = sweep.sweep([count_run(name, size) for name in selection.models(models)])
    settings = TimingSettings(threads=threads or env.cores(), budget=budget)
    run = requests.run_of(subjects, settings)
    return execute(single(run, store, (subjects, settings), served=False), store).only
