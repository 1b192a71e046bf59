"""The kinds of errors of poses: how often, where, and what mending gives, for a reader."""

from collections.abc import Sequence
from dataclasses import fields

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from repro.diagnosis.findings import (
    DiagnosedSide,
    ErrorFindings,
    FoundShare,
    GainOfSide,
    ShareOfSide,
)
from repro.diagnosis.kinds import GOOD, JOINT_KINDS, KINDS, LEAST, NEAR, RIGHT
from repro.report.printed_table import new_grid
from repro.scoring.confidence import Difference

HEADINGS = {GOOD: GOOD, **{name: kind.heading for name, kind in KINDS.items()}}
LETTERS = "AB"
GROUPS = ("size", "overlap", "crowding")


def described(found: ErrorFindings) -> dict[str, object]:
    """The findings as plain data."""
    parts = {part.name: getattr(found, part.name) for part in fields(found)}
    thresholds = {"at_person": LEAST, "near": NEAR, "right": RIGHT}
    return {**parts, "unit": "%", "thresholds": thresholds}


def shown(found: ErrorFindings) -> RenderableType:
    """The findings as tables of at most 80 signs a line."""
    two = len(found.sides) == 2
    lines = [_side(*one) for one in zip(LETTERS, found.sides, strict=False)]
    absent = [f"no {HEADINGS[kind]}: {why}" for kind, why in found.absent.items()]
    kinds = _pair_of_kinds(found) if two else _kinds(found)
    told = [
        f"{found.sides[0].metric} +: what mending this kind alone gains, in points",
        *(() if two else ("in turn: what is reached when those above are mended too",)),
    ]
    what = "B less A in points, 95 % interval below" if two else "per cent, 95 % interval below"
    return Group(
        *map(Text, lines),
        Text(""),
        kinds,
        *(Text(line, style="dim") for line in (*told, *absent)),
        Text(""),
        Text(f"Joints: {what}", style="bold"),
        _by(found, ("joint",), (GOOD, *reversed(JOINT_KINDS))),
        *(
            (
                Text(""),
                Text(f"Persons and images: {what}", style="bold"),
                _by(found, GROUPS, tuple(KINDS)),
            )
            if any(one.group in GROUPS for one in found.shares)
            else ()
        ),
    )


def _side(letter: str, side: DiagnosedSide) -> str:
    accuracy = "–" if side.accuracy is None else f"{side.accuracy:.2f}"
    return (
        f"{letter} {side.name}: {side.metric} {accuracy} · {side.images:,} images · "
        f"{side.found:,} of {side.persons:,} persons found, {side.unfound:,} not "
        f"({side.shared:,} share a pose) · {side.poses:,} poses · {side.joints:,} joints"
    )


def _kinds(found: ErrorFindings) -> Grid:
    """Each kind of error of one evaluation."""
    metric = found.sides[0].metric
    grid = _grid("", "%", "95 %", "of", f"{metric} +", "95 %", "in turn")
    for kind in (GOOD, *KINDS):
        share = found.share(kind)
        if share is None:
            continue
        own = share.sides[0]
        of = KINDS[kind].of if kind in KINDS else "joints"
        cells = [_number(own.value), _ends(own), f"{own.count:,} of {own.total:,} {of}"]
        grid.add_row(HEADINGS[kind], *cells, *_mended(found, kind))
    return grid


def _mended(found: ErrorFindings, kind: str) -> list[str]:
    """What mending a kind alone gains, and the accuracy when it follows those before it."""
    alone, after = found.gain(kind), found.gain(kind, together=True)
    if alone is None or after is None:
        return ["", "", ""]
    own = alone.sides[0]
    return [_number(own.gain, "+"), _ends(own), _number(after.sides[0].accuracy)]


def _pair_of_kinds(found: ErrorFindings) -> Grid:
    """Each kind of error of two evaluations, B less A."""
    grid = _grid("", "A %", "B %", "B-A", "95 %", "p", "A +", "B +", "B-A", "95 %")
    for kind in (GOOD, *KINDS):
        share, gain = found.share(kind), found.gain(kind)
        if share is not None:
            values = [_number(one.value) for one in share.sides]
            gains = ["", ""] if gain is None else [_number(one.gain, "+") for one in gain.sides]
            apart = _apart(None if gain is None else gain.difference)
            grid.add_row(
                HEADINGS[kind], *values, *_apart(share.difference), _chance(share), *gains, *apart
            )
    return grid


def _by(found: ErrorFindings, groups: Sequence[str], kinds: Sequence[str]) -> Grid:
    """A row for each part of some groups, a column for each kind of error."""
    known = [kind for kind in kinds if kind == GOOD or kind not in found.absent]
    grid = _grid("", *(Group(*HEADINGS[kind].split(" ")) for kind in known))
    for group, of in dict.fromkeys((one.group, one.of) for one in found.shares):
        if group in groups:
            cells = [_cell(found.share(kind, group, of)) for kind in known]
            grid.add_row(of, *cells)
    return grid


def _cell(share: FoundShare | None) -> RenderableType:
    """A share, or the difference of two, with its interval below."""
    if share is None:
        return Text("")
    if len(share.sides) == 1:
        own = share.sides[0]
        return Group(_number(own.value), Text(_ends(own), style="dim"))
    apart = share.difference
    if apart is None:
        return Group("–", "")
    sure = apart.low > 0 or apart.high < 0
    value, ends = _apart(apart)
    return Group(Text(value, style="bold" if sure else ""), Text(ends, style="dim"))


def _grid(*headings: RenderableType) -> Grid:
    grid = new_grid()
    for place, heading in enumerate(headings):
        dim = "dim" if isinstance(heading, str) and "95" in heading else ""
        grid.add_column(heading, justify="right" if place else "left", no_wrap=True, style=dim)
    return grid


def _apart(difference: Difference | None) -> list[str]:
    if difference is None:
        return ["–", ""]
    return [_number(difference.value, "+"), f"{_number(difference.low)}…{_number(difference.high)}"]


def _chance(share: FoundShare) -> str:
    return "" if share.difference is None else f"{share.difference.chance:.3f}"


def _number(value: float | None, sign: str = "") -> str:
    return "–" if value is None else f"{round(value, 1) + 0.0:{sign}.1f}"  # never -0.0


def _ends(one: ShareOfSide | GainOfSide) -> str:
    return "" if one.low is None or one.high is None else f"{_number(one.low)}…{_number(one.high)}"
