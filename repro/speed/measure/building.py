"""A subject made runnable: its network built with seeded weights, prepared by its backend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

import zoo
from repro.counting import parity
from repro.errors import ReproError
from repro.exported.exported_network import as_given
from repro.exported.form import NHWC, WHOLE
from repro.exported.opening import content_digest
from repro.papers.values import Scalar
from repro.records.fingerprint import fingerprint
from repro.speed import backends
from repro.speed.backends import artifacts, equivalence
from repro.speed.measure.energy import EnergySource
from repro.speed.measure.subjects import RefusedError, Subject, SubjectFile

Call = Callable[[], object]
Clock = Callable[[int], tuple[tuple[float, ...], tuple[float, ...]]]
"""number of calls -> wall and CPU seconds of each"""

REFERENCE = "onnx_runtime"
"""the backend that others are held against where a file is run"""
TOLERANCE: Mapping[str, tuple[float, float]] = {
    "fp32": (equivalence.DIFFERENCE, equivalence.SHIFT),
    "bf16": (1e-1, 1.0),
}
"""by how much of the largest value, and by how many heatmap pixels, a precision may be off"""


@dataclass(frozen=True)
class Ready:
    """What is timed, and what it took to get there."""

    run: Call
    export_seconds: float = 0.0
    compile_seconds: float = 0.0
    cached: bool = False
    difference: float | None = None
    """largest difference from eager, relative to the largest output; None for eager itself"""
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    """of the backend"""
    timed: Clock | None = None
    """times so many calls in a row by a clock of the device's own; None for the processor's"""
    device_memory: int = 0
    """bytes on the device at their highest; 0 on the processor"""
    energy: EnergySource | None = None
    """of the device; None for the processor's own"""


def ready(subject: Subject, threads: int, cache: Path, seed: int) -> Ready:
    """A call that does the subject's work once; raise RefusedError with the reason if none can."""
    torch.set_num_threads(threads)
    try:
        if subject.stage == "net":
            network, example = _network(subject, threads, cache, seed)
            return network.ready(lambda: network.forward(example))
        return _around(subject, threads, cache, seed)
    except ReproError as error:
        raise RefusedError(f"{error} {error.hint}".strip()) from error


@dataclass(frozen=True)
class _Network:
    prepared: backends.RunnableNetwork
    flip: bool
    difference: float | None
    across: int = 3
    """the axis of the input along which it is mirrored"""

    def forward(self, images: Tensor) -> Sequence[object]:
        """The network on images, and with the flip test on their mirror images too."""
        run = self.prepared.run
        return (run(images), run(images.flip(self.across))) if self.flip else (run(images),)

    def ready(self, run: Call) -> Ready:
        made = self.prepared
        times = (made.export_seconds, made.compile_seconds, made.cached)
        return Ready(run, *times, self.difference, made.settings)


def _around(subject: Subject, threads: int, cache: Path, seed: int) -> Ready:
    """The stages before and after the network, and all three together."""
    from repro.speed.measure import stages

    around = stages.around(subject, cache, seed)
    if subject.stage == "pre":
        return Ready(around.pre)
    if subject.stage == "post":
        return Ready(around.post)
    network, _ = _network(subject, threads, cache, seed)

    def full() -> object:
        network.forward(around.pre())
        return around.post()

    return network.ready(full)


def _network(subject: Subject, threads: int, cache: Path, seed: int) -> tuple[_Network, Tensor]:
    """The network by its backend, and an example of its input; checked against eager."""
    if subject.backend not in backends.CPU:
        raise RefusedError(f"there is no backend `{subject.backend}`")
    backend = backends.CPU[subject.backend]
    if backend.why_not():
        raise RefusedError(backend.why_not())
    if subject.file is not None:
        return _of_file(subject, subject.file, backend, threads, seed)
    model = seeded(subject, seed, cache)
    example = equivalence.picture((subject.batch, 3, *subject.input), seed)
    prepared = backend.prepare(model, example, threads, cache, subject.precision)
    if subject.backend == "eager" and subject.precision == "fp32":
        return _Network(prepared, subject.flip, None), example
    agreement = equivalence.compare(model, prepared.run, example, *TOLERANCE[subject.precision])
    if not agreement.ok:
        raise RefusedError(agreement.reason)
    return _Network(prepared, subject.flip, agreement.difference), example


def _of_file(
    subject: Subject, file: SubjectFile, backend: backends.Backend, threads: int, seed: int
) -> tuple[_Network, Tensor]:
    """An exported file by its backend; held against ONNX Runtime, whose outputs count as right."""
    path, image = Path(file.path), file.image
    if content_digest(path) != file.sha256:
        raise RefusedError("the file has changed since the timing was planned")
    if image.batch not in (None, subject.batch):
        raise RefusedError(f"the file is built for a batch of {image.batch}")
    shape = (subject.batch, 3, *subject.input)
    pixels = image.kind in WHOLE
    inputs = [
        torch.from_numpy(as_given(_pixels(one) if pixels else one, image))
        for one in (equivalence.picture(shape, number) for number in (seed, seed + 1))
    ]
    prepared = backend.prepare_file(path, inputs[0], threads, subject.precision)
    axis = 2 if image.layout == NHWC else 3
    if subject.backend == REFERENCE:
        prepared.run(inputs[0])
        return _Network(prepared, subject.flip, None, axis), inputs[0]
    usual = backends.CPU[REFERENCE].prepare_file(path, inputs[0], threads)
    tolerance = TOLERANCE[subject.precision]
    found = equivalence.agreement(usual.run, prepared.run, inputs, *tolerance, "ONNX Runtime")
    if not found.ok:
        raise RefusedError(found.reason)
    return _Network(prepared, subject.flip, found.difference, axis), inputs[0]


def _pixels(images: Tensor) -> Tensor:
    """Normalised images as pixels from 0 to 255."""
    mean, deviation = (
        torch.tensor(part)[:, None, None] for part in (equivalence.MEAN, equivalence.DEVIATION)
    )
    return 255 * (images * deviation + mean)


def seeded(subject: Subject, seed: int, cache: Path | None = None) -> nn.Module:
    """The subject's network in eval mode, with weights drawn from the seed (fill v1).

    Its batch normalisations have the statistics of what they see, without which wrong results pass
    for right ones. They are kept in the cache, so that every process has the same to the bit and
    exported networks are found again. None is the user's own cache.
    """
    from safetensors.torch import load_file, save_file

    try:
        model = zoo.create_model(subject.model, subject.keypoints, **subject.options).eval()
    except ValueError as error:
        raise RefusedError(str(error)) from error
    with torch.no_grad():
        parity.fill(zoo.published_state(model), seed)
    example = equivalence.picture((1, 3, *subject.input), seed)

    def statistics(path: Path) -> Mapping[str, Scalar]:
        before = model.state_dict()
        after = equivalence.calibrated(model, example, seed).state_dict()
        changed = {
            name: tensor.clone()
            for name, tensor in after.items()
            if not torch.equal(tensor, before[name])
        }
        save_file(changed, path)
        return {"tensors": len(changed)}

    code = fingerprint("", equivalence.__name__)
    key = artifacts.key(model, example, {"kind": "statistics", "seed": seed, "code": code})
    made = artifacts.obtain(cache or artifacts.folder(), key, ".safetensors", statistics)
    model.load_state_dict(load_file(made.path), strict=False)
    return model
