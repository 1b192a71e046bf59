"""What a plan would cost on some devices: hours, wall time by machines, disk, memory, downloads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro.estimates.calibrations import START, Calibrations
from repro.estimates.devices import (
    CORES,
    NOTHING,
    Hardware,
    Rates,
    SecondsRange,
    exactly,
    scaled,
)
from repro.estimates.portions import STEP, Portion
from repro.estimates.schedule import makespan
from repro.estimates.shapes import Shape, shape_of
from repro.estimates.tasks import Task, Tasks
from repro.papers import downloads
from repro.records.runs import CountRun, EvaluationRun, TrainingRun, network_name

MACHINES = (1, 2, 4, 8, 16, 32)
RECORD_BYTES = 10_000
"""of a record, roughly"""
POSE_BYTES = 400
"""of the compressed poses of one person, roughly"""
WHILE = 8
"""copies of the weights beside a training that is under way: two checkpoints with the optimizer's
moments, the best and the last"""
HOST = 2 * 2**30
"""bytes that a process takes for the libraries, roughly"""
AHEAD = 8
"""batches that wait loaded: two processes, four each"""


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """What one network takes in a plan."""

    paper: str
    network: str
    trainings: int
    evaluations: int
    seconds: SecondsRange
    """of a device"""
    share: float
    """of the whole plan"""
    memory: int
    """bytes on the device at most, an upper bound"""
    fits: bool | None
    """whether the device has as much; None where that is not known"""


@dataclass(frozen=True, slots=True)
class WallTime:
    """How long a plan takes on so many machines, the longest runs first."""

    machines: int
    seconds: SecondsRange


@dataclass(frozen=True, slots=True)
class BytesNeeded:
    """What a plan takes of disks and memories."""

    weights: int
    predictions: int
    records: int
    meanwhile: int
    """of the largest training while it is under way"""
    downloads: int
    """of the official files whose size is published; as much again while archives are unpacked"""
    device: int
    """of memory, at most"""
    host: int
    """of memory for each process"""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a plan would cost."""

    on: str
    """`8xA100`: devices of each machine"""
    device: str
    """its title, and the source of its figures"""
    runs: Mapping[str, int]
    """kind -> how many are to be made"""
    networks: tuple[NetworkCost, ...]
    """dearest first"""
    papers: Mapping[str, SecondsRange]
    """seconds of a device"""
    seconds: SecondsRange
    """of a device, all together"""
    kwh: float | None
    """of the devices at full power, by the estimate in the middle; None where that is not known"""
    walls: tuple[WallTime, ...]
    bytes: BytesNeeded
    unsized: tuple[str, ...]
    """files to fetch whose size is not published"""
    left_out: Mapping[str, int]
    """why cells or rows are not in it -> how many"""
    words: tuple[str, ...]
    """how it was reckoned"""


