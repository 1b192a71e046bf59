"""An evaluation that was stopped goes on where it was, and ends with the same bytes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from repro.errors import StoreError
from repro.evaluation import overlap, shards
from repro.evaluation.request import Execution
from repro.evaluation.shards import Shards
from support.command_line import ROOT, Run
from support.evaluation_scenes import Scene, parsed, refused

SMALL = ("--boxes", "gt", "--batch", "2", "--input", "64x48")
"""several shards: one has 16 batches"""


@pytest.fixture(autouse=True)
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records say when they were made, and how long it took; here all at one moment."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch a shard."""
    monkeypatch.setattr(Execution.__init__, "__defaults__", ("cpu", 32, 2, None, 1))


def tree(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*/shards/*.shard"))


KILLED = """
import os, signal, sys
import cli
from repro.evaluation.request import Execution
from repro.evaluation.shards import Shards

Execution.__init__.__defaults__ = ("cpu", 32, 2, None, 1)
save = Shards.save

def dying(self, number, arrays):
    save(self, number, arrays)
    if number == 2:
        (self.folder / ".repro-half.tmp").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)

Shards.save = dying
cli.main()
"""


@pytest.mark.thorough
def test_kill_9_and_a_rerun_give_the_same_bytes(
    repro: Run, scene: Scene, tmp_path: Path, small_shards: None
) -> None:
    words = ("eval", "lpn_50", "--weights", str(scene.checkpoint("lpn_50")), *scene.named(), *SMALL)
    assert repro(*words, "--store", "whole").code == 0
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *words, "--store", "killed"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = {path: path.stat().st_mtime_ns for path in parts(tmp_path / "killed")}
    assert len(left) == 3 and not list(tmp_path.glob("killed/??/*.json"))
    seen: list[int] = []
    save = Shards.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shards, "save", lambda self, n, made: (seen.append(n), save(self, n, made)))
        assert repro(*words, "--store", "killed").code == 0
    assert seen[0] == 3 and len(seen) > 2
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")
    assert len(tree(tmp_path / "whole")) == 2  # the record and its poses; no shards, no halves


@pytest.mark.parametrize("words", ["--boxes gt --batch 4", "--protocol paper4/coco-val2017"])
def test_ctrl_c_keeps_what_is_finished(
    repro: Run, scene: Scene, tmp_path: Path, small_shards: None, words: str
) -> None:
    command = ("eval", "truth", *scene.named(), *words.split(), "--input", "64x64")
    save = Shards.save

    def interrupted(self: Shards, number: int, arrays: shards.Arrays) -> None:
        save(self, number, arrays)
        if number == 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shards, "save", interrupted)
        outcome = repro(*command)
    assert outcome.code == 130 and outcome.out == "" and "Traceback" not in outcome.err
    assert "run the same command again" in outcome.err
    kept = {path: path.stat().st_mtime_ns for path in parts(tmp_path / "records")}
    assert len(kept) == 2
    assert parsed(repro(*command, "--json"))["record"]
    assert not parts(tmp_path / "records")


def test_torn_and_altered_shards_are_done_again(
    repro: Run, scene: Scene, tmp_path: Path, small_shards: None
) -> None:
    words = ("eval", "truth", *scene.named(), "--boxes", "gt", "--batch", "2", "--input", "64x48")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("repro.run.clear_unnamed", lambda *words: None)
        assert repro(*words, "--store", "whole").code == 0
    whole = tree(tmp_path / "whole")
    files = parts(tmp_path / "whole")
    (record,) = (tmp_path / "whole").glob("??/*.json")
    record.unlink()
    content = files[0].read_bytes()
    files[0].write_bytes(content[: len(content) // 2])
    files[1].write_bytes(b"")
    content = bytearray(files[2].read_bytes())
    content[len(content) // 2] ^= 1
    files[2].write_bytes(content)
    files[3].write_bytes(files[4].read_bytes()[:32] + content[32:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("repro.run.clear_unnamed", lambda *words: None)
        assert repro(*words, "--store", "whole").code == 0
    assert tree(tmp_path / "whole") == whole


def test_a_known_evaluation_reads_no_image(repro: Run, scene: Scene, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ("eval", "truth", "--boxes", "gt", "--annotations", str(scene.annotations), "--json")
    first = repro(*words, "--images", str(scene.images))
    again = repro(*words, "--images", str(empty))
    assert parsed(again) == parsed(first)
    refused(repro(*words, "--images", str(empty), "--fresh"), "lacks 6 of the 6 images")


def test_fresh_uses_nothing_from_before(
    repro: Run, scene: Scene, tmp_path: Path, small_shards: None
) -> None:
    words = ("eval", "truth", *scene.named(), "--boxes", "gt", "--batch", "4", "--input", "64x48")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("repro.run.clear_unnamed", lambda *words: None)
        assert repro(*words).code == 0
    good = parts(tmp_path / "records")[0]
    stale = {"keypoints": np.zeros((4, 17, 3))}
    Shards(good.parent).save(0, stale)
    outcome = repro(*words, "--fresh")
    assert outcome.code == 0 and "crops in" in outcome.err
    records = sorted(tmp_path.glob("records/??/*.json"))
    assert [path.name.count(".2.") for path in records] == [1, 0]
    both = [json.loads(path.read_text())["measurements"] for path in records]
    assert both[0] == both[1]


def test_loaders_change_nothing_and_the_batch_changes_the_key(
    repro: Run, scene: Scene, tmp_path: Path
) -> None:
    words = ("eval", "lpn_50", "--weights", str(scene.checkpoint("lpn_50")), *scene.named())
    words += ("--boxes", "gt", "--input", "32x32", "--json", "--output", "poses.json")
    seen = []
    for extra in ("--loaders 1 --store a", "--loaders 7 --store b", "--batch 3 --store a"):
        data = parsed(repro(*words, *extra.split()))
        seen.append((data["record"], (tmp_path / "poses.json").read_bytes()))
    assert seen[0] == seen[1]
    assert seen[2][0] != seen[0][0]


def test_a_full_disk_is_named_and_finished_shards_stay(
    repro: Run, scene: Scene, tmp_path: Path, small_shards: None
) -> None:
    words = ("eval", "truth", *scene.named(), "--boxes", "gt", "--batch", "4", "--input", "64x48")
    write = shards.write_whole

    def full(path: Path, content: bytes) -> bool:
        if path.name.startswith("000002"):
            raise OSError(28, "No space left on device")
        return write(path, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "write_whole", full)
        refused(repro(*words), "No space left on device", "is kept", "--store")
    assert len(parts(tmp_path / "records")) == 2
    assert repro(*words).code == 0


def test_a_shard_is_whole_or_not_there(tmp_path: Path) -> None:
    kept = Shards(tmp_path / "parts")
    rng = np.random.default_rng(0)
    arrays = {"keypoints": rng.normal(size=(9, 17, 3)), "image": np.arange(9)}
    kept.save(3, arrays)
    found = kept.find(3)
    assert found is not None and found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert kept.find(2) is None
    (path,) = (tmp_path / "parts").iterdir()
    content = path.read_bytes()
    for place in range(0, len(content), 61):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        assert kept.find(3) is None
        path.write_bytes(content[:place])
        assert kept.find(3) is None
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Shards(tmp_path / "file").save(0, arrays)


def test_without_a_folder_nothing_is_kept() -> None:
    nowhere = Shards(None)
    nowhere.save(0, {"image": np.arange(3)})
    assert nowhere.find(0) is None
    nowhere.clear()


@pytest.mark.parametrize("loaders", [1, 2, 5])
@pytest.mark.parametrize("stage", ["load", "compute"])
def test_what_came_before_a_failure_is_finished(stage: str, loaders: int) -> None:
    def failing(name: str, task: int) -> int:
        if name == stage and task == 3:
            raise OSError("torn")
        return task

    def load(task: int) -> int:
        return failing("load", task)

    def compute(task: int) -> int:
        return failing("compute", task)

    running = overlap.overlapped(range(6), load, compute, int, loaders)
    seen = []
    with pytest.raises(OSError, match="torn"):
        for one in running:
            seen.append(one)
    assert seen == [0, 1, 2]


def test_stages_overlap_and_keep_their_order() -> None:
    tasks = list(range(20))
    found = overlap.overlapped(tasks, lambda n: n + 1, lambda n: 2 * n, lambda n: -n, 3)
    assert list(found) == [-2 * (n + 1) for n in tasks]
    assert list(overlap.overlapped([], int, int, int)) == []
