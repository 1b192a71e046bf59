"""What `repro eval` answers of many settings at a time."""

from typing import TypedDict

from repro.commands.answers.networks import EvalAnswer
from repro.records.setting_rows import SettingRow


class TargetAnswer(TypedDict):
    """A printed figure beside what the settings score."""

    text: str
    hits: int
    """how many settings print so"""
    chance: float | None
    """share of the printed figures in the span of all settings that some setting gives; null where
    all score the same"""
    nearest: list[str]
    """keys of settings, the nearest first"""


class SettingsAnswer(EvalAnswer):
    """`repro eval --protocol all`: the base as it is alone, and every setting; per cent."""

    metric: str
    """the main figure, by which the settings are compared"""
    tried: int
    """how many settings there are, the base among them"""
    settings: list[SettingRow]
    target: TargetAnswer | None
