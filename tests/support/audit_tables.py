"""Two papers with consistent tables, drawn at random and printed by rounding or by cutting."""

import json
import random
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from repro.papers import published_elsewhere, study
from repro.papers.metrics import METRICS
from repro.verdicts.audit.joints import COUNTS

SIZES = ((256, 192), (256, 256), (384, 288))
Data = dict[str, Any]
OKS = {"ap": "AP", "ap50": "AP50", "ap75": "AP75", "apm": "APM", "apl": "APL", "ar": "AR"}


@dataclass
class Papers:
    """The content of tables/: study and table files of each paper, and what others published."""

    files: dict[tuple[str, str], Data] = field(default_factory=dict)
    sources: list[Data] = field(default_factory=list)

    def row(self, paper: str, table: str, label: str) -> Data:
        """One row, to be altered."""
        rows = self.files[paper, table]["rows"]
        return next(row for row in rows if row["label"] == label)

    def write(self, folder: Path) -> None:
        """Write the files and forget what was read of others."""
        for (paper, name), data in self.files.items():
            path = folder / paper / f"{name}.toml"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = (f"{key} = {toml(value)}\n" for key, value in data.items())
            path.write_text("".join(lines), encoding="utf-8")
        listed = f"sources = {toml(self.sources)}\n"
        (folder / published_elsewhere.FILE).write_text(listed, encoding="utf-8")
        study.load_study.cache_clear()
        study.load_table.cache_clear()


def toml(value: object) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class Press:
    """Prints numbers one way: all rounded, or all cut."""

    def __init__(self, draw: random.Random) -> None:
        self.way = draw.choice((ROUND_HALF_UP, ROUND_DOWN))

    def __call__(self, value: float, digits: int, sign: bool = False) -> str:
        step = Decimal(1).scaleb(-digits)
        text = str(Decimal(repr(value)).quantize(step, rounding=self.way))
        return f"+{text}" if sign and not text.startswith("-") else text


def papers(seed: int) -> Papers:
    """The papers of a seed."""
    draw = random.Random(seed)
    made = Papers()
    for paper in ("paper1", "paper2"):
        made.files[paper, "study"] = _study(paper)
    networks = [Network(draw, f"rival_{number}") for number in range(4)]
    own = Network(draw, "own_net", cheap=True)
    press, digits = Press(draw), draw.choice((1, 2))
    for paper, name, split in (
        ("paper1", "table1", "val"),
        ("paper1", "table2", "test-dev"),
        ("paper2", "table1", "val"),
    ):
        chosen = [*networks, own] if paper == "paper1" else networks[1:]
        made.files[paper, name] = _accuracies(chosen, split, press, digits)
    made.files["paper1", "table3"] = _joints(draw, press, [*networks, own])
    made.files["paper1", "table4"] = _ladder(draw, press)
    made.files["paper1", "table5"] = _ablation(draw)
    made.files["paper1", "table6"] = _speeds(draw, press, networks)
    made.sources = _elsewhere(draw, [*networks, own], made)
    for (_, name), data in made.files.items():
        if name != "study":
            data["number"] = name.removeprefix("table")
    return made


class Network:
    """What is true of one network."""

    def __init__(self, draw: random.Random, name: str, cheap: bool = False) -> None:
        self.name = name
        self.params = draw.uniform(0.5, 1) if cheap else draw.uniform(1.1, 60)
        self.pixel = draw.uniform(1e-6, 2e-6) if cheap else draw.uniform(3e-6, 4e-4)
        self.fixed = draw.uniform(0, 0.01) * self.pixel * 256 * 192
        quality = draw.uniform(0, 0.8)
        shape = [draw.uniform(0.9, 0.97) for _ in range(9)]
        apart = draw.uniform(1, 5)
        self.accuracy = {
            (size, split): _oks(quality + 0.05 * rank - shift, shape, apart)
            for rank, size in enumerate(SIZES)
            for split, shift in (("val", 0.0), ("test-dev", 0.031))
        }

    def macs(self, size: tuple[int, int]) -> float:
        """In units of 1e9."""
        return self.pixel * size[0] * size[1] + self.fixed


def _oks(quality: float, shape: list[float], apart: float) -> dict[str, float]:
    """Accuracies from ten thresholds; `shape` is what each keeps of the one before."""
    shares = [70 + 25 * quality]
    for kept in shape:
        shares.append(shares[-1] * kept)
    ap = sum(shares) / 10
    return {
        "ap": ap,
        "ap50": shares[0],
        "ap75": shares[5],
        "apm": ap - apart,
        "apl": ap + 2 * apart,
        "ar": ap + apart,
    }


