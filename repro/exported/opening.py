"""Exported files with what lies beside them, and the session of ONNX Runtime that runs ONNX files.

An OpenVINO IR is two files, NAME.xml and NAME.bin. ONNX files of more than 2 GB, and those that
some exporters write, keep their values in a second file, which the first names. That name is found
without a library for the format.
"""

import hashlib
import mmap
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import ReproError, RunError, listed
from repro.files import sha256

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray

LOCATION = re.compile(
    rb"\x6a(?:[\x00-\x7f]|[\x80-\xff][\x01-\x03])\x0a\x08location"
    rb"\x12([\x01-\x7f]|[\x80-\xff][\x01-\x03])",
    re.DOTALL,
)
"""the start of a tensor's `external_data` (field 13), up to the number of bytes of its value"""
ONNX, OPENVINO, TFLITE = "onnx", "openvino", "tflite"
KINDS: Mapping[str, str] = {".onnx": ONNX, ".xml": OPENVINO, ".tflite": TFLITE}
"""suffix, by which a file is known among the names of models -> what kind of file it is"""
SILENT = 4
REASON = 240
"""characters that are shown of an error of the runtime"""
PATIENCE, PATIENCE_EACH = 120.0, 20.0
"""seconds that a call may take, and for each of its images besides"""
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


def session(path: Path, threads: int = 0) -> "onnxruntime.InferenceSession":
    """A session on the processor; raise ReproError for whatever is no file that it can run."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ReproError(
            f"`{path}` needs onnxruntime, which is not installed.", "Try `pip install onnxruntime`."
        ) from error
    check_parts(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = SILENT
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's own exceptions share no base
        message = f"`{path}` is no ONNX file that can be run: {reason(error)}."
        raise ReproError(message, "Export it again.") from error


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


def content_digest(path: Path) -> str:
    """The sha256 of a file; with values beside it, of its digest and those of the others."""
    names = side_files(path)
    if not names:
        return sha256(path)
    digests = [sha256(path), *(sha256(path.parent / name) for name in names)]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def run(
    session: "onnxruntime.InferenceSession",
    path: Path,
    given: "Mapping[str, NDArray[np.generic]]",
    outputs: Sequence[str] | None = None,
    images: int = 1,
) -> "Sequence[NDArray[np.generic]]":
    """The outputs of a file for so many images, all of them by default.

    A RunError where it does not come to an end; what the runtime raises otherwise is passed on.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    ended = threading.Event()

    def end() -> None:
        ended.set()
        options.terminate = True

    timer = threading.Timer(patience(images), end)
    timer.daemon = True
    timer.start()
    try:
        names = None if outputs is None else list(outputs)
        values: Sequence[NDArray[np.generic]] = session.run(names, dict(given), options)
    except Exception as error:  # the runtime's own exceptions share no base
        if ended.is_set():
            raise endless(path, images) from error
        raise
    finally:
        timer.cancel()
    return values


def patience(images: int) -> float:
    """The seconds that a call with so many images may take."""
    return PATIENCE + PATIENCE_EACH * images


def endless(path: Path, images: int) -> RunError:
    """The error for a file that was not done in time."""
    return RunError(
        f"`{path}` does not finish {images} images in {patience(images):.0f} s.",
        "Does it loop without end?",
    )


def reason(error: Exception) -> str:
    """What a runtime says of its failure, in one line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return _PREFIX.sub("", lines[0]).strip()[:REASON].rstrip(".")
