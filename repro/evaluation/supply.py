"""What a data folder supplies for a printed accuracy: the weights and the official data, or not."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.data.layout import Source, find
from repro.errors import ReproError
from repro.evaluation import evaluator, pipeline
from repro.evaluation.execution import Execution
from repro.evaluation.request import EvaluationRequest
from repro.papers import checkpoint_catalogue
from repro.records.requirements import AccuracyRequirement
from repro.records.runs import EvaluationRun, weights_name

if TYPE_CHECKING:
    from repro.plans.planned import RunSettings


def supplied(
    wanted: AccuracyRequirement, settings: "RunSettings"
) -> tuple[EvaluationRun, tuple[EvaluationRequest, Source]]:
    """The evaluation that fills a printed cell, and its files; a ReproError says what is not there.

    The data set must be the official one, by its numbers of images, persons and boxes: what is
    measured on another never fills a printed cell.
    """
    assert settings.data is not None
    execution = Execution(settings.device, settings.batch, settings.loaders, settings.threads)
    look, source = files(wanted, settings.data, execution)
    job = pipeline.prepare(look, source)
    run = evaluator.run_of(job)
    if not run.data["official"]:
        raise ReproError(
            f"`{source.annotations}` is not the official {wanted.protocol.on} "
            f"({run.data['images']:,} images, {run.data['people']:,} persons); "
            "`repro eval` evaluates on it."
        )
    if not wanted.fits(run.plain):
        raise ReproError(
            f"`{look.weights}` was trained here as `{run.weights['name']}`, and not by the recipe "
            f"of `{wanted.weights}` in everything, on the official data; `repro eval` evaluates it."
        )
    pipeline.check_images(job)
    return run, (look, source)


def files(
    wanted: AccuracyRequirement, data: Path, execution: Execution
) -> tuple[EvaluationRequest, Source]:
    """The network and the files of an evaluation; a ReproError says what is not there."""
    rules = wanted.protocol
    path = _weights(wanted, data)
    if path is None:
        raise ReproError(
            f"There are no weights `{wanted.weights}.pth` (or .safetensors) in `{data}/weights`."
        )
    source = find(data, rules.dataset, rules.split)
    variant = wanted.weights.removeprefix(_usual(wanted)).removeprefix("-")
    look = EvaluationRequest(
        wanted.model,
        path,
        rules,
        wanted.input,
        wanted.options,
        variant,
        execution=execution,
    )
    return look, source


def _usual(wanted: AccuracyRequirement) -> str:
    return weights_name(wanted.model, wanted.input, wanted.protocol.dataset, wanted.options)


def _weights(wanted: AccuracyRequirement, data: Path) -> Path | None:
    """The file of exactly that name, or the published one of a network trained as usual."""
    model, dataset, size = wanted.model, wanted.protocol.dataset, wanted.input
    names = [f"{wanted.weights}{ending}" for ending in checkpoint_catalogue.EXTENSIONS]
    if wanted.weights == _usual(wanted) and not wanted.options:
        names += [
            one.file
            for one in checkpoint_catalogue.published(model)
            if one.file and (one.dataset, one.input) == (dataset, size)
        ]
    for name in names:
        path = checkpoint_catalogue.find(data, model, dataset, size, name)
        if path is not None:
            return path
    return None
