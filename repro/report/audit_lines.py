"""What an audit found, for a reader and as plain data."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.text import Text

from repro.report.text import counted
from repro.verdicts.audit.check import SEVERITIES, AuditCheck, Quote, audit_summary

CONSISTENT = "green"
"""the colour of what no rule found fault with"""
PLACES = 8
"""rows that a finding quotes at most"""
LONGEST = 1000
"""characters of a line at most"""


def described(check: AuditCheck) -> dict[str, object]:
    """A check as plain data."""
    return {
        "rule": check.rule,
        "severity": check.severity,
        "consistent": not check.finding,
        "finding": check.finding,
        "compared": check.compared,
        "quotes": [asdict(quote) for quote in check.quotes],
    }


def shown(checks: Sequence[AuditCheck], all_checks: Sequence[AuditCheck]) -> RenderableType:
    """Findings with what is printed where, then what is consistent, then how many of each."""
    parts: list[RenderableType] = []
    for check in checks:
        parts += _finding(check) if check.finding else [_consistent(check)]
    return Group(*parts, _totals(all_checks, hidden=len(checks) < len(all_checks)))


def _finding(check: AuditCheck) -> list[RenderableType]:
    severity = SEVERITIES[check.severity]
    head = Text(f"{severity.sign} {check.rule} ", style=severity.colour)
    head.append(short(check.finding), style="bold not dim")
    rows: dict[str, list[str]] = {}
    for quote in check.quotes:
        rows.setdefault(_place(quote), []).append(f"{quote.column} {quote.text}".strip())
    lines = [f"{place}: {', '.join(texts)}" for place, texts in rows.items()]
    more = [f"and {counted(len(lines) - PLACES, 'more row')}"] if len(lines) > PLACES else []
    quoted = [Text(f"    {short(line)}") for line in (*lines[:PLACES], *more)]
    return [head, *quoted, Text(f"    {short(check.compared)}", style="dim")]


def _consistent(check: AuditCheck) -> Text:
    places = list(dict.fromkeys(_place(quote) for quote in check.quotes))
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    line = Text(f"✓ {check.rule} ", style=CONSISTENT)
    return line.append(short(f"{places[0]}{more}: {check.compared}"), style="default")


def _place(quote: Quote) -> str:
    if not quote.table:
        return quote.where
    return f"{quote.paper} {quote.where}{', ' if quote.row else ''}{quote.row}"


def _totals(checks: Sequence[AuditCheck], hidden: bool) -> Text:
    counts = audit_summary(checks)
    line = Text()
    for name, severity in SEVERITIES.items():
        noun = name if counts[name] == 1 else severity.plural
        line.append(f"{counts[name]:,} {noun} · ", style=severity.colour)
    line.append(f"{counts['consistent']:,} consistent", style=CONSISTENT)
    return line.append(" (--all lists them)" if hidden and counts["consistent"] else "")


def short(text: str) -> str:
    """A text from the tables that is not too long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
