"""One file over HTTP: what is asked for, what is taken, and what is kept."""

import errno
import random
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.fetching import download
from repro.fetching.download import Patience, Transfer
from repro.fetching.partial import DiskError, Origin, Partial, SourceError, verified
from repro.fetching.wanted_file import WantedFile
from support.fault_server import PATIENCE, FaultServer, wanted_of

CONTENT = random.Random(5).randbytes(20_000)
ONCE = Patience(timeout=0.15, most=1, pause=0.0)


def ignore(name: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def fetched(wanted: WantedFile, patience: Patience = PATIENCE) -> Partial:
    assert wanted.address is not None
    partial = Partial(wanted.path)
    download.download(wanted.address, wanted, partial, ignore, patience)
    return partial


def test_a_file_comes_whole_and_progress_is_told(server: FaultServer, tmp_path: Path) -> None:
    wanted, told = wanted_of(server, tmp_path, "a.pth", CONTENT), list[tuple[int, int | None]]()
    partial = Partial(wanted.path)
    tell = lambda name, done, total: told.append((done, total))  # noqa: E731
    download.download(server.url("a.pth"), wanted, partial, tell, PATIENCE)
    assert partial.path.read_bytes() == CONTENT and not wanted.path.exists()
    assert told[-1] == (len(CONTENT), len(CONTENT)) and len(told) > 10
    assert verified(wanted, partial.path) == "sha256 as published"
    partial.settle()
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


@pytest.mark.parametrize("validator", ["etag", "date"])
def test_a_cut_download_transfers_only_the_rest(
    server: FaultServer, tmp_path: Path, validator: str
) -> None:
    server.validator = validator
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT, hashed=False)
    server.faults = [("cut", 9000)]
    with pytest.raises(SourceError, match="bytes are kept: the same command goes on"):
        fetched(wanted, ONCE)
    kept, server.sent = Partial(wanted.path).size, 0
    assert 8000 < kept <= 9000
    assert fetched(wanted).path.read_bytes() == CONTENT
    assert server.sent == len(CONTENT) - kept
    (_, headers) = server.asked[-1]
    assert headers["Range"] == f"bytes={kept}-" and headers["If-Range"]


def test_within_one_command_it_goes_on_by_itself(server: FaultServer, tmp_path: Path) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT)
    server.faults = [("cut", at) for at in (700, 1200, 3000, 2500, 600, 900)]
    assert fetched(wanted).path.read_bytes() == CONTENT
    assert len(server.asked) == 7 and server.sent < len(CONTENT) + 7 * 512


def test_a_whole_partial_file_is_not_asked_for_again(server: FaultServer, tmp_path: Path) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT)
    fetched(wanted)
    server.asked.clear()
    assert fetched(wanted).path.read_bytes() == CONTENT and not server.asked


def test_without_a_hash_two_states_of_a_file_are_never_mixed(
    server: FaultServer, tmp_path: Path
) -> None:
    other = bytes(reversed(CONTENT))
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT, hashed=False)
    server.faults, server.instead = [("cut", 9000), ("changed", 0)], other
    assert fetched(wanted).path.read_bytes() == other
    for validator in ("weak", "nothing"):
        Partial(wanted.path).clear()
        server.validator, server.faults = validator, [("cut", 9000)]
        assert fetched(wanted).path.read_bytes() == other
        assert "Range" not in server.asked[-1][1]
    longer, server.validator = b"more" + other, "date"  # of the same second
    Partial(wanted.path).clear()
    server.faults, server.instead = [("cut", 9000), ("changed", 0)], longer
    assert fetched(wanted).path.read_bytes() == longer


@pytest.mark.parametrize(
    "faults",
    [
        [("cut", 9000), ("no_range", 0)],
        [("cut", 9000), ("wrong_range", 0)],
        [("cut", 9000), ("half_range", 0)],
        [("cut", 9000), ("416", 0)],
        [("stall", 9000)],
        [("drop", 0)],
        [("503", 0), ("429", 0)],
        [("too_long", 0)],
        [("redirect", 0)],
        [("gzip", 0)],
        [("no_length", 0)],
        [("cut", 9000), ("gzip", 0)],
        [("cut", 9000), ("redirect", 0)],
    ],
    ids=str,
)
def test_what_another_attempt_mends_is_mended(
    server: FaultServer, tmp_path: Path, faults: list[tuple[str, int]]
) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT)
    server.faults = list(faults)
    assert fetched(wanted).path.read_bytes() == CONTENT and not server.faults


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([("404", 0)], "answers 404 Not Found"),
        ([("403", 0)], "answers 403 Forbidden"),
        ([("204", 0)], "answers 204, without a file"),
        ([("500", 0)] * 3, "the server answers 500"),
        ([("stall", 0)] * 3, "nothing came for 0.15 s"),
        ([("drop", 0)] * 3, "the connection failed"),
        ([("html", 0)], "A web page came instead of `a.bin`"),
        ([("hidden_html", 0)], "A web page came instead of `a.bin`"),
        ([("loop", 0)] * 40, "leads nowhere: Exceeded 30 redirects"),
        ([("to_file", 0)], "leads nowhere: No connection adapters were found for 'file:"),
    ],
)
def test_what_cannot_be_mended_is_one_sentence(
    server: FaultServer, tmp_path: Path, faults: list[tuple[str, int]], said: str
) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT, by_hand="Click.")
    server.faults = list(faults)
    with pytest.raises(SourceError) as caught:
        fetched(wanted)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
    if "page" in said:
        assert "https://example.org/page: Click." in caught.value.hint


