"""A process of its own that times subjects: `python -m repro.speed.measure.worker`.

Its first line of input is the job, its output one JSON object a line: what was prepared, and every
block with every call. The end of its input ends it, so that it never outlives its parent; a line
more lets it finish the round it is in.
"""

import gc
import importlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from repro import schema
from repro.models import registry
from repro.speed.measure import calls, energy, memory
from repro.speed.measure.conditions import ConditionWatch
from repro.speed.measure.procedures import LEAST_CALLS, LEAST_ROUNDS, TWIN, WorkerJob
from repro.speed.measure.subjects import Block, Preparation, RefusedError

if TYPE_CHECKING:
    from repro.speed.measure.building import Clock, Ready

LOST = 3
"""exit code of a worker without a parent"""
WARMING = 0.2
"""share of a process's time that its warm-ups may take"""


class Parent:
    """The process that wants to know; it may ask to stop, or be gone."""

    def __init__(self) -> None:
        # what libraries print goes to stderr, so that every line there is ours
        self.lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.stopped = threading.Event()

    def job(self) -> WorkerJob:
        """What to do; from now on the input is watched."""
        with open(0, "rb", buffering=0, closefd=False) as source:
            job = schema.read(WorkerJob, json.loads(source.readline()), "the job")
        threading.Thread(target=self._watch, daemon=True).start()
        return job

    def _watch(self) -> None:
        while os.read(0, 64):
            self.stopped.set()
        leave()

    def tell(self, event: str, **values: object) -> None:
        """One line; the worker ends where nobody reads it."""
        try:
            print(json.dumps({"event": event, **values}), file=self.lines, flush=True)
        except BrokenPipeError:
            leave()


def leave() -> NoReturn:
    """End this process at once, and what it started, where it leads a group of its own."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(LOST)


class TimedSubjects:
    """The subjects of a job, made runnable and timed."""

    def __init__(self, job: WorkerJob, parent: Parent) -> None:
        self.job, self.parent = job, parent
        module, _, name = job.builder.partition(":")
        self.build = getattr(importlib.import_module(module), name)
        self.base = memory.resident()
        self.watch = ConditionWatch(job.threads)
        self.until = job.until
        self.runs: dict[int, calls.Run] = {}
        self.clocks: dict[int, Clock] = {}
        self.sizes: dict[int, tuple[int, int]] = {}
        """calls of a block, and how many of them only settle"""

    def prepare(self, subject: int) -> None:
        """Make a subject runnable and warm, or tell why it gets no speed."""
        self.parent.tell("preparing", subject=subject)
        try:
            made = self._prepared(subject)
        except RefusedError as refusal:
            made = Preparation(subject, refused=str(refusal))
        except Exception as error:  # one subject's failure must not take the others' times
            first = (str(error).strip() or "no message").splitlines()[0]
            made = Preparation(subject, refused=f"fails: {type(error).__name__}: {first:.200}")
        self.parent.tell("prepared", **asdict(made))

    def _prepared(self, subject: int) -> Preparation:
        job, chosen = self.job, self.job.subjects[subject]
        memory.give_back()
        before = memory.resident()
        ready = self.build(chosen, job.threads, Path(job.cache), job.seed)
        run = ready.run
        if chosen.slowed != 1:
            run = calls.slowed(run, chosen.slowed, job.threads)
        if not ready.cached:
            self.until += ready.export_seconds + ready.compile_seconds
        gc.collect()
        memory.give_back()
        held = memory.resident()
        memory.forget_peak()
        share = WARMING * (self.until - time.time()) / len(job.subjects)
        warmth = calls.warmed(run, job.warmup, share, LEAST_CALLS)
        added = max(0, memory.peak() - held)
        clock = ready.timed if chosen.slowed == 1 else None
        self.clocks[subject] = clock or partial(calls.timed, run)
        self.runs[subject] = run
        self.sizes[subject] = calls.block_of(warmth.seconds, job.block)
        if job.calls is not None:
            self.sizes[subject] = job.calls, 0
        joules, no_energy = self._energy(ready, run) if chosen.alias != TWIN else (None, "")
        return Preparation(
            subject,
            export_seconds=ready.export_seconds,
            compile_seconds=ready.compile_seconds,
            cached=ready.cached,
            difference=ready.difference,
            settings=ready.settings,
            # without what the others hold: the bare process, what this one keeps, what a call adds
            peak_memory=ready.device_memory or self.base + max(0, held - before) + added,
            joules=joules,
            no_energy=no_energy,
            warmup=warmth.calls,
            steady=warmth.steady,
        )

    def _energy(self, ready: "Ready", run: calls.Run) -> tuple[float | None, str]:
        """Joules of a call, which the first process tells for all; or why there are none."""
        source = ready.energy or energy.processor()
        if source.count is None or self.job.process:
            return None, source.absent
        start = time.time()
        joules = energy.of_call(run, source.count)
        self.until += time.time() - start
        return joules, "" if joules is not None else energy.STILL

    def block(self, subject: int, number: int) -> None:
        """Time the subject's calls of one round."""
        size, settling = self.sizes[subject]
        self.watch.begin()
        wall, cpu = self.clocks[subject](size)
        seen = self.watch.end(sum(wall), sum(cpu))
        block = Block(
            subject,
            self.job.process,
            number,
            wall,
            cpu,
            seen.switches,
            seen.steal,
            seen.disturbed,
            settling,
        )
        self.parent.tell("block", **asdict(block))

    def interleaved(self) -> None:
        """Rounds of all subjects, each round in another order, until the time is over."""
        for subject in range(len(self.job.subjects)):
            if self.parent.stopped.is_set():
                return
            self.prepare(subject)
        gc.collect()
        gc.freeze()
        number, lasted, most = 0, 0.0, self.job.rounds or float("inf")
        while self.runs and number < most and not self.parent.stopped.is_set():
            start = time.time()
            if number >= LEAST_ROUNDS and start + lasted > self.until:
                break
            for subject in self.job.rows[number % len(self.job.rows)]:
                if self.parent.stopped.is_set():
                    return
                if subject in self.runs:
                    self.block(subject, number)
            self.parent.tell("round", number=number)
            number, lasted = number + 1, time.time() - start

    def one_by_one(self) -> None:
        """One subject after the other, each gone before the next comes."""
        for subject in self.job.rows[0]:
            if self.parent.stopped.is_set():
                return
            self.prepare(subject)
            if subject in self.runs:
                self.block(subject, 0)
                del self.runs[subject]
        self.parent.tell("round", number=0)


def main() -> None:
    """Do the job that the input names."""
    parent = Parent()
    job = parent.job()
    registry.load()
    memory_kept = memory.keep_freed(job.keep_freed)
    timing = TimedSubjects(job, parent)
    parent.tell("ready")
    order: Callable[[], None] = timing.interleaved if job.interleaved else timing.one_by_one
    order()
    parent.tell("end", memory=memory_kept, conditions=timing.watch.described())
    os._exit(0)  # libraries' threads and the watch need no farewell


if __name__ == "__main__":
    main()
