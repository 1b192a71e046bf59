"""What holds of a paper, what does not and why: a few lines before any table, for every medium."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from repro.errors import listed
from repro.papers.metrics import ACCURACY, COST, SPEED
from repro.report.contents import ReportContents
from repro.report.inert import visible
from repro.report.text import counted
from repro.verdicts.audit.check import SEVERITIES, AuditCheck
from repro.verdicts.claims import judging
from repro.verdicts.claims.caveats import COPIED, NOISE
from repro.verdicts.claims.judging import Judged
from repro.verdicts.judge import Cell, summary
from repro.verdicts.kinds import KINDS

ONE = {"are": "is", "were": "was", "have": "has", "cannot": "cannot"}
"""verb of several -> of one, where it takes no s"""
HOLDING = ("holds", "rounding", "convention")
RUN = dict.fromkeys(ACCURACY, ("accuracy", "accuracies")) | dict.fromkeys(
    SPEED, ("speed", "speeds")
)
"""metric -> what one of its figures is called, and several"""
MOST = 2
"""things of one sort that are told; the others are counted"""
LONGEST = 240
"""characters of a reason"""
_END = re.compile(r"(?<=[.!?]) (?=[A-Z0-9“])")
_DIGITS = re.compile(r"[-+−]?\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class FrontLine:
    """One thing that is so, and what makes it so."""

    said: str
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "said", visible(self.said))
        object.__setattr__(self, "parts", tuple(map(visible, self.parts)))


@dataclass(frozen=True, slots=True)
class PaperFront:
    """A paper in short."""

    holds: tuple[FrontLine, ...]
    fails: tuple[FrontLine, ...]
    unknown: tuple[FrontLine, ...]

    @property
    def parts(self) -> tuple[tuple[str, tuple[FrontLine, ...]], ...]:
        """Heading and lines of each part that says something."""
        every = (
            ("What holds", self.holds),
            ("What does not, and why", self.fails),
            ("What is not known", self.unknown),
        )
        return tuple(part for part in every if part[1])


def front(report: ReportContents, paper: str) -> PaperFront:
    """Of one paper, from everything that was judged."""
    cells = [cell for cell in report.cells if cell.wanted.table.study == paper]
    claims = [one for one in report.claims if one.claim.paper == paper]
    checks = [one for one in report.checks if one.finding and paper in one.papers]
    return PaperFront(
        holds=(*_printing(cells), *_statements(claims, HOLDING), *_borne_out(claims)),
        fails=(*_costs(cells), *_runs(cells), *_contradicted(claims), *_found(checks, paper)),
        unknown=(
            *_missing(cells),
            *_statements(claims, ("unchecked",)),
            *_leaning(claims),
            *_elsewhere(checks, paper),
        ),
    )


def _printing(cells: Iterable[Cell]) -> Iterator[FrontLine]:
    """How many counts print as published, and how many figures that were run are so."""
    costs = [cell for cell in cells if cell.wanted.column.metric in COST]
    kinds = summary(cell for cell in costs if KINDS[cell.verdict.kind].test == "passed")
    words = [(count, KINDS[kind].costs) for kind, count in kinds.items()]
    parts = [f"{count:,} {_verb(count, costs[0])} {costs[1]}" for count, costs in words if costs]
    if parts:
        total = sum(cell.verdict.kind != "cited" for cell in costs)
        yield FrontLine(f"Of its {total:,} parameter and MAC counts {listed(parts)}.")
    for nouns, found in _run(cells).items():
        good = [cell for cell in found if KINDS[cell.verdict.kind].test == "passed"]
        if good:
            said = [
                f"{count:,} {_verb(count, 'are')} {KINDS[kind].run}"
                for kind, count in summary(good).items()
            ]
            yield FrontLine(f"Of {_those(found, nouns)} {listed(said)}.")


def _those(run: Sequence[Cell], nouns: tuple[str, str]) -> str:
    """`6 speeds that were run`."""
    return (
        f"1 {nouns[0]} that was run" if len(run) == 1 else f"{len(run):,} {nouns[1]} that were run"
    )


def _run(cells: Iterable[Cell]) -> dict[tuple[str, str], list[Cell]]:
    """The accuracies and speeds that were run and judged, by what they are called."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        kind = KINDS[cell.verdict.kind]
        if cell.wanted.column.metric in RUN and kind.test != "skipped":
            found.setdefault(RUN[cell.wanted.column.metric], []).append(cell)
    return found


