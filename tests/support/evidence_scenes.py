"""Tables of networks on real images, and records of such evaluations, made from literals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from repro.evidence.checks import network_checks
from repro.papers.protocol import Protocol
from repro.records.measurement import Measurement
from repro.records.record import STALE, Record
from repro.records.requirements import SubsetRequirement
from repro.records.runs import EvaluationRun
from support.audit_tables import toml

Entry = dict[str, object]
RULES: Mapping[str, object] = {
    "dataset": "coco",
    "split": "val2017",
    "boxes": "ground truth",
    "colour": "RGB",
    "flip": False,
    "shift": False,
    "decode": "argmax",
    "nms": 0.9,
    "evaluator": "pycocotools",
    "metric": "AP",
    "supply": "images",
    "source": "a page",
}
PICTURES, OTHERS = "a" * 64, "b" * 64
"""digests of two sets' annotations"""


def image_set(name: str = "few", sha256: str = PICTURES, **facts: object) -> Entry:
    """Three images of COCO's val2017."""
    whole: Entry = {"name": name, "dataset": "coco", "split": "val2017", "file": f"{name}.json"}
    whole |= {"sha256": sha256, "persons": 5, "labelled": 4, "chosen": "the first three."}
    return whole | {"images": [139, 285, 632]} | facts


def network(number: int, published: str = "60.0", **facts: object) -> Entry:
    """An exported network whose digest ends in a number; an anchor."""
    whole: Entry = {"label": f"net {number}", "architecture": f"kind {number}"}
    whole |= {"file": f"net{number}.onnx", "sha256": f"{number:064x}", "input": [64, 48]}
    whole |= {"protocol": "plain", "sets": ["few"], "source": "a page", "anchor": True}
    return whole | {"published": published} | facts


def write(
    folder: Path,
    networks: Sequence[Entry],
    sets: Sequence[Entry] = (),
    protocols: Mapping[str, Mapping[str, object]] | None = None,
    least: int = 3,
) -> Path:
    """The file of a folder of tables with these entries, in the place of another there."""
    entries: Entry = {
        "sets": list(sets) or [image_set()],
        "protocols": {name: dict(one) for name, one in (protocols or {"plain": RULES}).items()},
        "networks": list(networks),
        "estimates": {"least": least},
    }
    path = folder / "evidence.toml"
    lines = (f"{key} = {toml(value)}\n" for key, value in entries.items())
    path.write_text("".join(lines), encoding="utf-8")
    return path


def evaluated(
    wanted: SubsetRequirement, ap: float, reach: float = 5.0, **weights: object
) -> Record:
    """The record of such an evaluation, by the present code, with an interval."""
    rules: Protocol = replace(wanted.protocol, split="few.json")
    run = EvaluationRun(
        wanted.model,
        wanted.input,
        rules.keypoints,
        dict(wanted.options),
        {"name": "net", **wanted.weights, **weights},  # type: ignore[dict-item]
        {"name": "COCO few.json", "annotations": wanted.annotations, "official": False},
        rules.described(),
        {"device": "cpu", "batch": 32, "precision": "float32"},
        "pycocotools 2.0.11",
    )
    figure = Measurement("AP", ap, "%", low=ap - reach, high=ap + reach)
    return Record(run.key, run.plain, (figure,), {"commit": "c" * 40}, code=run.code)


def finder(
    figures: Mapping[str, float], more: Sequence[Record] = (), stale: bool = False
) -> Callable[[SubsetRequirement], Record | None]:
    """What finds a record for every network of those labels, with that AP; and these records."""
    wanted = []
    network_checks(lambda one: wanted.append(one))
    labels = [check.network.label for check in network_checks(lambda one: None)]
    records = [
        evaluated(one, figures[label])
        for one, label in zip(wanted, labels, strict=True)
        if label in figures
    ]
    known = [replace(one, standing=STALE) if stale else one for one in (*records, *more)]
    return lambda one: next((record for record in known if one.fits(record.spec)), None)
