"""Stand-ins for official data: in their layout, read as they are, and never taken for them."""

from pathlib import Path

import pytest

from repro.data import completeness, mpii, stand_ins
from repro.data.annotations import read
from repro.data.layout import find
from repro.errors import ReproError
from repro.papers.datasets import DATASETS, REAL
from repro.rehearsal import mirror


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures for each split of two data sets."""
    folder = tmp_path_factory.mktemp("data")
    for name, splits in (("crowdpose", ("val", "test")), ("mpii", ("train", "val"))):
        dataset = DATASETS[name]
        stand_ins.write(folder / dataset.folder, dataset, dict.fromkeys(splits, 3), 0.001)
    return folder


@pytest.mark.parametrize(
    ("name", "split"), [("crowdpose", "val"), ("crowdpose", "test"), ("mpii", "val")]
)
def test_they_lie_where_the_official_files_do(data: Path, name: str, split: str) -> None:
    source = find(data, name, split)
    annotations = read(source.annotations, name)
    assert 0 < len(annotations.images) <= 3 and (annotations.people.labelled > 0).any()
    assert all((source.images / file).is_file() for file in annotations.images.files)
    assert stand_ins.share_of(source.annotations) == 0.001
    assert (source.boxes is not None) == (split == "test")
    if name == "mpii":
        assert source.truth is not None
        truth = mpii.matching(mpii.truth(source.truth), annotations)
        assert (truth.heads[:, 1] > truth.heads[:, 0]).all()


def test_splits_that_share_a_folder_share_no_picture(data: Path) -> None:
    images = [read(find(data, "mpii", split).annotations, "mpii") for split in ("train", "val")]
    first, second = (set(one.images.files) for one in images)
    assert first and second and not first & second


def test_a_check_of_the_folder_says_what_they_are(data: Path) -> None:
    checked = {(one.dataset, one.split): one for one in completeness.check(data)}
    found = checked["crowdpose", "val"]
    assert found.official is False
    assert "stand-ins for CrowdPose val, share 0.001" in found.notes[0]


@pytest.mark.parametrize("name", REAL)
def test_no_share_gives_the_official_number_of_pictures(name: str) -> None:
    dataset = DATASETS[name]
    for split in dataset.splits:
        facts = dataset.facts(split)
        official = facts and (facts.images or facts.people)
        assert official and stand_ins.count(dataset, split, 1.0) < official
        assert stand_ins.count(dataset, split, 1e-9) == stand_ins.LEAST


def test_a_broken_mark_is_no_licence(tmp_path: Path) -> None:
    annotations = tmp_path / "coco" / "annotations" / "some.json"
    assert stand_ins.share_of(annotations) is None
    annotations.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"share": 2.0}', '{"share": null}'):
        (tmp_path / "coco" / stand_ins.MARK).write_text(text)
        with pytest.raises(ReproError, match="is broken"):
            stand_ins.share_of(annotations)


def test_the_same_stand_ins_are_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    dataset, told = DATASETS["crowdpose"], list[int]()
    first, second = (
        mirror.made(tmp_path / name, dataset, {"val": 2}, 0.01, tmp_path, told.append)
        for name in "ab"
    )
    assert first == second and len(told) == 4
    assert [one.name for one in first] == [stand_ins.MARK, "images.zip", "crowdpose_val.json"]
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}
    assert not list(tmp_path.rglob("*.making"))
