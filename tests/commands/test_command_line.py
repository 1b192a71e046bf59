"""The command line as a whole: bad input, closed outputs, lacking packages, bugs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import ROOT, Run, parsed


def test_a_bare_command_shows_the_way(repro: Run) -> None:
    outcome = repro()
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) <= 7
    assert "repro run paper1 table1" in outcome.out


def test_doctor(repro: Run) -> None:
    outcome = repro("doctor")
    assert outcome.code == 0 and "torch" in outcome.out
    names = [check["name"] for check in parsed(repro("doctor", "--json").out)["checks"]]
    assert {"python", "torch", "memory", "store"} <= set(names)


def test_records(repro: Run, committed: Path) -> None:
    before = parsed(repro("records", "ls", "--json").out)
    listed = before["records"]
    assert all(record["state"] == "current" for record in listed)
    assert parsed(repro("records", "gc", "--json").out)["removed"] == []
    assert repro("records", "rm", listed[0]["key"][:10]).code == 0
    assert parsed(repro("records", "ls", "--json").out)["total"] == before["total"] - 1
    assert repro("records", "rm", "zzzzzz").code == 2
    assert repro("records", "rm", "a").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("show paper5 table1", "no study `paper5`"),
        ("show paper1 tabel1", "`table1`"),
        ("show paper1 table7", "`table7`"),
        ("run paper1 0", "`0`"),
        ("show paper1", "Missing argument"),
        ("run paper9", "`paper9`"),
        ("run all table1", "`all` takes no table"),
        ("run paper1 table1 --row Nobody*", "There are: SimpleBaseline MobileNetV2"),
        ("run paper1 table1 --metric speed", "no metric `speed`"),
        ("run paper1 table1 --metric fps", "No column of paper1 table1"),
        ("run paper1 table1 --fail-on of", "no verdict `of`"),
        ("run paper1 table1 --results nowhere/R.md", "no folder `nowhere`"),
        ("run paper1 table1 --results .", "is no plain file"),
        ("run paper1 table1 --store " + "a" * 300, "File name too long"),
        ("count lpn_50 --depth -1", "depth"),
        ("count lpn50", "`lpn_50`"),
        ("count lpn_50 --input 250x190", "multiples of 16"),
        ("count lpn_50 --input big", "`big` is no size"),
        ("count lpn_50 --convention mmvc", "`mmcv`"),
        ("count lpn_50 --keypoints 0", "'--keypoints': 0 is not in the range"),
        ("count lpn_50 --keypoints many", "many"),
        ("parity lpn50", "`lpn_50`"),
        ("parity --golden nowhere", "`nowhere` is no folder"),
        ("explain paper2 table1 LPN-51 flops", "`LPN-50`"),
        ("explain paper2 table1 LPN-50 flop", "`flops`"),
        ("list paper1 paper2", "paper2"),
        ("explain paper2 table1 LPN-50 method", "holds no number"),
        ("explain paper2 table1 CPN ar", "is blank"),
        ("explain paper1 table1 Small gflops", "means 2 rows"),
        ("lst", "lst"),
        ("list --nonsense", "--nonsense"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(repro: Run, words: str, said: str) -> None:
    outcome = repro(*words.split())
    assert outcome.code == 2
    assert outcome.out == ""
    assert said.lower() in outcome.err.lower()
    assert outcome.err.startswith("error: ")
    assert "Traceback" not in outcome.err and len(outcome.err.splitlines()) <= 3


ENDS = (
    ("show paper2 table3 | head -1", "", 0),
    ("run paper2 table3 | head -1", "", 0),
    ("show paper2 table3 > /dev/full", "the output cannot be used: No space left", 2),
    ("run paper2 table3 > /dev/full", "the output cannot be used: No space left", 2),
    ("show paper2 table3 >&-", "", 0),
    ("run paper2 table3 >&-", "", 0),
)


@pytest.mark.parametrize(("words", "said", "code"), ENDS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_closed_or_full_output_loses_nothing(
    tmp_path: Path, committed: Path, words: str, said: str, code: int
) -> None:
    script = f"set -o pipefail; {sys.executable} {ROOT / 'cli.py'} {words}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "RESULTS.md").exists() == words.startswith("run")


@pytest.mark.parametrize("words", ["list", "show paper2 table3", "doctor", "list paper2 --json"])
def test_an_output_without_unicode_is_served(tmp_path: Path, words: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("package", "words"),
    [("fvcore.nn", "count lpn_50 --input 64x64"), ("orjson", "data synth made --train 1 --val 1")],
)
def test_a_package_that_is_not_installed_is_named(
    repro: Run, monkeypatch: pytest.MonkeyPatch, package: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    outcome = repro(*words.split())
    assert outcome.code == 2 and "Traceback" not in outcome.err
    assert f"This needs `{package.partition('.')[0]}`, which is not installed" in outcome.err


def test_a_bug_is_not_hidden(repro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from repro import doctor

    def broken(store: object) -> object:
        raise KeyError("bug")

    monkeypatch.setattr(doctor, "checks", broken)
    with pytest.raises(KeyError):
        repro("doctor")