def _study(name: str) -> Data:
    protocol = {
        **{"dataset": "coco", "split": "val2017", "boxes": "boxes.json", "colour": "RGB"},
        **{"flip": True, "shift": True, "decode": "argmax+quarter", "evaluator": "pycocotools"},
        **{"metric": "AP", "supply": "images", "source": "Section 4"},
    }
    mpii = {"dataset": "mpii", "split": "val", "boxes": "ground truth"}
    return {
        **{"name": name, "title": name, "authors": [], "year": 2020, "hardware": "a machine"},
        "own": ["own_*"],
        "protocols": {
            "val": protocol,
            "test-dev": protocol | {"split": "test-dev2017"},
            "mpii": protocol | mpii | {"evaluator": "PCKh (HRNet)"},
        },
        "timings": {
            "machine": {
                **{"hardware": "a machine", "procedure": "mean", "batch": 1},
                **{"supply": "the machine", "source": "Section 5"},
            }
        },
    }


def _column(key: str, label: str, metric: str | None = None, **more: object) -> Data:
    if metric is None:
        return {"key": key, "label": label}
    return {"key": key, "label": label, "metric": metric, "unit": METRICS[metric].unit, **more}


def _costs() -> list[Data]:
    return [
        _column("params", "#Params", "params"),
        _column("macs", "#MACs", "macs", convention="ptflops", giga=10**9),
    ]


def _table(caption: str, protocol: str, columns: list[Data], rows: list[Data]) -> Data:
    kept = {"caption": caption, "where": "Section 4", "protocol": protocol}
    return {**kept, "columns": columns, "rows": rows}


def _accuracies(chosen: list[Network], split: str, press: Press, digits: int) -> Data:
    rows = [
        {
            "label": f"{one.name} {size[0]}x{size[1]}",
            "model": one.name,
            "input": size,
            "cells": {
                "input": f"{size[0]}×{size[1]}",
                "params": f"{press(one.params, digits)}M",
                "macs": f"{press(one.macs(size), digits + 1)}G",
                **{key: press(value, 1) for key, value in one.accuracy[size, split].items()},
            },
        }
        for one in chosen
        for size in SIZES
    ]
    oks = [_column(key, metric, metric) for key, metric in OKS.items()]
    caption = "Results on the COCO validation set" if split == "val" else "COCO test-dev2017"
    return _table(caption, split, [_column("input", "Input size"), *_costs(), *oks], rows)


def _joints(draw: random.Random, press: Press, chosen: list[Network]) -> Data:
    """Sides differ; neck, and in half of the tables shoulder and elbow, are not printed."""
    hidden = draw.choice((("Neck",), ("Neck", "Shoulder", "Elbow")))
    printed = [name for name in COUNTS if name not in hidden]
    rows = []
    for one in chosen:
        wrist, knee = draw.uniform(70, 80), draw.uniform(68, 80)
        wrist = 80.5 if one.name == "own_net" else wrist
        hip, elbow = max(wrist, knee) + draw.uniform(2, 6), wrist + draw.uniform(4, 8)
        shoulder = elbow + draw.uniform(5, 7)
        share = {
            **{"Head": shoulder + 1.5, "Neck": shoulder + 1, "Shoulder": shoulder},
            **{"Elbow": elbow, "Wrist": wrist, "Hip": hip, "Knee": knee},
            "Ankle": knee - draw.uniform(2, 6),
        }
        sides = {name: draw.uniform(-2, 2) if len(COUNTS[name]) > 1 else 0.0 for name in share}
        hits = sum(
            count * (share[name] + way * sides[name])
            for name, counts in COUNTS.items()
            for way, count in zip((1, -1), counts, strict=False)
        )
        share["Mean"] = hits / sum(map(sum, COUNTS.values()))
        cells = {name.lower(): press(share[name], 1) for name in (*printed, "Mean")}
        rows.append({"label": one.name, "model": one.name, "input": (256, 256), "cells": cells})
    columns = [_column(name.lower(), name, name) for name in (*printed, "Mean")]
    return _table("Results on MPII val", "mpii", columns, rows)


