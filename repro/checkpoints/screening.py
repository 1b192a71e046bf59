"""Look at a checkpoint file before anything reads it: what it is, how large, what its pickle calls.

It takes no library that needs long to load, so that a file that is none, or a hostile one, is told
at once; and no more memory than the file has bytes.
"""

import io
import pickle
import zipfile
from pathlib import Path
from typing import IO

from repro.checkpoints import containers
from repro.checkpoints.pickles import BrokenPickleError, Walk, walk
from repro.errors import ReproError

LIMIT = 4 * 2**30
"""Bytes of the largest file that is read, and of all its tensors together."""
AGAIN = "Fetch the file again, and compare its size with the one on its page."
ZIPPED, LEGACY, SAFETENSORS = "torch", "torch-legacy", "safetensors"
OTHER_FILES = {
    b"<": "is a web page, not a checkpoint",
    b"version https://git-lfs": "is a pointer of git-lfs, not the file itself",
    b"\x1f\x8b": "is a compressed archive, not a checkpoint",
}
"""what downloads end in that went wrong, by how the files begin"""
LEGACY_PICKLES = 5
"""before the storages of the older kind: mark, version, machine, what was saved, storages' names"""
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""the first of these pickles, as torch.save writes it"""
END_OF_ARCHIVE, COMMENT = b"PK\5\6", 2**16
MOST_LISTED = 32 * 2**20
"""bytes of an archive's list of entries"""
LOCAL_HEADER = 30
"""bytes before each entry of an archive, beside its name"""


def check(path: Path) -> None:
    """Raise ReproError for a file that is there and no checkpoint, by what is told at once of it.

    What holds a graph with its weights is not looked into.
    """
    if not path.is_file():
        return
    try:
        size = checked_size(path, LIMIT)
        with path.open("rb") as file:
            start = file.read(512)
            if containers.kind_of(path, start) is None:
                screened(path, kind_of(path, start, size), file, size)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> ReproError:
    """The error for a file that the system does not give."""
    return ReproError(f"`{path}` cannot be read: {error.strerror or error}.")


def checked_size(path: Path, limit: int) -> int:
    """The bytes of a file that is there, is none else than a file, and no larger than is read."""
    if not path.exists():
        raise ReproError(f"There is no file `{path}`.", "`repro weights` says where to get it.")
    if path.is_dir():
        raise ReproError(f"`{path}` is a folder, not a checkpoint.", "Name the file in it.")
    if not path.is_file():
        raise ReproError(f"`{path}` is not a regular file.")
    size = path.stat().st_size
    if not size:
        raise ReproError(f"`{path}` is empty.", AGAIN)
    if size > limit:
        raise ReproError(f"`{path}` has {size:,} bytes; no more than {limit:,} are read.")
    return size


def kind_of(path: Path, start: bytes, size: int) -> str:
    """ZIPPED, LEGACY or SAFETENSORS, by how a file begins; ReproError for any other."""
    if start.startswith(b"PK"):
        return ZIPPED
    header = int.from_bytes(start[:8], "little")
    if start[8:9] == b"{" and header <= size:
        return SAFETENSORS  # though the length of its header may begin as a pickle does
    if start.startswith(b"\x80"):
        return LEGACY
    if path.suffix == ".safetensors":
        return SAFETENSORS
    beside = containers.graph_beside(path)
    if path.suffix.lower() == containers.VALUES and beside is not None:
        raise ReproError(f"`{path}` holds the values of `{beside.name}`.", f"Name `{beside}`.")
    texts = (text for mark, text in OTHER_FILES.items() if start.lstrip().startswith(mark))
    what = next(texts, "is no checkpoint that is read here")
    raise ReproError(f"`{path}` {what}.", "`repro weights` lists the published files and pages.")


