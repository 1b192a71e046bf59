"""A check of an own annotation file: what is amiss is counted, and whether it can be used."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from repro.data import own_check, own_dataset
from repro.data.own_check import FileCheck
from repro.errors import ReproError
from repro.evaluation import annotation_sheet
from support.data_files import Document, own_document, own_pictures, saved

PICTURES = 4


def checked(folder: Path, change: Callable[[Document], object] = lambda d: None) -> FileCheck:
    content = own_document(PICTURES)
    change(content)
    path = saved(folder, content, "hands.json")
    images = own_pictures(folder / "pictures", PICTURES)
    return own_check.check(path, images, own_dataset.opened(path))[1]


def said(found: FileCheck) -> str:
    return " ".join(remark.text for remark in found.remarks)


def test_a_sound_file_is_fit_for_both(tmp_path: Path) -> None:
    found = checked(tmp_path)
    counts = found.counts
    assert (counts.images, counts.present, counts.people, counts.usable) == (4, 4, 8, 8)
    assert found.fit and not found.training and found.category == "Worker"
    first = found.joints[0]
    assert (first.joint, first.labelled, first.share, first.mirror) == (
        *("l_shoulder", 8, 1.0, "r_shoulder"),
    )
    assert "8 of 8 annotations have no `area`" in said(found)
    assert "exchanged" not in said(found) and "corners" not in said(found)


def _pulled(joint: int, **values: float) -> Callable[[Document], object]:
    """Every person with x, y or v of a joint replaced."""

    def change(content: Document) -> None:
        for row in content["annotations"]:
            points = row["keypoints"]
            assert isinstance(points, list)
            for name, value in values.items():
                points[3 * joint + "xyv".index(name)] = value

    return change


def _exchanged(content: Document) -> None:
    for row in content["annotations"]:
        points = row["keypoints"]
        assert isinstance(points, list)
        points[6:9], points[9:12] = points[9:12], points[6:9]


def _viewers(content: Document) -> None:
    for row in content["annotations"]:
        points = row["keypoints"]
        assert isinstance(points, list)
        row["keypoints"] = [*points[3:6], *points[:3], *points[9:12], *points[6:9], *points[12:]]


def _corners(content: Document) -> None:
    for row in content["annotations"]:
        left, top, width, height = row["bbox"]  # type: ignore[misc]
        row["bbox"] = [left + 80, top + 60, min(240, left + width), min(160, top + height)]


REMARKS: dict[str, tuple[Callable[[Document], object], str]] = {
    "far": (_pulled(2, x=900), "8 of 8 persons have labelled joints outside of their pictures"),
    "away": (_pulled(2, y=150), "8 of 8 persons have labelled joints outside of their boxes"),
    "sides": (_exchanged, "8 of 8 persons have `l_hand` and `r_hand` the other way round"),
    "viewer": (_viewers, "8 of 8 persons have their left joints on the left of the picture"),
    "corners": (_corners, "Most boxes look like two corners"),
    "counts": (
        lambda d: [row.update(num_keypoints=3) for row in d["annotations"]],
        "8 of 8 persons have a `num_keypoints` that is not the number",
    ),
    "twice": (
        lambda d: d["annotations"].append({**d["annotations"][0], "id": 99}),
        "1 of 9 persons stand twice in the file",
    ),
    "size": (
        lambda d: [row.update(height=240, width=160) for row in d["images"]],
        "4 of 4 images are not of the size in the file, of which 4 have height and width exchanged",
    ),
    "empty": (lambda d: d["annotations"].__delitem__(slice(2, 4)), "1 of 4 images have no person"),
    "flat": (
        lambda d: d["annotations"][0].update(bbox=[9, 9, 0, 0]),
        "1 of 8 persons have a box of",
    ),
    "name": (
        lambda d: d["images"][1].update(file_name="0.png"),
        "1 of 4 images have a `file_name` that another has",
    ),
    "copies": (lambda d: None, "3 of 4 images are the same picture as another"),
}


@pytest.mark.parametrize("case", REMARKS)
def test_what_is_odd_is_counted(case: str, tmp_path: Path) -> None:
    change, remark = REMARKS[case]
    found = checked(tmp_path, change)
    assert remark in said(found)
    assert found.fit


def test_what_makes_a_file_useless_is_the_verdict(tmp_path: Path) -> None:
    never = checked(tmp_path, _pulled(5, v=0))
    assert never.fit and "`hip middle`" in never.training[0]
    none = checked(tmp_path, lambda d: [_pulled(joint, v=0)(d) for joint in range(6)])
    assert not none.fit and "nobody has a labelled joint" in none.evaluation
    lost = checked(tmp_path, lambda d: d["images"][2].update(file_name="x.png"))
    assert not lost.fit and "1 of 4 pictures with persons are not there" in lost.evaluation[0]
    path = saved(tmp_path, own_document())
    with pytest.raises(ReproError, match="There is no folder"):
        own_check.check(path, tmp_path / "nowhere", own_dataset.opened(path))


def test_a_sheet_shows_persons_with_numbered_joints(tmp_path: Path) -> None:
    path = saved(tmp_path, own_document(PICTURES), "hands.json")
    images = own_pictures(tmp_path / "pictures", PICTURES)
    (images / "1.png").write_bytes(b"no picture")
    expected, _ = own_check.check(path, images, own_dataset.opened(path))
    sheet = annotation_sheet.drawn(expected, images)
    assert sheet.shape[1] == 4 * annotation_sheet.TILE and sheet.dtype == np.uint8
    written = annotation_sheet.write(expected, images, tmp_path / "a" / "sheet.png")
    assert (cv2.imread(str(written)) == sheet).all()
    for picture in images.iterdir():
        picture.unlink()
    with pytest.raises(ReproError, match="no person with joints"):
        annotation_sheet.drawn(expected, images)
