"""Results parsed in parts are what they are as a whole, or are left to the whole."""

import json
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.scoring import result_rows, results
from repro.scoring.result_rows import PlainRows, plain_rows
from support.scoring_scenes import pose

ROWS = [pose([place / 7, -1e-300, 2**53] * 2, 0.1 * place, place) for place in range(40)]
LARGE = 2**30


def plain(text: bytes, folder: Path) -> PlainRows | None:
    path = folder / "found.json"
    path.write_bytes(text)
    return plain_rows(path, LARGE)


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("boxed", [False, True])
def test_parts_are_the_whole(
    size: int, indent: int | None, boxed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_rows, "PART", size)
    more = {"text": "é }{", "area": 3} | ({"bbox": [1, 2.5, 3, 4]} if boxed else {})
    rows = [{**row, **more} for row in ROWS]
    found = plain(json.dumps(rows, indent=indent, ensure_ascii=False).encode(), tmp_path)
    assert found is not None
    for name, column in (
        ("image_id", found.images),
        ("category_id", found.categories),
        ("score", found.scores),
        ("keypoints", found.keypoints),
        ("bbox", found.boxes),
    ):
        wanted = [row[name] for row in rows if name in row]
        assert wanted == ([] if column is None else column.tolist())
    assert found.images.dtype == np.int64 and found.scores.dtype == np.float64


@pytest.mark.parametrize("size", [1, 300, 10_000])
def test_a_cut_within_a_row_leaves_it_to_the_whole(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_rows, "PART", size)
    rows = [{**row, "more": {"of": {"it": 1}, "text": "},{"}} for row in ROWS]
    found = plain(json.dumps(rows, separators=(",", ":")).encode(), tmp_path)
    assert found is None or found.images.tolist() == [row["image_id"] for row in ROWS]


ONE = '"image_id": 1, "category_id": 1, "score": 1'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "{}",
        "[[1, 2]]",
        "3",
        f'[{{{ONE}, "keypoints": [1]}}, {{{ONE}, "keypoints": [1, 2]}}]',
        f'[{{{ONE}, "keypoints": [1]}}, {{{ONE}, "keypoints": [null]}}]',
        f'[{{{ONE}, "keypoints": [1]}}, {{{ONE}, "keypoints": [true]}}]',
        f'[{{{ONE}, "keypoints": [1]}}, {{{ONE}, "keypoints": ["1"]}}]',
        f'[{{{ONE}, "keypoints": [1]}}, {{"score": 1}}]',
        f'[{{{ONE}, "keypoints": [1]}}, {{{ONE}, "keypoints": [2], "bbox": [1, 2, 3, 4]}}]',
        f'[{{{ONE}, "keypoints": [1], "bbox": [1, 2, 3]}}]',
        f'[{{{ONE}, "keypoints": [1], "bbox": null}}]',
        f'[{{{ONE}, "keypoints": [1], "bbox": []}}]',
        f'[{{{ONE}, "keypoints": [1]}}, {{{ONE}, "score": 2, "keypoints": [1]}}]',
        f'[{{{ONE}, "keypoints": [1]}}, 3]',
        f'[{{{ONE}, "keypoints": [1]}},]',
        f'[{{{ONE}, "keypoints": [1]}}] 3',
        f'[{{{ONE}, "keypoints": [1]}}',
        f'{{"a": [{{{ONE}, "keypoints": [1]}}]}}',
        f'[{{{ONE}, "keypoints": [NaN]}}]',
        f'[{{{ONE}, "keypoints": [1e400]}}]',
        f'[{{{ONE}, "keypoints": [{2**80}]}}]',
        f'[{{{ONE}, "keypoints": [[1]]}}]',
        f'[{{{ONE}, "keypoints": [[1, 2], []]}}, {{{ONE}, "keypoints": [1, 2]}}]',
        f'[{{{ONE}, "keypoints": {{"a": 1}}}}]',
        f'[{{{ONE.replace("1,", "1.5,", 1)}, "keypoints": [1]}}]',
        f'[{{{ONE.replace("1,", "true,", 1)}, "keypoints": [1]}}]',
        f'[{{{ONE.replace("1,", "null,", 1)}, "keypoints": [1]}}]',
        f'[{{{ONE[:-1]}false, "keypoints": [1]}}]',
        f'[{{{ONE[:-1]}"1", "keypoints": [1]}}]',
        f'[{{{ONE.replace("1,", f"{2**63},", 1)}, "keypoints": [1]}}]',
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_what_is_unusual_is_left_to_the_whole(
    text: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_rows, "PART", size)
    assert plain(text.encode(), tmp_path) is None


def test_either_way_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "found.json"
    path.write_text(json.dumps([{**row, "bbox": [1, 2, 3, 4.5]} for row in ROWS]))
    quick = results.read(path, 2)
    monkeypatch.setattr(results, "plain_rows", lambda path, limit: None)
    slow = results.read(path, 2)
    assert quick.boxes is not None and slow.boxes is not None
    for a, b in (
        (quick.boxes, slow.boxes),
        (quick.poses.image_ids, slow.poses.image_ids),
        (quick.poses.keypoints, slow.poses.keypoints),
        (quick.poses.scores, slow.poses.scores),
    ):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_what_cannot_be_opened_is_left_to_the_whole(tmp_path: Path) -> None:
    assert plain_rows(tmp_path, LARGE) is plain_rows(tmp_path / "none.json", LARGE) is None
    path = tmp_path / "found.json"
    path.write_text(json.dumps(ROWS))
    assert plain_rows(path, 10) is None and plain_rows(path, LARGE) is not None
    with pytest.raises(ReproError, match="has 6 numbers"):
        results.read(path, 17)
