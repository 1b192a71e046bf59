"""From words to an evaluation: which network, by which rules."""

from dataclasses import replace
from pathlib import Path

from repro.evaluation import request, sizes
from repro.evaluation.execution import Execution
from repro.evaluation.request import EvaluationRequest
from repro.papers import protocol_choice
from repro.papers.protocol import changed
from repro.papers.values import Options, Size
from repro.records.runs import NO_OPTIONS


def looked(
    word: str,
    weights: Path | None = None,
    dataset: str | None = None,
    protocol: str | None = None,
    size: Size | None = None,
    options: Options = NO_OPTIONS,
    partial: bool = False,
    execution: Execution | None = None,
    **others: object,
) -> tuple[str, EvaluationRequest]:
    """The name of the protocol, and a network that looks by it; `others` are rules instead of its.

    `word` is a model, `truth`, or an exported file. ReproError for what does not go together.
    """
    model, file = request.model_of(word, weights)
    name, found = protocol_choice.chosen(model, dataset, protocol)
    if model == request.ONNX and file is not None:
        found = sizes.as_exported(found, file)
    found = changed(found, **others)
    how = execution or Execution()
    look = EvaluationRequest(
        model, file, found, size, dict(options), partial=partial, execution=how
    )
    return name, replace(look, size=sizes.size_of(look))
