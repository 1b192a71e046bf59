"""Results parsed in parts are what they are as a whole, or are left to the whole."""

import json

import pytest

from repro.scoring import result_rows
from support.scoring_scenes import pose

ROWS = [
    {**pose([place / 7, -1e-300, 2**53] * 2, 0.1 * place, place), "text": "},{ é", "more": [{}]}
    for place in range(40)
]


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
@pytest.mark.parametrize("indent", [None, 1])
def test_parts_are_the_whole(
    size: int, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_rows, "PART", size)
    text = json.dumps([{**row, "text": "é", "more": []} for row in ROWS], indent=indent).encode()
    rows = result_rows.rows(text)
    assert rows is not None
    plain = [{**row, "keypoints": list(row["keypoints"])} for row in rows]  # type: ignore
    assert plain == json.loads(text)


def test_a_cut_within_a_row_leaves_it_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(ROWS, ensure_ascii=False).encode()
    assert len(result_rows.rows(text) or []) == len(ROWS)
    monkeypatch.setattr(result_rows, "PART", 1)
    assert result_rows.rows(text) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"[[1, 2]]",
        b'[{"keypoints": [1]}, {"keypoints": [1, 2]}]',
        b'[{"keypoints": [1]}, {"keypoints": [null]}]',
        b'[{"keypoints": [1]}, {"keypoints": ["1"]}]',
        b'[{"keypoints": [1]}, {"score": 1}]',
        b'[{"keypoints": [1]}, 3]',
        b'[{"keypoints": [1]},]',
        b'[{"keypoints": [1]}] 3',
        b'{"a": [{"keypoints": [1]}]}',
        b'[{"keypoints": [NaN]}]',
        b'[{"keypoints": [1]}',
        b'[{"keypoints": [[1]]}]',
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_what_is_unusual_is_left_to_the_whole(
    text: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_rows, "PART", size)
    assert result_rows.rows(text) is None
