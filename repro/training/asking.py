"""From words to a training: which recipe, on what, where."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import zoo
from repro.papers import lookup
from repro.papers.protocol import Protocol
from repro.papers.recipe_sources import Resolved, differing, parsed
from repro.papers.values import Options, Size
from repro.records.runs import NO_OPTIONS, count_run
from repro.training import request, smoke
from repro.training.request import TrainingMachine, TrainingRequest

RUNS = Path("runs")
Files = Mapping[str, Path | None]
NO_FILES: Files = {}


@dataclass(frozen=True)
class TrainingChoice:
    """A network and how it is to be trained, before any data are looked for."""

    model: str
    size: Size
    options: Options
    rules: Protocol
    """by which its data are read and it is evaluated"""
    resolved: Resolved
    """the recipe, with what was asked otherwise as its deviations"""
    differing: Mapping[str, tuple[object, object]]
    """fields in which the paper's recipe and the official one differ; both values"""
    smoke: bool
    """whether it is for a few steps on generated figures"""

    def folder(self, seed: int = 0) -> Path:
        """Where it leaves its files unless another place is named."""
        words = (self.resolved, self.model, self.size, self.rules, self.options, seed, self.smoke)
        return RUNS / request.folder_name(*words)


def asked(
    paper: str,
    model: str,
    recipe: str = "paper",
    dataset: str | None = None,
    size: Size | None = None,
    options: Options = NO_OPTIONS,
    loss: str | None = None,
    fields: Mapping[str, object] = NO_OPTIONS,
    smoke: bool = False,
) -> TrainingChoice:
    """A study's recipe for a network, `fields` of it changed; ReproError if they do not fit."""
    study = lookup.find_study(paper)
    rules = request.protocol_of(model, _generated(model, dataset) if smoke else dataset)
    chosen = request.size_of(model, rules, size, smoke)
    count_run(model, chosen, rules.keypoints, options)
    found = request.recipe_of(study, recipe, model, rules.dataset, chosen)
    apart: Mapping[str, tuple[object, object]] = {}
    if recipe == "paper":
        official = request.recipe_of(study, "official", model, rules.dataset, chosen)
        apart = differing(found.recipe, official.recipe)
    found = request.fitting_loss(found, model, loss)
    found = request.shortened(found) if smoke else found
    found = found.changed("the command line", **parsed(fields))
    return TrainingChoice(model, chosen, dict(options), rules, found, apart, smoke)


def requested(
    wanted: TrainingChoice,
    data: Path | None = None,
    out: Path | None = None,
    machine: TrainingMachine | None = None,
    seed: int = 0,
    train: Files = NO_FILES,
    val: Files = NO_FILES,
    weights: Path | None = None,
    partial: bool = False,
    crop_cache: bool = False,
    save_every: int | None = None,
) -> TrainingRequest:
    """The training, on a data folder or the files that are named; pictures are made for a smoke."""
    folder = out or wanted.folder(seed)
    if wanted.smoke:
        data = smoke.data(folder / "data")
    dataset = wanted.rules.dataset
    return TrainingRequest(
        wanted.model,
        wanted.size,
        wanted.resolved,
        wanted.rules,
        request.train_source(dataset, data, train),
        None if wanted.smoke else request.evaluation_source(wanted.rules, data, val),
        folder,
        dict(wanted.options),
        machine or TrainingMachine(),
        seed,
        weights,
        partial,
        folder / "cache" if crop_cache else None,
        save_every,
        request.SMOKE_STEPS if wanted.smoke else None,
    )


def _generated(model: str, dataset: str | None) -> str:
    """The generated data set with a network's joints, unless one is named."""
    if dataset is not None or model not in zoo.MODELS:
        return dataset or "synth"
    return "synth-crowdpose" if zoo.MODELS[model].keypoints == 14 else "synth"
