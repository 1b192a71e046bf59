"""What a data folder supplies for a printed accuracy: the weights and the official data, or not."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.data import stand_ins
from repro.data.layout import Source, find
from repro.errors import ReproError
from repro.evaluation import evaluator, preparing
from repro.evaluation.request import EvaluationRequest, Execution
from repro.papers import checkpoint_catalogue
from repro.papers.datasets import DATASETS
from repro.records.requirements import AccuracyRequirement
from repro.records.runs import EvaluationRun, weights_name

if TYPE_CHECKING:
    from repro.plans.planned import RunSettings


def supplied(
    requirement: AccuracyRequirement, settings: "RunSettings"
) -> tuple[EvaluationRun, tuple[EvaluationRequest, Source]]:
    """The evaluation that fills a printed cell, and its files; a ReproError says what is not there.

    The data set must be the official one, by its numbers of images, persons and boxes: what is
    measured on another never fills a printed cell.
    """
    assert settings.data is not None
    _check_official(settings.data, requirement)
    execution = Execution(settings.device, settings.batch, settings.loaders, settings.threads)
    request, source = files(requirement, settings.data, execution)
    prepared = preparing.prepare(request, source)
    run = evaluator.run_of(prepared)
    if not run.data["official"]:
        raise ReproError(
            f"`{source.annotations}` is not the official {requirement.protocol.on} "
            f"({run.data['images']:,} images, {run.data['people']:,} persons); "
            "`repro eval` evaluates on it."
        )
    if not requirement.fits(run.plain):
        raise ReproError(
            f"`{request.weights}` was trained here as `{run.weights['name']}`, and not by the "
            f"recipe of `{requirement.weights}` in everything, on the official data; `repro eval` "
            "evaluates it."
        )
    prepared.check_images()
    return run, (request, source)


def _check_official(data: Path, requirement: AccuracyRequirement) -> None:
    """Raise ReproError where a rehearsal's stand-ins lie in the place of the data set."""
    folder = DATASETS[requirement.protocol.dataset].folder
    share = next(filter(None, map(stand_ins.share_in, (data / folder, data))), None)
    if share is not None:
        raise ReproError(
            f"`{data}` holds {stand_ins.named(requirement.protocol.on, share)}, which never fill a "
            "printed cell; it takes the official data."
        )


def files(
    requirement: AccuracyRequirement, data: Path, execution: Execution
) -> tuple[EvaluationRequest, Source]:
    """The network and the files of an evaluation; a ReproError says what is not there."""
    rules, path = requirement.protocol, _weights(requirement, data)
    if path is None:
        raise ReproError(
            f"There are no weights `{requirement.weights}.pth` (or .safetensors) in "
            f"`{data}/weights`."
        )
    variant = requirement.weights.removeprefix(_usual(requirement)).removeprefix("-")
    request = EvaluationRequest(
        requirement.model,
        path,
        rules,
        requirement.input,
        requirement.options,
        variant,
        execution=execution,
    )
    return request, find(data, rules.dataset, rules.split)


def _usual(requirement: AccuracyRequirement) -> str:
    return weights_name(
        requirement.model, requirement.input, requirement.protocol.dataset, requirement.options
    )


def _weights(requirement: AccuracyRequirement, data: Path) -> Path | None:
    """The file of exactly that name, or the published one of a network trained as usual."""
    model, dataset, size = requirement.model, requirement.protocol.dataset, requirement.input
    names = [f"{requirement.weights}{ending}" for ending in checkpoint_catalogue.EXTENSIONS]
    if requirement.weights == _usual(requirement) and not requirement.options:
        names += checkpoint_catalogue.quoted(model, dataset, size)
    for name in names:
        path = checkpoint_catalogue.find(data, model, dataset, size, name)
        if path is not None:
            return path
    return None
