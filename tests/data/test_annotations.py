"""Annotation files: what is read from them, and what is said of broken ones."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from repro.data.annotations import read
from repro.data.coco_people import BOX_SHARE
from repro.data.json_rows import Rows, load
from repro.errors import ReproError
from repro.papers.skeletons import CROWDPOSE
from support.data_files import Document, document, saved


def test_coco_as_arrays(tmp_path: Path) -> None:
    found = read(saved(tmp_path, document()))
    assert found.dataset == "coco"
    assert found.images.files == ("b.png", "a.png")
    assert found.images.sizes.tolist() == [[100, 120], [90, 80]]
    assert found.images.crowding is None
    assert found.people.image.tolist() == [1, 0, 0]
    assert found.people.crowd.tolist() == [False, True, False]
    assert found.people.labelled.tolist() == [3, 0, 0]
    assert found.people.areas[0] == 2000.5
    assert found.people.keypoints.shape == (3, 17, 3)
    assert found.people.keypoints[0, 1].tolist() == [30, 40, 1]


def test_crowdpose_takes_its_area_from_the_box_and_its_counts_from_the_file(tmp_path: Path) -> None:
    content = document(CROWDPOSE)
    for row in content["annotations"]:
        del row["area"]
    content["annotations"][0]["num_keypoints"] = 1
    found = read(saved(tmp_path, content))
    assert found.dataset == "crowdpose"
    assert found.people.areas.tolist() == [0.53 * 60 * 80] * 3
    assert found.people.labelled[0] == 1
    assert found.images.crowding is not None and found.images.crowding.tolist() == [0.3, 0.0]


def test_only_persons_are_read(tmp_path: Path) -> None:
    content = document()
    content["categories"].append({"id": 18, "name": "dog"})
    content["annotations"].insert(0, {"id": 9, "image_id": 5, "category_id": 18})
    assert read(saved(tmp_path, content)).people.ids.tolist() == [1, 2, 3]


def test_joints_are_told_from_their_number_where_they_have_no_names(tmp_path: Path) -> None:
    content = document(CROWDPOSE)
    del content["categories"]
    assert read(saved(tmp_path, content)).dataset == "crowdpose"


def test_a_file_is_read_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = saved(tmp_path, document())
    first = read(path)
    assert read(path) is first
    content = document()
    content["annotations"].pop()
    saved(tmp_path, content)
    os.utime(path, ns=(1, 1))
    assert len(read(path).people) == 2


def test_what_is_shared_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        read(saved(tmp_path, document())).people.boxes[0] = 0


def test_an_image_list_without_annotations_is_read_only_if_wanted(tmp_path: Path) -> None:
    content = document()
    del content["annotations"]
    path = saved(tmp_path, content)
    with pytest.raises(ReproError, match="lacks the list `annotations`"):
        read(path)
    found = read(path, "coco", without_people=True)
    assert len(found.images) == 2 and found.people.keypoints.shape == (0, 17, 3)


Change = Callable[[Document], object]

BROKEN: dict[str, tuple[Change, str]] = {
    "no images": (lambda d: d["images"].clear(), "has no images"),
    "no people": (lambda d: d["annotations"].clear(), "has no persons"),
    "no list": (lambda d: d.pop("images"), "lacks the list `images`"),
    "other": (lambda d: d.update(images=3), "has no list as `images`"),  # type: ignore[arg-type]
    "twice": (lambda d: d["images"][0].update(id=5), "two images with the id 5"),
    "annotated twice": (
        lambda d: d["annotations"][0].update(id=3),
        "two annotations with the id 3",
    ),
    "unknown image": (
        lambda d: d["annotations"][1].update(image_id=99),
        r"no image 99, which annotations\[1\] \(id 2\) is on",
    ),
    "absent": (lambda d: d["annotations"][2].pop("bbox"), r"lacks `bbox` in annotations\[2\]"),
    "short": (
        lambda d: d["annotations"][0].update(keypoints=[1, 2, 2]),
        r"`keypoints` = \[1, 2, 2\] in annotations\[0\] \(id 1\); it must be 51 finite numbers",
    ),
    "null": (lambda d: d["annotations"][1].update(bbox=[1, None, 2, 3]), "4 finite numbers"),
    "word": (lambda d: d["annotations"][1].update(area="12"), "`area` = '12' .* a finite number"),
    "negative": (lambda d: d["annotations"][0].update(bbox=[0, 0, -3, 4]), "no negative size"),
    "negative area": (lambda d: d["annotations"][0].update(area=-1), "it must be 0 or more"),
    "flat": (lambda d: d["images"][1].update(height=0), r"`height` = 0 in images\[1\] \(id 5\)"),
    "half": (lambda d: d["images"][1].update(id=5.5), "a whole number"),
    "nameless": (lambda d: d["images"][1].update(file_name=""), "it must be a name"),
    "flag": (
        lambda d: d["annotations"][0].update(keypoints=[1, 1, 7] * 17),
        "x, y and 0, 1 or 2 a joint",
    ),
    "no object": (lambda d: d["annotations"].insert(1, []), "it must be an object"),  # type: ignore[arg-type]
    "dogs": (
        lambda d: d.update(categories=[{"id": 7, "name": "dog"}, {"id": 8, "name": "cat"}]),
        "no category `person`, but `dog` and `cat`",
    ),
    "order": (lambda d: d["categories"][0].update(keypoints=["tail"] * 17), "has other joints"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_field_is_named_with_its_place(case: str, tmp_path: Path) -> None:
    change, message = BROKEN[case]
    content = document()
    change(content)
    with pytest.raises(ReproError, match=message) as caught:
        read(saved(tmp_path, content))
    assert caught.value.hint and "annotations.json" in str(caught.value)


def test_places_count_in_the_whole_list(tmp_path: Path) -> None:
    content = document()
    content["annotations"].insert(0, {"id": 9, "image_id": 5, "category_id": 18})
    content["annotations"][2]["bbox"] = [1]
    with pytest.raises(ReproError, match=r"annotations\[2\] \(id 2\)"):
        read(saved(tmp_path, content))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b'{"images": [', "ends too early"),
        (b"not json", "is not JSON"),
        (b'{"images": [{"id": NaN}]}', r"is not JSON: .* \(line 1, column 20\)"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"3", "holds no annotations"),
        (b"[]", "holds a list"),
        (b'[{"keypoints": [], "score": 1}]', "holds results"),
        (b'[{"bbox": [], "score": 1}]', "holds boxes of a detector"),
    ],
)
def test_a_file_that_is_no_annotation_file(text: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text)
    with pytest.raises(ReproError, match=message):
        read(path)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReproError, match="does not exist"):
        read(tmp_path / "none.json")
    with pytest.raises(ReproError, match="is not a file"):
        read(tmp_path)
    with pytest.raises(ReproError, match="cannot be read: embedded null"):
        read(tmp_path / "a\0b")
    path = saved(tmp_path, document())
    with pytest.raises(ReproError, match="more than 10"):
        load(path, "annotation file", limit=10)
    refusal = PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "read_bytes", lambda path: _raise(refusal))
    with pytest.raises(ReproError, match="cannot be read: Permission denied"):
        read(path)


def _raise(error: Exception) -> None:
    raise error


def test_a_data_set_is_not_taken_for_another(tmp_path: Path) -> None:
    path = saved(tmp_path, document())
    with pytest.raises(ReproError, match="joints of coco, not of crowdpose"):
        read(path, "crowdpose")
    with pytest.raises(ReproError, match="not an annotation file of mpii"):
        read(path, "mpii")
    with pytest.raises(ReproError, match="no data set `cocoo`") as caught:
        read(path, "cocoo")
    assert "Did you mean `coco`" in caught.value.hint


def test_generated_figures_never_pass_for_a_data_set(tmp_path: Path) -> None:
    real = saved(tmp_path, document(), "real.json")
    made = saved(tmp_path, {**document(), "info": {"dataset": "synth"}}, "made.json")
    assert read(made, "synth").dataset == "coco"
    with pytest.raises(ReproError, match="is generated, not coco"):
        read(made, "coco")
    with pytest.raises(ReproError, match="is not generated"):
        read(real, "synth")


def test_a_detection_file_of_coco_is_told_from_its_keypoint_file(tmp_path: Path) -> None:
    content = document()
    del content["categories"][0]["keypoints"]
    for row in content["annotations"]:
        del row["keypoints"]
    with pytest.raises(ReproError, match="has no `keypoints`"):
        read(saved(tmp_path, content))


def test_large_numbers_keep_their_value(tmp_path: Path) -> None:
    content = document()
    content["images"][1]["id"] = content["annotations"][0]["image_id"] = 2**53 + 1
    assert read(saved(tmp_path, content)).images.ids.tolist() == [7, 2**53 + 1]
    content["images"][1]["id"] = 2**64
    with pytest.raises(ReproError, match="`id`"):
        read(saved(tmp_path, content, "larger.json"))


def test_infinite_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document()).replace("2000.5", "1e999"))
    with pytest.raises(ReproError, match="number is infinity"):
        read(path)


def test_rows_that_other_readers_made_may_not_hold_nan() -> None:
    rows = Rows(Path("r.json"), "", [{"score": 1.0}, {"score": float("nan")}])
    with pytest.raises(ReproError, match="`score` = nan in entry 1; it must be a finite number"):
        rows.numbers("score")


def test_crowdpose_takes_its_share_of_the_box() -> None:
    assert np.isclose(BOX_SHARE, 0.53)
