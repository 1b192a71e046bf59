"""What a user wants evaluated, and the files it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import zoo
from repro.data.layout import Source, find
from repro.errors import ReproError, unknown
from repro.evaluation.execution import Execution
from repro.papers.protocol import Protocol
from repro.papers.values import Options, Size

TRUTH, ONNX = "truth", "onnx"
"""what stands for the annotations themselves, and for an exported file, among the models"""


@dataclass(frozen=True)
class EvaluationRequest:
    """A network that looks at images by the rules of a protocol."""

    model: str
    """a name of the zoo, `truth`, or `onnx`"""
    weights: Path | None
    """a checkpoint, or the exported file"""
    protocol: Protocol
    size: Size | None = None
    """of the input; None where it is still to be found, see `repro.evaluation.sizes`"""
    options: Options = field(default_factory=dict)
    variant: str = ""
    """how the training of the weights differs from the usual one"""
    partial: bool = False
    """whether a checkpoint may fit only in parts"""
    execution: Execution = field(default_factory=Execution)


def model_of(word: str, weights: Path | None) -> tuple[str, Path | None]:
    """The model that a user means, and its file: a name of the zoo, `truth`, or an ONNX file."""
    if word.lower().endswith(".onnx"):
        if weights is not None:
            raise ReproError("An exported file has its own weights.", "Leave --weights out.")
        return ONNX, Path(word)
    if word != TRUTH and word not in zoo.MODELS:
        raise unknown("model", word, (*zoo.MODELS, TRUTH))
    if word == TRUTH and weights is not None:
        raise ReproError("`truth` takes the annotations, not weights.", "Leave --weights out.")
    if word != TRUTH and weights is None:
        raise ReproError(
            f"`{word}` needs weights.", "Give a checkpoint: --weights FILE; see `repro weights`."
        )
    return word, weights


def source(protocol: Protocol, data: Path | None, named: Mapping[str, Path | None]) -> Source:
    """The files of an evaluation: those named, the others from the data folder.

    `named` may have annotations, images, boxes and truth.
    """
    given = {name: path for name, path in named.items() if path is not None}
    for name, path in given.items():
        if not (path.is_dir() if name == "images" else path.is_file()):
            what = "folder" if name == "images" else "file"
            raise ReproError(f"There is no {what} `{path}`.", f"It was given with --{name}.")
    if {"annotations", "images"} <= set(given):
        empty = Source(protocol.dataset, protocol.split, given["annotations"], given["images"])
        return _with(empty, given)
    if data is None:
        cure = "Give --data DIR or REPRO_DATA; `repro data synth DIR` makes one to try things on."
        images = "Give the folder of the images: --images DIR."
        raise ReproError("No data folder is named.", images if "annotations" in given else cure)
    try:
        found = find(data, protocol.dataset, protocol.split, images="images" not in given)
    except ReproError as error:
        if "annotations" not in given:
            raise
        raise ReproError(
            f"The images of `{given['annotations']}` are not found: {error}",
            "Give their folder: --images DIR.",
        ) from error
    return _with(found, given)


def _with(found: Source, given: Mapping[str, Path]) -> Source:
    return Source(
        found.dataset,
        found.split,
        given.get("annotations", found.annotations),
        given.get("images", found.images),
        given.get("boxes", found.boxes),
        given.get("truth", found.truth),
    )
