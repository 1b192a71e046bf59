"""A results file is held against its annotations by the ids of both; what does not fit is told."""

import json
from pathlib import Path

import pytest

from repro.data.annotations import read
from repro.errors import ReproError
from repro.scoring import results
from repro.scoring.score import score
from support.scoring_scenes import Entry, contents, scene, written

Files = tuple[dict[str, list[Entry]], list[Entry]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return contents(scene(tmp_path, 5, images=20))


def words(files: Files) -> Files:
    """The same files with words as ids of images, whose order is that of the numbers."""
    truth, found = files
    for image in truth["images"]:
        image["id"] = f"frame {image['id']:04}"
    for row in (*truth["annotations"], *found):
        row["image_id"] = f"frame {row['image_id']:04}"
    return files


def test_ids_that_are_words_give_the_same(files: Files, tmp_path: Path) -> None:
    plain = written(tmp_path, "plain", *files)
    wanted = score("coco", plain.truth, plain.found, resamples=0)
    one = written(tmp_path, "words", *words(files))
    given = score("coco", one.truth, one.found, resamples=0)
    assert given.metrics == wanted.metrics and not given.remarks
    assert given.evaluator.startswith("pycocotools")
    images = read(one.truth).images
    found = results.matched(one.found, read(one.truth)).poses.image_ids
    named = [row["image_id"] for row in json.loads(one.found.read_text())]
    assert images.given(found) == named


def test_many_poses_on_images_named_by_words_are_scored_officially(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.scoring.score.MANY", 3)
    one = written(tmp_path, "words", *words(files))
    assert score("coco", one.truth, one.found, resamples=0).evaluator.startswith("pycocotools")


def test_crowdpose_too_may_have_words_as_ids(tmp_path: Path) -> None:
    files = contents(scene(tmp_path, 5, "crowdpose", images=20))
    one = written(tmp_path, "words", *words(files))
    assert score("crowdpose", one.truth, one.found, resamples=0).metrics["AP"]


def test_the_category_is_that_of_the_annotations(files: Files, tmp_path: Path) -> None:
    plain = written(tmp_path, "plain", *files)
    truth, found = files
    wanted = score("coco", plain.truth, plain.found, resamples=0).metrics
    truth["categories"] = [{"id": 9, "name": "dog"}, {"id": 4, "name": "Person"}]
    for row in (*truth["annotations"], *found):
        row["category_id"] = 4
    found.append({"image_id": found[0]["image_id"], "category_id": 9, "bbox": [1, 2, 3, 4]})
    one = written(tmp_path, "four", truth, found)
    given = score("coco", one.truth, one.found, resamples=0)
    assert given.metrics == wanted
    said = f"1 of {len(found)} poses are of other categories than the persons."
    assert [remark.text for remark in given.remarks] == [said]
    for row in found:
        row["category_id"] = 1
    one = written(tmp_path, "one", truth, found)
    with pytest.raises(ReproError, match="that the annotations lack; their persons are 4"):
        score("coco", one.truth, one.found)


def test_poses_on_unknown_images_are_left_out_and_told(files: Files, tmp_path: Path) -> None:
    plain = written(tmp_path, "plain", *files)
    wanted = score("coco", plain.truth, plain.found, resamples=0).metrics
    truth, found = files
    more = [{**row, "image_id": 5000} for row in found[:3]]
    one = written(tmp_path, "more", truth, [*more, *found])
    given = score("coco", one.truth, one.found, resamples=0)
    assert given.metrics == wanted
    total = len(found) + 3
    said = f"3 of {total} poses are on images that the annotations lack (5000)."
    assert [remark.text for remark in given.remarks] == [said]
    for place, row in enumerate(found):
        row["image_id"] = 5000 + place
    one = written(tmp_path, "others", truth, found)
    with pytest.raises(ReproError, match=r"annotations lack \(5000, 5001, 5002, …\)"):
        score("coco", one.truth, one.found)


def test_fields_of_other_programs_do_not_change_a_figure(files: Files, tmp_path: Path) -> None:
    plain = written(tmp_path, "plain", *files)
    truth, found = files
    wanted = score("coco", plain.truth, plain.found, resamples=0).metrics
    for row in found:
        row.update(segmentation=[], caption="a person", id="x", area=3, track=[])
    for row in truth["annotations"]:
        row.update(ignore=1, attributes={}, id_=None)
    one = written(tmp_path, "fields", truth, found)
    assert score("coco", one.truth, one.found, resamples=0).metrics == wanted


@pytest.mark.parametrize(
    ("ids", "said"), [(["a", 3], "must be a finite number|a name"), ([None], "finite number")]
)
def test_ids_that_are_none_are_refused(
    ids: list[object], said: str, files: Files, tmp_path: Path
) -> None:
    truth, found = files
    for row, given in zip(found, ids, strict=False):
        row["image_id"] = given
    one = written(tmp_path, "broken", truth, found)
    with pytest.raises(ReproError, match=said):
        score("coco", one.truth, one.found)
