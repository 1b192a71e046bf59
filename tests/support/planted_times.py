"""Timing runs whose times are known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from repro.speed.measure.procedures import TWIN
from repro.speed.measure.subjects import Block, Subject, TimedRun, read
from repro.speed.roofline.model import Ceiling, MachineLimits

SUBJECTS = tuple(Subject(name, (1, 1), 1) for name in ("one", "two"))


PAIR = (*SUBJECTS, replace(SUBJECTS[0], alias=TWIN))


CALLS = 4


def planted(
    factors: Sequence[float],
    seed: int = 0,
    processes: int = 4,
    rounds: int = 8,
    between: float = 0.01,
    within: float = 0.03,
    waiting: float = 0.0,
    subjects: Sequence[Subject] = PAIR,
    settings: Mapping[str, object] | None = None,
) -> TimedRun:
    """A run in which subjects take so many milliseconds, with noise of processes and of calls.

    `waiting` is the share of the wall time in which there was no core.
    """
    rng = np.random.default_rng(seed)
    blocks = []
    for process in range(processes):
        own = np.array(factors) / 1000 * np.exp(between * rng.standard_normal(len(factors)))
        for number in range(rounds):
            drift = np.exp(0.1 * rng.standard_normal())
            for subject, seconds in enumerate(own):
                noise = within * rng.standard_normal(CALLS)
                cpu = seconds * drift * np.exp(noise + 0.02 * rng.standard_normal())
                wall = cpu / (1 - waiting) * np.exp(abs(waiting * rng.standard_normal(CALLS)))
                calls = (tuple(wall.tolist()), tuple(cpu.tolist()))
                blocks.append(Block(subject, process, number, *calls, switches=0))
    known = {"threads": 1, "interleaved": True, "statistic": "median"} | dict(settings or {})
    return read(
        TimedRun(tuple(subjects), tuple(blocks), (), known, {}).described(),  # type: ignore[arg-type]
        "planted",
    )


LIMIT = Ceiling(1, matmul=60e9, convolution=100e9, memory=20e9, cache=80e9)


MACHINE = MachineLimits(LIMIT, LIMIT, {}, 2**20)
