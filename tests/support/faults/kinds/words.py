"""Command lines, and the TOML files of papers."""

import io
import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import torch
from hypothesis import strategies as st

from support.faults.batches import Files, Kind
from support.faults.damage import damaged_text
from support.faults.kinds.binaries import NETWORK, network, picture
from support.faults.kinds.documents import people
from support.faults.mutations import STRINGS, Draw, as_toml, mutated, place

JSON = "--json"
Case = tuple[Files, tuple[str, ...]]

COCO = {
    **{"dataset": "coco", "split": "val2017", "boxes": "ground truth", "colour": "RGB"},
    **{"flip": True, "shift": True, "decode": "argmax+quarter", "evaluator": "pycocotools"},
    **{"metric": "AP", "supply": "nothing", "source": "Section 1"},
}
RECIPE = {
    **{"optimizer": "Adam", "lr": 1e-3, "epochs": 210, "milestones": [170, 200], "batch": 64},
    **{"decay": 0.1, "flip": 0.5, "rotation_factor": 40, "loss": {"name": "mse"}},
}
STUDY: Mapping[str, object] = {
    **{"name": "paper5", "slugs": ["tiny"], "own": ["branched*"], "title": "Tiny", "year": 2026},
    **{"authors": ["A. B"], "hardware": "none", "modules": ["net.py"], "notes": ["a note"]},
    "protocols": {"coco": COCO},
    "timings": {
        "laptop": {
            **{"hardware": "none", "procedure": "50 rounds", "batch": 1, "supply": "any"},
            **{"source": "Section 2", "input": [64, 48]},
        }
    },
    "recipes": {"paper": {"fields": RECIPE, "sources": {"Section 4": list(RECIPE)}}},
}
TABLE: Mapping[str, object] = {
    **{"number": "I", "caption": "c", "where": "Section 3", "protocol": "coco", "timing": "laptop"},
    "columns": [
        {"key": "method", "label": "Method"},
        {"key": "params", "label": "#Params", "metric": "params", "unit": "M"},
        {
            **{"key": "flops", "label": "GFLOPs", "metric": "macs", "unit": "G"},
            **{"convention": "hrnet", "giga": 10**9},
        },
        {"key": "ap", "label": "AP", "metric": "AP", "unit": "%"},
        {"key": "fps", "label": "FPS", "metric": "fps", "unit": "FPS", "device": "cpu"},
    ],
    "rows": [
        {
            **{"label": label, "model": model, "input": [64, 48]},
            "cells": {"method": label, "params": "2.9", "flops": "1.09", "ap": ap, "fps": "17.5"},
        }
        for label, model, ap in (("Ours", "branched", "70.1"), ("LPN-50", "lpn_50", "69.1"))
    ],
}
CLAIMS: Mapping[str, object] = {
    "claims": [
        {
            **{"where": "Abstract", "printed": "fewer", "says": "It costs less.", "kind": "cost"},
            "holds": "table1[Ours].flops < table1[LPN-50].flops and table1[Ours].ap ~ 70.1",
        },
        {
            **{"where": "Abstract", "printed": "55 FPS", "says": "It runs so.", "kind": "speed"},
            "holds": "table1[Ours].fps > 3 * table1[LPN-50].fps",
        },
    ]
}
READINGS: Mapping[str, object] = {
    "conventions": ["conv"],
    "networks": {"ours": "branched"},
    "sentences": {"fewer": {"where": "Section 1", "printed": "fewer", "says": "not fewer"}},
    "dimensions": [
        {
            **{"option": "width", "says": "not stated", "values": [8, "printed"]},
            **{"breaks": {"printed": ["fewer"]}, "at": {"printed": {"64x48": 16}}},
        }
    ],
    "named": [{"name": "plain", "says": "the first of all"}],
}
PAPER = {"study": STUDY, "table1": TABLE, "claims": CLAIMS, "readings": READINGS}


def tables(folder: Path) -> Kind:
    """The TOML files of a paper: its study, a table, its claims and its readings."""
    whole = {name: as_toml(document) for name, document in PAPER.items()}
    commands = (
        *(("check", "tables", "t"), ("check", "tables", "t", JSON), ("list", "paper5", JSON)),
        *(
            ("show", "paper5", "table1"),
            ("show", "paper5", "table1", JSON),
            ("plan", "paper5", JSON),
        ),
        *(
            ("claims", "paper5", JSON),
            ("audit", "paper5", JSON),
            ("list", JSON),
            ("show", "tiny", "1"),
        ),
        *(
            ("explain", "paper5", "table1", "Ours", "flops"),
            ("train", "paper5", "branched", "--plan"),
        ),
        ("readings", "paper5"),
    )

    @st.composite
    def cases(draw: Draw) -> Case:
        name = draw(st.sampled_from(("study", "study", "table1", "table1", "claims", "readings")))
        text = as_toml(draw(mutated(PAPER[name])))
        if place(draw, 10) == 0:
            text = draw(st.sampled_from(TEXTS)) + text
        papers = {f"t/paper5/{one}.toml": text.encode() for one, text in whole.items()}
        papers[f"t/paper5/{name}.toml"] = draw(damaged_text(text, [*whole.values()]))
        papers["t/paper5/net.py"] = NETWORK.encode()
        return papers, draw(st.sampled_from(commands))

    return Kind(cases(), environment={"REPRO_TABLES": "t", "REPRO_TABLES_ONLY": "1"})


