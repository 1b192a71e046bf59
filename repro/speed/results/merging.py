"""What `repro speed --json` gave on several machines, as one picture of how stable an order is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro import schema
from repro.errors import IncomparableError, ReproError
from repro.records.plain_form import answer, answered
from repro.records.runs import TimingRun
from repro.speed.measure.subjects import Way
from repro.speed.results import ranks
from repro.speed.results.ranks import OrderStability, TimedOrder

SAME = ("stage", "flip", "protocol")
"""settings without which two runs timed different things"""
CURE = "Give files that `repro speed --json` wrote; those of an older version have no records."


@dataclass(frozen=True)
class MachineResult:
    """One machine's result."""

    file: str
    machine: str
    """processor, cores, system and version of PyTorch"""
    threads: int
    unstable: str
    """why its order is not sure; empty if it is"""
    settings: Mapping[str, object]
    """those of SAME"""
    orders: Mapping[Way, TimedOrder]


@dataclass(frozen=True)
class Merged:
    """Several machines' results."""

    outputs: tuple[MachineResult, ...]
    pictures: Mapping[Way, OrderStability]
    """of each way in which all machines ran two networks or more"""


def merged(paths: Sequence[Path]) -> Merged:
    """The orders in several files as one picture for each way of running the networks.

    Raise ReproError for a file that is no such result and where nothing is common to all,
    IncomparableError where different things were timed.
    """
    if len(paths) < 2:
        raise ReproError("One machine says nothing of others.", "Give the results of two or more.")
    twice = next((path for path in paths if list(paths).count(path) > 1), None)
    if twice is not None:
        raise ReproError(f"`{twice}` is given twice.", "Give each machine's result once.")
    outputs = tuple(read(path) for path in paths)
    for key in SAME:
        values = [output.settings[key] for output in outputs]
        if any(value != values[0] for value in values):
            shown = ", ".join(f"{output.settings[key]} in `{output.file}`" for output in outputs)
            raise IncomparableError(
                f"These runs timed different things: {key} is {shown}.",
                "Time with the same options on each machine.",
            )
    pictures = {}
    for way in outputs[0].orders:
        orders = {output.file: output.orders[way] for output in outputs if way in output.orders}
        common = set.intersection(*(set(order.seconds) for order in orders.values()))
        if len(orders) == len(outputs) and len(common) > 1:
            pictures[way] = ranks.merged(orders)
    if not pictures:
        raise ReproError(
            f"No two networks were run in the same way on all {len(outputs)} machines.",
            "Time the same networks with the same options on each.",
        )
    return Merged(outputs, pictures)


def read(path: Path) -> MachineResult:
    """The result in a file; ReproError for anything else."""
    data = answer(path, CURE)
    orders = data.get("orders") if data.get("command") == "speed" else None
    if not isinstance(orders, list):
        raise ReproError(f"`{path}` holds no timing.", CURE)
    timed = [schema.read(TimedOrder, order, str(path), "orders") for order in orders]
    for order in timed:
        _check(order, path)
    timings = [
        record for record in answered(path, CURE) if record.spec.get("kind") == TimingRun.kind
    ]
    spec = timings[0].spec if timings else {}
    machine, threads = spec.get("machine"), spec.get("threads")
    if not isinstance(machine, str) or not isinstance(threads, int):
        raise ReproError(f"`{path}` does not say on which machine it was timed.", CURE)
    settings = {key: spec.get(key) for key in SAME}
    ways = {order.way: order for order in timed}
    return MachineResult(str(path), machine, threads, timings[0].unstable, settings, ways)


def _check(order: TimedOrder, path: Path) -> None:
    for name, seconds in order.seconds.items():
        if not (math.isfinite(seconds) and seconds > 0):
            raise ReproError(f"`{path}`: `{name}` takes {seconds} seconds.", CURE)
    for first, second in order.faster:
        if not order.seconds.get(first, math.inf) <= order.seconds.get(second, 0):
            raise ReproError(
                f"`{path}`: `{first}` is said to be faster than `{second}`, and is not.", CURE
            )
