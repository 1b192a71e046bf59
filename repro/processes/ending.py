"""How this process ends when it is told to: SIGINT, SIGTERM and SIGHUP alike.

The first of them raises KeyboardInterrupt in the main thread, so that what is finished is kept and
what is begun is cleaned. Python does so only once the main thread is back from what a library
computes. So a thread sleeps until there is a signal; where the process has not ended GRACE seconds
later it ends it, with all processes that it has started.
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
NOTHING = b"\0"
"""no signal's number: wakes who listens"""
GRACE = 2.2
"""seconds from the signal to the end"""
FAREWELL = 0.4
"""seconds that the last words may take, to a stream that nobody may read"""
TRACKER = "multiprocessing.resource_tracker"
"""a process of Python's own, which clears up behind others and ends by itself"""
SHOWN_CURSOR = "\x1b[?25h"
"""progress bars hide it"""

Handler = Callable[[int, FrameType | None], object]


class Ending:
    """What this process was told."""

    def __init__(self) -> None:
        self.number = 0
        """of the first signal; 0 while there was none"""
        self.raised = False

    @property
    def code(self) -> int:
        """The exit code of a process that was ended so; by Ctrl-C, if there was no signal."""
        return 128 + (self.number or signal.SIGINT)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: the clean-up after the first one is not disturbed by others."""
        self.number = self.number or number
        if not self.raised:
            self.raised = True
            raise KeyboardInterrupt


_told = Ending()


def code() -> int:
    """The exit code of a command that the user ended early: 130, or by which signal it was."""
    return _told.code


@contextlib.contextmanager
def heeded(last_words: Callable[[], None]) -> Iterator[Ending]:
    """Let signals end what goes on in the block; `last_words` are said where that is cut short.

    What the process was started to ignore (nohup) stays ignored. Only the main thread can ask.
    After a signal the process must end: it hears no other one, and is ended where it does not.
    """
    global _told
    ending = _told = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    before = {number: signal.getsignal(number) for number in heard()}
    atexit.register(_deaf)
    with _watched(ending, last_words):
        try:
            with handled(ending):
                yield ending
        finally:
            for number, usual in before.items():
                signal.signal(number, signal.SIG_IGN if ending.number else usual)


def heard() -> list[signal.Signals]:
    """The signals that are not ignored."""
    known = {number: signal.getsignal(number) for number in SIGNALS}
    return [number for number, handler in known.items() if handler not in (signal.SIG_IGN, None)]


@contextlib.contextmanager
def handled(handler: Handler | None = None) -> Iterator[None]:
    """Let a handler have the signals that are not ignored, if this is the thread that gets them.

    Without one they stay where they are after a block in which a library takes them to itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in heard()}
    try:
        for number in before if handler else ():
            signal.signal(number, handler)
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


@contextlib.contextmanager
def not_to_children() -> Iterator[None]:
    """Let no process that is started in the block be ended by Ctrl-C while it imports."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _watched(ending: Ending, last_words: Callable[[], None]) -> Iterator[None]:
    """Let a thread end the process where it does not end itself; none where there can be none."""
    try:
        ear, mouth = os.pipe()
    except OSError:
        yield
        return
    os.set_blocking(mouth, False)
    done = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(ear, done, ending, last_words), name="ending", daemon=True
    )
    before = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    try:
        with contextlib.suppress(RuntimeError):  # no more threads are to be had
            watcher.start()
        yield
    finally:
        if not ending.number:
            done.set()
            signal.set_wakeup_fd(before)
            with contextlib.suppress(OSError):
                os.write(mouth, NOTHING)  # forked processes hold this end too: it does not close
            os.close(mouth)
            if watcher.ident is not None:
                watcher.join()
            os.close(ear)


def _watch(ear: int, done: threading.Event, ending: Ending, last_words: Callable[[], None]) -> None:
    """Sleep until there is a signal, and end the process unless that is `done` in time."""
    while not done.is_set():
        told = os.read(ear, 1)
        if told and told[0] in SIGNALS:
            ending.number = ending.number or told[0]
            if not done.wait(GRACE):
                leave(ending.code, last_words)
            return


def leave(code: int, last_words: Callable[[], None]) -> None:
    """End this process at once, with all that it has started or is writing.

    The interpreter's own farewell takes seconds where large libraries are loaded.
    """
    from repro import files

    with contextlib.suppress(Exception):
        end_children()
        files.erase_begun()
    farewell = threading.Thread(target=_farewell, args=(last_words,), daemon=True)
    with contextlib.suppress(RuntimeError):
        farewell.start()
        farewell.join(FAREWELL)
    os._exit(code)


def _farewell(last_words: Callable[[], None]) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(SHOWN_CURSOR)
    last_words()
    if sys.stdout is not None:
        sys.stdout.flush()


def end_children() -> None:
    """Kill the processes that this one has started, and what those have."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if TRACKER not in " ".join(child.cmdline()):
                child.kill()


def _deaf() -> None:
    """Let no signal disturb the interpreter's own end."""
    if isinstance(signal.getsignal(signal.SIGINT), Ending | type(signal.default_int_handler)):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _as_usual() -> None:
    """Let a forked process, as of a loader, end by signals as any does, and tell no other one."""
    for number in heard():
        if isinstance(signal.getsignal(number), Ending):
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
            signal.set_wakeup_fd(-1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_as_usual)