def test_a_server_nobody_listens_at_is_one_sentence(tmp_path: Path, server: FaultServer) -> None:
    wanted = wanted_of(None, tmp_path, "a.bin", CONTENT, address="http://127.0.0.1:9/a.bin")
    with pytest.raises(SourceError, match=r"the connection failed .*refused"):
        fetched(wanted)
    odd = wanted_of(None, tmp_path, "a.bin", CONTENT, address="http://[::1/a.bin")
    with pytest.raises(SourceError, match="leads nowhere"):
        fetched(odd)


def test_what_cannot_be_known_to_be_whole_is_refused(server: FaultServer, tmp_path: Path) -> None:
    wanted = wanted_of(server, tmp_path, "a.json", CONTENT, hashed=False)
    server.faults = [("no_length", 0)]
    with pytest.raises(SourceError, match=r"Nothing tells whether `a\.json` is whole"):
        fetched(wanted)
    sized = wanted_of(server, tmp_path, "a.json", CONTENT, hashed=False, size=len(CONTENT))
    server.faults = [("no_length", 0)]
    assert fetched(sized).path.read_bytes() == CONTENT


def test_another_size_than_is_stated_is_another_file(server: FaultServer, tmp_path: Path) -> None:
    exact = wanted_of(server, tmp_path, "a.bin", CONTENT, size=19_999, about=19_999)
    with pytest.raises(SourceError, match="has 20,000 bytes, and should have 19,999"):
        fetched(exact)
    rough = wanted_of(server, tmp_path, "a.bin", CONTENT, about=9000)
    with pytest.raises(SourceError, match="has 20,000 bytes; about 9,000 are stated"):
        fetched(rough)
    server.faults = [("no_length", 0)]
    with pytest.raises(SourceError, match="sends more than 18,000 bytes"):
        fetched(rough)
    assert not list(tmp_path.iterdir())


def test_a_wrong_hash_says_both(server: FaultServer, tmp_path: Path) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT)
    server.files["a.bin"] = bytes(20_000)
    path = fetched(wanted).path
    with pytest.raises(SourceError) as caught:
        verified(wanted, path)
    assert wanted.sha256 is not None and wanted.sha256 in str(caught.value)
    assert "should have" in str(caught.value) and "was removed" in str(caught.value)


def test_a_full_disk_keeps_what_came(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT)
    flush = Transfer.flush

    def full(self: Transfer) -> None:
        flush(self)
        if self.size > 5000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Transfer, "flush", full)
        with pytest.raises(DiskError, match=r"There is no room left .* bytes of it are kept"):
            fetched(wanted)
    kept, server.sent = Partial(wanted.path).size, 0
    assert kept > 5000 and fetched(wanted).path.read_bytes() == CONTENT
    assert server.sent == len(CONTENT) - kept


def test_too_little_room_is_told_before_a_byte_comes(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT)
    monkeypatch.setattr("repro.fetching.space.free", lambda folder: 100)
    with pytest.raises(DiskError, match=r"takes 20 KB more, and 100 bytes are free"):
        fetched(wanted)
    assert not list(tmp_path.iterdir())


def test_a_broken_note_costs_only_what_it_told(server: FaultServer, tmp_path: Path) -> None:
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT, hashed=False)
    partial = Partial(wanted.path)
    for note in ("", "[]", '{"address": 1}', '{"address": "x", "validator": "", "total": "y"}'):
        partial.path.write_bytes(b"old")
        partial.note.write_text(note)
        assert partial.origin() is None
        assert fetched(wanted).path.read_bytes() == CONTENT
    partial.keep(Origin("x", "y", 3))
    assert partial.origin() == Origin("x", "y", 3)


def test_a_proxy_of_the_environment_is_asked(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.setenv("no_proxy", "")
    wanted = wanted_of(server, tmp_path, "a.bin", CONTENT)
    download.download("http://far.invalid/a.bin", wanted, Partial(wanted.path), ignore, PATIENCE)
    assert [path for path, _ in server.asked] == ["http://far.invalid/a.bin"]


def test_errors_are_those_that_a_command_tells() -> None:
    assert issubclass(SourceError, ReproError) and SourceError("x").exit_code == 6
