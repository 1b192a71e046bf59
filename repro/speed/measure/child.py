"""One worker process: started in a clean setting, read until it ends, never left behind."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from types import TracebackType

from repro import schema
from repro.env import THREAD_VARIABLES
from repro.models import registry
from repro.processes import starting
from repro.speed.measure.procedures import WorkerJob
from repro.speed.measure.subjects import Block, Preparation

THREADS = (*THREAD_VARIABLES, "VECLIB_MAXIMUM_THREADS")
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
"""threads that wait for each other sleep, where spinning would take the core another one needs"""

Event = dict[str, object]


def environment(threads: int, passive: bool) -> dict[str, str]:
    """The variables of a worker process: libraries read their threads from them when loaded."""
    variables = dict(os.environ) | dict.fromkeys(THREADS, str(threads))
    variables |= {**starting.path_variable(), **registry.variables()}
    return variables | (PASSIVE if passive else {})


class Child:
    """A worker process; a context manager that ends it whatever happens."""

    def __init__(self, job: WorkerJob, passive: bool) -> None:
        self.job = job
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            starting.command("repro.speed.measure.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment(job.threads, passive),
            start_new_session=True,  # the terminal's Ctrl-C is for the parent alone
        )

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # of a line to a process that is gone
                    stream.close()

    def kill(self) -> None:
        """End it with all that it started, compilers among them."""
        if self.process.returncode is None and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def ask_to_stop(self) -> None:
        """Let it finish its round."""
        self._write(b"stop\n")

    def events(self) -> Iterator[Event]:
        """What it tells, until it ends."""
        self._write(json.dumps(asdict(self.job), default=str).encode() + b"\n")
        stream = self.process.stdout
        assert stream is not None
        for line in stream:
            yield json.loads(line)

    def died(self) -> str:
        """How it ended, and its last words."""
        code = self.process.wait()
        self.errors.seek(0)
        words = self.errors.read().decode(errors="replace").strip().splitlines()
        last = f": {words[-1].strip():.300}" if words else ""
        if code < 0:
            why = ", as when memory runs out" if code == -9 else ""
            return f"was killed by signal {-code}{why}{last}"
        return f"ended with exit code {code}{last}"

    def _write(self, line: bytes) -> None:
        stream = self.process.stdin
        assert stream is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone; reading its output tells
            stream.write(line)
            stream.flush()


def read_preparation(event: Event) -> Preparation:
    """What a `prepared` event says."""
    return schema.read(Preparation, _values(event), "a worker")


def read_block(event: Event) -> Block:
    """What a `block` event says."""
    return schema.read(Block, _values(event), "a worker")


def _values(event: Event) -> Mapping[str, object]:
    return {name: value for name, value in event.items() if name != "event"}
