"""What the commands that look after the program and its records answer: doctor, records, schema."""

from typing import TypedDict

from repro.doctor import Checkup
from repro.records.verification import Provenance


class DoctorAnswer(TypedDict):
    """`repro doctor`."""

    checks: list[Checkup]


class ListedRecord(TypedDict):
    """A record file."""

    key: str
    state: str
    """how it stands to the present code, or broken"""
    run: str
    path: str
    commit: str
    made: str
    cells: list[str]
    """the printed numbers that it is for"""


class RecordsAnswer(TypedDict):
    """`repro records ls`."""

    records: list[ListedRecord]
    """those that are no whole records, then the newest"""
    total: int
    """how many there are, listed or not"""


class VerifiedFile(TypedDict):
    """A record file, held against what it should be."""

    key: str
    path: str
    run: str
    """empty for a file that is no record"""
    state: str
    """sound, differs, or unproved"""
    why: list[str]
    """each a sentence, where it is not sound"""
    values: str
    """of a count that was measured anew: same or other; else not measured"""
    provenance: Provenance | None
    """null for a file that is no record"""


class VerificationAnswer(TypedDict):
    """`repro records verify`."""

    verified: list[VerifiedFile]
    exit: int
    """3 where a record differs"""


class RemovalAnswer(TypedDict):
    """`repro records rm` and `repro records gc`."""

    removed: list[str]


class SchemaAnswer(TypedDict):
    """`repro schema`."""

    document: dict[str, object]
    """a JSON Schema, draft 2020-12"""
