"""Exported files with what lies beside them.

An OpenVINO IR is two files, NAME.xml and NAME.bin. ONNX files of more than 2 GB, and those that
some exporters write, keep their values in a second file, which the first names. That name is found
without a library for the format.
"""

import hashlib
import mmap
import re
from collections.abc import Mapping
from pathlib import Path

from repro.errors import ReproError, listed
from repro.files import sha256

LOCATION = re.compile(
    rb"\x6a(?:[\x00-\x7f]|[\x80-\xff][\x01-\x03])\x0a\x08location"
    rb"\x12([\x01-\x7f]|[\x80-\xff][\x01-\x03])",
    re.DOTALL,
)
"""the start of a tensor's `external_data` (field 13), up to the number of bytes of its value"""
ONNX, OPENVINO, TFLITE = "onnx", "openvino", "tflite"
KINDS: Mapping[str, str] = {".onnx": ONNX, ".xml": OPENVINO, ".tflite": TFLITE}
"""suffix, by which a file is known among the names of models -> what kind of file it is"""
REASON = 240
"""characters that are shown of an error of the runtime"""
_PREFIX = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from .{1,400}? failed:)?")


def is_network_file(word: str) -> bool:
    """Whether a word among the names of models means an exported file."""
    return word.lower().endswith(tuple(KINDS))


def kind_of(path: Path) -> str:
    """Which of KINDS a file is, by its suffix; ReproError for another one."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ReproError(f"`{path}` is no exported file.", f"Such files end in {listed([*KINDS])}.")
    return kind


def check_parts(path: Path) -> None:
    """Raise ReproError unless the file is there with all that it keeps beside it."""
    if not path.is_file():
        raise ReproError(f"There is no file `{path}`.", "Correct the path.")
    lacking = lacking_files(path)
    if lacking:
        more = f" and {len(lacking) - 1} other files" if len(lacking) > 1 else ""
        raise ReproError(
            f"`{path}` keeps its values in `{lacking[0]}`{more}, missing beside it.",
            f"Put `{lacking[0]}` into the folder `{path.parent}`, or export again in one file.",
        )


def side_files(path: Path) -> tuple[str, ...]:
    """The files that an exported file keeps values in, by their names in its folder, sorted."""
    kind = KINDS.get(path.suffix.lower())
    if kind == OPENVINO:
        return (path.with_suffix(".bin").name,)
    if kind == TFLITE or not path.stat().st_size:
        return ()
    names = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for match in LOCATION.finditer(content):
            length = match[1][0] if len(match[1]) == 1 else match[1][0] - 128 + 128 * match[1][1]
            raw = content[match.end() : match.end() + length]
            name = raw.decode("utf-8", errors="replace")
            if name.isprintable() and "\ufffd" not in name:
                names.add(name)
    return tuple(sorted(names))


def lacking_files(path: Path) -> tuple[str, ...]:
    """Those of them that are not there."""
    return tuple(name for name in side_files(path) if not (path.parent / name).is_file())


def size_of(path: Path) -> int:
    """The bytes of a file and of those beside it; 0 for what is not there."""
    paths = (path, *(path.parent / name for name in side_files(path)))
    return sum(one.stat().st_size for one in paths if one.is_file())


def stamps(path: Path) -> tuple[tuple[int, ...], ...]:
    """What changes when a file or one beside it is written: inode, bytes, time."""
    paths = (path, *(path.parent / name for name in side_files(path)))
    states = [one.stat() for one in paths if one.is_file()]
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in states)


def content_digest(path: Path) -> str:
    """The sha256 of a file; with values beside it, of its digest and those of the others."""
    names = side_files(path)
    if not names:
        return sha256(path)
    digests = [sha256(path), *(sha256(path.parent / name) for name in names)]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def reason(error: Exception) -> str:
    """What a runtime says of its failure, in one line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return _PREFIX.sub("", lines[0]).strip()[:REASON].rstrip(".")
