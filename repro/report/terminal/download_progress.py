"""Tell how far downloads are: bars with rate and time left, or a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from repro.fetching import space
from repro.report.terminal.console import listens, say
from repro.report.terminal.progress import INTERVAL, duration
from repro.report.terminal.screen import Screen

USUAL, WIDE = 80, 120
"""columns of a terminal from which on a line has its rate and time left, and its bar"""


class DownloadProgress:
    """A context manager that is called with a name, the bytes that are there, and of how many."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.bars: Progress | None = None
        self.tasks: dict[str, TaskID] = {}
        self.name, self.before = "", 0
        self.begun = self.last = time.monotonic()

    def __enter__(self) -> Self:
        if self.show and listens():
            screen = Screen(stderr=True)
            columns: list[ProgressColumn] = [
                TextColumn("{task.description}", markup=False),
                DownloadColumn(),
            ]
            if screen.width >= USUAL:
                columns += [TransferSpeedColumn(), TimeRemainingColumn()]
            if screen.width >= WIDE:
                columns.insert(1, BarColumn())
            self.bars = Progress(*columns, console=screen, transient=True)
            self.bars.start()
        return self

    def __call__(self, name: str, done: int, total: int | None) -> None:
        if self.bars is not None:
            if name not in self.tasks:
                self.tasks[name] = self.bars.add_task(name, total=total)
            self.bars.update(self.tasks[name], completed=done, total=total)
            return
        now = time.monotonic()
        if name != self.name:
            self.name, self.before, self.begun, self.last = name, done, now, now
        elif self.show and now - self.last > INTERVAL:
            self.last = now
            say(self.line(done, total, now - self.begun))

    def line(self, done: int, total: int | None, seconds: float) -> str:
        """`val2017.zip · 120 MB of 815 MB · 4 MB/s · 3 min left`."""
        rate = (done - self.before) / seconds
        of = f" of {space.told(total)}" if total else ""
        parts = [self.name, f"{space.told(done)}{of}", f"{space.told(int(rate))}/s"]
        if total and rate > 0:
            parts.append(f"{duration(max(total - done, 0) / rate)} left")
        return " · ".join(parts)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bars is not None:
            self.bars.stop()