def _ladder(draw: random.Random, press: Press) -> Data:
    shares = [draw.uniform(60, 65)]
    shares += [shares[-1] + draw.uniform(-0.3, 0.9) for _ in range(5)]
    rows: list[Data] = [
        {"label": f"Stage {number}", "variant": f"stage-{number}", "cells": {"ap": press(ap, 2)}}
        for number, ap in enumerate(shares)
    ]
    for number in range(1, 6):
        gain = press(shares[number] - shares[number - 1], 2, sign=True)
        rows[number]["cells"]["gain"] = gain
    total = press(shares[-1] - shares[0], 2, sign=True)
    rows.append({"label": "Cumulative", "cells": {"gain": total}})
    where = {"model": "own_net", "input": (256, 192)}
    columns = [_column("ap", "AP", "AP", **where), _column("gain", "Δ gain", "AP_gain", **where)]
    return _table("Iterative training", "val", columns, rows)


def _ablation(draw: random.Random) -> Data:
    """Four switches, alone and together; a module at 1/4; one that costs next to nothing."""
    press = Press(draw)
    base = (draw.uniform(2, 3), draw.uniform(4, 6), draw.uniform(55, 60))
    alone = [(draw.uniform(0, 0.4), draw.uniform(0, 0.4), draw.uniform(0, 0.5)) for _ in range(4)]

    def cells(*added: tuple[float, float, float]) -> dict[str, str]:
        params, macs, ap = (sum(each) for each in zip(base, *added, strict=True))
        return {"params": press(params, 1), "macs": f"{press(macs, 1)}G", "ap": press(ap, 1)}

    def row(label: str, *added: tuple[float, float, float], **more: object) -> Data:
        options = {"switches": [label]} if added else {}
        kept = {"label": label, "model": "own_base", "input": (448, 448), "variant": "ablation"}
        return {**kept, "options": options, "cells": cells(*added), **more}

    names = [f"Part {number}" for number in range(1, 5)]
    weights = draw.uniform(0.1, 0.3)
    module = (weights, weights * 1e6 * 112 * 112 / 1e9 * draw.uniform(1, 2), 0.2)
    rows = [
        row("Base"),
        *(row(name, one, after="Base") for name, one in zip(names, alone, strict=True)),
        row("All", *alone, after="Base", parts=names),
        row("Module", module, adds={"to": "Base", "stride": 4, "why": "It is."}),
        row("Gate", (0.2, 0.02, 0.1), adds={"to": "Base", "most": 30_000_000, "why": "Pooled."}),
    ]
    columns = [_column("params", "#Params/M", "params"), _costs()[1], _column("ap", "AP", "AP")]
    return _table("Ablation on COCO val2017", "val", columns, rows)


def _speeds(draw: random.Random, press: Press, chosen: list[Network]) -> Data:
    rows = []
    for one in chosen:
        seconds = draw.uniform(0.01, 0.2)
        cells = {"fps": press(1 / seconds, 1), "ms": press(1000 * seconds, 1)}
        rows.append({"label": one.name, "model": one.name, "input": (256, 192), "cells": cells})
    columns = [
        _column("fps", "FPS", "fps", device="cpu"),
        _column("ms", "Latency", "latency", device="cpu"),
    ]
    return _table("Speed", "val", columns, rows) | {"timing": "machine"}


def _elsewhere(draw: random.Random, chosen: list[Network], made: Papers) -> list[Data]:
    """What is true of other images, and of the same; times of a phone, and of the same machine."""

    def accuracies(split: str, size: tuple[int, int]) -> list[Data]:
        true = [(one.name, one.accuracy[size, split]["ap"]) for one in chosen]
        return [
            {"network": name, "metric": "AP", "value": f"{ap:.1f}", "input": size}
            for name, ap in true
        ]

    rows = made.files["paper1", "table6"]["rows"]
    here = [{"network": row["model"], "metric": "latency"} for row in rows]
    times = [float(row["cells"]["ms"]) for row in rows]
    there = [f"{time * draw.uniform(1.5, 4):.1f}" for time in times]
    return [
        {
            "source": f"A repository, {split}",
            "on": f"COCO {name}",
            "figures": [one for size in SIZES for one in accuracies(split, size)],
        }
        for split, name in (("val", "val2017"), ("test-dev", "test-dev2017"))
    ] + [
        {
            "source": "A repository, speeds",
            "device": device,
            "figures": [one | {"value": value} for one, value in zip(here, told, strict=True)],
        }
        for device, told in (("a machine", [str(time) for time in times]), ("a phone", there))
    ]
