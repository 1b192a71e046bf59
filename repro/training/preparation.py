"""From a request to a network and its samples, ready for the first step."""

import functools
from dataclasses import dataclass, replace

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from repro.checkpoints import matching, reading
from repro.checkpoints.containers import digest
from repro.data.batches import Batches
from repro.data.sampler import EpochOrder
from repro.errors import ReproError
from repro.evaluation.network import created, listed
from repro.papers.protocol import IGNORE
from repro.papers.values import Scalar, Size
from repro.pose import losses
from repro.records.remarks import Remark
from repro.training import fit
from repro.training.dataset import Say, TrainingSet, training_set
from repro.training.distributed import device_of, launched, placed, with_shared_normalisation
from repro.training.loop import TrainedNetwork
from repro.training.optimizer import Average, initialise, optimizer
from repro.training.request import TrainingRequest, evaluation_rules, with_start
from repro.training.schedule import Schedule
from repro.training.state import load_weights


@dataclass(frozen=True)
class CheckedTraining:
    """A request whose data are there, and whose recipe fits them."""

    request: TrainingRequest
    data: TrainingSet
    schedule: Schedule
    remarks: tuple[Remark, ...]
    """what a reader must know of its inputs, and of how the recipe fits them"""

    @property
    def steps(self) -> int:
        """How many it has: those of the recipe, unless the request allows fewer."""
        return min(self.schedule.total, self.request.steps or self.schedule.total)

    def lines(self) -> list[str]:
        """What is trained on what, for the user."""
        request, machine = self.request, self.request.machine
        recipe = request.resolved.recipe
        parts = machine.world * machine.accumulate
        shared = f" as {machine.world} x {machine.accumulate} x {recipe.batch // parts:,}"
        what = "images" if recipe.whole else "persons"
        evaluated = "nothing to evaluate on: the last weights count as the best"
        if request.evaluated is not None:
            rules = evaluation_rules(request.protocol, request.evaluated)
            annotations = request.evaluated.annotations
            evaluated = f"evaluated every {recipe.evaluate_every:,} epochs: {annotations} · {rules}"
        return [
            f"{request.name}: {len(self.data):,} {what} of {request.train.annotations}, batches of "
            f"{recipe.batch:,}{shared * (parts > 1)}, {self.steps:,} steps on "
            f"{device_of(machine)}, {machine.precision}",
            evaluated,
        ]


@dataclass(frozen=True)
class PreparedTraining(CheckedTraining):
    """A request whose data and processes are there."""

    fabric: Fabric

    @property
    def first(self) -> bool:
        """Whether this process is the one that speaks and writes."""
        return self.fabric.is_global_zero

    def identity(self) -> dict[str, object]:
        """What a checkpoint must have been trained with to be gone on from."""
        request = self.request
        recipe = request.resolved.recipe.described()
        return {
            "model": request.model,
            "options": ", ".join(f"{key}={value}" for key, value in request.options.items()),
            "input": f"{request.size[0]}x{request.size[1]}",
            "data set": request.train.dataset,
            "annotations": self.data.annotations.sha256[:12],
            "samples": len(self.data),
            **({} if request.protocol.exif == IGNORE else {"EXIF turns": request.protocol.exif}),
            "seed": request.seed,
            "weights": None if request.weights is None else digest(request.weights)[:12],
            **({} if request.entry is None else {"entry": request.entry}),
            # lists, as they come back from a checkpoint
            **{
                name: list(value) if isinstance(value, tuple) else value
                for name, value in recipe.items()
            },
        }


def prepare(request: TrainingRequest, say: Say) -> PreparedTraining:
    """Start the processes, read and check the data, make the recipe fit them; ReproError if not."""
    request = replace(request, machine=placed(request.machine))
    fabric = launched(request.machine)
    with fabric.rank_zero_first():
        ready = checked(request, say if fabric.is_global_zero else lambda text: None)
    return PreparedTraining(ready.request, ready.data, ready.schedule, ready.remarks, fabric)


def checked(request: TrainingRequest, say: Say = lambda text: None) -> CheckedTraining:
    """Read and check the data, make the recipe fit them; ReproError if it does not."""
    request = with_start(request)
    sizes = map_sizes(request)
    loss = request.resolved.recipe.loss
    losses.criterion(loss.name, **loss.settings)
    data = training_set(request, sizes, say)
    asked = request.resolved.recipe.batch
    request = _batched(request, len(data))
    steps = len(data) // request.resolved.recipe.batch
    steps = min(steps, request.epoch_steps or steps)
    schedule = Schedule(request.resolved.recipe, steps)
    return CheckedTraining(request, data, schedule, _remarks(request, data, schedule, asked))


