"""Time subjects in fresh worker processes, one after the other, within a budget."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from repro.errors import ReproError, RunError
from repro.papers.values import Scalar
from repro.processes import ending
from repro.records import lock
from repro.speed.measure.child import Child, Event, read_block, read_preparation
from repro.speed.measure.conditions import SAMPLE, snapshot
from repro.speed.measure.procedures import (
    LEAST_ROUNDS,
    TimingSettings,
    WorkerJob,
    adapted,
    job,
    least,
)
from repro.speed.measure.subjects import Block, Preparation, Subject, TimedRun

CROWDED = 0.5
"""cores kept busy by others, from which on waiting threads sleep instead of spinning"""

LATE = 0.8
"""seconds after a signal in which a process may finish its block"""

Tell = Callable[[str, float], None]
"""called with what is done now, and the share of the whole that is done, 0 to 1"""


def own_lock() -> Path:
    """The file that a user's timings lock, in the system's folder of temporary files.

    Everybody may write there, so that it is this user's alone; a ReproError where it is not.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    path = Path(tempfile.gettempdir()) / f"repro-timing-{user}.lock"
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    cure = "Remove it, or name another folder for temporary files: TMPDIR=DIR."
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise ReproError(f"`{path}` cannot be locked: {error.strerror}.", cure) from error
    try:
        if os.fstat(handle).st_uid != user:
            raise ReproError(f"`{path}` is another user's, who could hold up this one.", cure)
    finally:
        os.close(handle)
    return path


def machine_lock(path: Path | None = None) -> AbstractContextManager[None]:
    """One timing run of a user at a time on a machine; a ReproError if another has it."""
    return lock.held(
        path or own_lock(),
        "Another timing run is under way on this machine",
        "Two at once would time each other. Wait for it, or end it.",
    )


def measure(subjects: Sequence[Subject], settings: TimingSettings, tell: Tell) -> TimedRun:
    """Time the subjects; what finished before a crash or Ctrl-C is kept, and the run says so.

    A process that dies while it prepares a subject takes that subject out of the next ones. Raise
    RunError if no process gave anything, KeyboardInterrupt if the user ended it before one did.
    """
    chosen, settings = adapted(subjects, settings)
    interrupts = _Interrupts()
    with machine_lock(settings.lock), ending.handled(interrupts):
        before = snapshot()
        passive = settings.procedure.interleaved and before.others > CROWDED
        session = _Session(chosen, settings, passive, interrupts, tell)
        session.run()
        after = before if interrupts.count else snapshot()
    if not session.finished:
        if interrupts.count:
            raise KeyboardInterrupt
        reason = "; ".join(session.failures) or "no process was started"
        raise RunError(f"Nothing was timed: {reason}.", "Try one model, or a smaller batch.")
    known: dict[str, Scalar] = {**settings.described(), "passive": passive}
    conditions: dict[str, object] = {
        "before": before.described(),
        "after": after.described(),
        "processes": [one.conditions for one in session.finished],
    }
    preparations = session.preparations()
    refused = {one.subject for one in preparations if one.refused}
    blocks = [block for one in session.finished for block in one.whole]
    return TimedRun(
        subjects=chosen,
        blocks=tuple(block for block in blocks if block.subject not in refused),
        preparations=preparations,
        settings=known | {"finished": len(session.finished)},
        conditions=conditions,
        failures=tuple(session.failures),
        interrupted=interrupts.count > 0,
    )


class _Interrupts:
    """Signals that end a run: the first lets the process finish its block, the second kills it."""

    def __init__(self) -> None:
        self.count = 0
        self.child: Child | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.child is None:
            return
        if self.count > 1:
            self.child.kill()
            return
        self.child.ask_to_stop()
        late = threading.Timer(LATE, self.child.kill)
        late.daemon = True
        late.start()


