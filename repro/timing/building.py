"""A subject made runnable: its network built with seeded weights, prepared by its backend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import zoo
from repro.errors import ReproError
from repro.runners import parity
from repro.timing import backends
from repro.timing.subjects import RefusedError, Subject

if TYPE_CHECKING:
    from torch import Tensor, nn

Call = Callable[[], object]


@dataclass(frozen=True)
class Ready:
    """What is timed, and what it took to get there."""

    run: Call
    export_seconds: float = 0.0
    compile_seconds: float = 0.0
    cached: bool = False
    difference: float | None = None
    """largest difference from eager, relative to the largest output; None for eager itself"""


def ready(subject: Subject, threads: int, cache: Path, seed: int) -> Ready:
    """A call that does the subject's work once; raise RefusedError with the reason if none can."""
    if subject.stage in ("net", "full"):
        network = _network(subject, threads, cache, seed)
        if subject.stage == "net":
            return network.ready(_passes(network, subject))
    from repro.timing import stages

    try:
        around = stages.around(subject, cache, seed)
    except ReproError as error:
        raise RefusedError(str(error)) from error
    if subject.stage == "pre":
        return Ready(around.pre)
    if subject.stage == "post":
        return Ready(around.post)

    def full() -> object:
        images = around.pre()
        network.forward(images)
        if subject.flip:
            network.forward(images.flip(3))
        return around.post()

    return network.ready(full)


@dataclass(frozen=True)
class _Network:
    prepared: "backends.Prepared"
    example: "Tensor"
    difference: float | None

    def forward(self, images: "Tensor") -> object:
        return self.prepared.run(images)

    def ready(self, run: Call) -> Ready:
        made = self.prepared
        times = (made.export_seconds, made.compile_seconds, made.cached)
        return Ready(run, *times, self.difference)


def _passes(network: _Network, subject: Subject) -> Call:
    """The network alone, on the example and, with the flip test, on its mirror image."""
    run, images = network.prepared.run, network.example
    if not subject.flip:
        return lambda: run(images)
    mirrored = images.flip(3)

    def both() -> Sequence[object]:
        return run(images), run(mirrored)

    return both


def _network(subject: Subject, threads: int, cache: Path, seed: int) -> _Network:
    if subject.backend not in backends.NAMES:
        raise RefusedError(f"there is no backend `{subject.backend}`")
    backend = backends.NAMES[subject.backend]
    if backend.why_not():
        raise RefusedError(backend.why_not())
    model = seeded(subject, seed)
    example = parity.seeded_input((subject.batch, 3, *subject.input), seed).float()
    try:
        prepared = backend.prepare(model, example, threads, cache)
    except backends.BackendError as error:
        raise RefusedError(str(error)) from error
    if subject.backend == "eager":
        return _Network(prepared, example, None)
    agreement = backends.agreement.compare(model, prepared.run, example)
    if not agreement.ok:
        raise RefusedError(agreement.reason)
    return _Network(prepared, example, agreement.difference)


def seeded(subject: Subject, seed: int) -> "nn.Module":
    """The subject's network in eval mode, with weights and statistics drawn from the seed.

    They are those of the golden outputs (fill v1): the same to the bit everywhere, and with
    statistics of batch normalisation that tell a wrong folding from a right one.
    """
    import torch

    try:
        model = zoo.create_model(subject.model, subject.keypoints, **subject.options)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    with torch.no_grad():
        parity.fill(zoo.published_state(model), seed)
    return model.eval()
