"""From a request to a network and its samples, ready for the first step."""

import functools
from dataclasses import dataclass, replace

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

import zoo
from repro.data.batches import Batches
from repro.data.sampler import EpochOrder
from repro.errors import ReproError
from repro.files import sha256
from repro.papers.values import Options, Scalar, Size
from repro.pose import losses
from repro.training import normalisation, weight_files
from repro.training.loop import TrainedNetwork
from repro.training.machine import device, placed
from repro.training.machine import fabric as launched
from repro.training.optimiser import Average, initialise, optimiser
from repro.training.request import TrainingRequest, evaluation_rules, with_start
from repro.training.schedule import Schedule
from repro.training.supply import Say, TrainingSupply, supply


@dataclass(frozen=True)
class Checked:
    """A request whose data are there, and whose recipe fits them."""

    run: TrainingRequest
    supply: TrainingSupply
    schedule: Schedule

    @property
    def steps(self) -> int:
        """How many it has: those of the recipe, unless the run allows fewer."""
        return min(self.schedule.total, self.run.steps or self.schedule.total)

    def lines(self) -> list[str]:
        """What is trained on what, for the user."""
        run, machine = self.run, self.run.machine
        batch = run.resolved.recipe.batch
        parts = machine.world * machine.accumulate
        seen = f" as {machine.world} x {machine.accumulate} x {batch // parts:,}" * (parts > 1)
        what = "images" if run.resolved.recipe.whole else "persons"
        evaluated = "nothing to evaluate on: the last weights count as the best"
        if run.evaluated is not None:
            rules = evaluation_rules(run.protocol, run.evaluated)
            every = run.resolved.recipe.evaluate_every
            evaluated = f"evaluated every {every:,} epochs: {run.evaluated.annotations} · {rules}"
        steps = f"{self.steps:,} steps"
        return [
            f"{run.name}: {len(self.supply):,} {what} of {run.train.annotations}, batches of "
            f"{batch:,}{seen}, {steps} on {device(machine)}, {machine.precision}",
            evaluated,
        ]


@dataclass(frozen=True)
class PreparedTraining(Checked):
    """A request whose data and processes are there."""

    fabric: Fabric

    @property
    def first(self) -> bool:
        """Whether this process is the one that speaks and writes."""
        return self.fabric.is_global_zero

    def identity(self) -> dict[str, object]:
        """What a checkpoint must have been trained with to be gone on from."""
        run = self.run
        found: dict[str, object] = {
            "model": run.model,
            "options": ", ".join(f"{key}={value}" for key, value in run.options.items()),
            "input": f"{run.size[0]}x{run.size[1]}",
            "data set": run.train.dataset,
            "annotations": self.supply.annotations.sha256[:12],
            "samples": len(self.supply),
            "seed": run.seed,
            "weights": None if run.weights is None else sha256(run.weights)[:12],
        }
        recipe = run.resolved.recipe.described()
        return {**found, **{name: _plain(value) for name, value in recipe.items()}}


def prepare(run: TrainingRequest, say: Say) -> PreparedTraining:
    """Start the processes, read and check the data, make the recipe fit them; ReproError if not."""
    run = replace(run, machine=placed(run.machine))
    fabric = launched(run.machine)
    with fabric.rank_zero_first():
        found = checked(run, say if fabric.is_global_zero else lambda text: None)
    return PreparedTraining(found.run, found.supply, found.schedule, fabric)


def checked(run: TrainingRequest, say: Say) -> Checked:
    """Read and check the data, make the recipe fit them; ReproError if it does not."""
    run = with_start(run)
    sizes = map_sizes(run)
    losses.criterion(run.resolved.recipe.loss.name, **run.resolved.recipe.loss.settings)
    samples = supply(run, sizes, say)
    run = _batched(run, len(samples))
    steps = len(samples) // run.resolved.recipe.batch
    return Checked(run, samples, Schedule(run.resolved.recipe, steps))


