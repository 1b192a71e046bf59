"""The input of a network, and what an exported file says of its own."""

from pathlib import Path

import zoo
from repro.errors import ReproError
from repro.evaluation import network
from repro.evaluation.loading import file_of
from repro.evaluation.oracle import STRIDES
from repro.evaluation.request import ONNX, TRUTH, EvaluationRequest
from repro.papers import protocol_choice
from repro.papers.protocol import Protocol, changed
from repro.papers.values import Size

LARGEST = 2048
"""pixels of an input's side"""


def size_of(look: EvaluationRequest) -> Size:
    """The input size of a look; where persons need no boxes the short side of images, twice."""
    if look.model == ONNX:
        path = file_of(look)
        if look.protocol.bottom_up:
            raise ReproError(
                f"`{path}` cannot be read by {look.protocol.decode}.",
                "Exported files are taken as top-down networks that give heatmaps.",
            )
        size = network.onnx_size(network.open_onnx(path), path, look.size)
    elif look.model == TRUTH and look.protocol.bottom_up:
        size = look.size or (512, 512)
    else:
        size = look.size or protocol_choice.size_of(look.model, look.protocol.dataset)
    coarse = STRIDES[0] if look.model == TRUTH else 1
    known = look.model in zoo.MODELS  # whose sizes are checked where they are built
    if not known and any(not 0 < side <= LARGEST or side % coarse for side in size):
        legal = f"multiples of {coarse}, " if coarse > 1 else ""
        raise ReproError(
            f"`{look.model}` cannot take an input of {size[0]}x{size[1]}.",
            f"Both sides must be {legal}at most {LARGEST}; sizes are height x width.",
        )
    if look.protocol.bottom_up and size[0] != size[1]:
        raise ReproError(
            f"`{look.model}` takes whole images, not inputs of {size[0]}x{size[1]}.",
            f"Name the short side of the images, twice: --input {size[0]}x{size[0]}.",
        )
    return size


def as_exported(rules: Protocol, path: Path) -> Protocol:
    """The protocol with the colour order and normalisation that an ONNX file states.

    They are entries `colour` and `normalise` of the file's metadata, worded as in a protocol.
    """
    stated = network.open_onnx(path).metadata
    try:
        return changed(rules, colour=stated.get("colour"), normalise=stated.get("normalise"))
    except ReproError as error:
        raise ReproError(f"The metadata of `{path}`: {error}", error.hint) from error
