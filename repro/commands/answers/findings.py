"""What the commands on sentences and on all tables answer: claims, audit, report."""

from typing import TypedDict

from repro.commands.answers.tables import GivenVerdict
from repro.verdicts.audit.check import Quote
from repro.verdicts.elsewhere import ElsewhereTime


class AbsentValue(TypedDict):
    """Why a cell has no value."""

    cell: str | None
    why: str


class ClaimAnswer(TypedDict):
    """What becomes of a claim by some values of its cells."""

    holds: bool | None
    rounding: bool
    """whether it holds only by values that print so"""
    shown: list[str]
    missing: list[AbsentValue]


class OrderElsewhere(TypedDict):
    """Two networks, of which the first is said to take longer, as somebody else timed them."""

    longer: ElsewhereTime
    other: ElsewhereTime
    call: str
    """holds, fails or equal"""


class ClaimCaveat(TypedDict):
    """What must be known of a claim's cells or differences."""

    kind: str
    """copied or noise"""
    sentence: str


class JudgedClaim(TypedDict):
    """A sentence of a paper and what became of it."""

    study: str
    number: int
    where: str
    printed: str
    says: str
    kind: str
    holds: str | None
    """the expression that must hold"""
    note: str | None
    text: list[str]
    """the numbers that its words name"""
    cells: list[str]
    grounds: list[str]
    """what it is held against: printed, tables, equation, network, reading, public"""
    rules: list[str]
    """counting conventions of the cells"""
    published: ClaimAnswer | None
    measured: ClaimAnswer | None
    conventions: dict[str, ClaimAnswer]
    """another convention for all cells -> what our values then give"""
    verdict: GivenVerdict
    elsewhere: list[OrderElsewhere]
    """what others' times say of the order that it speaks of; they move no verdict"""
    caveats: list[ClaimCaveat]
    """they move no verdict, and stand in its reason too"""


class ClaimsAnswer(TypedDict):
    """`repro claims`."""

    claims: list[JudgedClaim]
    summary: dict[str, int]
    """verdict -> claims"""
    exit: int


class AuditedRule(TypedDict):
    """One application of a rule."""

    rule: str
    severity: str
    consistent: bool
    finding: str
    compared: str
    quotes: list[Quote]


class AuditAnswer(TypedDict):
    """`repro audit`."""

    rules: list[str]
    checks: list[AuditedRule]
    summary: dict[str, int]
    """severity -> findings"""
    exit: int


class ReportAnswer(TypedDict):
    """`repro report -o FILE`."""

    file: str
    format: str
    bytes: int
    same: bool
    exit: int
