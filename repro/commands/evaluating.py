"""What the commands that evaluate share: how they read options, and one evaluation carried out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.data.layout import Source
    from repro.evaluation.preparing import PreparedEvaluation
    from repro.evaluation.request import EvaluationRequest, Execution
    from repro.exported.side_file import SideFacts
    from repro.papers.values import Options, Size
    from repro.records.record import Record
    from repro.records.remarks import Remark
    from repro.records.store import Store

    Asked = list[tuple[str, EvaluationRequest]]
    """names of protocols, and evaluations by them"""
    Network = tuple[
        Size | None,
        Options,
        bool,
        Execution,
        Mapping[str, object],
        str | None,
        SideFacts,
        bool,
    ]
    """what `requested` takes: input, options, whether in part, machine, rules, entry, facts on a
    file and whether to remember them"""


def boxes_of(text: str | None) -> tuple[str | None, Path | None]:
    """What a protocol calls the boxes that a user names, and their file."""
    if text is None or text in ("gt", "ground truth"):
        return text and "ground truth", None
    return Path(text).name, Path(text)


def nms_of(text: str | None) -> float | str | None:
    """The OKS of a suppression, or `off`; None where nothing is given."""
    from repro.errors import ReproError
    from repro.papers.protocol import OFF

    if text is None or text == OFF:
        return text
    try:
        return float(text)
    except ValueError:
        raise ReproError(f"`{text:.40}` is no OKS.", f"A number as 0.9, or `{OFF}`.") from None


def geometry_of(name: str | None, udp: bool | None) -> dict[str, object]:
    """The rules of a geometry: named, or said by --udp and --no-udp."""
    from repro.errors import ReproError, unknown
    from repro.papers.protocol import GEOMETRIES

    if name is not None and name not in GEOMETRIES:
        raise unknown("geometry", name, GEOMETRIES)
    if name is not None and udp is not None and udp != GEOMETRIES[name][0]:
        said = "--udp" if udp else "--no-udp"
        raise ReproError(
            f"--geometry {name} and {said} contradict each other.", "Take one of them."
        )
    if name is None and udp is None:
        return {}
    chosen, back = GEOMETRIES[name or ("udp" if udp else "plain")]
    return {"udp": chosen, "plain_back": back}


def options_of(texts: list[str] | None) -> "Options":
    """The options of a model."""
    from repro.papers.lookup import parse_options

    return parse_options(texts or [])


def facts_of(head: str | None, layout: str | None, output: str | None) -> "SideFacts":
    """What is said of an exported file."""
    from repro.exported.side_file import SideFacts

    return SideFacts(head=head, layout=layout, output=output)


def asked_of(
    subject: tuple[str, Path | None, str | None],
    protocol: str | None,
    network: "Network",
    data: Path | None,
    named: Mapping[str, Path | None],
) -> "tuple[Asked, Source]":
    """An evaluation by each protocol that is named, by the model's own for `all`, and their files.

    `subject` is a model, its weights and a data set.
    """
    from repro.data import own_dataset
    from repro.evaluation import choice

    model, weights, dataset = subject
    annotations = named["annotations"] or own_dataset.annotations_of(dataset)
    names = protocols_of(protocol)
    data_set = choice.dataset_of(dataset, names[0], annotations)
    asked = [choice.requested(model, weights, data_set, name, *network) for name in names]
    source = choice.source(asked[0][1].protocol, data, {**named, "annotations": annotations})
    return [choice.on_files(name, request, source) for name, request in asked], source


def protocols_of(text: str | None) -> Sequence[str | None]:
    """The protocols that are named; None stands for the model's own."""
    from repro.commands.common import names_of
    from repro.papers.settings import ALL

    if text is None or text == ALL:
        return [None]
    return names_of(text) or [text]


def evaluated(
    request: "EvaluationRequest",
    files: "Source",
    prepared: "PreparedEvaluation",
    output: Path | None,
    fresh: bool,
    records: "Store",
    show: bool,
) -> "tuple[Record, tuple[Remark, ...]]":
    """The record, kept or made now, and what a reader must know; poses are copied to `output`."""
    from repro.evaluation import evaluator, predictions
    from repro.exported.form import ABOUT
    from repro.plan import single
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out

    run = evaluator.run_of(prepared)
    known = records.find(run)
    others = () if known is None else evaluator.other_pictures(known, prepared)
    plan = single(run, records, (request, files), fresh or bool(others))
    record = carry_out(plan, records, TerminalWatch(show=show)).only
    if output is not None:
        predictions.copy(records.artifacts(record.key), output)
    # of what a file leaves open the record may say otherwise: it was made where that was not given
    kept = (one for one in record.remarks if one.about != ABOUT)
    return record, (*request.remarks, *kept, *others)
