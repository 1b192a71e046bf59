"""Tell how far the runs are: a bar on a terminal, a line now and then elsewhere."""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

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
from repro.telling import listens, say

INTERVAL = 30.0
"""seconds between lines where there is no terminal"""


class Steps:
    """A context manager whose value is called with how many things were finished since."""

    def __init__(self, total: int, what: str, show: bool) -> None:
        self.total, self.what, self.show = total, what, show and total > 0
        self.done = 0
        self.start = self.last = time.monotonic()
        self.bar: Bar | None = None

    def __enter__(self) -> Self:
        if self.show and listens():
            times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
            columns = (TextColumn(self.what), BarColumn(), MofNCompleteColumn(), *times)
            text = TextColumn("{task.description}")
            self.bar = Bar(*columns, text, console=Console(stderr=True), transient=True)
            self.bar.add_task("", total=self.total)
            self.bar.start()
        return self

    def __call__(self, count: int = 1, now: str = "") -> None:
        self.done += count
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.done, description=now)
        elif self.show and time.monotonic() - self.last > INTERVAL:
            self.last = time.monotonic()
            left = (self.last - self.start) / max(self.done, 1) * (self.total - self.done)
            done = f"{self.done:,} of {self.total:,} {self.what}"
            say(f"{done}, {left:.0f} s left")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
        if self.show and error is None:
            say(self.ending())

    def ending(self) -> str:
        """The last line."""
        return f"{self.done:,} {self.what} in {time.monotonic() - self.start:.1f} s"


class Counts(Steps):
    """Steps of counted specs, each with what became of it."""

    def __init__(self, specs: Sequence[Spec], show: bool) -> None:
        super().__init__(len(specs), "counts", show)
        self.states: Counter[str] = Counter()

    def tell(self, spec: Spec, state: str) -> None:
        """A spec is cached, done or failed."""
        self.states[state] += 1
        self(1, str(spec))

    def ending(self) -> str:
        """`2 counts: 1 done, 1 cached`."""
        parts = (f"{count} {state}" for state, count in self.states.items())
        return f"{self.total} counts: {', '.join(parts)}"


class Share(Steps):
    """A whole of which a share is done: called with what is done now, and the share so far."""

    def __init__(self, show: bool) -> None:
        super().__init__(100, "per cent", show)

    def tell(self, now: str, share: float) -> None:
        """So much of the whole is done."""
        self(round(100 * share) - self.done, now)

    def ending(self) -> str:
        """Only the time."""
        return f"timed in {time.monotonic() - self.start:.0f} s"