def forecast(known: Tasks, calibrations: Calibrations, hardware: Hardware, here: Rates) -> Forecast:
    """Add up the tasks of a plan; what was not measured is left out and said."""
    timed: list[tuple[Task, SecondsRange]] = []
    left_out = dict(known.left_out)
    for task in known.tasks:
        seconds = seconds_of(task, calibrations, hardware, here)
        if seconds is None:
            why = f"The speed of {task.name} could not be measured here."
            left_out[why] = left_out.get(why, 0) + 1
        else:
            timed.append((task, seconds))
    whole = sum((seconds for _, seconds in timed), NOTHING)
    networks = _networks(timed, whole, hardware)
    files, unsized = _downloads(known.tasks)
    start = exactly((calibrations.find(START) or {}).get("begin", 0.0))
    watt = hardware.sheet.watt if hardware.sheet else None
    kinds = [task.kind for task in known.tasks]
    return Forecast(
        str(hardware),
        _device(hardware, calibrations),
        {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        networks,
        {
            paper: sum((one.seconds for one in networks if one.paper == paper), NOTHING)
            for paper in sorted({one.paper for one in networks})
        },
        whole,
        None if watt is None else whole.mid / 3600 * watt / 1000,
        tuple(
            WallTime(machines, start + _wall(timed, machines * hardware.count))
            for machines in MACHINES
        ),
        _bytes(known.tasks, files, max((one.memory for one in networks), default=0)),
        unsized,
        left_out,
        _words(hardware),
    )


def seconds_of(
    task: Task, calibrations: Calibrations, hardware: Hardware, here: Rates
) -> SecondsRange | None:
    """Seconds of a task on a device; None where a part of it was not measured."""
    total = exactly(task.seconds)
    for portion in task.made.portions:
        figures = calibrations.find(portion.key)
        if figures is None:
            return None
        shape = None if task.network is None else shape_of(task.network)
        total = total + portion_seconds(portion, figures, shape, hardware.rates, here)
    return total


def portion_seconds(
    portion: Portion,
    figures: Mapping[str, float],
    shape: Shape | None,
    there: Rates | None,
    here: Rates,
) -> SecondsRange:
    """Seconds of a portion: as measured here, or scaled to a device that is elsewhere.

    There a sample takes no less than its loading by all cores; what is no network's stays as here.
    """
    sample = figures["sample"]
    begin = exactly(portion.times * figures["begin"])
    if there is None or shape is None or not portion.passes:
        return begin + exactly(portion.samples * sample)
    each = scaled(sample, shape, portion.passes, portion.batch, here, there)
    return begin + each.at_least(figures.get("load", 0.0) / CORES).times(portion.samples)


def _networks(
    timed: Sequence[tuple[Task, SecondsRange]], whole: SecondsRange, hardware: Hardware
) -> tuple[NetworkCost, ...]:
    """What each network takes, that of a paper apart from the same of another."""
    groups: dict[tuple[str, str], list[tuple[Task, SecondsRange]]] = {}
    for task, seconds in timed:
        if task.network is not None:
            groups.setdefault((task.paper, network_name(task.network)), []).append((task, seconds))
    costs = []
    for (paper, network), entries in groups.items():
        kinds = [task.kind for task, _ in entries]
        seconds = sum((one for _, one in entries), NOTHING)
        memory = max(_memory(task) for task, _ in entries)
        limit = None if hardware.sheet is None else hardware.sheet.memory * 1e9
        costs.append(
            NetworkCost(
                paper,
                network,
                kinds.count(TrainingRun.kind),
                kinds.count(EvaluationRun.kind),
                seconds,
                seconds.mid / whole.mid if whole.mid else 0.0,
                memory,
                None if limit is None else memory <= limit,
            )
        )
    return tuple(sorted(costs, key=lambda cost: -cost.seconds.mid))


def _memory(task: Task) -> int:
    """Bytes on the device of a training, else of an evaluation."""
    assert task.network is not None
    shape, first = shape_of(task.network), task.made.portions[0]
    if first.passes == STEP:
        return shape.training_bytes(first.batch)
    return shape.evaluation_bytes(first.batch)


def _wall(timed: Sequence[tuple[Task, SecondsRange]], devices: int) -> SecondsRange:
    """Seconds until all is done, what belongs to one training on one device."""
    chains: dict[str, SecondsRange] = {}
    for task, seconds in timed:
        chains[task.chain] = chains.get(task.chain, NOTHING) + seconds
    spreads = list(chains.values())
    return SecondsRange(
        makespan([one.low for one in spreads], devices),
        makespan([one.mid for one in spreads], devices),
        makespan([one.high for one in spreads], devices),
    )


def _downloads(tasks: Sequence[Task]) -> tuple[int, tuple[str, ...]]:
    """Bytes of the official files that the tasks take, and the names of those of no known size."""
    wanted = {entry for task in tasks for entry in task.made.data}
    files = [
        file
        for file in downloads.catalogue().file
        if any((file.dataset, split) in wanted for split in file.feeds)
    ]
    return (
        sum(file.about or 0 for file in files),
        tuple(f"{file.dataset} {file.name}" for file in files if file.about is None),
    )


def _bytes(tasks: Sequence[Task], files: int, device: int) -> BytesNeeded:
    trained = [task for task in tasks if task.kind == TrainingRun.kind and task.network]
    evaluated = [task for task in tasks if task.kind == EvaluationRun.kind and task.made.portions]
    weights = [4 * shape_of(task.network).params for task in trained if task.network]
    waiting = [AHEAD * _loaded(task.network, task.made.portions[0].batch) for task in trained]
    return BytesNeeded(
        sum(weights),
        sum(task.made.portions[0].samples * POSE_BYTES for task in evaluated),
        len(tasks) * RECORD_BYTES,
        WHILE * max(weights, default=0),
        files,
        device,
        HOST + max(waiting, default=0),
    )


def _loaded(network: CountRun | None, batch: int) -> int:
    """Bytes of a batch as it waits: pixels, and heatmaps of a quarter of the sides."""
    if network is None:
        return 0
    pixels = network.input[0] * network.input[1]
    return batch * (3 * pixels + 4 * network.keypoints * pixels // 16)


def _device(hardware: Hardware, calibrations: Calibrations) -> str:
    if hardware.sheet is None:
        return f"this machine: {calibrations.machine}"
    return f"{hardware.sheet.title} ({hardware.sheet.source})"


def _words(hardware: Hardware) -> tuple[str, ...]:
    """What was measured and what is assumed."""
    words = ["Every speed is measured on this machine, by a few steps of the very training."]
    if hardware.sheet is not None:
        words += [
            "Scaled by the roofline: the share of the possible that a network reaches here is "
            "assumed there; the interval is as if all its time went to what is most and to what is "
            "least faster there. It is no measurement.",
            f"Assumed there: 10 µs for each operator, {CORES} cores to load samples beside each "
            "device, float32 with PyTorch's defaults, one device for each training.",
        ]
    return tuple(words)
