"""Measure how long networks take here, by a few steps and batches of the very code that runs them.

A training is begun as it would be and left after a few steps, an evaluation after a few batches; of
a scoring the poses are drawn. What a run takes besides, once, is what the rest of that lasted. Each
takes some seconds: where a batch would be long, fewer samples are taken at a time.
"""

import contextlib
import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from repro import env
from repro.data import boxes
from repro.data.crops import Crops
from repro.data.layout import Source
from repro.data.people import Poses
from repro.data.pictures import Pictures
from repro.errors import ReproError
from repro.estimates.calibrations import LIMITS, START, Calibrations, Figures
from repro.estimates.devices import Rates
from repro.estimates.portions import STEP, Trial
from repro.estimates.shapes import shape_of
from repro.evaluation import grouping, inference, pipeline, preparing
from repro.evaluation.loading import opened
from repro.evaluation.network import Network, created
from repro.evaluation.preparing import PreparedEvaluation
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.shards import Shards
from repro.files import temporary_folder
from repro.records.runs import count_run
from repro.training import preparation, state, trainer
from repro.training.loop import StepReport
from repro.training.request import TrainingRequest
from repro.training.trainer import Listeners, Training

SECONDS = 3.0
"""after which a measurement ends"""
LEAST, MOST = 3, 12
"""steps or batches of one"""
WORK = 10e9
"""multiply-adds of a step or batch at most: about a second of two slow cores"""
LOADED = 6
"""samples by which the loading is measured"""
IMPORTS = "import cli, repro.training.runs, repro.evaluation.evaluator, torch.utils.tensorboard"


class EnoughError(Exception):
    """Ends what is measured."""


@dataclass
class Stamps:
    """When so many samples were done; ends the work when that is enough."""

    begun: float = field(default_factory=time.perf_counter)
    done: list[tuple[float, int]] = field(default_factory=list)

    def __call__(self, count: int = 1, now: str = "") -> None:
        """So many more are done."""
        self.done.append((time.perf_counter() - self.begun, count))
        many, last = len(self.done), self.done[-1][0]
        if many >= MOST or (many >= LEAST and last - self.done[0][0] > SECONDS):
            raise EnoughError

    def figures(self, whole: float) -> dict[str, float]:
        """Seconds of a sample, by the later half, and those that `whole` has beside them."""
        return figures_of(self.done, whole)


