"""What a report is made of: everything that was judged, and the records it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro.evidence.checks import NetworkCheck
from repro.records.record import Record
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.claims.judging import Judged
from repro.verdicts.judge import Cell


@dataclass(frozen=True, slots=True)
class TrainingLink:
    """A training in the store, and where its own page lies."""

    record: Record
    address: str
    """from the folder of the report"""


@dataclass(frozen=True, slots=True)
class ReportContents:
    """The judged cells, claims and checks of all papers."""

    cells: Sequence[Cell]
    claims: Sequence[Judged]
    checks: Sequence[AuditCheck]
    records: Mapping[str, Record]
    """by key; every record that a cell was measured by"""
    trainings: Sequence[TrainingLink] = ()
    """those that have a page"""
    quantised: Sequence[Record] = ()
    """networks in int8 against themselves in floats"""
    rehearsal: str = ""
    """of a rehearsal, what its figures are and are not; then there is nothing else on the page"""
    evidence: Sequence[NetworkCheck] = ()
    """networks with published weights on real images, where all papers are shown"""
