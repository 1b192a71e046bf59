"""`records gc` takes what nobody has any more, wherever it lies in the store, and nothing else."""

import os
import time
from pathlib import Path

import pytest

from repro import files
from repro.errors import ReproError
from repro.records import cleanup
from repro.records.claims import Claims
from repro.records.store import HOUR, Store
from support.command_line import Run
from support.small_record import SPEC, record

STALE_KEY, OTHER_KEY = "0" * 64, "1" * 64
LEFT = f".repro-{files._host()}-{2**30}-1-ab.tmp"
"""of a process that is no more"""


def collected(store: Path, dry_run: bool = False) -> list[str]:
    """What was removed, below the store."""
    removed = cleanup.collect(Store(store), dry_run)
    return sorted(str(path.relative_to(store)) for path in removed)


def aged(*paths: Path) -> None:
    """Make files and folders older than what may still be written."""
    for path in paths:
        for one in (*path.rglob("*"), path):
            os.utime(one, (time.time() - 2 * HOUR,) * 2, follow_symlinks=False)


def test_what_killed_writings_left_goes_wherever_it_lies(tmp_path: Path) -> None:
    store = Store(tmp_path)
    shards = store.artifacts(store.add(record()).stem) / "shards"
    shards.mkdir(parents=True)
    places = [tmp_path, shards.parent.parent, shards.parent, shards]
    for place in places:
        (place / LEFT).mkdir()
        (place / LEFT / "part").touch()
    expected = sorted(str((place / LEFT).relative_to(tmp_path)) for place in places)
    assert collected(tmp_path, dry_run=True) == expected
    assert collected(tmp_path) == expected
    assert collected(tmp_path) == [] and not list(tmp_path.rglob(".repro-*"))


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    shards = Store(tmp_path).artifacts(STALE_KEY) / "shards"
    shards.mkdir(parents=True)
    with files.temporary_file(shards) as live, files.temporary_folder(tmp_path) as folder:
        live.touch()
        aged(live, folder)
        assert collected(tmp_path) == []
        assert live.exists() and folder.exists()


def test_nothing_of_a_run_that_is_being_made_goes(tmp_path: Path) -> None:
    store, other = Store(tmp_path), Claims(tmp_path)
    stale, abandoned = store.add(record(key=STALE_KEY)), store.artifacts(OTHER_KEY)
    (abandoned / "shards").mkdir(parents=True)
    aged(abandoned)
    other.begin()
    assert other.take(STALE_KEY) and other.take(OTHER_KEY)
    assert collected(tmp_path) == []
    with pytest.raises(ReproError, match="Another process makes"):
        cleanup.remove(store, STALE_KEY)
    other.free_all()
    aged(abandoned)
    both = [f"00/{STALE_KEY}.json", f"11/{OTHER_KEY}"]
    assert collected(tmp_path) == both
    assert not stale.exists() and not abandoned.exists()


def test_a_record_that_was_mended_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    path = store.add(record())
    path.write_text("{")
    entries = cleanup.entries

    def then_mended(store: Store) -> list[cleanup.StoredFile]:
        found = entries(store)
        Store(tmp_path).add(record())
        return found

    monkeypatch.setattr(cleanup, "entries", then_mended)
    assert collected(tmp_path) == [f"{SPEC.key[:2]}/{SPEC.key}.1.broken"]
    assert Store(tmp_path).find(SPEC) is not None


def test_no_link_leads_out_of_the_store(tmp_path: Path, repro: Run) -> None:
    outside, store = tmp_path / "outside", tmp_path / "store"
    (outside / STALE_KEY / "shards").mkdir(parents=True)
    Store(outside).add(record(key=STALE_KEY)).rename(outside / f"{STALE_KEY}.json")
    for name in (LEFT, f"{STALE_KEY}.1.broken"):
        (outside / name).touch()
    aged(outside)
    before = sorted(outside.rglob("*"))
    (store / "11").mkdir(parents=True)
    (store / "00").symlink_to(outside)
    (store / "11" / OTHER_KEY).symlink_to(outside)
    answer = repro("records", "gc", "--store", str(store))
    assert answer.code == 0 and sorted(outside.rglob("*")) == before
    assert f"`{store}/00` is a link: what it leads to is left as it is." in answer.err


def test_locks_that_nobody_holds_go(tmp_path: Path) -> None:
    held = Claims(tmp_path)
    held.begin()
    assert held.take(STALE_KEY)
    (tmp_path / ".locks" / f"{OTHER_KEY}.lock").touch()
    assert collected(tmp_path, dry_run=True) == [f".locks/{OTHER_KEY}.lock"]
    assert collected(tmp_path) == [f".locks/{OTHER_KEY}.lock"]
    assert [path.stem for path in (tmp_path / ".locks").iterdir()] == [STALE_KEY]
    held.free_all()
