"""Where files are looked for, and what a check of a data folder tells."""

import json
from pathlib import Path

import pytest

from repro.data.completeness import SplitFound, check
from repro.data.layout import find
from repro.errors import ReproError
from repro.papers.datasets import DATASETS, MPII_TRUTHS, OfficialFacts
from repro.papers.skeletons import CROWDPOSE
from support.data_files import box, document, entry, saved
from support.official import set_facts

BOXES = "COCO_val2017_detections_AP_H_56_person.json"


def laid(root: Path, name: str, content: object = "") -> Path:
    """A file of JSON below a folder, with the folders between."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return saved(path.parent, content, path.name)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("dataset", "split", "annotations", "images", "boxes"),
    [
        ("coco", "val2017", "annotations/person_keypoints_val2017.json", "val2017", f"./{BOXES}"),
        (
            *("coco", "val", "annotations/person_keypoints_val2017.json", "images/val2017"),
            f"person_detection_results/{BOXES}",
        ),
        ("coco", "train2017", "person_keypoints_train2017.json", "train2017", None),
        ("coco", "test-dev", "annotations/image_info_test-dev2017.json", "test2017", None),
        ("crowdpose", "test", "json/crowdpose_test.json", "images", None),
        ("crowdpose", "val", "annotations/mmpose_crowdpose_val.json", "images", None),
        ("mpii", "valid", "annot/valid.json", "images", None),
        ("mpii", "val", "annotations/mpii_val.json", "images", None),
    ],
)
def test_the_usual_layouts_are_found(
    own: bool,
    dataset: str,
    split: str,
    annotations: str,
    images: str,
    boxes: str | None,
    tmp_path: Path,
) -> None:
    root = tmp_path / dataset
    laid(root, annotations)
    (root / images).mkdir(parents=True)
    if boxes:
        laid(root, boxes)
    found = find(root if own else tmp_path, dataset, split)
    assert found.annotations == root / annotations
    assert found.images == root / images
    assert found.boxes == (root / boxes if boxes else None)
    assert found.dataset == dataset and found.split in DATASETS[dataset].splits


@pytest.mark.parametrize("name", ["gt_valid.mat", "mpii_gt_valid.mat", "mpii_gt_val.mat"])
def test_the_truth_of_mpii_lies_beside_its_list(name: str, tmp_path: Path) -> None:
    laid(tmp_path, "mpii/annot/valid.json")
    truth = laid(tmp_path, f"mpii/annot/{name}")
    assert find(tmp_path, "mpii", "val", images=False).truth == truth
    assert name in MPII_TRUTHS and len(MPII_TRUTHS) == 3


def test_boxes_may_lie_at_the_root_of_all_data_sets(tmp_path: Path) -> None:
    laid(tmp_path, "coco/annotations/person_keypoints_val2017.json")
    boxes = laid(tmp_path, f"person_detection_results/{BOXES}")
    assert find(tmp_path, "coco", "val2017", images=False).boxes == boxes


def test_what_is_absent_is_told_with_the_places_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=r"annotations of coco val2017 are not under") as caught:
        find(tmp_path, "coco", "val2017")
    assert "annotations/person_keypoints_val2017.json" in caught.value.hint
    assert "repro data check" in caught.value.hint
    laid(tmp_path, "coco/annotations/person_keypoints_val2017.json")
    with pytest.raises(ReproError, match="images of coco val2017") as caught:
        find(tmp_path, "coco", "val2017")
    assert "coco/images/val2017" in caught.value.hint
    with pytest.raises(ReproError, match="does not exist"):
        find(tmp_path / "none", "coco", "val2017")
    with pytest.raises(ReproError, match="no data set `coko`"):
        find(tmp_path, "coko", "val2017")
    with pytest.raises(ReproError, match="no split of coco `val2016`"):
        find(tmp_path, "coco", "val2016")


def test_every_split_says_where_it_comes_from() -> None:
    for dataset in DATASETS.values():
        for split in dataset.splits.values():
            fetched = split.annotations.fetch is not None and split.images.fetch is not None
            assert fetched is not dataset.generated
            assert split.facts is None or fetched
    facts = DATASETS["coco"].facts("val2017")
    assert facts == OfficialFacts(5000, 11004, 6352, 104125)


def test_an_empty_folder_gets_told_what_to_fetch(tmp_path: Path) -> None:
    found = {(one.dataset, one.split): one for one in check(tmp_path)}
    val = found["coco", "val2017"]
    assert val.source is None and val.counts is None and not val.complete
    text = " ".join(str(one) for one in val.fetch)
    assert "val2017.zip (1 GB) from https://cocodataset.org" in text
    assert BOXES in text and "241 MB" in text
    assert not found["synth", "val"].fetch
    with pytest.raises(ReproError, match="does not exist"):
        check(tmp_path / "none")


def test_a_subset_is_counted_and_compared_with_the_official_figures(tmp_path: Path) -> None:
    laid(tmp_path, "annotations/person_keypoints_val2017.json", document())
    laid(tmp_path, BOXES, [box(5, 1, 2, 3, 4), box(5, 1, 2, 3, 4, category=2)])
    laid(tmp_path, "val2017/a.png")
    val = next(one for one in check(tmp_path) if (one.dataset, one.split) == ("coco", "val2017"))
    assert val.counts is not None and val.official is False and not val.complete
    counted = (val.counts.images, val.counts.present, val.counts.people, val.counts.labelled)
    assert counted == (2, 1, 3, 1) and val.counts.crowd == 1 and val.counts.boxes == 1
    assert val.notes[0].startswith("1 of 2 images are not in")
    assert "2 images; officially 5,000." in val.notes
    assert "1 detected persons; officially 104,125." in val.notes
    assert [one.what for one in val.fetch] == ["val2017.zip"]
    described = json.loads(json.dumps(val.described()))
    assert described["counts"]["sha256"] == val.counts.sha256
    assert described["files"]["annotations"].endswith("person_keypoints_val2017.json")


def test_official_files_are_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = laid(tmp_path, "crowdpose/json/crowdpose_val.json", document(CROWDPOSE))
    sha256 = next(one.counts.sha256 for one in check(tmp_path) if one.counts)
    set_facts(monkeypatch, "crowdpose", "val", OfficialFacts(2, 3, 1, sha256=sha256))

    def val() -> SplitFound:
        return next(one for one in check(tmp_path) if one.source)

    assert val().official
    saved(path.parent, {**document(CROWDPOSE), "more": 1}, path.name)
    assert not val().official
    assert any("not the official one" in note for note in val().notes)


def test_a_broken_file_is_a_note_and_not_the_end(tmp_path: Path) -> None:
    laid(tmp_path, "mpii/annot/valid.json", [entry("a.jpg", scale=-1)])
    laid(tmp_path, "coco/annotations/person_keypoints_val2017.json", document())
    laid(tmp_path, f"coco/{BOXES}", {})
    found = {(one.dataset, one.split): one for one in check(tmp_path)}
    assert "must be above 0" in found["mpii", "val"].notes[0]
    assert any("is not a list" in note for note in found["coco", "val2017"].notes)
    assert found["coco", "val2017"].counts
