"""A timing run, for a reader and as plain data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.records.record import Record
from repro.report.orders import fastest_first, threads
from repro.report.printed_table import new_grid
from repro.speed.results.ranks import orders
from repro.speed.results.recording import names

if TYPE_CHECKING:
    from repro.speed.measure.subjects import Preparation, TimedRun
    from repro.speed.results.analysis import Analysis, TimeRatio
    from repro.speed.results.percentiles import TimePercentile

COLOURS = {"faster": "green", "slower": "red"}
MEBI = 2**20


def described(run: "TimedRun", analysis: "Analysis", record: Record) -> dict[str, object]:
    """A run as plain data; seconds, bytes and ratios."""
    known = names(run)
    return {
        "timing": {key: value for key, value in record.spec.items() if key != "kind"},
        "subjects": [_subject(run, analysis, place, known[place]) for place in known],
        "ratios": [_ratio(known, one) for one in _against_first(run, analysis)],
        "orders": [asdict(one) for one in orders(analysis)],
        "noise_floor": analysis.floor,
        "basis": analysis.basis,
        "unstable": analysis.unstable or None,
        "failures": list(run.failures),
        "interrupted": run.interrupted,
        "conditions": dict(run.conditions),
        "record": record.key,
    }


def table(run: "TimedRun", analysis: "Analysis", record: Record) -> RenderableType:
    """A run as a table: the first subject of a batch is what its others are held against."""
    spec = record.spec
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    headings = ("ms", "95 % interval", "p90", "p99", "FPS", "CPU ms", "ratio", "95 % interval", "")
    for heading in headings:
        grid.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    energy = any(one.joules is not None for one in run.preparations)
    for heading in ("difference", "made in s", "MiB", *(["J"] if energy else [])):
        grid.add_column(heading, justify="right", no_wrap=True, style="dim")
    ratios = {one.subject: one for one in _against_first(run, analysis)}
    refused = []
    for place, label in names(run).items():
        preparation = _made(run, place)
        if place not in analysis.subjects:
            refused.append(
                Text(f"{label}: no speed. {preparation.refused if preparation else 'Not timed.'}")
            )
            continue
        times = analysis.times(place)
        cells = [
            f"{1000 * times.wall.value:.2f}",
            f"{1000 * times.wall.low:.2f} to {1000 * times.wall.high:.2f}",
            *(_tail(one) for one in times.percentiles if one.percent > 50),
            f"{run.subjects[place].batch / times.wall.value:.1f}",
            f"{1000 * times.cpu.value:.2f}",
        ]
        grid.add_row(
            Text(label), *cells, *_shown(ratios.get(place)), *_preparation(run, preparation)
        )
    head = (
        f"{spec['machine']} · {threads(spec['threads'])} · batch {_all(spec['batch'])} · "
        f"{_all(spec['precision'])} · {spec['stage']} · protocol {spec['protocol']}"
    )
    floor = "no A/A twin" if analysis.floor is None else f"noise floor (A/A) {analysis.floor:.1%}"
    state = f"UNSTABLE: {analysis.unstable}" if analysis.unstable else "stable"
    facts = f"{floor} · ratios by {analysis.basis} time · {state}"
    if spec.get("passive") is True and spec["threads"] != 1:
        facts += " · idle threads asleep, since other work kept the cores busy"
    ranked = [fastest_first(one) for one in orders(analysis) if len(one.seconds) > 1]
    style = "yellow" if analysis.unstable else "dim"
    lines = [*refused, *ranked, Text(f"record {record.key[:12]}")]
    return Group(Text(head), Text(facts, style=style), grid, *lines)


def _all(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


def _against_first(run: "TimedRun", analysis: "Analysis") -> list["TimeRatio"]:
    """Each timed subject's ratio to the first one of its batch."""
    timed = [place for place in names(run) if place in analysis.subjects]
    first: dict[int, int] = {}
    for place in timed:
        first.setdefault(run.subjects[place].batch, place)
    pairs = [(place, first[run.subjects[place].batch]) for place in timed]
    return [analysis.ratio(place, other) for place, other in pairs if place != other]


def _made(run: "TimedRun", place: int) -> "Preparation | None":
    return next((one for one in run.preparations if one.subject == place), None)


def _shown(ratio: "TimeRatio | None") -> list[RenderableType]:
    if ratio is None:
        return ["1", "", ""]
    verdict = Text(ratio.verdict, style=COLOURS.get(ratio.verdict, "dim"))
    return [f"{ratio.value:.2f}", f"{ratio.low:.2f} to {ratio.high:.2f}", verdict]


def _tail(percentile: "TimePercentile") -> str:
    """Milliseconds; nothing where the calls are too few, which a remark tells."""
    return "–" if percentile.seconds is None else f"{1000 * percentile.seconds:.2f}"


def _preparation(run: "TimedRun", preparation: "Preparation | None") -> list[str]:
    if preparation is None:
        return ["", "", "", ""]
    images = run.subjects[preparation.subject].batch
    seconds = preparation.export_seconds + preparation.compile_seconds
    difference = "" if preparation.difference is None else f"{preparation.difference:.0e}"
    how = "cached" if preparation.cached else f"{seconds:.1f}" if seconds else ""
    return [
        difference,
        how,
        f"{preparation.peak_memory / MEBI:.0f}" if preparation.peak_memory else "",
        "" if preparation.joules is None else f"{preparation.joules / images:.3g}",
    ]


def _subject(run: "TimedRun", analysis: "Analysis", place: int, label: str) -> dict[str, object]:
    subject, preparation = run.subjects[place], _made(run, place)
    data: dict[str, object] = {
        "name": label,
        "model": subject.model,
        "input": subject.input,
        **asdict(subject.way),
    }
    if subject.file is not None:
        data["sha256"] = subject.file.sha256
    if preparation is not None:
        data |= {
            "export_seconds": preparation.export_seconds,
            "compile_seconds": preparation.compile_seconds,
            "cached": preparation.cached,
            "peak_memory": preparation.peak_memory,
        }
        if preparation.joules is not None:
            data["joules"] = preparation.joules / subject.batch
        data |= {} if preparation.difference is None else {"difference": preparation.difference}
        data |= {"refused": preparation.refused} if preparation.refused else {}
    if place in analysis.subjects:
        times = analysis.times(place)
        data["seconds"] = {"median": times.wall.value, "low": times.wall.low} | {
            "high": times.wall.high
        }
        data["cpu_seconds"] = {"median": times.cpu.value, "low": times.cpu.low} | {
            "high": times.cpu.high
        }
        data |= {"calls": times.calls, "blocks": times.blocks, "disturbed": times.disturbed}
        data["percentiles"] = [_percentile(one) for one in times.percentiles]
    return data


def _percentile(percentile: "TimePercentile") -> dict[str, object]:
    return {name: value for name, value in asdict(percentile).items() if value is not None}


def _ratio(known: Mapping[int, str], ratio: "TimeRatio") -> dict[str, object]:
    return {
        "of": known[ratio.subject],
        "against": known[ratio.against],
        "value": ratio.value,
        "low": ratio.low,
        "high": ratio.high,
        "verdict": ratio.verdict,
        **({"reason": ratio.reason} if ratio.reason else {}),
    }
