"""What is to be exported: a network with its weights, and the form of the file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import zoo
from repro.data import own_dataset
from repro.errors import ReproError, unknown
from repro.exported.opening import KINDS, ONNX
from repro.exported.words import INITIAL
from repro.files import write_whole
from repro.papers import protocol_choice
from repro.papers.protocol import Protocol
from repro.papers.values import Options, Size
from repro.records.remarks import Remark
from repro.records.runs import NO_OPTIONS, count_run

if TYPE_CHECKING:
    from torch import nn

PRECISIONS = ("fp32", "fp16")
ONE, DYNAMIC = "1", "dynamic"
WHOLE = {"associative embedding": 64, "centre offsets": 64, "part affinity fields": 8}
"""grouping of a bottom-up network -> what the sides of fitted whole images are multiples of"""
SEED = 0
"""of the values of a network without weights, and of the inputs that it is checked with"""


@dataclass(frozen=True)
class ExportRequest:
    """One network of the zoo, and the file that it becomes."""

    model: str
    size: Size
    """of the input; of a bottom-up network an example, where the file takes any"""
    keypoints: int
    protocol: Protocol
    protocol_name: str
    output: Path
    weights: Path | None = None
    options: Options = field(default_factory=dict)
    partial: bool = False
    """whether a checkpoint may fit only in parts"""
    entry: str | None = None
    """which of a checkpoint's sets of tensors; None: the one that fits"""
    dynamic_batch: bool = False
    dynamic_size: bool = False
    precision: str = "fp32"
    replace: bool = False
    """whether a file of that name may be written over"""

    @property
    def stride(self) -> int:
        """What both sides of an input are multiples of."""
        return WHOLE.get(self.protocol.decode, zoo.MODELS[self.model].stride)


def requested(
    model: str,
    output: Path,
    weights: Path | None = None,
    size: Size | None = None,
    dataset: str | None = None,
    protocol: str | None = None,
    keypoints: int | None = None,
    options: Options = NO_OPTIONS,
    partial: bool = False,
    batch: str = ONE,
    dynamic_size: bool | None = None,
    precision: str = "fp32",
    replace: bool = False,
    entry: str | None = None,
) -> ExportRequest:
    """The export that a user means; ReproError for what does not go together.

    A file of a bottom-up network takes any size unless the user says otherwise.
    """
    if entry is not None and weights is None:
        raise ReproError(f"There are no weights with an entry `{entry}`.", "Give --weights FILE.")
    if model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    _check_words(batch, precision)
    check_output(output, replace)
    name, rules = protocol_choice.chosen(model, own_dataset.found(dataset), protocol)
    joints = keypoints or rules.keypoints
    chosen = size or protocol_choice.size_of(model, rules.chosen)
    count_run(model, chosen, joints, options)
    grouping = zoo.MODELS[model].grouping
    if grouping and not rules.bottom_up:
        raise ReproError(
            f"`{model}` finds persons by {grouping}, not by {rules.decode}.",
            "Leave --protocol out.",
        )
    if rules.bottom_up and not grouping:
        raise ReproError(
            f"`{model}` gives the heatmaps of one person, which {rules.decode} does not read.",
            "Leave --protocol out.",
        )
    if dynamic_size and zoo.MODELS[model].size is not None:
        raise ReproError(f"`{model}` is built for one input size.", "Leave --dynamic-size out.")
    return ExportRequest(
        model,
        chosen,
        joints,
        rules,
        name,
        output,
        weights,
        dict(options),
        partial,
        entry,
        batch == DYNAMIC,
        bool(grouping) if dynamic_size is None else dynamic_size,
        precision,
        replace,
    )


def _check_words(batch: str, precision: str) -> None:
    """Raise ReproError for a batch or a precision that no file can have."""
    for what, word, valid in (
        ("batch", batch, (ONE, DYNAMIC)),
        ("precision", precision, PRECISIONS),
    ):
        if word not in valid:
            raise unknown(what, word, valid)


def check_output(output: Path, replace: bool) -> None:
    """Raise ReproError unless a file of that name can be written."""
    if KINDS.get(output.suffix.lower()) != ONNX:
        raise ReproError(f"`{output}` does not end in .onnx.", "Other commands know files by that.")
    if output.exists() and not replace:
        raise ReproError(f"`{output}` exists already.", "Say --force to write over it.")
    if output.exists() and not output.is_file():
        raise ReproError(f"`{output}` is no file that could be replaced.", "Name another.")


def keep_output(output: Path, content: bytes, replace: bool) -> None:
    """Write a file that was made and checked, whole or not at all; else a ReproError."""
    try:
        written = write_whole(output, content, replace=replace)
    except OSError as error:
        raise ReproError(
            f"`{output}` cannot be written: {error.strerror}.", "Name another: -o FILE."
        ) from error
    if not written:
        raise ReproError(f"`{output}` exists already.", "Say --force to write over it.")


def network_of(
    request: ExportRequest,
) -> "tuple[nn.Module, dict[str, object], tuple[Remark, ...]]":
    """The network in eval mode, what is known of its weights, and what there is to say of them.

    Without weights its values are those of its official training code before the first step.
    """
    import torch

    from repro.checkpoints import matching, reading
    from repro.evaluation.network import created

    state = None if request.weights is None else reading.read(request.weights, entry=request.entry)
    torch.manual_seed(SEED)
    model = created(request.model, request.keypoints, request.options)
    if state is None or request.weights is None:
        said = f"No weights were given: the values are initial ones, of seed {SEED}, not trained."
        return model.eval(), {"weights": INITIAL}, (Remark("network", said),)
    fit = matching.load(model, state, request.partial)
    name = reading.facts(request.weights).get("name", request.weights.name)
    facts: dict[str, object] = {"weights": name, "weights_sha256": state.sha256}
    if not fit.whole:
        facts["loaded"] = f"{len(fit.names)} of {fit.tensors} tensors"
    return model.eval(), facts, matching.remarks(state, fit)
