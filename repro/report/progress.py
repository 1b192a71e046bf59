"""Tell how far the runs are: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from repro.spec import Spec

INTERVAL = 30.0
"""seconds between lines where there is no terminal"""


class Progress:
    """A context manager whose value is called with each spec and what became of it."""

    def __init__(self, specs: Sequence[Spec], show: bool) -> None:
        self.total, self.show = len(specs), show and bool(specs)
        self.counts = {"cached": 0, "done": 0, "failed": 0}
        self.last = time.monotonic()
        self.bar: Bar | None = None

    def __enter__(self) -> "Progress":
        if self.show and sys.stderr.isatty():
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "{task.description}")
            text = TextColumn("count")
            self.bar = Bar(text, *columns, console=Console(stderr=True), transient=True)
            self.bar.add_task("", total=self.total)
            self.bar.start()
        return self

    def __call__(self, spec: Spec, state: str) -> None:
        self.counts[state] += 1
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], advance=1, description=str(spec))
        elif self.show and time.monotonic() - self.last > INTERVAL:
            self.last = time.monotonic()
            print(f"counted {sum(self.counts.values())} of {self.total}", file=sys.stderr)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
        if self.show:
            parts = (f"{count} {state}" for state, count in self.counts.items() if count)
            print(f"{self.total} counts: {', '.join(parts)}", file=sys.stderr)


class Steps:
    """A context manager whose value is called with how many things were finished since."""

    def __init__(self, total: int, what: str, show: bool) -> None:
        self.total, self.what, self.show = total, what, show
        self.done = 0
        self.start = self.last = time.monotonic()
        self.bar: Bar | None = None

    def __enter__(self) -> "Steps":
        if self.show and sys.stderr.isatty():
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            left = (TextColumn("left"), TimeRemainingColumn())
            text = TextColumn(self.what)
            self.bar = Bar(text, *columns, *left, console=Console(stderr=True), transient=True)
            self.bar.add_task("", total=self.total)
            self.bar.start()
        return self

    def __call__(self, count: int) -> None:
        self.done += count
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.done)
        elif self.show and time.monotonic() - self.last > INTERVAL:
            self.last = time.monotonic()
            left = (self.last - self.start) / max(self.done, 1) * (self.total - self.done)
            print(
                f"{self.done:,} of {self.total:,} {self.what}, {left:.0f} s left", file=sys.stderr
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
        if self.show and error is None:
            seconds = time.monotonic() - self.start
            print(f"{self.done:,} {self.what} in {seconds:.1f} s", file=sys.stderr)
