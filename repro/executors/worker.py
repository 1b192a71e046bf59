"""What a process does that makes single runs for another one: it measures, and keeps no record."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from repro import env
from repro.errors import ReproError, RunError
from repro.executors import devices
from repro.models import registry
from repro.plans.planned import PlannedRun
from repro.plans.watch import Silent
from repro.records.store import Store
from repro.run import LOG, Attempt, Course

LINES, CHARACTERS = 5, 600
"""of a log, which are told where a run has failed"""


class ToLog(Silent):
    """Whoever reads the log of a run is told what a user should know."""

    def say(self, text: str) -> None:
        """What a user should know."""
        print(text, flush=True)


def start(lifeline: Connection, variables: Mapping[str, str | None]) -> None:
    """Begin a process of a pool: it lives as long as the other end of the line is open.

    So it ends with the process that has the plan, however that one ends. Ctrl-C is that one's own.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    env.set_variables(variables)
    registry.load()
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os._exit(1)


def make(planned: PlannedRun, folder: Path) -> Attempt:
    """Make a run whose files go to the store in a folder; what it says goes to a log beside them.

    The log is left where it failed, and its end told; whoever keeps the record clears it.
    """
    assert planned.run is not None
    course = Course(Store(folder), ToLog())
    log = course.store.artifacts(planned.run.key) / LOG
    with _logged(log):
        processes = devices.count(planned)
        several = processes > 1
        attempt = devices.made(planned, folder, processes) if several else course.made(planned)
    return attempt if attempt.error is None else Attempt(error=_portable(attempt.error, log))


def _portable(error: Exception, log: Path) -> ReproError:
    """An error that another process can read, with the end of the log where it has no cure."""
    if not isinstance(error, ReproError):
        error = RunError(f"{error or type(error).__name__}")
    if not error.hint:
        error.hint = last_words(log)
    if not error.hint:
        log.unlink(missing_ok=True)
    return error


def last_words(log: Path) -> str:
    """Where the log of a run is, and how it ends; empty where it says nothing."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return f"`{log}` ends: {' / '.join(lines[-LINES:])[-CHARACTERS:]}" if lines else ""


@contextlib.contextmanager
def _logged(log: Path) -> Iterator[None]:
    """Lead what this process and its libraries print into a file."""
    with contextlib.ExitStack() as stack:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(log.open("wb"))
        except OSError:
            file = stack.enter_context(Path(os.devnull).open("wb"))
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            kept = os.dup(number)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, number)
            stack.callback(stream.flush)
            stream.flush()
            os.dup2(file.fileno(), number)
        yield
