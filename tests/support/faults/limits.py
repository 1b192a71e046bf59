"""Little to live on: what is called in a process before its command."""

import resource

import pytest

from support.faults.warm import limit

FILES = 32
"""open at a time"""
BYTES = 4000
"""of a file"""
MEMORY = 3 * 2**20
"""bytes of addresses beside those that the process begins with"""


def few_files() -> None:
    """No more open files than these."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def few_bytes() -> None:
    """No file may be longer; a longer one is an error, not a signal, in Python."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, BYTES))


def little_memory() -> None:
    """No more addresses than these."""
    limit(MEMORY)


def no_threads() -> None:
    """The system gives no more threads; root may have as many as it wants, so Python refuses."""
    import _thread
    import threading

    def refused(*words: object, **named: object) -> int:
        raise RuntimeError("can't start new thread")

    patch = pytest.MonkeyPatch()
    for module, name in (
        (_thread, "start_new_thread"),
        (threading, "_start_new_thread"),
        (threading, "_start_joinable_thread"),
    ):
        patch.setattr(module, name, refused, raising=False)