def _remarks(
    request: TrainingRequest, data: TrainingSet, schedule: Schedule, asked: int
) -> tuple[Remark, ...]:
    """On the inputs; on how the recipe fits them too, unless it was only made short for a try."""
    known = (*data.annotations.remarks, *request.remarks, *_start_remarks(request))
    if request.steps is not None or request.epoch_steps is not None:
        return known
    evaluated = request.evaluated is not None
    steps, resolved = schedule.total, request.resolved
    return (*known, *fit.remarks(resolved, schedule, steps, len(data), asked, evaluated))


def _start_remarks(request: TrainingRequest) -> tuple[Remark, ...]:
    """What is taken of the checkpoint to begin with; ReproError if it does not fit."""
    if request.weights is None:
        return ()
    state = reading.read(request.weights, entry=request.entry)
    with torch.device("meta"):
        model = created(request.model, request.protocol.keypoints, request.options)
    return matching.remarks(state, matching.matched(model, state, request.partial))


def _batched(request: TrainingRequest, samples: int) -> TrainingRequest:
    """The request with a batch that the samples fill and the processes share; what is left of an
    epoch is left out, as it is by MMPose."""
    machine, batch = request.machine, request.resolved.recipe.batch
    parts = machine.world * machine.accumulate
    if not samples:
        raise ReproError(
            f"`{request.train.annotations}` has nobody to train on.",
            "Persons need labelled keypoints; `repro data check` counts them.",
        )
    if batch > samples:
        batch = samples // parts * parts
        if batch < 1:
            raise ReproError(
                f"{samples:,} samples cannot be shared by {parts:,} devices and accumulated parts.",
                "Take fewer: --devices, --accumulate.",
            )
        resolved = request.resolved.changed(f"there are {samples:,} samples", batch=batch)
        return replace(request, resolved=resolved)
    if batch % parts:
        raise ReproError(
            f"A batch of {batch:,} cannot be seen in {parts:,} equal parts "
            f"({machine.world:,} devices, --accumulate {machine.accumulate}).",
            "Take another --batch, --devices or --accumulate.",
        )
    return request


def network(prepared: PreparedTraining) -> TrainedNetwork:
    """The network with the recipe's initial values, its optimizer and loss, on its device."""
    request, fabric = prepared.request, prepared.fabric
    recipe = request.resolved.recipe
    torch.manual_seed(request.seed)
    model = created(request.model, request.protocol.keypoints, request.options)
    initialise(model, recipe.init)
    if request.weights is not None:
        load_weights(model, request.weights, request.partial, request.entry)
    if request.machine.channels_last:
        _channels_last(model)
    if fabric.world_size > 1:
        model = with_shared_normalisation(model, fabric.device)
        for name in idle(request):
            model.get_parameter(name).requires_grad_(False)
    wrapped = fabric.setup_module(model)
    return TrainedNetwork(
        fabric,
        model,
        wrapped,
        optimizer(recipe, model),
        losses.criterion(recipe.loss.name, **recipe.loss.settings),
        request.machine.channels_last,
        recipe.clip,
        Average(model, recipe.average) if recipe.average else None,
    )


def batches(prepared: PreparedTraining) -> tuple[Batches, EpochOrder]:
    """The batches of this process, and their order."""
    request, fabric, data = prepared.request, prepared.fabric, prepared.data
    machine = request.machine
    order = EpochOrder(
        len(data),
        request.resolved.recipe.batch // machine.world // machine.accumulate,
        request.seed,
        fabric.global_rank,
        fabric.world_size,
        drop_last=True,
    )
    return Batches(data.samples, order, data.targets, machine.workers, fabric.device), order


def _channels_last(model: nn.Module) -> None:
    """Lay out the weights of convolutions channel by channel; what has other ranks stays."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def map_sizes(request: TrainingRequest) -> list[Size]:
    """Height and width of each map that the network gives for an input."""
    keypoints = request.protocol.keypoints
    return list(_map_sizes(request.model, keypoints, *request.size, **request.options))


@functools.cache
def _map_sizes(
    model: str, keypoints: int, height: int, width: int, **options: Scalar | tuple[Scalar, ...]
) -> tuple[Size, ...]:
    """A network on the meta device takes a third of a second, and a plan has many trainings."""
    with torch.device("meta"), torch.no_grad():
        outputs = _outputs(created(model, keypoints, options).eval(), (height, width))
    return tuple((int(output.shape[2]), int(output.shape[3])) for output in outputs)


def idle(request: TrainingRequest) -> list[str]:
    """The parameters that no output depends on: processes cannot wait for their gradients."""
    with torch.device("meta"):
        model = created(request.model, request.protocol.keypoints, request.options)
        total = torch.stack([output.sum() for output in _outputs(model, request.size)]).sum()
    total.backward()  # type: ignore[no-untyped-call]
    return [name for name, value in model.named_parameters() if value.grad is None]


def _outputs(model: nn.Module, size: Size) -> list[Tensor]:
    return listed(model(torch.empty(2, 3, *size)))
