"""Judged claims as a rich table: the words, the printed cells, ours, and other conventions."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from repro.papers import study
from repro.report.printed_table import new_grid
from repro.verdicts.claims.caveats import Caveat
from repro.verdicts.claims.judging import VERDICTS, Judged, summary
from repro.verdicts.claims.outcome import ClaimOutcome

CONVENTIONS = "ours, other conventions"


def judged(console: Console, claims: Sequence[Judged]) -> None:
    """Print the claims of each paper, why the odd ones got their verdict, and the counts."""
    for paper, group in groupby(claims, key=lambda one: one.claim.paper):
        _paper(console, paper, list(group))
    console.print(totals(claims))


def totals(claims: Sequence[Judged]) -> Text:
    """`31 holds · 2 contradicted · 9 unchecked`."""
    line = Text()
    for verdict, count in summary(claims).items():
        line.append(" · " if line else "").append(f"{count:,} {verdict}", VERDICTS[verdict].colour)
    return line


def _paper(console: Console, paper: str, claims: Sequence[Judged]) -> None:
    console.print(Text(f"{paper} · {study.load_study(paper).title}", style="bold"))
    grid = new_grid([CONVENTIONS, "text"])
    grid.add_column("claim", ratio=3, overflow="fold")
    for heading in ("text", "print, facts", "ours", CONVENTIONS, ""):
        grid.add_column(heading, overflow="fold")
    for claim in claims:
        place = Text(f"“{claim.claim.printed}”").append(f"  {claim.claim.where}", style="dim")
        cells = _cell(claim.published), _cell(claim.own), _others(claim)
        ending = Text(claim.verdict, style=VERDICTS[claim.verdict].colour)
        grid.add_row(place, Text(", ".join(claim.text)), *cells, ending)
    console.print(grid)
    for verdict in VERDICTS:
        for reason, odd in _reasons(claims, verdict).items():
            console.print(_told(verdict, VERDICTS[verdict].colour, odd, reason))
    for caveat, leaning in _caveats(claims).items():
        console.print(_told(caveat.kind, "dim", leaning, caveat.sentence))
    console.print()


def _told(kind: str, colour: str, claims: Sequence[Judged], said: str) -> Text:
    """What is said of some claims alike."""
    line = Text(f"{kind}  ", style=colour)
    line.append(", ".join(f"“{claim.claim.printed}”" for claim in claims), style="bold not dim")
    return line.append(f" {said}", "not bold not dim")


def _caveats(claims: Sequence[Judged]) -> dict[Caveat, list[Judged]]:
    """What must be known of claims' cells and differences, and of which, whatever their verdict."""
    alike: dict[Caveat, list[Judged]] = {}
    for claim in claims:
        for caveat in claim.caveats:
            alike.setdefault(caveat, []).append(claim)
    return alike


def _reasons(claims: Sequence[Judged], verdict: str) -> dict[str, list[Judged]]:
    """Why claims got a verdict, unless they hold, and which those are."""
    alike: dict[str, list[Judged]] = {}
    for claim in claims if verdict != "holds" else ():
        if claim.verdict == verdict:
            reason = f"{claim.reason} {claim.claim.note or ''}".strip()
            alike.setdefault(reason, []).append(claim)
    return alike


def _cell(outcome: ClaimOutcome | None) -> Text:
    if outcome is None or outcome.holds is None:
        return Text("–", style="dim")
    sign, style = ("✓", "green") if outcome.holds else ("✗", "red")
    if outcome.rounding:
        sign = "≈"
    return Text(outcome.brief).append(f" {sign}", style=style)


def _others(claim: Judged) -> Text:
    """The conventions that agree with the cells' own by name, the others with what they give."""
    line = Text()
    for holds, sign, style in ((False, " ✗", "red"), (True, " ✓", "green")):
        alike = {name: other for name, other in claim.others.items() if other.holds is holds}
        differs = claim.own is None or claim.own.holds is not holds
        names = (f"{name} {other.brief}" if differs else name for name, other in alike.items())
        if alike:
            line.append("; " if line else "").append(", ".join(names)).append(sign, style=style)
    return line
