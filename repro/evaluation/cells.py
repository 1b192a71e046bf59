"""The evaluations that printed cells need: with what is in a data folder, or why not."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from repro import weights
from repro.data.layout import Source, find
from repro.errors import ReproError, RunError
from repro.evaluation import evaluating, networks
from repro.evaluation.request import Look
from repro.runners.evaluate import Tell
from repro.runners.execution import Execution
from repro.spec import Accuracy, weights_name
from repro.store import Store

Showing = Callable[[int, str], AbstractContextManager[Tell]]
"""called with how many crops or images an evaluation takes, and what it is"""


def fill(
    wanted: Sequence[Accuracy],
    data: Path,
    store: Store,
    execution: Execution,
    show: Showing,
    fresh: bool = False,
) -> tuple[list[RunError], dict[str, str]]:
    """Evaluate what is missing and possible: the runs that failed, and why others cannot be.

    The data set must be the official one, by its numbers of images, persons and boxes: what is
    measured on another never fills a printed cell.
    """
    networks.device_of(execution)
    failures, lacking = [], {}
    for accuracy in wanted:
        if not fresh and store.find(accuracy) is not None:
            continue
        try:
            look, source = supplies(accuracy, data, execution)
            job = evaluating.prepare(look, source)
        except ReproError as error:
            lacking[str(accuracy)] = str(error)
            continue
        if not job.spec.data["official"]:
            lacking[str(accuracy)] = (
                f"`{source.annotations}` is not the official {accuracy.protocol.on} "
                f"({job.spec.data['images']:,} images, {job.spec.data['people']:,} persons); "
                "`repro eval` evaluates on it."
            )
            continue
        try:
            with show(job.total, str(accuracy)) as tell:
                evaluating.run(job, store, tell, fresh)
        except (ReproError, RuntimeError, MemoryError) as error:
            failures.append(RunError(f"{accuracy} failed: {error or type(error).__name__}"))
    return failures, lacking


def supplies(accuracy: Accuracy, data: Path, execution: Execution) -> tuple[Look, Source]:
    """The network and the files of an evaluation; a ReproError says what is not there."""
    rules = accuracy.protocol
    path = _weights(accuracy, data)
    if path is None:
        raise ReproError(
            f"There are no weights `{accuracy.weights}.pth` (or .safetensors) in `{data}/weights`."
        )
    source = find(data, rules.dataset, rules.split)
    variant = accuracy.weights.removeprefix(_usual(accuracy)).removeprefix("-")
    look = Look(
        accuracy.model,
        path,
        rules,
        accuracy.input,
        accuracy.options,
        variant,
        execution=execution,
    )
    return look, source


def _usual(accuracy: Accuracy) -> str:
    return weights_name(accuracy.model, accuracy.input, accuracy.protocol.dataset, accuracy.options)


def _weights(accuracy: Accuracy, data: Path) -> Path | None:
    """The file of exactly that name, or the published one of a network trained as usual."""
    model, dataset, size = accuracy.model, accuracy.protocol.dataset, accuracy.input
    names = [f"{accuracy.weights}{ending}" for ending in weights.EXTENSIONS]
    if accuracy.weights == _usual(accuracy) and not accuracy.options:
        names += [
            one.file
            for one in weights.published(model)
            if one.file and (one.dataset, one.input) == (dataset, size)
        ]
    for name in names:
        path = weights.find(data, model, dataset, size, name)
        if path is not None:
            return path
    return None