def _statements(claims: Sequence[Judged], verdicts: Sequence[str]) -> Iterator[FrontLine]:
    """How many of the paper's sentences got some verdicts."""
    totals = judging.summary(claims)
    parts = [_counting(totals[name], name) for name in verdicts if name in totals]
    if parts:
        yield FrontLine(f"Of {len(claims):,} statements of its text {listed(parts)}.")


def _borne_out(claims: Iterable[Judged]) -> Iterator[FrontLine]:
    """How many of those that hold do so by what was counted or measured here."""
    held = [one for one in claims if one.verdict in HOLDING]
    ours = sum(one.own is not None and one.own.holds is True for one in held)
    if held:
        others = "the others" if ours else "all"
        yield FrontLine(
            f"Of these {ours or 'none'} {_verb(ours, 'are')} borne out by what was counted or "
            f"measured here, {others} by the paper’s own numbers or public ones alone."
        )


def _verb(count: int, verb: str) -> str:
    """A verb of several, as it is of so many."""
    return ONE.get(verb, f"{verb}s") if count == 1 else verb


def _counting(count: int, verdict: str) -> str:
    """`79 hold`, `1 is contradicted by the paper's own numbers`."""
    verb, _, rest = judging.VERDICTS[verdict].said.partition(" ")
    return f"{count:,} {_verb(count, verb)} {rest}".rstrip()


def _costs(cells: Iterable[Cell]) -> Iterator[FrontLine]:
    """The counts that do not print as published, alike by their cause, the most first."""
    groups: dict[tuple[str, str], list[tuple[Cell, str]]] = {}
    for cell in cells:
        good = KINDS[cell.verdict.kind].test == "passed" or cell.verdict.kind == "missing"
        if cell.wanted.column.metric in COST and not good:
            cause = _first(_cause(cell))
            key = cell.verdict.kind, _DIGITS.sub("0", cause)
            groups.setdefault(key, []).append((cell, cause))
    for name, kind in KINDS.items():
        alike = [found for (of, _), found in groups.items() if of == name]
        if alike and kind.costs:
            count = sum(map(len, alike))
            told = sorted(alike, key=len, reverse=True)
            parts = [f"{_places([cell for cell, _ in found])}: {found[0][1]}" for found in told]
            verb, rest = kind.costs
            said = f"{kind.sign} {counted(count, 'count')} {_verb(count, verb)} {rest}."
            yield FrontLine(said, _few(parts))


def _cause(cell: Cell) -> str:
    """Why a count is not the printed one, as its table says it; else the reason of the verdict."""
    row, key = cell.wanted.row, cell.wanted.column.key
    return row.cause.get(key) or row.unreproducible.get(key) or cell.verdict.reason


def _places(cells: Sequence[Cell]) -> str:
    """`VI Exp-3 deconv (#Params/M)`, or how many and where."""
    first = cells[0].wanted
    if len(cells) == 1:
        return f"Table {first.table.number}, {first.row.label} ({first.column.heading})"
    tables = list(dict.fromkeys(cell.wanted.table.number for cell in cells))
    where = f"{'Table' if len(tables) == 1 else 'Tables'} {listed(tables)}"
    return f"{counted(len(cells), 'cell')} of {where}"


def _runs(cells: Iterable[Cell]) -> Iterator[FrontLine]:
    """The accuracies and speeds that were run and are not as published."""
    for nouns, run in _run(cells).items():
        found = [cell for cell in run if KINDS[cell.verdict.kind].test == "failed"]
        if found:
            kind = KINDS[found[0].verdict.kind]
            parts = [f"{_places([cell])}: {_first(cell.verdict.reason)}" for cell in found]
            count = f"{len(found):,} {_verb(len(found), 'are')}"
            said = f"{kind.sign} Of {_those(run, nouns)} {count} {kind.run}."
            yield FrontLine(said, _few(parts))


