"""What the command on errors of poses answers: errors."""

from typing import TypedDict

from repro.diagnosis.cases import FoundCase
from repro.diagnosis.findings import DiagnosedSide, FoundGain, FoundShare, JointCurve
from repro.records.remarks import Remark


class ErrorsAnswer(TypedDict):
    """`repro errors`; shares, accuracies and gains in per cent and points."""

    dataset: str
    annotations: str
    """sha256 of the file"""
    unit: str
    sides: tuple[DiagnosedSide, ...]
    """one evaluation, or two"""
    shares: tuple[FoundShare, ...]
    """of each kind of error among joints, persons or poses, by groups"""
    gains: tuple[FoundGain, ...]
    """what mending gives, each kind alone and one after the other"""
    curves: tuple[JointCurve, ...]
    absent: dict[str, str]
    """kind of error -> why it cannot be told of this data set"""
    thresholds: dict[str, float]
    """OKS of a pose that is at a person; similarity of a joint that is near and right"""
    size_of: str
    """what distances are divided by for PCK"""
    cases: list[FoundCase]
    """the worst of each kind, the worst first"""
    page: str | None
    """all of it as HTML; null where none was asked for"""
    remarks: list[Remark]
    """on the annotations, the results and the pictures"""
