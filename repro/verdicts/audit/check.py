"""One thing that was checked: where, by which rule, what was compared, and what is wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Severity:
    """How bad a finding is."""

    sign: str
    meaning: str
    colour: str
    """in the terminal"""
    hue: str
    """on the page, a variable of its style"""
    plural: str
    usual: bool = False
    """whether the page shows such findings only when asked"""


SEVERITIES: Mapping[str, Severity] = {
    "contradiction": Severity(
        sign="✗",
        meaning="the printed figures exclude each other, however they were rounded or cut",
        colour="red",
        hue="red",
        plural="contradictions",
    ),
    "implausible": Severity(
        sign="!",
        meaning="no network that we know of behaves so",
        colour="yellow",
        hue="amber",
        plural="implausible",
    ),
    "note": Severity(
        sign="·",
        meaning="worth knowing, and possible",
        colour="cyan",
        hue="faint",
        plural="notes",
        usual=True,
    ),
}
"""the worst first"""


@dataclass(frozen=True, slots=True)
class Quote:
    """A printed text and where it stands."""

    paper: str
    where: str
    """`Table II`, or the source of a figure that somebody else published"""
    row: str
    column: str
    text: str
    table: str = ""
    """name of the table's file, `table2`; empty where it is no printed table"""

    def __str__(self) -> str:
        text = f"{self.column} {self.text}".strip()
        if not self.table:
            return f"{text} ({self.where})"
        row = f", {self.row}" if self.row else ""
        return f"{text} ({self.paper} {self.where}{row})"


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """One application of a rule."""

    rule: str
    severity: str
    """one of SEVERITIES: what it is if it fails"""
    quotes: tuple[Quote, ...]
    """the printed texts that were compared; the first tells the place"""
    compared: str
    """the comparison, with its numbers"""
    finding: str = ""
    """why it cannot be, in a sentence; empty if it can"""

    @property
    def papers(self) -> set[str]:
        """The studies whose tables are quoted."""
        return {quote.paper for quote in self.quotes if quote.table}


def audit_summary(checks: Iterable[AuditCheck]) -> dict[str, int]:
    """How many findings of each severity there are, and how many checks found nothing."""
    counts = Counter(check.severity if check.finding else "consistent" for check in checks)
    return {name: counts[name] for name in (*SEVERITIES, "consistent")}


def exit_code(checks: Sequence[AuditCheck], gates: set[str]) -> tuple[int, str]:
    """3 if something of `gates` was found, 4 if nothing was checked at all; and why."""
    caught = sum(check.severity in gates for check in checks if check.finding)
    if caught:
        return 3, f"found of {', '.join(sorted(gates))}: {caught}, exit 3"
    if gates and not checks:
        return 4, "nothing was checked: exit 4"
    return 0, ""
