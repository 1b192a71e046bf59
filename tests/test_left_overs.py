"""What killed writings left goes with the next that writes there; what lives stays."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from repro import files
from repro.files import left_overs, sweep, temporary_file, temporary_folder, write_whole
from support.command_line import ROOT

DAYS_AGO = time.time() - 2 * files.DAY


def of_another_process(tmp_path: Path) -> tuple[Path, Path, "subprocess.Popen[bytes]"]:
    """A file and a folder that a process is writing, which goes on until its input ends."""
    code = (
        "import sys; from pathlib import Path\n"
        "from repro.files import temporary_file, temporary_folder\n"
        "place = Path(sys.argv[1])\n"
        "with temporary_file(place) as file, temporary_folder(place) as folder:\n"
        "    file.touch(); (folder / 'part').touch()\n"
        "    print(file, folder, sep='\\n', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    file, folder = (Path(process.stdout.readline().decode().strip()) for _ in range(2))
    return file, folder, process


def test_a_living_process_keeps_what_it_writes_and_a_killed_one_does_not(tmp_path: Path) -> None:
    file, folder, process = of_another_process(tmp_path)
    for path in (file, folder / "part", folder):
        os.utime(path, (DAYS_AGO, DAYS_AGO))  # however long it takes
    assert left_overs(tmp_path) == []
    write_whole(tmp_path / "result", "whole")
    assert file.exists() and (folder / "part").exists()
    process.kill()
    process.communicate()
    assert left_overs(tmp_path) == sorted([file, folder])
    files._swept.discard(str(tmp_path))  # as another command begins
    write_whole(tmp_path / "result", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_nothing_is_left_where_all_goes_well_or_fails(tmp_path: Path) -> None:
    with temporary_file(tmp_path) as file, temporary_folder(tmp_path) as folder:
        file.touch()
        (folder / "part").touch()
        assert file.parent == folder.parent == tmp_path and not left_overs(tmp_path)
        assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ZeroDivisionError), temporary_folder(tmp_path) as folder:
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "other",
    [
        lambda name: name.replace(files._host(), "0" * 12),
        lambda name: ".repro-of-an-older-version.tmp",
    ],
    ids=["another host", "an older version"],
)
def test_what_nobody_here_wrote_stays_for_a_day(
    other: Callable[[str], str], tmp_path: Path
) -> None:
    with temporary_file(tmp_path) as mine:
        theirs = tmp_path / other(mine.name)
        theirs.touch()
        sweep(tmp_path)
        assert theirs.exists()
        os.utime(theirs, (DAYS_AGO, DAYS_AGO))
        sweep(tmp_path)
        assert not theirs.exists()


def test_a_number_that_was_given_again_is_another_process(tmp_path: Path) -> None:
    with temporary_file(tmp_path) as mine:
        host, process, start, rest = mine.name.removeprefix(".repro-").split("-")
        assert (host, int(process)) == (files._host(), os.getpid())
        before = tmp_path / f".repro-{host}-{process}-{int(start) - 1}-{rest}"
        before.touch()
        mine.touch()
        assert left_overs(tmp_path) == [before]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell no state of a process")
def test_a_dead_process_that_nobody_asked_for_writes_no_more(tmp_path: Path) -> None:
    file, _, process = of_another_process(tmp_path)
    os.kill(process.pid, 9)
    while files._start(process.pid) != files.ZOMBIE:
        time.sleep(0.01)
    assert file in left_overs(tmp_path)
    process.communicate()


def test_a_process_that_the_system_hides_is_taken_to_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(process: int, signal: int) -> None:
        raise PermissionError

    with temporary_file(tmp_path) as mine:
        mine.touch()
        monkeypatch.setattr(os, "kill", hidden)
        monkeypatch.setattr(files, "_start", lambda process: "")
        assert left_overs(tmp_path) == []


def test_no_link_is_followed_when_it_is_swept(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "kept").touch()
    (tmp_path / "swept").mkdir()
    link = tmp_path / "swept" / f".repro-{files._host()}-{2**30}-1-ab.tmp"
    link.symlink_to(own)
    sweep(tmp_path / "swept")
    assert not link.is_symlink() and (own / "kept").exists()


def test_a_folder_is_listed_once_however_much_is_written_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[Path] = []
    monkeypatch.setattr(files, "sweep", listed.append)
    for number in range(5):
        write_whole(tmp_path / f"{number}", "x")
    assert listed == [tmp_path]
