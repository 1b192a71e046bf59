"""The rows of settings beside a record: kept whole, ranked, and no waste."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from repro.errors import StoreError
from repro.files import write_whole
from repro.records import setting_rows
from repro.records.setting_rows import SettingRow, SettingRows
from repro.records.store import Store
from support.small_record import record


def row(ap: float, key: str, **deviation: str) -> SettingRow:
    return SettingRow(deviation, {"decode": key}, key, {"AP": ap, "AR": 1.0}, ap - 50)


BASE = row(50.0, "a")
ROWS = (
    BASE,
    row(52.0, "b", flip="no flip"),
    row(52.0, "c", flip="no flip", NMS="no NMS"),
    row(40.0, "d", flip="flip", decoding="argmax"),
    row(60.0, "e", decoding="DARK", NMS="no NMS"),
    row(55.0, "f", decoding="DARK", flip="flip"),
)
KEPT = SettingRows("AP", "code", "pictures", ROWS)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    bounded = replace(ROWS[1], low=-1.0, high=3.0, chance=0.4)
    kept = replace(KEPT, rows=(BASE, bounded))
    setting_rows.keep(tmp_path / "ab", kept)
    assert setting_rows.read(tmp_path / "ab") == kept
    assert setting_rows.read(tmp_path) is None
    for text in ("", "[]", '{"metric": "AP"}', "[" * 100_000):
        (tmp_path / "ab" / setting_rows.NAME).write_text(text)
        assert setting_rows.read(tmp_path / "ab") is None
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        setting_rows.keep(tmp_path / "file", kept)


def test_the_nearest_of_those_alike_is_the_least_deviating() -> None:
    assert [one.key for one in KEPT.nearest(52.1)][:3] == ["b", "c", "a"]
    assert next(one.told for one in KEPT.nearest(49.0)) == "the base"
    assert KEPT.rows[2].told == "no flip · no NMS"


def test_told_are_single_rules_the_ends_and_what_is_near() -> None:
    assert [one.key for one in KEPT.told()] == ["a", "b", "d", "e"]
    assert [one.key for one in KEPT.told(55.0, near=1)] == ["a", "b", "d", "e", "f"]


def test_rows_beside_a_record_are_no_waste(tmp_path: Path) -> None:
    store, one = Store(tmp_path), replace(record(), artifacts={"poses": "5" * 64})
    store.add(one)
    folder = store.artifacts(one.key)
    setting_rows.keep(folder, KEPT)
    for name in ("poses", "junk"):
        write_whole(folder / name, name)
    for path in (folder, *folder.iterdir()):
        os.utime(path, (0, 0))
    assert [path.name for path in store.abandoned()] == ["junk"]
