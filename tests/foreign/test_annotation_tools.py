"""Annotation files as tools of annotation write them: the official figure, or one sentence."""

import contextlib
import copy
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from repro.data import image_files
from repro.data.annotations import read
from repro.errors import ReproError
from repro.papers.skeletons import COCO
from repro.scoring.score import Score, score

Row = dict[str, object]
JOINTS = [name.replace(" ", "_") for name in COCO.joints]
SIZE = {"height": 400, "width": 400}


def document() -> dict[str, object]:
    """Two pictures with a person each, as COCO has them."""
    random = np.random.default_rng(1)
    people = []
    for number in (1, 2):
        points = random.uniform(50, 350, (17, 2)).round(1)
        keypoints = np.column_stack([points, np.full(17, 2)]).ravel().tolist()
        people.append(
            {
                **{"id": number, "image_id": number, "category_id": 1, "iscrowd": 0},
                **{"bbox": [50.0, 50.0, 300.0, 300.0], "area": 20000.0},
                **{"num_keypoints": 17, "keypoints": keypoints, "segmentation": []},
            }
        )
    images = [{"id": number, "file_name": f"{number}.jpg", **SIZE} for number in (1, 2)]
    categories = [{"id": 1, "name": "person", "keypoints": JOINTS, "skeleton": [[1, 2]]}]
    return {"images": images, "annotations": people, "categories": categories}


def poses(truth: dict[str, object]) -> list[Row]:
    """The persons displaced, the second more than the first."""
    random, found = np.random.default_rng(2), []
    for place, person in enumerate(rows(truth, "annotations")):
        points = np.array([value or 0 for value in person["keypoints"]], float).reshape(-1, 3)
        points[:, :2] += random.normal(0, (2, 9)[place % 2], (17, 2))
        row = {"image_id": person["image_id"], "category_id": person["category_id"]}
        found.append({**row, "keypoints": points.ravel().tolist(), "score": 0.9 - place / 10})
    return found


def rows(truth: dict[str, object], name: str) -> list[Row]:
    listed = truth[name]
    assert isinstance(listed, list)
    return listed