def _batched(run: TrainingRequest, samples: int) -> TrainingRequest:
    """The run with a batch that the samples fill and the processes share; what is left of an epoch
    is left out, as it is by MMPose."""
    machine, batch = run.machine, run.resolved.recipe.batch
    parts = machine.world * machine.accumulate
    if batch > samples:
        batch = samples // parts * parts
        if batch < 1:
            raise ReproError(
                f"{samples:,} samples cannot be shared by {parts:,} devices and accumulated parts.",
                "Take fewer: --devices, --accumulate.",
            )
        changed = run.resolved.changed(f"there are {samples:,} samples", batch=batch)
        return replace(run, resolved=changed)
    if batch % parts:
        raise ReproError(
            f"A batch of {batch:,} cannot be seen in {parts:,} equal parts "
            f"({machine.world:,} devices, --accumulate {machine.accumulate}).",
            "Take another --batch, --devices or --accumulate.",
        )
    return run


def network(prepared: PreparedTraining) -> TrainedNetwork:
    """The network with the recipe's initial values, its optimizer and loss, on its device."""
    run, fabric = prepared.run, prepared.fabric
    recipe = run.resolved.recipe
    torch.manual_seed(run.seed)
    model = _model(run)
    initialise(model, recipe.init)
    if run.weights is not None:
        weight_files.fill(model, run.weights, run.partial)
    if run.machine.channels_last:
        _channels_last(model)
    shared = fabric.world_size > 1
    if shared:
        model = normalisation.shared(model, fabric.device)
        for name in idle(run):
            model.get_parameter(name).requires_grad_(False)
    wrapped = fabric.setup_module(model)
    return TrainedNetwork(
        fabric,
        model,
        wrapped,
        optimiser(recipe, model),
        losses.criterion(recipe.loss.name, **recipe.loss.settings),
        run.machine.channels_last,
        recipe.clip,
        Average(model, recipe.average) if recipe.average else None,
    )


def feed(prepared: PreparedTraining) -> tuple[Batches, EpochOrder]:
    """The batches of this process, and their order."""
    run, fabric = prepared.run, prepared.fabric
    machine = run.machine
    order = EpochOrder(
        len(prepared.supply),
        run.resolved.recipe.batch // machine.world // machine.accumulate,
        run.seed,
        fabric.global_rank,
        fabric.world_size,
        drop_last=True,
    )
    found = Batches(
        prepared.supply.samples, order, prepared.supply.targets, machine.workers, fabric.device
    )
    return found, order


def _channels_last(model: nn.Module) -> None:
    """Lay out the weights of convolutions channel by channel; what has other ranks stays."""
    for one in model.parameters():
        if one.ndim == 4:
            one.data = one.data.contiguous(memory_format=torch.channels_last)


def map_sizes(run: TrainingRequest) -> list[Size]:
    """Height and width of each map that the network gives for an input."""
    return list(_map_sizes(run.model, run.protocol.keypoints, *run.size, **run.options))


@functools.cache
def _map_sizes(
    model: str, keypoints: int, height: int, width: int, **options: Scalar | tuple[Scalar, ...]
) -> tuple[Size, ...]:
    """A network on the meta device takes a third of a second, and a plan has many trainings."""
    with torch.device("meta"), torch.no_grad():
        outputs = _outputs(_created(model, keypoints, options).eval(), (height, width))
    return tuple((int(one.shape[2]), int(one.shape[3])) for one in outputs)


def idle(run: TrainingRequest) -> list[str]:
    """The parameters that no output depends on: processes cannot wait for their gradients."""
    with torch.device("meta"):
        model = _model(run)
        total = torch.stack([one.sum() for one in _outputs(model, run.size)]).sum()
    total.backward()  # type: ignore[no-untyped-call]
    return [name for name, one in model.named_parameters() if one.grad is None]


def _outputs(model: nn.Module, size: Size) -> list[Tensor]:
    found = model(torch.empty(2, 3, *size))
    return [found] if isinstance(found, Tensor) else list(found)


def _model(run: TrainingRequest) -> nn.Module:
    return _created(run.model, run.protocol.keypoints, run.options)


def _created(model: str, keypoints: int, options: Options) -> nn.Module:
    try:
        return zoo.create_model(model, keypoints, **options)
    except ValueError as error:
        raise ReproError(str(error)) from error


def _plain(value: object) -> object:
    """As a checkpoint can hold it."""
    return list(value) if isinstance(value, tuple) else value
