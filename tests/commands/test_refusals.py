"""What the system refuses a command is one sentence, and a bug is not taken for it."""

import errno

import pytest

from repro.commands.refusals import refusal_of

MAPPED = "/opt/lib/libtorch_cpu.so: failed to map segment from shared object"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImportError(MAPPED, name="torch._C"), "The library `libtorch_cpu.so` cannot be loaded"),
        (ModuleNotFoundError("x", name="_lzma"), "This Python was built without `_lzma`"),
        (ModuleNotFoundError("x", name="_sqlite3"), "This Python was built without `_sqlite3`"),
        (ModuleNotFoundError("x", name="nowhere.far"), "This needs `nowhere`, which is not"),
        (ImportError("odd\n\nmore", name="numpy"), "`numpy` cannot be imported: odd."),
        (MemoryError(), "There is not enough memory"),
        (RuntimeError("can't start new thread"), "no more processes or threads"),
        (OSError(errno.EMFILE, "Too many open files"), "has too many open files"),
        (BlockingIOError(errno.EAGAIN, "Resource"), "no more processes or threads"),
        (RuntimeError("a bug"), None),
        (ImportError("cannot import name x", name="repro.run"), None),
        (OSError(errno.EPIPE, "Broken pipe"), None),
    ],
)
def test_a_refusal_is_told_by_what_it_means(error: Exception, said: str | None) -> None:
    refusal = refusal_of(error)
    assert (refusal is None) == (said is None)
    if refusal is not None and said is not None:
        assert said in str(refusal) and refusal.hint


def test_a_library_behind_another_error_is_named() -> None:
    error = ImportError("IMPORTANT: PLEASE READ THIS\n\nand more", name="numpy")
    error.__cause__ = ImportError(MAPPED)
    assert "`libtorch_cpu.so`" in str(refusal_of(error))