TEXTS = (
    *(
        "a." * 60_000 + "b = 1\n",
        "[" + "a." * 30_000 + "b]\n",
        "a = " + "[" * 5000 + "]" * 5000 + "\n",
    ),
    *("a = " + "{a=" * 3000 + "1" + "}" * 3000 + "\n", "a = " + "9" * 10_000 + "\n", "a = 1e400\n"),
    *("a = 1\n" * 2, "[a]\n[a]\n", '"\\uD800" = 1\n', "a = 1979-05-27T07:32:00Z\n", "a = nan\n"),
    *(
        "# " + "x" * 10**6 + "\n",
        "".join(f"a{n} = 1\n" for n in range(30_000)),
        "\ufeff",
        "a = '''\n",
    ),
    *("[[a]]\n" * 20_000, "a.b.c = 1\na.b = 2\n"),
)


def command_lines(folder: Path) -> Kind:
    """Command lines that read or compute a little, with words changed, left out and added."""
    document, poses, images = people(folder)
    weights = io.BytesIO()
    torch.save(network().state_dict(), weights)
    files = {
        "a.json": json.dumps(document).encode(),
        "r.json": json.dumps(poses).encode(),
        "p.png": picture(),
        "net.py": NETWORK.encode(),
        "w.pth": weights.getvalue(),
    }
    lines = [shlex.split(line.replace("IMAGES", str(images))) for line in LINES.splitlines()]

    @st.composite
    def cases(draw: Draw) -> Case:
        words = list(draw(st.sampled_from(lines)))
        for _ in range(draw(st.sampled_from((1, 1, 1, 2, 2, 3)))):
            at = min(1 + place(draw, len(words)), len(words) - 1) if place(draw, 9) else 0
            what = draw(st.sampled_from(("new",) * 6 + ("drop", "double", "other", "add")))
            if what == "new":
                words[at] = draw(st.sampled_from(WORDS))
            elif what == "drop" and len(words) > 1:
                del words[at]
            elif what == "double":
                words.insert(at, words[at])
            elif what == "other":
                words[at] = draw(st.sampled_from([one for line in lines for one in line]))
            else:
                words.insert(at, draw(st.sampled_from(WORDS)))
        if HARMFUL.intersection(words):
            words = ["list"]
        return files, tuple(words)

    return Kind(cases())


LINES = """\
list paper1
list --models --json
show paper2 table1 --json
explain paper2 table1 LPN-50 params
plan paper2 table3
score coco --annotations a.json --results r.json --resamples 10 --json
errors r.json --annotations a.json --resamples 10
data check a.json --images IMAGES --output o.png
data synth out --train 1 --val 1 --seed 3
train paper1 hwl_mobilenetv3 --dataset synth --plan --epochs 3 --batch 4 --lr 0.1 --set flip=0
train paper1 hwl_mobilenetv3 --dataset synth --plan --set milestones=90+110 --input 64x48 --seed 1
count branched --module net.py --input 64x48 --depth 2 --json
predict branched --module net.py --weights w.pth --input 64x48 p.png --box 1,2,50,60 --least 0.1
eval truth --annotations a.json --images IMAGES --boxes gt --padding 1.2 --nms 0.9 --store st
records ls --store st
records rm abcdef
records gc --dry-run
compare published st
fetch coco val2017 --dry-run --data d
readings paper4
claims paper3
new paper paper9
doctor
schema"""


def _surrogate(text: str) -> bool:
    """Whether no command line can hold a text."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)


HARMFUL = {"--install-completion", "--show-completion", "nightly", "speed", "rehearse"}
WORDS = (
    *(one for one in STRINGS if "\0" not in one and not _surrogate(one)),
    *("9" * 400, "-" + "9" * 400, "1e400", "-1e400", "nan", "inf", "-inf", "0", "-1", "1e-320"),
    *("9" * 5000, "99999999999", "2147483648", "9223372036854775808", "1.5", "1,2", "1x1", "0x0"),
    *("99999x99999", "-5x-5", "flip=" + "9" * 400, "lr=nan", "lr=1e400", "epochs=" + "9" * 500),
    *("stages=" + "9" * 400, "a=b=c", "=", "milestones=" + "9+" * 5000 + "9", "--", "-", "---x"),
    *(
        "--json",
        "--help",
        "--store",
        "--data",
        "--set",
        "nan,nan,nan,nan",
        "1,2,-3,4",
        "1e300,0,1,1",
    ),
    *("a.json", "r.json", "p.png", "missing.json", ".", "/", "/dev/null", "/dev/full", "out", "*"),
    *("paper1", "paper2", "table1", "truth", "all", "published", "gt", "coco", "mpii", "a" * 5000),
)
