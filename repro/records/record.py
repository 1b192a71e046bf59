"""What a run gave: measurements with their units, and where, when and by what code it was made."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from repro.records.measurement import Measurement, Part
from repro.records.remarks import Remark

NAME = re.compile(r"([0-9a-f]{64})(?:\.([0-9]{1,6}))?\.json")
"""of a record's file: its key, and its number if it is not the first with that; see `file_of`"""
SCHEMA = 1
"""of the records; another one gives other keys"""
CURRENT, BY_BEHAVIOUR, STALE = "current", "by behaviour", "stale"
"""how a record stands to the present code: made by it; by other code whose probe gives the same
bits; by other code"""


@dataclass(frozen=True, slots=True)
class MadeBy:
    """When a record was made, and what it took."""

    at: str
    """UTC, `2026-11-29T13:02:11.123456`"""
    seconds: float | None = None
    memory: int | None = None
    """bytes that the process held at its highest up to then"""


@dataclass(frozen=True, slots=True)
class Record:
    """What one run gave."""

    key: str
    spec: Mapping[str, object]
    measurements: tuple[Measurement, ...]
    env: Mapping[str, object]
    parts: tuple[Part, ...] = ()
    uncounted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """convention -> operators that it has no rule for; a count with any is no count"""
    notes: Mapping[str, str] = field(default_factory=dict)
    """what a reader must know; `unstable` says why a timing allows no verdict"""
    remarks: tuple[Remark, ...] = ()
    """on the inputs: what was left out, ignored or assumed"""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """name of a file beside the record -> its sha256"""
    code: str = ""
    """digest of the code that made it, as its key covers it; a timing has none"""
    probe: Mapping[str, str] = field(default_factory=dict)
    """of an evaluation: part of the pipeline -> digest of what it gave on generated data"""
    made: MadeBy | None = None
    schema: int = SCHEMA
    digest: str = ""
    standing: str = CURRENT
    """CURRENT, BY_BEHAVIOUR or STALE; told by whoever reads the record, never written"""
    number: int = 1
    """of the records with its key; told by its file's name, never written"""

    @property
    def stale(self) -> bool:
        """Whether other code made it, so that it is shown and never judged."""
        return self.standing == STALE

    @property
    def unstable(self) -> str:
        """Why a timing allows no verdict; empty if it does."""
        return self.notes.get("unstable", "")

    @property
    def commit(self) -> str:
        """The commit of the code that made it."""
        return str(self.env.get("commit", "unknown"))

    def value(self, metric: str, convention: str | None = None) -> int | float | None:
        """The measured value of a metric under a convention; None if there is none."""
        measurement = self.measurement(metric, convention)
        return None if measurement is None else measurement.value

    def measurement(
        self, metric: str, convention: str | None = None, of: str | None = None
    ) -> Measurement | None:
        """The measurement of a metric under a convention; None if there is none."""
        wanted = metric, convention, of
        for measurement in self.measurements:
            if (measurement.metric, measurement.convention, measurement.of) == wanted:
                return measurement
        return None


def file_of(key: str, number: int = 1) -> str:
    """Where a record is in its store: `ab/<key>.json`, a repeated one `ab/<key>.2.json`."""
    return f"{key[:2]}/{key}{'' if number == 1 else f'.{number}'}.json"


def plain(data: object) -> object:
    """Data as it comes back from JSON."""
    return json.loads(json.dumps(data))
