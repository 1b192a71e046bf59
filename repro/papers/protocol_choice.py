"""Which protocol an evaluation follows: the paper's own for its models, else the nearest."""

from collections.abc import Iterator
from dataclasses import replace

import zoo
from repro.errors import ReproError, unknown
from repro.papers import lookup, study
from repro.papers.protocol import DATASETS, GROUND_TRUTH, Protocol
from repro.papers.skeletons import FORMS
from repro.papers.study import COST, SPEED, Table
from repro.papers.values import Size

SERVER = "COCO evaluation server"
"""an evaluator that nobody can run at home"""


def named(name: str) -> Protocol:
    """`paper2/coco-val2017-beta` -> that protocol."""
    paper, _, own = name.partition("/")
    found = lookup.find_study(paper)
    if own not in found.protocols:
        raise unknown(
            "protocol", name, (f"{found.name}/{protocol}" for protocol in found.protocols)
        )
    return found.protocols[own]


def chosen(model: str, dataset: str | None, name: str | None) -> tuple[str, Protocol]:
    """The protocol of that name, else the model's own on a data set, COCO by default."""
    if name is None:
        joints = zoo.MODELS[model].keypoints if model in zoo.MODELS else 17
        usual = {16: "mpii", 14: "crowdpose"}.get(joints, "coco")
        return of_model(model, dataset or usual)
    protocol = named(name)
    if dataset in (None, protocol.dataset):
        return name, protocol
    return f"{name}, on {DATASETS.get(dataset or '', '')}", _moved(protocol, dataset or "")


def of_model(model: str, dataset: str) -> tuple[str, Protocol]:
    """The name and the protocol that a model is evaluated by on a data set.

    That of the first printed row with the model and the data set; for other models the first
    protocol of the same kind on the same data set, else of the same kind.
    """
    if dataset not in DATASETS:
        raise unknown("data set", dataset, DATASETS)
    grouping = zoo.MODELS[model].grouping if model in zoo.MODELS else ""
    kind = FORMS[dataset]
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
    return f"{name}, on {DATASETS[dataset]}", _moved(protocol, dataset)


def _moved(protocol: Protocol, dataset: str) -> Protocol:
    """The protocol with another data set's persons and evaluator."""
    if dataset not in DATASETS:
        raise unknown("data set", dataset, DATASETS)
    kind = FORMS[dataset]
    evaluator = {"coco": "pycocotools", "crowdpose": "crowdposetools"}.get(kind, "PCKh (HRNet)")
    split = {"coco": "val2017"}.get(dataset, "val")
    return replace(
        protocol,
        dataset=dataset,
        split=split,
        evaluator=evaluator,
        boxes=protocol.boxes if protocol.bottom_up else GROUND_TRUTH,
        nms=None if kind == "mpii" else protocol.nms,
    )


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
            accuracy = [c for c in table.columns if c.metric and c.metric not in (*COST, *SPEED)]
            if accuracy and _bare(model) in map(_bare, (row.model, *(c.model for c in accuracy))):
                name = row.protocol or table.protocol
                yield f"{table.study}/{name}", protocols[name]


def _bare(model: str | None) -> str:
    """A model's name without the data set that fixes its joints."""
    return (model or "").removesuffix("_coco").removesuffix("_crowdpose")


def size_of(model: str, dataset: str) -> Size:
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
    same = [size for owner, size in sizes if owner == FORMS[dataset]]
    bottom_up = entry is not None and bool(entry.grouping)
    default = (512, 512) if bottom_up else (256, 256) if dataset == "mpii" else (256, 192)
    return next(iter(same or [size for _, size in sizes]), default)
