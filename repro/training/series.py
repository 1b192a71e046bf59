"""Trainings one after another, each shown while it runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from repro.training import preparing
from repro.training.loop import Told
from repro.training.preparing import Prepared
from repro.training.supply import Say
from repro.training.training import Listeners, Training

T = TypeVar("T")
Watch = Callable[[str, int, float | None], AbstractContextManager[Callable[[Told], None]]]
"""called with what is trained, its steps, and its seconds where time is the limit; what it gives is
told of every step, of none where the training was finished before"""


def carry_out(
    prepared: Prepared, label: str, watch: Watch, say: Say, work: Callable[[Training], T]
) -> T:
    """What `work` makes of a training, watched; `say` is told what is amiss."""

    def amiss(text: str) -> None:
        if text.startswith("warning"):
            say(text)

    with watch(label, prepared.schedule.total, prepared.run.seconds) as step:
        network, feed = preparing.network(prepared), preparing.feed(prepared)
        return work(Training(prepared, network, *feed, Listeners(amiss, step)))
