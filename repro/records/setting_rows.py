"""What other settings of an evaluation score, kept beside the record of the base.

A row is no record: its poses are not kept, and no official evaluator has seen them. It names the
key that an evaluation by its protocol alone has, whose figures are the same.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from repro import schema
from repro.errors import ReproError, StoreError
from repro.files import write_whole

NAME = "settings.json"
"""of the file beside a record"""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting and what it scores."""

    deviation: Mapping[str, str]
    """rule -> how it is had otherwise than in the base; empty for the base itself"""
    protocol: Mapping[str, object]
    """as a record has it"""
    key: str
    """of the evaluation by this protocol alone"""
    metrics: Mapping[str, float]
    """per cent"""
    change: float
    """of the main figure from the base's, in points"""
    low: float | None = None
    """of the change's 95 % interval, paired over images; null where nothing was resampled for it"""
    high: float | None = None
    chance: float | None = None
    """two-sided p of a change from nothing"""

    @property
    def told(self) -> str:
        """`no flip · DARK`: how it deviates from the base."""
        return " · ".join(self.deviation.values()) or "the base"


@dataclass(frozen=True, slots=True)
class SettingRows:
    """The settings that were tried on the same pictures, the base first."""

    metric: str
    """the main figure, by which they are compared"""
    code: str
    """digest of the code that scored them"""
    pictures: str
    """digest of the names and sizes of the pictures"""
    rows: tuple[SettingRow, ...]

    def value(self, row: SettingRow) -> float:
        """What a setting scores in the main figure."""
        return row.metrics[self.metric]

    def nearest(self, target: float) -> list[SettingRow]:
        """The settings by their distance from a figure; of those alike the least deviating one."""

        def distance(row: SettingRow) -> tuple[float, int]:
            return round(abs(self.value(row) - target), 9), len(row.deviation)

        return sorted(self.rows, key=distance)

    def told(self, target: float | None = None, near: int = 5) -> list[SettingRow]:
        """The rows that are told one by one, in their order: what differs from the base in one
        rule, the highest and the lowest, and those nearest to a target."""
        ranked = sorted(self.rows, key=self.value)
        chosen = [row for row in self.rows if len(row.deviation) <= 1]
        chosen += [ranked[-1], ranked[0]]
        chosen += [] if target is None else self.nearest(target)[:near]
        keys = {row.key for row in chosen}
        return [row for row in self.rows if row.key in keys]


def keep(folder: Path, kept: SettingRows) -> None:
    """Write the rows beside a record; StoreError where that is refused."""
    path = folder / NAME
    try:
        write_whole(path, json.dumps(asdict(kept), sort_keys=True, indent=1) + "\n")
    except OSError as error:
        raise StoreError(
            f"`{path}` cannot be written: {error.strerror}.",
            "Make room, or choose another folder with --store.",
        ) from error


def read(folder: Path) -> SettingRows | None:
    """The rows beside a record; None where there are none, or no whole ones."""
    try:
        return schema.read(SettingRows, schema.json_file(folder / NAME), NAME)
    except (OSError, ValueError, ReproError):
        return None
