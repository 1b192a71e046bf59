"""Tell how far the runs are: a bar on a terminal, a line now and then elsewhere."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from repro.errors import ReproError
from repro.plans.watch import SIDE_BY_SIDE
from repro.report.terminal.console import listens, say
from repro.report.terminal.screen import Screen

INTERVAL = 30.0
"""seconds between lines where there is no terminal"""
LEAST, LONGEST = 8, 40
"""columns of a bar"""
TIMES = len("0:00:00 left 0:00:00") + 4
"""columns that the times of a bar take, with the room between its parts"""


class RunBar(Bar):
    """One bar, as long as the line has room for; what it is at stands below and is never cut."""

    def __init__(self, title: str, total: int, screen: Screen) -> None:
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        counts = 2 * len(str(total)) + 1
        room = screen.width - counts - TIMES - len(title)
        self.heading = "" if room >= LEAST else title
        bar = BarColumn(max(LEAST, min(LONGEST, room + len(self.heading))))
        first = () if self.heading else (TextColumn("{task.fields[title]}", markup=False),)
        super().__init__(*first, bar, MofNCompleteColumn(), *times, console=screen, transient=True)
        self.add_task("", total=total, title=title)

    def get_renderables(self) -> Iterator[RenderableType]:
        """The line of the bar, and what it is at."""
        yield self.make_tasks_table(self.tasks)
        now = [task.description for task in self.tasks]
        below = " · ".join(filter(None, [self.heading, *now]))
        if below:
            yield Text(below, style="dim", overflow="fold")


class Steps:
    """A context manager whose value is called with how many things were finished since."""

    def __init__(self, total: int, what: str, show: bool, of: str = "") -> None:
        self.total, self.what, self.show = total, what, show and total > 0
        self.of = of
        """what it is one of several of; then somebody else says its last line"""
        self.done = self.before = 0
        self.begun = self.last = time.monotonic()
        self.bar: Bar | None = None

    def __enter__(self) -> Self:
        if self.show and listens():
            self.bar = RunBar(self.of or self.what, self.total, Screen(stderr=True))
            self.bar.start()
        return self

    def __call__(self, count: int = 1, now: str = "") -> None:
        self.done += count
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.done, description=now)
        elif self.show and time.monotonic() - self.last > INTERVAL:
            self.last = time.monotonic()
            new = max(self.done - self.before, 1)
            left = (self.last - self.begun) / new * (self.total - self.done)
            done = f"{self.done:,} of {self.total:,} {self.what}"
            parts = (f"{self.of}: {done}" if self.of else done, now, f"{duration(left)} left")
            say(" · ".join(filter(None, parts)))

    def start(self, done: int) -> None:
        """So many were finished before."""
        self.done = self.before = done

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
        if self.show and error is None and not self.of and self.done > self.before:
            say(self.ending())

    def ending(self) -> str:
        """The last line."""
        took = duration(time.monotonic() - self.begun)
        return f"{self.done - self.before:,} {self.what} in {took}"


class TerminalWatch:
    """How far the runs of a plan are: see `repro.run.Watch`."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.kind, self.count = "", 0
        self.bar: Steps | None = None
        """of all counts together, which are too short for a bar each; or of all runs"""
        self.finished: Counter[str] = Counter()
        self.steps = 0
        """of the run that was made last, or crops or images"""
        self.unit = "steps"
        self.took: list[float] = []
        """seconds of each run that was made now"""
        self.page: Path | None = None
        """of the training that ended last"""

    @property
    def several(self) -> bool:
        """Whether it is one of several long ones, which are told apart by their names."""
        return self.kind in ("train", "evaluate") and self.count > 1

    @contextmanager
    def phase(self, kind: str, count: int) -> Iterator[None]:
        """So many runs of a kind follow."""
        self.kind, self.count = kind, count
        self.finished.clear()
        self.took.clear()
        if kind not in ("count", SIDE_BY_SIDE):
            yield
            return
        what = "counts" if kind == "count" else kind
        with Together(count, what, self.finished, self.show) as self.bar:
            yield
        self.bar = None

    @contextmanager
    def run(self, name: str, total: int, unit: str) -> Iterator[Steps]:
        """A run is made, which takes so many things."""
        begun = time.monotonic()
        if self.bar is not None:
            self.bar(0, name)
            yield PartOfAll(name, total, unit, self.bar)
            return
        bar_type: type[Steps] = Share if self.kind == "speed" else Steps
        with bar_type(total, unit, self.show, name if self.several else "") as steps:
            yield steps
        self.steps, self.unit = steps.done - steps.before, unit
        self.took.append(time.monotonic() - begun)

    def became(self, name: str, state: str) -> None:
        """A run is `cached`, `done` or `failed`."""
        self.finished[state] += 1
        if self.bar is not None:
            self.bar(1, name)
        elif self.several and self.show and (self.kind, state) != ("evaluate", "cached"):
            say(self.line(name, state))

    def working(self, names: Sequence[str]) -> None:
        """These runs are made now, side by side."""
        if self.bar is not None:
            more = f" and {len(names) - 2} more" if len(names) > 2 else ""
            self.bar(0, ", ".join(names[:2]) + more)

    def trained(self, folder: Path) -> None:
        """Write the page of a training that has ended, or was interrupted, beside its weights."""
        from repro.report.html import training_page

        try:
            self.page = training_page.write(folder)
        except ReproError as error:
            say(f"warning: {error}")

    def say(self, text: str) -> None:
        """What a user should know; of several trainings only what is amiss."""
        several = self.kind in ("train", SIDE_BY_SIDE) and self.count > 1
        if not several or text.startswith("warning"):
            say(text)

    def line(self, name: str, state: str) -> str:
        """`3 of 15 · F(x)=x, seed 0 · 250 steps in 40 s · about 8 min left`, or so of crops."""
        done = self.finished.total()
        begun = f"{done} of {self.count} · {name}"
        if state != "done":
            return f"{begun} · {'kept as it was' if state == 'cached' else state}"
        left = sum(self.took) / len(self.took) * (self.count - done)
        rest = f" · about {duration(left)} left" if done < self.count else ""
        unit = self.unit if self.steps != 1 else self.unit.removesuffix("s")
        words = f"{self.steps:,} {unit} in {duration(self.took[-1])}"
        return f"{begun} · {words}{rest}"


class Together(Steps):
    """All counts of a plan, or all its runs, with what became of them."""

    def __init__(self, total: int, what: str, states: Counter[str], show: bool) -> None:
        super().__init__(total, what, show)
        self.states = states

    def ending(self) -> str:
        """`2 counts: 1 done, 1 cached`."""
        parts = (f"{count} {state}" for state, count in self.states.items())
        return f"{self.total} {self.what}: {', '.join(parts)}"


class PartOfAll(Steps):
    """One run of those that share a bar: told beside it, and not counted by it."""

    def __init__(self, name: str, total: int, unit: str, bar: Steps) -> None:
        super().__init__(total, unit, show=False)
        self.name, self.shared = name, bar

    def __call__(self, count: int = 1, now: str = "") -> None:
        super().__call__(count, now)
        done = f"{self.name}: {self.done:,} of {self.total:,} {self.what}"
        self.shared(0, " · ".join(filter(None, (done, now))))


class Share(Steps):
    """A timing, of which so many per cent are done."""

    def ending(self) -> str:
        """Only the time."""
        return f"timed in {time.monotonic() - self.begun:.0f} s"


def duration(seconds: float) -> str:
    """`50 s`, `12 min`, `7.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
