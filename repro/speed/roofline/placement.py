"""The networks of a timing run on the roofline of the machine that it ran on."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import torch

import zoo
from repro.errors import ReproError
from repro.speed.measure.engine import machine_lock
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
    with machine_lock():
        return calibrate(threads)


def placed(analysis: Analysis, machine: MachineLimits) -> list[Placed]:
    """Every subject of the zoo that was timed in fp32, with the time that its ratios go by."""
    names, threads = recording.names(analysis.run), int(str(analysis.run.settings["threads"]))
    works: dict[tuple[str, int], Work] = {}
    rows = []
    for place in analysis.subjects:
        subject = analysis.run.subjects[place]
        if place not in names or subject.precision != PRECISION or subject.file is not None:
            continue
        network = recording.name(subject)
        if (network, subject.batch) not in works:
            works[network, subject.batch] = work_of(subject)
        times = analysis.times(place)
        seconds = (times.cpu if analysis.basis == "cpu" else times.wall).value / (1 + subject.flip)
        work = works[network, subject.batch]
        row = model.place(network, work, seconds, machine, threads, subject.backend)
        rows.append(Placed(subject.way, row))
    return rows


def explained(rows: list[Placed]) -> list[str]:
    """What each network's time goes to, in the way that comes first, in the papers' words too.

    Its sizes are held against those of the network with the largest products.
    """
    said: list[str] = []
    seen: set[str] = set()
    for entry in rows:
        if entry.row.model in seen:
            continue
        seen.add(entry.row.model)
        peers = [other.row for other in rows if other.way == entry.way and other.row.products]
        largest = max(peers, key=lambda row: row.macs / row.products, default=None)
        beside = None if largest is entry.row else largest
        said.append(model.explain(entry.row, beside, _elsewhere(entry, rows)))
    return said


def _elsewhere(entry: Placed, rows: list[Placed]) -> Mapping[str, float]:
    """Seconds of the same network and batch in the other backends."""
    return {
        other.way.backend: other.row.seconds
        for other in rows
        if (other.row.model, other.way.batch) == (entry.row.model, entry.way.batch)
        and other.way.backend != entry.way.backend
    }


def work_of(subject: Subject) -> Work:
    """What a network computes and moves."""
    import_module(zoo.MODELS[subject.model].module)  # torch 2.6 cannot import under a meta device
    with torch.device("meta"):
        model = zoo.create_model(subject.model, subject.keypoints, **subject.options).eval()
    return traffic.observe(model, subject.input, subject.batch)
