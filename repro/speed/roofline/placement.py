"""The networks of a timing run on the roofline of the machine that it ran on."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import torch

import zoo
from repro.errors import ReproError
from repro.speed.measure import machine_lock
from repro.speed.measure.subjects import Subject, Way
from repro.speed.results import recording
from repro.speed.results.analysis import Analysis
from repro.speed.roofline import model, traffic
from repro.speed.roofline.calibration import calibrate
from repro.speed.roofline.model import MachineLimits, RooflineRow, Work

PRECISION = "fp32"
"""the limits are measured for it alone"""


@dataclass(frozen=True)
class Placed:
    """One subject on the roofline."""

    way: Way
    row: RooflineRow


def check(device: str, stage: str) -> None:
    """Raise ReproError where there is no roofline to place anything on."""
    if device != "cpu":
        raise ReproError("The roofline is that of the processor.", "Leave --device out.")
    if stage != "net":
        raise ReproError(
            f"The roofline is of networks alone, not of the stage `{stage}`.", "Leave --stage out."
        )


def measured(threads: int) -> MachineLimits:
    """The limits of this machine with one thread and with so many, in under 3 seconds.

    Raise ReproError while another timing run is under way.
    """
    with machine_lock.held():
        return calibrate(threads)


def placed(found: Analysis, machine: MachineLimits) -> list[Placed]:
    """Every subject that was timed in fp32, with the time that its ratios go by."""
    names, threads = recording.names(found.run), int(str(found.run.settings["threads"]))
    works: dict[tuple[str, int], Work] = {}
    rows = []
    for place in found.subjects:
        one = found.run.subjects[place]
        if place not in names or one.precision != PRECISION:
            continue
        network = recording.name(one)
        if (network, one.batch) not in works:
            works[network, one.batch] = _work(one)
        times = found.times(place)
        seconds = (times.cpu if found.basis == "cpu" else times.wall).value / (1 + one.flip)
        work = works[network, one.batch]
        row = model.place(network, work, seconds, machine, threads, one.backend)
        rows.append(Placed(one.way, row))
    return rows


def explained(rows: list[Placed]) -> list[str]:
    """What each network's time goes to, in the way that comes first, in the papers' words too.

    Its sizes are held against those of the network with the largest products.
    """
    said: list[str] = []
    seen: set[str] = set()
    for one in rows:
        if one.row.model in seen:
            continue
        seen.add(one.row.model)
        peers = [other.row for other in rows if other.way == one.way and other.row.products]
        largest = max(peers, key=lambda row: row.macs / row.products, default=None)
        beside = None if largest is one.row else largest
        said.append(model.explain(one.row, beside, _elsewhere(one, rows)))
    return said


def _elsewhere(one: Placed, rows: list[Placed]) -> Mapping[str, float]:
    """Seconds of the same network and batch in the other backends."""
    return {
        other.way.backend: other.row.seconds
        for other in rows
        if (other.row.model, other.way.batch) == (one.row.model, one.way.batch)
        and other.way.backend != one.way.backend
    }


def _work(one: Subject) -> Work:
    import_module(zoo.MODELS[one.model].module)  # torch 2.6 cannot import under a meta device
    with torch.device("meta"):
        model = zoo.create_model(one.model, one.keypoints, **one.options).eval()
    return traffic.observe(model, one.input, one.batch)
