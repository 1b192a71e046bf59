"""Remarks on boxes: what is strange is counted, what is mostly impossible is refused."""

from pathlib import Path

import numpy as np
import pytest

from repro.data.annotations import read
from repro.data.boxes import detected, ground_truth
from repro.errors import ReproError
from support.data_files import box, document, person, saved


def told(folder: Path, rows: list[dict[str, object]]) -> list[str]:
    """The remarks on boxes of the images 7 (100 x 120) and 5 (90 x 80)."""
    annotations = read(saved(folder, document()))
    return [str(one) for one in detected(saved(folder, rows, "boxes.json"), annotations).remarks]


def test_plain_boxes_need_no_remark(tmp_path: Path) -> None:
    rows = [box(5, 1, 1, 30, 40, score=0.5), box(7, 1, 1, 119.8, 99, score=0.6)]
    assert told(tmp_path, rows) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([box(5, 1, 1, 9, 9)], "1 of 2 images have no box."),
        ([box(99, 1, 1, 9, 9)], "1 of 3 boxes are on images that the annotations lack."),
        ([box(5, 1, 1, 9, 9, category=3)], "1 of 3 boxes are not of the category person."),
        ([box(5, 1, 1, 0, 0)], "1 of 3 boxes have no width and no height."),
        ([box(5, 0.1, 0.1, 0.5, 0.5)], "1 of 3 boxes lie within one pixel, as fractions"),
        ([box(5, 500, 1, 9, 9)], "1 of 3 boxes lie wholly outside their image."),
        ([box(5, 10, 10, 75, 80)], "1 of 3 boxes end beyond their image, as left, top, right"),
        ([box(5, 1, 1, 9, 9, score=93)], "1 of 3 boxes have a score above 1."),
        (
            [box(5, 1, 1, 9, 9, score=-2)],
            "1 of 3 boxes have a score below 0 and are not looked at.",
        ),
    ],
)
def test_what_is_strange_is_counted(
    rows: list[dict[str, object]], said: str, tmp_path: Path
) -> None:
    others = [box(7, 1, 1, 30, 40, score=0.5), box(5, 1, 1, 30, 40, score=0.6)]
    others = others if "no box" not in said else [box(5, 1, 1, 30, 40, score=0.6)]
    (one,) = told(tmp_path, rows + others)
    assert one.startswith(said)


def test_scores_that_are_all_the_same_are_told(tmp_path: Path) -> None:
    rows = [box(7, 1, 1, 30, 40, score=0.9), box(5, 1, 1, 30, 40, score=0.9)]
    assert told(tmp_path, rows) == ["All 2 boxes have the score 0.9."]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([box(5, 0.1, 0.1, 0.5, 0.5), box(7, 0.2, 0.3, 0.4, 0.4)], "2 of 2 boxes lie within one"),
        ([box(5, 0, 0, 1, 1)], "1 of 1 boxes lie within one"),
        ([box(5, 500, 1, 9, 9), box(5, 1, -50, 9, 9), box(7, 1, 1, 9, 9)], "2 of 3 .* outside"),
        ([box(5, 1, 1, 0, 0), box(5, 1, 1, 0, 0), box(7, 1, 1, 9, 9)], "2 of 3 .* no width"),
    ],
)
def test_mostly_impossible_boxes_are_refused(
    rows: list[dict[str, object]], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ReproError, match=said) as caught:
        told(tmp_path, rows)
    assert "left, top, width, height in pixels" in caught.value.hint


def test_a_full_box_file_does_for_an_excerpt_of_the_images(tmp_path: Path) -> None:
    rows = [box(5, 1, 1, 30, 40, score=0.5), box(7, 1, 1, 30, 40)]
    rows += [box(image, 1, 1, 30, 40) for image in range(100, 600)]
    assert told(tmp_path, rows)[0] == "500 of 502 boxes are on images that the annotations lack."


def test_persons_whose_boxes_show_nothing_are_told(tmp_path: Path) -> None:
    content = document()
    content["annotations"] = [person(1, 5), person(2, 7, area=0)]
    (one,) = ground_truth(read(saved(tmp_path, content))).remarks
    assert str(one).startswith("1 of 2 labelled persons have no area or a box that shows nothing")
    assert np.array_equal([one.count, one.total], [1, 2])
