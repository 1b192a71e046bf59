"""What the tests share: the command line run in this process, and folders of their own."""

import functools
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
import typer.main

import cli
from repro.models import registry
from repro.papers import readings, study
from repro.processes import ending
from support import answer_check, evaluation_scenes
from support.command_line import ROOT, Outcome, Run
from support.faults import figures

for name in ("REPRO_TABLES", "REPRO_TABLES_ONLY", "REPRO_MODULES"):
    os.environ.pop(name, None)  # the tests are of the papers and the zoo that come with repro
os.environ.setdefault("OMP_NUM_THREADS", "1")  # one worker a core, one thread a worker
# that the compiler knows the processor's instructions is not tried in each new cache
os.environ.setdefault("TORCHINDUCTOR_VEC_ISA_OK", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in jobs of the background
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under nohup


typer.main.get_command = functools.cache(typer.main.get_command)
"""the tree of commands, which typer makes anew for each command line, made once"""
_entry_points = functools.cache(lambda path, find=metadata.entry_points, **words: find(**words))
metadata.entry_points = lambda **words: _entry_points(tuple(sys.path), **words)
"""what the packages in a path offer, which takes reading a file of each, read once"""


def left(code: int, last_words: Callable[[], None]) -> None:
    """What a signal makes of a command, but for the end of the process, which a thread sees to."""
    if threading.current_thread() is threading.main_thread():
        last_words()
        sys.exit(code)


@pytest.fixture
def repro(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """`repro("show", "paper1", "table1")` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REPRO_STORE", raising=False)

    def run(*words: str) -> Outcome:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["repro", *words])
        monkeypatch.setattr(ending, "leave", left)  # which would end the tests as well
        signal.signal(signal.SIGINT, signal.default_int_handler)  # deaf after an earlier one
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        if "--json" in words and captured.out:
            answer_check.check(words, captured.out)
        code = stop.value.code
        return Outcome(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture(autouse=True)
def _only_the_zoo() -> Iterator[None]:
    """Networks from outside are known for one test only."""
    paths = list(sys.path)
    yield
    registry.forget()
    if sys.path != paths:
        sys.path[:] = paths


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> evaluation_scenes.Scene:
    """Pictures of COCO's form with people, a detector's boxes and weights, made once a process."""
    return evaluation_scenes.made(tmp_path_factory.getbasetemp())


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A copy of the committed records."""
    return Path(shutil.copytree(ROOT / "records", tmp_path / "records"))


@pytest.fixture
def papers_anew() -> Iterator[None]:
    """No paper was read before the test; those of its names lie elsewhere in other tests."""
    for read in (study.load_study, study.load_table, readings.load_readings):
        read.cache_clear()
    yield
    for read in (study.load_study, study.load_table, readings.load_readings):
        read.cache_clear()


@pytest.fixture
def own_tables(papers_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of tables/ that a test may alter."""
    copy = tmp_path / "tables"
    shutil.copytree(ROOT / "tables", copy)
    monkeypatch.setenv("REPRO_TABLES", str(copy))
    return copy


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what all tests of the fault suite counted together."""
    found = figures.gathered(terminalreporter)
    if found:
        terminalreporter.section("faults")
        for line in figures.lines(found):
            terminalreporter.write_line(line)
