"""What `repro speed --json` gave on several machines, as one picture of how stable an order is."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro import schema
from repro.errors import IncomparableError, ReproError
from repro.files import read_plain
from repro.speed.measure.subjects import Way
from repro.speed.results import ranks
from repro.speed.results.ranks import OrderStability, TimedOrder

SAME = ("stage", "flip", "protocol")
"""settings without which two runs timed different things"""
CURE = "Give files that `repro speed --json` wrote."


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
        values = [one.settings[key] for one in outputs]
        if any(value != values[0] for value in values):
            shown = ", ".join(f"{one.settings[key]} in `{one.file}`" for one in outputs)
            raise IncomparableError(
                f"These runs timed different things: {key} is {shown}.",
                "Time with the same options on each machine.",
            )
    pictures = {}
    for way in outputs[0].orders:
        found = {one.file: one.orders[way] for one in outputs if way in one.orders}
        common = set.intersection(*(set(order.seconds) for order in found.values()))
        if len(found) == len(outputs) and len(common) > 1:
            pictures[way] = ranks.merged(found)
    if not pictures:
        raise ReproError(
            f"No two networks were run in the same way on all {len(outputs)} machines.",
            "Time the same networks with the same options on each.",
        )
    return Merged(outputs, pictures)


def read(path: Path) -> MachineResult:
    """The result in a file; ReproError for anything else."""
    try:
        data = json.loads(read_plain(path))
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.", CURE) from error
    except (ValueError, RecursionError) as error:
        raise ReproError(f"`{path}` is no JSON: {str(error)[:80]}.", CURE) from error
    what = data.get("command") if isinstance(data, Mapping) else None
    orders, timing = (data.get("orders"), data.get("timing")) if what == "speed" else (None, None)
    if not isinstance(orders, list) or not isinstance(timing, Mapping):
        raise ReproError(f"`{path}` holds no timing.", CURE)
    found = [schema.read(TimedOrder, order, str(path), "orders") for order in orders]
    for order in found:
        _check(order, path)
    machine, threads = timing.get("machine"), timing.get("threads")
    if not isinstance(machine, str) or not isinstance(threads, int):
        raise ReproError(f"`{path}` does not say on which machine it was timed.", CURE)
    settings = {key: timing.get(key) for key in SAME}
    unstable = str(data.get("unstable") or "")
    ways = {order.way: order for order in found}
    return MachineResult(str(path), machine, threads, unstable, settings, ways)


def _check(order: TimedOrder, path: Path) -> None:
    for name, seconds in order.seconds.items():
        if not (math.isfinite(seconds) and seconds > 0):
            raise ReproError(f"`{path}`: `{name}` takes {seconds} seconds.", CURE)
    for one, other in order.faster:
        if not order.seconds.get(one, math.inf) <= order.seconds.get(other, 0):
            raise ReproError(
                f"`{path}`: `{one}` is said to be faster than `{other}`, and is not.", CURE
            )