def screened(path: Path, kind: str, file: io.BufferedReader, size: int) -> list[Walk]:
    """What the pickles of a file name; ReproError where they call what no tensors need."""
    if kind == SAFETENSORS:
        return []
    file.seek(0)
    pickled: IO[bytes] = file
    if kind == ZIPPED:
        pickled = io.BytesIO(_pickle_of(path, file, size))
    try:
        return _walked(path, kind, pickled, size)
    except BrokenPickleError as error:
        raise damaged(path, str(error)) from error
    except pickle.UnpicklingError as error:
        raise foreign_pickle(path) from error


def damaged(path: Path, reason: str) -> ReproError:
    """The error for a file that does not hold together."""
    return ReproError(f"`{path}` is cut short or damaged: {reason:.160}.", AGAIN)


def foreign_pickle(path: Path) -> ReproError:
    """The error for a pickle that is no checkpoint."""
    return ReproError(f"`{path}` is a pickle, but no checkpoint of torch.save.", AGAIN)


def refused(path: Path, name: str) -> ReproError:
    """The error for a file that calls what no tensors need."""
    return ReproError(
        f"`{path}` calls for `{name}`, which tensors do not need; nothing of it was run.",
        "Take a file whose source you know: `repro weights` lists the published ones.",
    )


def _walked(path: Path, kind: str, pickled: IO[bytes], size: int) -> list[Walk]:
    walks: list[Walk] = []
    while len(walks) < (1 if kind == ZIPPED else LEGACY_PICKLES):
        walks.append(walk(pickled))
        called = walks[-1].refused
        marked = kind == ZIPPED or walks[0].result == MAGIC_NUMBER
        if called.startswith("torch.") and not marked:
            raise pickle.UnpicklingError("not written by torch.save")
        if called:
            raise refused(path, called)
        if walks[-1].values > size:
            raise damaged(path, f"it claims {walks[-1].values:,} values in {size:,} bytes")
        if not marked:
            break  # the library looks no further either
    return walks


def _pickle_of(path: Path, file: io.BufferedReader, size: int) -> bytes:
    """The pickle in an archive that is as torch.save writes it: each entry once, and as it is."""
    _check_end(path, file, size)
    try:
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
        _check_entries(path, entries, size)
        folder = entries[0].filename.partition("/")[0]  # the library looks into that of the first
        return archive.read(f"{folder}/data.pkl")
    except KeyError as error:
        raise ReproError(f"`{path}` is an archive without a checkpoint in it.", AGAIN) from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, EOFError) as error:
        raise damaged(path, str(error).rstrip(".")) from error


def _check_end(path: Path, file: io.BufferedReader, size: int) -> None:
    """Raise where the list of entries is too long to be read."""
    file.seek(max(0, size - COMMENT - 22))
    last = file.read()
    place = last.rfind(END_OF_ARCHIVE)
    listed = int.from_bytes(last[place + 12 : place + 16], "little") if place >= 0 else 0
    if MOST_LISTED < listed < 2**32 - 1 or (listed == 2**32 - 1 and size > LIMIT):
        raise damaged(path, f"its list of entries has {listed:,} bytes")
    file.seek(0)


def _check_entries(path: Path, entries: list[zipfile.ZipInfo], size: int) -> None:
    names = {entry.filename.rpartition("/")[2] for entry in entries}
    if "constants.pkl" in names:
        raise ReproError(f"`{path}` is a TorchScript program, not a checkpoint.")
    if "data.pkl" not in names:
        raise ReproError(f"`{path}` is an archive without a checkpoint in it.", AGAIN)
    unpacked = sum(entry.file_size for entry in entries)
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or unpacked > size:
        raise ReproError(
            f"`{path}` would unpack to {unpacked:,} bytes from {size:,}; "
            "a checkpoint is stored uncompressed.",
            "Unpack it first if you know what is in it.",
        )
    known: set[str] = set()
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        name = entry.filename.lower()  # as the library looks for it
        if name in known:
            raise damaged(path, f"it has two entries `{entry.filename:.80}`")
        if entry.header_offset < end or entry.flag_bits & 1:
            raise damaged(path, f"its entry `{entry.filename:.80}` lies in another, or is locked")
        known.add(name)
        end = entry.header_offset + LOCAL_HEADER + entry.file_size