def official(truth: dict[str, object], found: list[Row]) -> float:
    """The AP that pycocotools gives."""
    from pycocotools import coco
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        expected = coco.COCO()
        expected.dataset = copy.deepcopy(truth)
        expected.createIndex()
        evaluation = COCOeval(expected, expected.loadRes(copy.deepcopy(found)), "keypoints")
        evaluation.params.catIds = [found[0]["category_id"]]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def scored(folder: Path, truth: object, found: list[Row]) -> Score:
    """The score of files that are written as Python does."""
    paths = folder / "annotations.json", folder / "results.json"
    for path, content in zip(paths, (truth, found), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    return score("coco", *paths, resamples=0)


def changed(name: str, **fields: object) -> dict[str, object]:
    """The document with fields of all rows of a list set, or left out where they are None."""
    content = document()
    for row in rows(content, name):
        row.update(fields)
        for field, value in fields.items():
            if value is None:
                del row[field]
    return content


def renumbered(first: int) -> dict[str, object]:
    """The document with all ids of images and annotations counted from a number."""
    content = document()
    for place, (image, person) in enumerate(
        zip(rows(content, "images"), rows(content, "annotations"), strict=True), start=first
    ):
        image["id"] = person["image_id"] = person["id"] = place
    return content


def cvat() -> dict[str, object]:
    content = changed("annotations", attributes={"occluded": False}, area=90000.0)
    for image in rows(content, "images"):
        image.update(license=0, flickr_url="", coco_url="", date_captured=0)
    return {"licenses": [{"name": "", "id": 0, "url": ""}], "info": {"year": ""}, **content}


def coco_annotator() -> dict[str, object]:
    """Persons without joints have no `keypoints` at all, and fields of its own are everywhere."""
    content = changed("annotations", isbbox=False, color="#0fd3e2", metadata={}, creator="me")
    for image in rows(content, "images"):
        image.update(path=f"/datasets/own/{image['file_name']}", category_ids=[], dataset_id=3)
    plain = {"id": 9, "image_id": 1, "category_id": 1, "iscrowd": False, "isbbox": True}
    box = {"bbox": [0, 0, 20, 20], "area": 400, "segmentation": [[0, 0, 20, 0, 20, 20, 0, 20]]}
    rows(content, "annotations").append({**plain, **box})
    return content


def label_studio() -> dict[str, object]:
    content = renumbered(0)
    for row in rows(content, "annotations"):
        row.update(category_id=0, ignore=0)
    for image in rows(content, "images"):
        image["file_name"] = f"..\\..\\label-studio\\media\\upload\\1\\0f-{image['file_name']}"
    rows(content, "categories")[0]["id"] = 0
    return content


def roboflow() -> dict[str, object]:
    """A category for everything comes first, under the same name; ids count from 0."""
    content = renumbered(0)
    for row in rows(content, "annotations"):
        del row["num_keypoints"]
    everything = {"id": 0, "name": "person", "supercategory": "none"}
    content["categories"] = [everything, *rows(content, "categories")]
    return content


def via() -> dict[str, object]:
    """Ids are text, and it does not know how large pictures are."""
    content = document()
    for image in rows(content, "images"):
        image.update(id=f"{image['id']}", width=0, height=0)
    for row in rows(content, "annotations"):
        row["image_id"] = f"{row['image_id']}"
    return content


def labelme2coco() -> dict[str, object]:
    content = changed("annotations", num_keypoints=None, segmentation=None)
    for image in rows(content, "images"):
        image["file_name"] = f"labels\\{image['file_name']}"
    return content


def sleap() -> dict[str, object]:
    """A joint that nobody saw is null."""
    content = document()
    for row in rows(content, "annotations"):
        row["keypoints"][-6:] = [None, None, 0, None, None, None]  # type: ignore[index]
        row["num_keypoints"] = 15
    return content


def detectron_like() -> dict[str, object]:
    """All visible joints have 1, as many importers write."""
    content = document()
    for row in rows(content, "annotations"):
        row["keypoints"][2::3] = [1] * 17  # type: ignore[index]
    return content


def pandas() -> dict[str, object]:
    """Numbers that went through a table are all floats."""
    content = document()
    for name, fields in (("images", ("id",)), ("annotations", ("id", "image_id", "category_id"))):
        for row in rows(content, name):
            row.update({field: float(str(row[field])) for field in fields})
    return content


def supervisely() -> dict[str, object]:
    """Other classes stand beside the persons, with boxes alone, and confidences as visibility."""
    content = document()
    rows(content, "categories").insert(0, {"id": 5, "name": "forklift"})
    other = {"id": 11, "image_id": 2, "category_id": 5, "bbox": [0, 0, 9, 9], "keypoints": None}
    rows(content, "annotations").insert(0, other)
    for row in rows(content, "annotations")[1:]:
        row["keypoints"][2::3] = [0.73] * 17  # type: ignore[index]
    return content


def filled(content: dict[str, object]) -> dict[str, object]:
    """What pycocotools can read of it: null is 0, counts are there."""
    content = copy.deepcopy(content)
    for row in rows(content, "annotations"):
        row["keypoints"] = [value or 0 for value in row.get("keypoints") or [0] * 51]  # type: ignore[attr-defined]
        row.setdefault("num_keypoints", int(np.count_nonzero(row["keypoints"][2::3])))
        row.setdefault("area", 1)
        row.setdefault("iscrowd", 0)
    return content


TOOLS: dict[str, tuple[Callable[[], dict[str, object]], str]] = {
    "CVAT": (cvat, ""),
    "COCO Annotator": (coco_annotator, "1 of 3 annotations have no `keypoints`"),
    "Label Studio": (label_studio, "id 0 counts as never found"),
    "Roboflow": (roboflow, "2 of 2 annotations have no `num_keypoints`"),
    "VIA": (via, "2 of 2 images have no size"),
    "labelme2coco": (labelme2coco, "2 of 2 annotations have no `num_keypoints`"),
    "SLEAP": (sleap, "2 of 2 annotations have joints that are null"),
    "visibility 1": (detectron_like, ""),
    "pandas": (pandas, ""),
    "Supervisely": (supervisely, "2 of 2 annotations have a visibility other than 0, 1 and 2"),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tools_file_gives_the_official_figure(tool: str, tmp_path: Path) -> None:
    make, remark = TOOLS[tool]
    content = make()
    people = [row for row in rows(content, "annotations") if row.get("keypoints")]
    found = poses({"annotations": people})
    given = scored(tmp_path, content, found)
    assert given.metrics["AP"] == pytest.approx(official(filled(content), found), abs=1e-12)
    assert 0 < (given.metrics["AP"] or 0) < 1
    said = " ".join(one.text for one in given.remarks)
    assert remark in said if remark else not said


def test_areas_come_from_outlines_or_boxes(tmp_path: Path) -> None:
    square = [[50, 50, 250, 50, 250, 150, 50, 150]]
    runs = {"size": [400, 400], "counts": [400, 20000, 139600]}
    outlined = changed("annotations", area=None, segmentation=square)
    rows(outlined, "annotations")[1]["segmentation"] = runs
    for content, area, said in (
        (outlined, 20000, "2 of 2 annotations have no `area`; it is that of their outlines"),
        (changed("annotations", area=None), 47700, "it is 0.53 of the box"),
        (changed("annotations", area=0), 47700, "it is 0.53 of the box"),
    ):
        found = poses(content)
        given = scored(tmp_path, content, found)
        same = changed("annotations", area=area)
        assert given.metrics["AP"] == pytest.approx(official(same, found), abs=1e-12)
        assert [said in one.text for one in given.remarks] == [True]


def test_bytes_of_other_systems_are_read(tmp_path: Path) -> None:
    content = document()
    text = json.dumps(content, indent=1).replace("\n", "\r\n").encode()
    found = tmp_path / "found.json"
    found.write_text(json.dumps(poses(content)))
    files = {"mark.json": b"\xef\xbb\xbf" + text, "packed.json.gz": gzip.compress(text)}
    for name, written in files.items():
        path = tmp_path / name
        path.write_bytes(written)
        assert score("coco", path, found, resamples=0).metrics["AP"] == pytest.approx(
            official(content, poses(content))
        )
    for written, said in (
        (text.decode().encode("utf-16"), "it is UTF-16"),
        (gzip.compress(text)[:-20], "cannot be unpacked"),
    ):
        (tmp_path / "broken.json").write_bytes(written)
        with pytest.raises(ReproError, match=said):
            read(tmp_path / "broken.json")


def datumaro() -> object:
    return {"info": {}, "categories": {"label": {"labels": []}}, "items": []}


def detection() -> object:
    content = changed("annotations", keypoints=None, num_keypoints=None)
    del rows(content, "categories")[0]["keypoints"]
    return content


def without_visibility() -> object:
    content = document()
    for row in rows(content, "annotations"):
        del row["keypoints"][2::3]  # type: ignore[attr-defined]
    return content


def percent() -> object:
    content = document()
    for row in rows(content, "annotations"):
        row["keypoints"][2::3] = [100] * 17  # type: ignore[index]
    return content


def two_classes() -> object:
    content = document()
    rows(content, "categories")[:] = [
        {"id": number, "name": name, "keypoints": JOINTS}
        for number, name in ((1, "worker"), (2, "visitor"))
    ]
    rows(content, "annotations")[1]["category_id"] = 2
    return content


def mixed_ids() -> object:
    content = via()
    for row in rows(content, "annotations"):
        row["image_id"] = int(str(row["image_id"]))
    return content


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "Datumaro": (datumaro, "lacks the list `images`"),
    "a detection file": (detection, "has no `keypoints`; it may be for detection"),
    "x and y alone": (without_visibility, "must be 51 finite numbers"),
    "visibility in per cent": (percent, "x, y and 0, 1 or 2 a joint"),
    "two classes with joints": (two_classes, "no category `person`, but `worker` and `visitor`"),
    "ids of two kinds": (mixed_ids, "has no image 1, which"),
    "categories by number": (lambda: {**document(), "categories": [1]}, "must be an object"),
    "names by number": (
        lambda: {**document(), "categories": [{"id": 1, "name": "person", "keypoints": 5}]},
        "`keypoints` = 5 in categories",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_is_one_sentence(case: str, tmp_path: Path) -> None:
    make, said = REFUSED[case]
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(make()))
    with pytest.raises(ReproError, match=said) as error:
        read(path)
    assert error.value.hint and "\n" not in str(error.value)


NAMES = {
    "windows": "C:\\work\\photos\\a b.png",
    "label studio": "../../media/upload/1/a b.png",
    "percent": "a%20b.png",
    "address": "https://host/photos/a%20b.png?token=1",
    "folder": "photos/a b.png",
}


@pytest.mark.parametrize("tool", NAMES)
def test_pictures_are_found_by_the_names_that_tools_write(tool: str, tmp_path: Path) -> None:
    import cv2

    content = changed("images", width=None, height=None)
    rows(content, "images")[0]["file_name"] = NAMES[tool]
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(content))
    assert cv2.imwrite(str(tmp_path / "a b.png"), np.zeros((30, 40, 3), np.uint8))
    found = image_files.found(read(path), tmp_path)
    assert found.images.files == ("a b.png", "2.jpg")
    assert found.images.sizes.tolist() == [[30, 40], [0, 0]]
    assert "1 of 2 images are found" in found.remarks[-2].text
    assert found.remarks[-1].text == "1 of 2 sizes are read from the images."
