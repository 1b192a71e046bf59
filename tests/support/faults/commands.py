"""The commands that are killed, small enough to be killed hundreds of times."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.archives import zipped
from support.fault_server import FaultServer
from support.faults.kills import Command
from support.faults.kinds.documents import people, tiny
from support.faults.kinds.words import RECIPE, STUDY, TABLE
from support.faults.mutations import as_toml
from support.official import set_facts

ROOT = Path(__file__).parents[3]
STORE = ("--store", "st")
SWEPT = ("records", "gc", *STORE)
FREE = (
    *("out/tensorboard/*", "out/lock", "out/steps.csv", "*/training.html"),
    *("out/state/step-00000001-*.pt", "out/state/step-00000002-*.pt"),
)
"""what says how long a training took, or is not the same bytes though it holds the same"""
QUICK = ("support.faults.commands:few_resamples",)


def paper(folder: Path) -> Mapping[str, str]:
    """A paper with the tiny network: what makes it known."""
    own = folder / "tables" / "paper5"
    own.mkdir(parents=True)
    rows = [
        {
            **{"label": f"{side}", "model": "tinypose", "input": [64, side]},
            "cells": {"method": f"{side}", "params": "2.9", "flops": "1.09"},
        }
        for side in (48, 64, 80)
    ]
    recipe = {**RECIPE, "epochs": 2, "milestones": [1], "batch": 2}
    recipes = {"paper": {"fields": recipe, "sources": {"Section 4": list(recipe)}}}
    study = {**STUDY, "own": ["tinypose"], "recipes": recipes}
    for name, document in {"study": study, "table1": {**TABLE, "rows": rows}}.items():
        (own / f"{name}.toml").write_text(as_toml(document))
    shutil.copy(folder / "net.py", own / "net.py")
    return {"REPRO_TABLES": str(folder / "tables"), "REPRO_TABLES_ONLY": "1"}


def made(folder: Path) -> Mapping[str, Command]:
    """The commands but `fetch`, which takes a server; what they read lies in the folder."""
    document, _, images = people(folder)
    annotations = folder / "a.json"
    annotations.write_text(json.dumps(document))
    network = tiny(folder)
    known = paper(folder)
    named = ("--annotations", str(annotations), "--images", str(images), "--dataset", "coco")
    size = ("--input", "64x48")
    evaluated = ("--protocol", "paper1/coco-val2017", "--boxes", "gt", "--no-flip")
    pictures = ("--data", str(folder / "data"))
    short = ("--workers", "0", "--device", "cpu", "--save-every", "1", "--out", "out")
    commands = (
        Command(
            "run",
            ("run", "paper5", "--metric", "params,macs", "--results", "R.md", *STORE),
            known,
            SWEPT,
        ),
        Command(
            "eval",
            ("eval", *network, *named, *size, *evaluated, "--output", "poses.json", *STORE),
            stray=SWEPT,
            setup=QUICK,
        ),
        Command(
            "train",
            ("train", "paper5", "tinypose", "--dataset", "synth", *pictures, *size, *short, *STORE),
            known,
            SWEPT,
            FREE,
            QUICK,
        ),
        Command(
            "predict", ("predict", *network, *size, "--no-flip", "--output", "poses", str(images))
        ),
        Command("synth", ("data", "synth", "out", "--train", "1", "--val", "2")),
    )
    return {one.name: one for one in commands}


ANNOTATIONS = {
    "annotations/person_keypoints_val2017.json": b"{}",
    "annotations/person_keypoints_train2017.json": b"{}",
}
PICTURES = {"val2017/1.jpg": b"a" * 999, "val2017/2.jpg": b"b"}


def fetching(folder: Path, server: FaultServer) -> Command:
    """`fetch`, where all addresses of the tables lead to a server."""
    server.files = {
        "val2017.zip": zipped(PICTURES),
        "annotations_trainval2017.zip": zipped(ANNOTATIONS),
    }
    own = Path(shutil.copytree(ROOT / "tables", folder / "tables"))
    text = (own / "downloads.toml").read_text(encoding="utf-8")
    text = text.replace("http://images.cocodataset.org", server.address)
    (own / "downloads.toml").write_text(text, encoding="utf-8")
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "all_proxy"), "")
    return Command(
        "fetch",
        ("fetch", "coco", "val2017", "--data", "data", "--yes"),
        {"REPRO_TABLES": str(own), **proxies},
        setup=("support.faults.commands:small_official",),
    )


def small_official() -> None:
    """COCO's val2017 has two pictures, and no server is waited for."""
    from repro.fetching import download, order
    from repro.fetching.download import Patience
    from repro.papers.datasets import OfficialFacts

    patch = pytest.MonkeyPatch()
    patch.setattr(download, "CHUNK", 512)
    for module in (download, order):
        patch.setattr(module, "Patience", lambda: Patience(timeout=5, attempts=1, pause=0.0))
    set_facts(patch, "coco", "val2017", OfficialFacts(images=2))


def few_resamples() -> None:
    """Intervals rest on ten resamples, which takes no time."""
    from repro.scoring import confidence

    copies = confidence.copies
    patch = pytest.MonkeyPatch()
    patch.setattr(confidence, "copies", lambda units, resamples, seed: copies(units, 10, seed))
