"""Files that hold a network's graph with its weights: what they are, what lies beside them, bounds.

ncnn keeps the graph in a `.param` and the values in a `.bin`, OpenVINO in an `.xml` and a `.bin`,
ONNX in one file or with others beside it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.exported.opening import content_digest
from repro.files import sha256

Values = NDArray[np.float32]
TEXT_LIMIT = 64 * 2**20
"""Bytes of the largest text of a graph that is read."""
MULTIPLE = 16
"""Bytes of float32, in steps between as well, that are made of each byte of a file at most."""
NCNN, OPENVINO, ONNX = "ncnn", "openvino", "onnx"
WITH_VALUES_BESIDE: Mapping[str, str] = {".param": NCNN, ".xml": OPENVINO}
"""ending of a file that holds the graph -> its kind"""
VALUES = ".bin"
NCNN_MARK = b"7767517"


class ValueBudget:
    """How many values may still be read from a file."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self.left = MULTIPLE * size

    def take(self, values: int) -> int:
        """So many values of 4 bytes, and no more than all together may be; else ReproError."""
        self.left -= 4 * values
        if values < 0 or self.left < 0:
            raise ReproError(
                f"`{self.path}` claims more weights than its {self.size:,} bytes can hold.",
                f"No more than {MULTIPLE} bytes are made of each byte of the file.",
            )
        return values


def kind_of(path: Path, start: bytes) -> str | None:
    """The kind of a graph with weights that a file is, by how it begins and its name, or None."""
    if start.startswith(NCNN_MARK):
        return NCNN
    if start.lstrip().startswith(b"<") and b"<net" in start:
        return OPENVINO
    if path.suffix.lower() == ".param":
        raise ReproError(
            f"`{path}` does not begin as the text of an ncnn network does.",
            "Files of ncnn before 2017, and its binary `.param.bin`, are not read.",
        )
    return ONNX if path.suffix.lower() == ".onnx" else None


def values_beside(path: Path) -> Path:
    """The file with the values of a graph; ReproError where it is not there."""
    beside = path.with_suffix(VALUES)
    if not beside.is_file():
        raise ReproError(
            f"`{path}` keeps its values in `{beside.name}`, missing beside it.",
            f"Put `{beside.name}` into the folder `{path.parent}`.",
        )
    return beside


def graph_beside(path: Path) -> Path | None:
    """The graph whose values a file holds, where it is there."""
    graphs = (path.with_suffix(ending) for ending in WITH_VALUES_BESIDE)
    return next((graph for graph in graphs if graph.is_file()), None)


def digest(path: Path) -> str:
    """The sha256 of a file of weights; with values beside it, of its digest and theirs."""
    beside = path.with_suffix(VALUES)
    if path.suffix.lower() in WITH_VALUES_BESIDE and beside.is_file():
        digests = [sha256(path), sha256(beside)]
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return content_digest(path) if path.suffix.lower() == ".onnx" else sha256(path)


def text_of(path: Path) -> bytes:
    """The text of a graph, within bounds."""
    size = path.stat().st_size
    if size > TEXT_LIMIT:
        raise ReproError(
            f"`{path}` has {size:,} bytes of text; no more than {TEXT_LIMIT:,} are read."
        )
    return path.read_bytes()