def figures_of(done: Sequence[tuple[float, int]], whole: float) -> dict[str, float]:
    """`sample`, the seconds of a sample when all is under way, and `begin`, once a run.

    `done` says after how many seconds how many more samples were done. The first steps are slower
    and loading works ahead in them, so that the later half counts, and of that the lower quartile:
    other programs can only make a step longer.
    """
    if not done:
        return {"begin": whole, "sample": 0.0}
    if len(done) == 1:
        return {"begin": 0.0, "sample": whole / done[0][1]}
    first = (len(done) - 1) // 2
    times = [
        (later - earlier) / count
        for (earlier, _), (later, count) in zip(done[first:], done[first + 1 :], strict=False)
    ]
    sample = sorted(times)[len(times) // 4]
    total = sum(count for _, count in done)
    return {"begin": max(0.0, whole - sample * total), "sample": sample}


def measured(trial: Trial, folder: Path) -> Figures:
    """The figures of a trial; ReproError where it cannot be run."""
    if isinstance(trial.request, TrainingRequest):
        return _training(trial.request, folder)
    assert trial.source is not None
    if trial.scoring:
        return _scoring(trial.request, trial.source)
    return _evaluation(trial.request, trial.source, folder)


def measure(
    trials: Mapping[str, Trial], calibrations: Calibrations, tell: Callable[[int, str], None]
) -> dict[str, str]:
    """Measure what is not known yet of these, and the machine; why some could not be.

    `tell` is called with every 1 done.
    """
    machine: dict[str, Callable[[], Figures]] = {START: start, LIMITS: limits}
    failed: dict[str, str] = {}
    for key in missing(trials, calibrations):
        with temporary_folder() as folder:
            try:
                work = machine.get(key) or functools.partial(measured, trials[key], folder)
                calibrations.keep(key, work())
            except (ReproError, RuntimeError, MemoryError) as error:
                failed[key] = f"{error or type(error).__name__}"
        tell(1, key)
    return failed


def disturbed() -> bool:
    """Whether other programs keep this machine so busy that what is measured comes out too slow."""
    return os.getloadavg()[0] > env.cores() / 2


def missing(trials: Mapping[str, Trial], calibrations: Calibrations) -> list[str]:
    """What `measure` would measure."""
    return [key for key in (START, LIMITS, *trials) if calibrations.find(key) is None]


def start() -> Figures:
    """Seconds until a process has imported what trainings and evaluations need."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, capture_output=True)
    return {"begin": time.perf_counter() - begun}


def limits() -> Figures:
    """What this machine can do at most: see `repro.speed.roofline.calibration`."""
    from repro.speed.roofline import placement

    all_threads = placement.measured(env.cores()).all
    return {"peak": all_threads.peak, "memory": all_threads.memory}


def rates_of(figures: Figures) -> Rates:
    """A machine's limits as the rule of scaling takes them."""
    return Rates(figures["peak"], figures["peak"], figures["memory"])


def _batch(request: TrainingRequest | EvaluationRequest, asked: int, passes: int) -> int:
    """So many samples at a time as take about a second; two at least, for normalisations."""
    assert request.size is not None
    network = count_run(request.model, request.size, request.protocol.keypoints, request.options)
    macs = sum(call.count * call.macs for call in shape_of(network).calls)
    return max(min(2, asked), min(asked, int(WORK / (passes * macs))))


def _training(request: TrainingRequest, folder: Path) -> Figures:
    machine = request.machine
    parts = machine.world * machine.accumulate
    batch = _batch(request, request.resolved.recipe.batch // parts, STEP) * parts
    shorter = request.resolved.changed("its calibration", batch=batch)
    begun = time.perf_counter()
    asked = replace(request, out=folder, evaluated=None, resolved=shorter, cache=None)
    stamps = Stamps(begun)

    def step(report: StepReport) -> None:
        stamps(report.samples)

    prepared = preparation.prepare(asked, _unheard)
    training = Training.of(prepared, Listeners(_unheard, step))
    with contextlib.suppress(EnoughError):
        trainer.train(training, fresh=True)
    training.save()
    training.finish()
    found = stamps.figures(time.perf_counter() - begun)
    samples = prepared.data.samples
    places = [(0, index) for index in range(min(LOADED, len(samples)))]
    begun = time.perf_counter()
    for place in places:
        samples[place]
    load = (time.perf_counter() - begun) / len(places)
    return {**found, "load": load, "batch": float(prepared.request.resolved.recipe.batch)}


def _evaluation(request: EvaluationRequest, source: Source, folder: Path) -> Figures:
    weights = folder / "weights.safetensors"
    model = created(request.model, request.protocol.keypoints, request.options)
    state.save_weights(weights, model, {})
    rules = request.protocol
    batch = 1 if rules.bottom_up else _batch(request, request.execution.batch, 1 + rules.flip)
    execution = replace(request.execution, batch=batch)
    stamps = Stamps()
    prepared = preparing.prepare(replace(request, weights=weights, execution=execution), source)
    network = opened(prepared.request, prepared.annotations, prepared.instances, prepared.size)
    with contextlib.suppress(EnoughError):
        inference.poses(
            network,
            prepared.request,
            prepared.size,
            source.images,
            prepared.annotations,
            prepared.instances,
            Shards(None),
            stamps,
        )
    found = stamps.figures(stamps.done[-1][0])
    return {**found, "load": _loading(prepared, network), "batch": float(batch)}


def _loading(prepared: PreparedEvaluation, network: Network) -> float:
    """CPU seconds of a sample beside the network: its pixels and, bottom-up, its persons."""
    rules, images = prepared.request.protocol, prepared.source.images
    annotations = prepared.annotations
    count = min(LOADED, prepared.total)
    if prepared.instances is not None:
        crops = Crops(images, annotations, prepared.instances, prepared.size, udp=rules.udp)
        begun = time.perf_counter()
        for index in range(count):
            crops[index]
        return (time.perf_counter() - begun) / count
    pictures, total = Pictures(images, annotations), 0.0
    for index in range(min(2, count)):
        begun = time.perf_counter()
        image = pictures[index][0]
        total += time.perf_counter() - begun
        maps = grouping.maps(network, image, index, prepared.size, rules, "cpu")
        begun = time.perf_counter()
        grouping.people(maps, rules)
        total += time.perf_counter() - begun
    return total / min(2, count)


def _scoring(request: EvaluationRequest, source: Source) -> Figures:
    """By poses that are drawn: of every box, else of every person."""
    prepared = preparing.prepare(request, source)
    annotations, instances, rules = prepared.annotations, prepared.instances, request.protocol
    regions = boxes.ground_truth(annotations) if instances is None else instances
    random = np.random.default_rng(0)
    drawn = random.uniform(0, 1, (len(regions), rules.keypoints, 3))
    drawn[..., :2] = regions.boxes[:, None, :2] + drawn[..., :2] * regions.boxes[:, None, 2:]
    poses = Poses(annotations.images.ids[regions.image], drawn, random.uniform(0, 1, len(regions)))
    begun = time.perf_counter()
    truth = pipeline.truth_of(rules, source, annotations)
    with contextlib.suppress(ReproError):
        pipeline.scored(source, annotations, instances, truth, poses)
    took = time.perf_counter() - begun
    return {"begin": 0.0, "sample": took / max(1, len(annotations.images))}


def _unheard(text: str) -> None:
    """Nobody is told."""