def _contradicted(claims: Sequence[Judged]) -> Iterator[FrontLine]:
    """The sentences that the paper's own numbers, or ours, do not bear out."""
    for name in ("contradicted", "measured otherwise"):
        found = [one for one in claims if one.verdict == name]
        if found:
            parts = [f"“{one.claim.printed}”: {_first(one.reason)}" for one in found]
            verb, _, rest = judging.VERDICTS[name].said.partition(" ")
            count = f"{counted(len(found), 'statement')} {_verb(len(found), verb)} {rest}"
            yield FrontLine(f"{judging.VERDICTS[name].sign} {count}.", _few(parts))


def _found(checks: Sequence[AuditCheck], paper: str) -> Iterator[FrontLine]:
    """What its tables say against themselves, or against what is known; not what others print."""
    for name, noun in (("contradiction", "contradiction"), ("implausible", "implausible place")):
        found = [one for one in checks if one.severity == name and _its_own(one, paper)]
        if found:
            parts = [f"{_place(one, paper)}: {_first(one.finding)}" for one in _varied(found)]
            said = f"{SEVERITIES[name].sign} Its tables hold {counted(len(found), noun)}."
            yield FrontLine(said, _few(parts))


def _varied(checks: Iterable[AuditCheck]) -> list[AuditCheck]:
    """The first finding of each rule, then the second ones, and so on."""
    seen: Counter[str] = Counter()
    turns = []
    for check in checks:
        turns.append((seen[check.rule], check))
        seen[check.rule] += 1
    return [check for _, check in sorted(turns, key=lambda turn: turn[0])]


def _its_own(check: AuditCheck, paper: str) -> bool:
    """Whether a finding is of this paper: the place is its, and no other prints it otherwise."""
    return check.quotes[0].paper == paper and (check.rule != "agreement" or len(check.papers) == 1)


def _place(check: AuditCheck, paper: str) -> str:
    quote = next(one for one in check.quotes if one.paper == paper and one.table)
    return f"{quote.where}{', ' if quote.row else ''}{quote.row}"


def _missing(cells: Iterable[Cell]) -> Iterator[FrontLine]:
    """What was not run here, by what would supply it."""
    groups: dict[str, int] = {}
    for cell in cells:
        if cell.verdict.kind == "missing":
            groups[cell.verdict.reason] = groups.get(cell.verdict.reason, 0) + 1
    told = sorted(groups, key=lambda reason: -groups[reason])
    parts = [f"{groups[reason]:,}: {reason}" for reason in told]
    if parts:
        count = sum(groups.values())
        said = f"{counted(count, 'number')} {_verb(count, 'were')} not run here."
        yield FrontLine(said, _few(parts))


def _leaning(claims: Sequence[Judged]) -> Iterator[FrontLine]:
    """Statements on ground that may not bear them, whatever their verdict."""
    for kind, said in (
        (NOISE, "differences of accuracy that the choice of images alone may make"),
        (COPIED, "figures that look copied from another split or set-up"),
    ):
        count = sum(any(one.kind == kind for one in claim.caveats) for claim in claims)
        if count:
            yield FrontLine(f"{counted(count, 'statement')} {_verb(count, 'rest')} on {said}.")


def _elsewhere(checks: Sequence[AuditCheck], paper: str) -> Iterator[FrontLine]:
    """Networks that another paper prints otherwise."""
    found = [one for one in checks if one.rule == "agreement" and len(one.papers) > 1]
    if found:
        others = sorted({other for one in found for other in one.papers} - {paper})
        verb = _verb(len(found), "have")
        yield FrontLine(
            f"{counted(len(found), 'network')} {verb} other figures in {listed(others)}, under "
            "what should be the same conditions."
        )


def _first(said: str) -> str:
    """The first sentence of a reason, or its beginning."""
    sentence = _END.split(said)[0]
    return sentence if len(sentence) <= LONGEST else f"{sentence[:LONGEST].rstrip()} …"


def _few(parts: Sequence[str], most: int = MOST) -> tuple[str, ...]:
    """The first of some parts, and how many more there are."""
    left = len(parts) - most
    return (*parts[:most], *([f"and {left} more"] if left > 0 else []))
