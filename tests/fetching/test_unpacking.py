"""Archives are unpacked whole and inside their folder, or not at all."""

import errno
import os
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest

from repro.fetching import unpacking
from repro.fetching.partial import DiskError, SourceError
from support.archives import contents, special, tarred, zip_link, zipped

FILES = {"val2017/a.jpg": b"a" * 300, "val2017/b.jpg": b"b" * 5, "list.json": b"[]"}


def unpack(content: bytes, folder: Path, name: str) -> None:
    archive = folder.with_name("archive.part")
    archive.write_bytes(content)
    unpacking.unpack(archive, name, folder, lambda written: None)


def doubled() -> bytes:
    """A zip archive with one name twice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        merged = zipped({"a.txt": b"1", "b.txt": b"2"})
        return merged.replace(b"b.txt", b"a.txt")


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz"])
def test_an_archive_is_unpacked_and_progress_is_told(name: str, tmp_path: Path) -> None:
    archive, told = tmp_path / name, list[int]()
    archive.write_bytes(zipped(FILES) if name.endswith("zip") else tarred(FILES))
    unpacking.unpack(archive, name, tmp_path / "coco", told.append)
    assert contents(tmp_path / "coco") == FILES and told[-1] == 307


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    folder = tmp_path / "coco"
    (folder / "val2017").mkdir(parents=True)
    for name, content in (("val2017/a.jpg", FILES["val2017/a.jpg"]), ("val2017/z.jpg", b"z")):
        (folder / name).write_bytes(content)
    before = (folder / "val2017" / "a.jpg").stat().st_ino
    unpack(zipped(FILES), folder, "x.zip")
    assert contents(folder) == {**FILES, "val2017/z.jpg": b"z"}
    assert (folder / "val2017" / "a.jpg").stat().st_ino == before
    (folder / "val2017" / "a.jpg").write_bytes(b"mine")
    (folder / "list.json").unlink()
    with pytest.raises(DiskError, match="has another content than in `x"):
        unpack(zipped(FILES), folder, "x.zip")
    assert (folder / "val2017" / "a.jpg").read_bytes() == b"mine"
    assert not (folder / "list.json").exists()
    (folder / "list.json").mkdir()
    with pytest.raises(DiskError, match="is in the way"):
        unpack(zipped({"list.json": b"[]"}), folder, "x.zip")


def test_a_link_that_lies_there_is_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "coco", tmp_path / "outside"
    for path in (folder, outside):
        path.mkdir()
    (folder / "val2017").symlink_to(outside)
    with pytest.raises(DiskError, match="is in the way"):
        unpack(zipped(FILES), folder, "x.zip")
    assert not contents(outside)


HOSTILE = {
    "absolute": ("x.zip", zipped({"/elsewhere/evil": b"x"}), "leads out of its folder"),
    "above": ("x.zip", zipped({"a/../../evil": b"x"}), "leads out of its folder"),
    "back slash": ("x.zip", zipped({"..\\evil": b"x"}), "leads out of its folder"),
    "drive": ("x.zip", zipped({"C:evil": b"x"}), "leads out of its folder"),
    "line": ("x.zip", zipped({"a\nb": b"x"}), "leads out of its folder"),
    "zip link": ("x.zip", zip_link("a", "/etc/passwd"), "a link or a device"),
    "zip bomb": ("x.zip", zipped({"a": bytes(2**21)}), "more than 1,048,576 bytes"),
    "twice": ("x.zip", doubled(), "`a.txt` twice"),
    "case": ("x.zip", zipped({"a": b"1", "A": b"2"}), "`A` twice"),
    "file and folder": ("x.zip", zipped({"a": b"1", "a/b": b"2"}), "for a file and a folder"),
    "nothing": ("x.zip", zipped({}), "holds no file"),
    "cut zip": ("x.zip", zipped(FILES)[:-9], "cannot be unpacked"),
    "no zip": ("x.zip", b"no archive", "cannot be unpacked"),
    "tar above": ("x.tar.gz", tarred({"../evil": b"x"}), "leads out of its folder"),
    "tar absolute": ("x.tar.gz", tarred({"/evil": b"x"}), "leads out of its folder"),
    "tar link": ("x.tar.gz", tarred({}, special("a", tarfile.SYMTYPE, "/etc")), "a link or"),
    "tar hard link": ("x.tar.gz", tarred({}, special("a", tarfile.LNKTYPE, "/etc/x")), "a link or"),
    "tar device": ("x.tar.gz", tarred({}, special("a", tarfile.CHRTYPE)), "a link or a device"),
    "tar pipe": ("x.tar.gz", tarred({}, special("a", tarfile.FIFOTYPE)), "a link or a device"),
    "tar bomb": ("x.tar.gz", tarred({"a": bytes(2**21)}), "more than 1,048,576 bytes"),
    "cut tar": ("x.tar.gz", tarred(FILES)[:-5], "cannot be unpacked"),
    "no tar": ("x.tar.gz", b"no archive at all", "cannot be unpacked"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_or_damaged_archive_leaves_no_trace(kind: str, tmp_path: Path) -> None:
    name, content, said = HOSTILE[kind]
    folder = tmp_path / "coco"
    with pytest.raises(SourceError) as caught:
        unpack(content, folder, name)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert not list(folder.iterdir()) and not (tmp_path / "evil").exists()


def test_a_damaged_byte_is_noticed(tmp_path: Path) -> None:
    for name, content in (
        ("x.zip", bytearray(zipped(FILES, zipfile.ZIP_STORED))),
        ("x.tar.gz", bytearray(tarred({"a": os.urandom(4000)}))),
    ):
        content[len(content) // 3 if name.endswith("gz") else 60] ^= 4
        with pytest.raises(SourceError, match="cannot be unpacked"):
            unpack(bytes(content), tmp_path / "coco", name)
        assert not contents(tmp_path / "coco")


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_ENTRIES", 2)
    with pytest.raises(SourceError, match="more than 2 entries"):
        unpack(zipped(FILES), tmp_path / "coco", "x.zip")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_an_interruption_leaves_no_half_tree(error: BaseException, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(zipped(FILES))

    def stop(written: int) -> None:
        if written > 300:
            raise error

    kind = DiskError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(kind):
        unpacking.unpack(tmp_path / "x", "x.zip", tmp_path / "coco", stop)
    assert not list((tmp_path / "coco").iterdir())


def test_what_a_killed_unpacking_left_goes(tmp_path: Path) -> None:
    left = tmp_path / "coco" / ".repro-left.tmp"
    left.mkdir(parents=True)
    (left / "old").write_bytes(b"old")
    for path in (left / "old", left):
        os.utime(path, (0, 0))
    unpack(zipped(FILES), tmp_path / "coco", "x.zip")
    assert contents(tmp_path / "coco") == FILES
