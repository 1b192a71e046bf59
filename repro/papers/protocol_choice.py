"""Which protocol an evaluation follows: the paper's own for its models, else the nearest."""

from collections.abc import Iterator
from dataclasses import replace

import zoo
from repro.errors import ReproError, unknown
from repro.papers import evidence, lookup, study
from repro.papers.datasets import (
    DATASETS,
    DatasetChoice,
    OwnDataset,
    find_dataset,
    with_joints,
)
from repro.papers.metrics import ACCURACY
from repro.papers.protocol import GROUND_TRUTH, SERVER, Protocol
from repro.papers.study import Table
from repro.papers.values import Size


def named(name: str) -> Protocol:
    """`paper2/coco-val2017-beta` -> that protocol; `evidence/dark` -> that of its file."""
    paper, _, key = name.partition("/")
    if paper == evidence.NAME:
        return evidence.protocol(key)
    paper_study = lookup.find_study(paper)
    if key not in paper_study.protocols:
        raise unknown(
            "protocol",
            name,
            (f"{paper_study.name}/{protocol}" for protocol in paper_study.protocols),
        )
    return paper_study.protocols[key]


def chosen(
    model: str, dataset: DatasetChoice | None, name: str | None, grouping: str = ""
) -> tuple[str, Protocol]:
    """The protocol of that name, else the model's own on a data set, COCO by default.

    `grouping` is how the persons of a model outside the zoo are found, where it has no boxes.
    """
    if name is None:
        joints = zoo.MODELS[model].keypoints if model in zoo.MODELS else 17
        return of_model(model, dataset or with_joints(joints).name, grouping)
    protocol = named(name)
    if dataset is None or dataset == protocol.dataset:
        return name, protocol
    return _moved(name, protocol, dataset)


def of_model(model: str, dataset: DatasetChoice, grouping: str = "") -> tuple[str, Protocol]:
    """The name and the protocol that a model is evaluated by on a data set.

    That of the first printed row with the model and the data set; for other models the first
    protocol of the same kind on the same data set, else of the same kind. A user's own data set is
    looked at as COCO is.
    """
    kind = "coco" if isinstance(dataset, OwnDataset) else find_dataset(dataset).kind
    grouping = zoo.MODELS[model].grouping if model in zoo.MODELS else grouping
    fitting = [
        (name, protocol)
        for name, protocol in (*_printed(model), *_all())
        if protocol.evaluator != SERVER and (protocol.decode == grouping or not grouping)
    ]
    if not grouping:
        fitting = [(name, protocol) for name, protocol in fitting if not protocol.bottom_up]
    same = [(name, protocol) for name, protocol in fitting if protocol.dataset == kind]
    if not same and not fitting:
        raise ReproError(f"No protocol says how `{model}` is evaluated.", "Name one: --protocol.")
    name, protocol = (same or fitting)[0]
    if same and dataset == kind:
        return name, protocol
    return _moved(name, protocol, dataset)


def _moved(name: str, protocol: Protocol, dataset: DatasetChoice) -> tuple[str, Protocol]:
    """The protocol with another data set's persons and evaluator, and what it is called then."""
    entry = find_dataset(dataset)
    moved = replace(
        protocol,
        dataset=entry.name,
        own=dataset if isinstance(dataset, OwnDataset) else None,
        split=entry.compared_on,
        evaluator=entry.evaluator,
        boxes=protocol.boxes if protocol.bottom_up else GROUND_TRUTH,
        nms=protocol.nms if entry.measure == "OKS" else None,
    )
    return f"{name}, on {entry.title}", moved


def _all() -> Iterator[tuple[str, Protocol]]:
    for paper in study.study_names():
        for name, protocol in study.load_study(paper).protocols.items():
            yield f"{paper}/{name}", protocol


def _tables() -> Iterator[Table]:
    for paper in study.study_names():
        for name in study.table_names(paper):
            yield study.load_table(paper, name)


def _printed(model: str) -> Iterator[tuple[str, Protocol]]:
    """The protocols of the rows that print a model's accuracy."""
    for table in _tables():
        protocols = study.load_study(table.study).protocols
        for row in table.rows:
            accuracy = [column for column in table.columns if column.metric in ACCURACY]
            if accuracy and _bare(model) in map(_bare, (row.model, *(c.model for c in accuracy))):
                name = row.protocol or table.protocol
                yield f"{table.study}/{name}", protocols[name]


def _bare(model: str | None) -> str:
    """A model's name without the data set that fixes its joints."""
    base, _, ending = (model or "").rpartition("_")
    return base if ending in DATASETS else model or ""


def size_of(model: str, dataset: DatasetChoice) -> Size:
    """The input size of a model: its own, that of the first printed row on the data set, 256x192.

    For bottom-up networks it is the short side of the fitted image, twice.
    """
    entry = zoo.MODELS.get(model)
    if entry is not None and entry.size is not None:
        return entry.size
    sizes = [
        (study.load_study(table.study).protocols[row.protocol or table.protocol].dataset, size)
        for table in _tables()
        for row in table.rows
        for size in [row.input or next((c.input for c in table.columns if c.model == model), None)]
        if size and _bare(model) in map(_bare, (row.model, *(c.model for c in table.columns)))
    ]
    data = find_dataset(dataset)
    same = [size for owner, size in sizes if owner == data.kind and not data.own]
    bottom_up = entry is not None and bool(entry.grouping)
    default = (512, 512) if bottom_up else data.size
    return next(iter(same or [size for _, size in sizes]), default)
