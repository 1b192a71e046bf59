"""A process that is told to end does, by itself or not, and its code says by which signal."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.processes import ending
from support.command_line import ROOT

DRIVER = """
import hashlib, signal, sys, time
from pathlib import Path
from repro import files
from repro.processes import ending

told = ending.Ending()
try:
    with ending.heeded(lambda: print("cut short", file=sys.stderr)) as told, \\
            files.temporary_folder(Path(sys.argv[1])) as folder:
        print("ready", flush=True)
        {work}
except KeyboardInterrupt:
    pass
print("ended by", told.number, flush=True)
sys.exit(told.code)
"""
SLEEPING = "time.sleep(30)"
DEAF = "hashlib.pbkdf2_hmac('sha256', b'', b'', 50_000_000)"
"""what does not return to Python"""


def ended(work: str, number: int, folder: Path, times: int = 1) -> tuple[int, str, str, float]:
    """Exit code, what was printed on both streams, and the seconds from the signal."""
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER.format(work=work), str(folder)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.05)
    begun = time.monotonic()
    for _ in range(times):
        process.send_signal(number)
    out, said = process.communicate(timeout=30)
    return process.returncode, out, said, time.monotonic() - begun


@pytest.mark.parametrize("number", ending.SIGNALS)
def test_what_returns_to_python_ends_by_itself(number: int, tmp_path: Path) -> None:
    code, out, said, seconds = ended(SLEEPING, number, tmp_path, times=3)
    assert (code, out, said) == (128 + number, f"ended by {number}\n", "")
    assert seconds < 2 and not list(tmp_path.iterdir())


def test_what_does_not_return_is_cut_short_and_nothing_of_it_left(tmp_path: Path) -> None:
    code, out, said, seconds = ended(DEAF, signal.SIGTERM, tmp_path)
    assert (code, out, said) == (143, "", "cut short\n")
    assert ending.GRACE < seconds < ending.GRACE + 2 and not list(tmp_path.iterdir())


def test_handlers_are_as_before_where_there_was_no_signal() -> None:
    before = [signal.getsignal(number) for number in ending.SIGNALS]
    with ending.heeded(lambda: None) as told:
        assert all(signal.getsignal(number) is told for number in ending.heard())
    assert [signal.getsignal(number) for number in ending.SIGNALS] == before
    assert told.code == 130 and ending.code() == 130


def test_what_a_library_takes_is_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ending.handled():
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(15))
    assert signal.getsignal(signal.SIGTERM) == before