@dataclass
class _Process:
    """What one worker process tells."""

    places: Sequence[int]
    """of its subjects among the run's"""
    began: float = field(default_factory=time.time)
    preparing: int | None = None
    ended: bool = False
    blocks: list[Block] = field(default_factory=list)
    preparations: dict[int, Preparation] = field(default_factory=dict)
    conditions: dict[str, object] = field(default_factory=dict)
    made: float = 0.0
    """seconds in which it exported and compiled what was not cached"""
    ready: float = 0.0
    """when it began its first round"""
    last: float = 0.0
    """when it ended its last round"""
    rounds: int = 0

    @property
    def finished(self) -> bool:
        """Whether it is of use: it ended well, and has times or knows why there are none."""
        refused = [one for one in self.preparations.values() if one.refused]
        return self.ended and (bool(self.rounds) or len(refused) == len(self.places))

    @property
    def whole(self) -> list[Block]:
        """The blocks of the rounds that were finished."""
        return [block for block in self.blocks if block.round < self.rounds]

    @property
    def least(self) -> float:
        """Seconds that another process like this one takes for the least number of rounds."""
        lasted = (self.last - self.ready) / max(1, self.rounds)
        return self.ready - self.began - self.made + LEAST_ROUNDS * lasted

    def take(self, event: Event) -> str:
        """Remember an event; what to tell the user, if anything."""
        kind = event["event"]
        if kind == "preparing":
            self.preparing = self.places[int(str(event["subject"]))]
        elif kind == "prepared" and self.preparing is not None:
            made = replace(read_preparation(event), subject=self.preparing)
            self.preparations[self.preparing] = made
            self.made += 0 if made.cached else made.export_seconds + made.compile_seconds
            self.preparing = None
        elif kind == "block":
            self.ready = self.ready or time.time()
            block = read_block(event)
            self.blocks.append(replace(block, subject=self.places[block.subject]))
        elif kind == "round":
            self.rounds, self.last = self.rounds + 1, time.time()
            return f"round {self.rounds}"
        elif kind == "end":
            self.conditions = {name: value for name, value in event.items() if name != "event"}
            self.ended = True
        return ""


class _Session:
    """The processes of one run."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        settings: TimingSettings,
        passive: bool,
        interrupts: _Interrupts,
        tell: Tell,
    ) -> None:
        self.subjects, self.settings, self.passive = subjects, settings, passive
        self.interrupts, self.tell = interrupts, tell
        self.start = time.time() - SAMPLE
        self.until = self.start + settings.budget - SAMPLE  # a look at the machine before and after
        self.finished: list[_Process] = []
        self.failures: list[str] = []
        self.lost: dict[int, str] = {}
        """subjects whose preparation killed a process, and how"""

    def run(self) -> None:
        """One process after the other, as many as there is time for."""
        for number in range(self.settings.processes):
            places = [place for place in range(len(self.subjects)) if place not in self.lost]
            if self.interrupts.count or not places:
                return
            chosen = [self.subjects[place] for place in places]
            left, possible = self._left(chosen)
            if number and not possible:
                return
            share = left / max(1, min(possible, self.settings.processes - number))
            task = job(number, chosen, self.settings, time.time() + share)
            self._one(_Process(places), task)

    def _left(self, subjects: Sequence[Subject]) -> tuple[float, int]:
        """Seconds that are left, and for how many processes they are enough."""
        left = self.until - time.time()
        if not self.settings.procedure.interleaved:
            return left, self.settings.processes
        known = [one.least for one in self.finished]
        return left, int(left / min(known, default=least(subjects, self.settings)))

    def _one(self, process: _Process, job: WorkerJob) -> None:
        """Let one process do its job."""
        name = f"process {job.process + 1} of {self.settings.processes}"
        with Child(job, self.passive) as child:
            self.interrupts.child = child
            for event in child.events():
                said = process.take(event)
                if process.preparing is not None:
                    said = f"preparing {self.subjects[process.preparing]}"
                if said:
                    whole = max(self.until - self.start, 1e-9)
                    share = min(1.0, (time.time() - self.start) / whole)
                    self.tell(f"{name}: {said}", share)
            self.interrupts.child = None
            words = "" if process.ended else child.died()
        self.until += process.made
        if process.finished:
            self.finished.append(process)
        elif not process.ended and self.interrupts.count < 2:
            self._failed(process, f"process {job.process + 1}", words)

    def _failed(self, process: _Process, name: str, words: str) -> None:
        if process.preparing is None:
            self.failures.append(f"{name} {words}")
            return
        self.failures.append(f"{name}, preparing {self.subjects[process.preparing]}, {words}")
        self.lost[process.preparing] = f"its process {words}"

    def preparations(self) -> tuple[Preparation, ...]:
        """One of each subject: the first process's making, the last one's memory."""
        preparations = []
        for place in range(len(self.subjects)):
            known = [process.preparations for process in self.finished]
            made = [prepared[place] for prepared in known if place in prepared]
            if place in self.lost:
                preparations.append(Preparation(place, refused=self.lost[place]))
            elif made:
                merged = replace(
                    made[0],
                    refused=next((one.refused for one in made if one.refused), ""),
                    peak_memory=made[-1].peak_memory,
                    warmup=max(one.warmup for one in made),
                    steady=all(one.steady for one in made),
                )
                preparations.append(merged)
        return tuple(preparations)
