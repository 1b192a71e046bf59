"""Orders: sources in turn, what is placed where, and two hundred faults."""

import os
import random
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.fetching.need import needed
from repro.fetching.order import FetchSettings, fetch, sources
from repro.fetching.partial import Partial
from repro.fetching.wanted_file import WantedFile
from repro.records import lock
from support.archives import contents, zipped
from support.fault_server import PATIENCE, FaultServer, wanted_of

PICTURES = {"val2017/a.jpg": b"a" * 3000, "val2017/b.jpg": random.Random(1).randbytes(3000)}
ARCHIVE = zipped(PICTURES)
WEIGHTS = random.Random(2).randbytes(4000)
USUAL = FetchSettings(patience=PATIENCE)


def ignore(name: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def archive_of(server: FaultServer | None, folder: Path, **facts: object) -> WantedFile:
    return wanted_of(server, folder, "val2017.zip", ARCHIVE, hashed=False, archive=True, **facts)


def test_archives_are_unpacked_and_go_unless_they_are_kept(
    server: FaultServer, tmp_path: Path
) -> None:
    wanted = archive_of(server, tmp_path / "coco")
    (done,) = fetch([wanted], USUAL, ignore).done
    assert done.shown == "no hash is published; its length and the archive agree"
    assert contents(tmp_path / "coco") == PICTURES
    kept = FetchSettings(keep_archives=True, patience=PATIENCE)
    wanted = archive_of(server, tmp_path / "kept")
    assert fetch([wanted], kept, ignore).done
    assert contents(tmp_path / "kept") == {**PICTURES, "val2017.zip": ARCHIVE}


def test_one_that_fails_stops_no_other(server: FaultServer, tmp_path: Path) -> None:
    first = wanted_of(server, tmp_path, "a.pth", WEIGHTS)
    second = wanted_of(server, tmp_path, "b.pth", WEIGHTS)
    here = wanted_of(server, tmp_path, "c.pth", WEIGHTS, here=True)
    by_hand = wanted_of(None, tmp_path, "d.pth", WEIGHTS)
    server.faults = [("404", 0)]
    outcome = fetch([first, second, here, by_hand], USUAL, ignore)
    assert list(outcome.failures) == ["a.pth"]
    assert [one.wanted.name for one in outcome.done] == ["b.pth"]
    assert contents(tmp_path) == {"b.pth": WEIGHTS}


def test_a_file_of_another_hash_gets_no_name(server: FaultServer, tmp_path: Path) -> None:
    wanted = wanted_of(server, tmp_path, "a.pth", WEIGHTS)
    server.faults = [("damaged", 0)]
    outcome = fetch([wanted], USUAL, ignore)
    assert "should have" in str(outcome.failures["a.pth"]) and not contents(tmp_path)


def test_mirrors_come_first_in_their_order(server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "near").mkdir()
    settings = FetchSettings((server.url("mirror"), str(tmp_path / "near")), patience=PATIENCE)
    wanted = wanted_of(server, tmp_path / "weights", "a b.pth", WEIGHTS)
    assert sources(wanted, settings) == [server.url("mirror/a%20b.pth"), wanted.address]
    (tmp_path / "near" / "a b.pth").write_bytes(WEIGHTS)
    server.faults = [("404", 0)]
    (done,) = fetch([wanted], settings, ignore).done
    assert done.source == str(tmp_path / "near" / "a b.pth") and len(server.asked) == 1
    assert contents(tmp_path / "weights") == {"a b.pth": WEIGHTS}
    by_hand = wanted_of(None, tmp_path / "boxes", "a b.pth", WEIGHTS)
    assert fetch([by_hand], settings, ignore).done


def test_a_folder_serves_offline_and_stays(server: FaultServer, tmp_path: Path) -> None:
    near = tmp_path / "near"
    near.mkdir()
    for name, content in (("val2017.zip", ARCHIVE), ("a.pth", WEIGHTS), ("b.pth", b"other")):
        (near / name).write_bytes(content)
    settings = FetchSettings((str(near),), offline=True)
    files = [
        archive_of(server, tmp_path / "coco"),
        wanted_of(server, tmp_path / "weights", "a.pth", WEIGHTS),
        wanted_of(server, tmp_path / "weights", "b.pth", WEIGHTS),
        wanted_of(server, tmp_path / "weights", "c.pth", WEIGHTS),
    ]
    outcome = fetch(files, settings, ignore)
    assert list(outcome.failures) == ["b.pth"] and len(outcome.done) == 2 and not server.asked
    assert contents(tmp_path / "coco") == PICTURES
    assert (tmp_path / "weights" / "a.pth").read_bytes() == WEIGHTS
    assert (near / "b.pth").read_bytes() == b"other" and (near / "val2017.zip").is_file()


def test_offline_is_refused_before_any_connection(tmp_path: Path) -> None:
    for mirrors in ((), ("http://127.0.0.1:9",)):
        with pytest.raises(ReproError, match="Offline: nothing is fetched"):
            FetchSettings(mirrors, offline=True)
    with pytest.raises(ReproError, match="`ftp://x` is no address"):
        FetchSettings(("ftp://x",))
    with pytest.raises(ReproError, match="There is no folder `absent`"):
        FetchSettings(("absent",))


def test_two_processes_do_not_write_one_file(server: FaultServer, tmp_path: Path) -> None:
    wanted = wanted_of(server, tmp_path, "a.pth", WEIGHTS)
    with lock.held(Partial(wanted.path).lock, "taken", "wait"):
        outcome = fetch([wanted], USUAL, ignore)
    said = str(outcome.failures["a.pth"])
    assert f"is being fetched already (process {os.getpid()})" in said and not server.asked
    assert fetch([wanted], USUAL, ignore).done


def test_a_folder_that_cannot_be_made_is_one_sentence(server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "coco").write_text("a file")
    outcome = fetch([archive_of(server, tmp_path / "coco")], USUAL, ignore)
    assert "cannot be written" in str(outcome.failures["val2017.zip"])


def test_room_is_added_up_before_anything_is_asked(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.fetching.space.free", lambda folder: 1500)
    archive = archive_of(server, tmp_path, about=1000)
    Partial(archive.path).path.write_bytes(bytes(400))
    weights = wanted_of(server, tmp_path, "a.pth", WEIGHTS)
    need = needed([archive, weights], FetchSettings(), tmp_path)
    assert (need.download, need.unpacked, need.unstated, need.room) == (600, 1000, 1, 1600)
    with pytest.raises(ReproError, match=r"1.6 KB are needed .* and 1.5 KB are free"):
        need.check()
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "val2017.zip").write_bytes(ARCHIVE)
    near = needed([archive, weights], FetchSettings((str(tmp_path / "near"),)), tmp_path)
    assert (near.download, near.room) == (0, 1000)


FAULTS = (
    *("cut", "cut", "cut", "stall", "drop", "503", "500", "429", "403", "404", "204", "416"),
    *(
        "redirect",
        "loop",
        "to_file",
        "html",
        "hidden_html",
        "no_range",
        "half_range",
        "wrong_range",
        "changed",
    ),
    *("too_long", "too_short", "gzip", "no_length", "damaged"),
)


@pytest.mark.parametrize("part", range(8))
def test_every_fault_ends_in_a_whole_file_or_one_sentence(
    part: int, server: FaultServer, tmp_path: Path
) -> None:
    """25 orders a part, 200 in all, each with one to three faults; then without any."""
    for seed in range(25 * part, 25 * part + 25):
        chance = random.Random(seed)
        kind = FAULTS[seed % len(FAULTS)]
        more = chance.choices(FAULTS, k=chance.randrange(3))
        faults = [(name, chance.randrange(4000)) for name in (kind, *more)]
        server.validator = chance.choice(["etag", "date", "weak", "nothing"])
        folder = tmp_path / str(seed)
        if chance.random() < 0.5:
            wanted, server.instead = archive_of(server, folder), zipped({"val2017/c.jpg": b"new"})
            whole = [PICTURES, {"val2017/c.jpg": b"new"}]
        else:
            wanted, server.instead = wanted_of(server, folder, "a.pth", WEIGHTS), bytes(4000)
            whole = [{"a.pth": WEIGHTS}]
        server.faults = list(faults)
        outcome = fetch([wanted], USUAL, ignore)
        if outcome.done:
            assert contents(folder) in whole, (seed, faults)
            continue
        (error,) = outcome.failures.values()
        assert "\n" not in str(error) and str(error).endswith("."), (seed, faults)
        assert not set(contents(folder)) & {name for one in whole for name in one}
        server.faults, server.files[wanted.name] = [], ARCHIVE if wanted.archive else WEIGHTS
        again = fetch([wanted], USUAL, ignore)
        assert (
            not again.failures or "damaged on the way" in next(iter(again.failures.values())).hint
        )
        if again.failures:  # bytes of a changed file were kept, and found out by their hash
            assert not fetch([wanted], USUAL, ignore).failures
        assert contents(folder) == whole[0], (seed, faults)
