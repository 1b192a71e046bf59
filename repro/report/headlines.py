"""The strongest findings over all papers, as `tables/findings.toml` has them, with their proof."""

from dataclasses import dataclass

from repro import schema
from repro.errors import ReproError
from repro.papers import folders, study
from repro.papers.study import Table
from repro.report.contents import ReportContents
from repro.report.text import counted

FILE = "findings.toml"
FAILING = ("contradicted", "measured otherwise")
"""verdicts of a statement that proves a finding"""


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """One entry: what it says, where, and what proves it."""

    says: str
    paper: str
    table: str
    """by whose heading it is found"""
    claim: str | None = None
    """the words of a statement that does not hold"""
    rule: str | None = None
    """of the audit, which finds something in the table"""

    def __post_init__(self) -> None:
        if (self.claim is None) == (self.rule is None):
            raise ReproError(f"`{self.says}` has not one proof.", "Name a `claim` or a `rule`.")


@dataclass(frozen=True, slots=True)
class FindingsFile:
    """The file."""

    findings: tuple[ListedFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Headline:
    """A finding that is proven by what was judged."""

    said: str
    proof: str
    command: str
    """what shows the proof in full"""
    table: Table


def headlines(report: ReportContents) -> list[Headline]:
    """The findings whose proof stands, in the order of the file; ReproError where it is wrong."""
    path = folders.tables_dir() / FILE
    if not path.is_file():
        return []
    shown = {cell.wanted.table.study for cell in report.cells}
    told = []
    for one in schema.read(FindingsFile, schema.toml(path, FILE), FILE).findings:
        proof = _stated(one, report) or _audited(one, report) if one.paper in shown else None
        if proof is not None:
            told.append(Headline(one.says, *proof, study.load_table(one.paper, one.table)))
    return told


def _stated(finding: ListedFinding, report: ReportContents) -> tuple[str, str] | None:
    """Proof and command of a finding that a statement proves."""
    for one in report.claims:
        known = (one.claim.paper, one.claim.printed) == (finding.paper, finding.claim)
        if known and one.verdict in FAILING:
            proof = f"“{one.claim.printed}”: {one.reason} {one.claim.note or ''}".rstrip()
            return proof, f'repro claims {finding.paper} --about "{one.claim.printed}"'
    return None


def _audited(finding: ListedFinding, report: ReportContents) -> tuple[str, str] | None:
    """Proof and command of a finding that a rule proves."""
    found = [
        check.finding
        for check in report.checks
        if check.finding
        and check.rule == finding.rule
        and (check.quotes[0].paper, check.quotes[0].table) == (finding.paper, finding.table)
    ]
    if not found:
        return None
    more = f" ({counted(len(found), 'finding')} of this rule in the table)"
    command = f"repro audit {finding.paper} --rule {finding.rule}"
    return f"{found[0]}{more if len(found) > 1 else ''}", command
