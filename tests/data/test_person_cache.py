"""The cache of persons: the same crops as out of the images, built once, never trusted if torn."""

import pickle
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from repro.data.annotations import read
from repro.data.augmentation import PersonAugmentation
from repro.data.boxes import Instances, ground_truth
from repro.data.people import Annotations
from repro.data.person_cache import PersonCache, cached
from repro.data.top_down_samples import PersonSamples
from repro.errors import ReproError
from support.data_files import COCO_RULES, document, painted, person, saved

SIZE = (64, 48)
WILD = PersonAugmentation(0.5, 0.8, 0.5, 40, 0.6, 0.2, 0.3)
MOVED = PersonAugmentation(scale_factor=0.5, centre_shift=0.5, centre_chance=1)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Annotations, Instances]:
    """A picture of 300 x 400 with three small persons, whose joints go far beyond their boxes."""
    random = np.random.default_rng(0)
    content = document()
    content["images"] = [{"id": 5, "file_name": "a.png", "height": 300, "width": 400}]
    content["annotations"] = []
    for number, x in enumerate((30, 180, 350)):
        points = random.uniform((x - 60, 80), (x + 60, 220), (17, 2)).round(1)
        joints = np.column_stack((points, np.full(17, 2))).reshape(-1).tolist()
        box = [x, 130, 20 + number, 40]
        content["annotations"].append(person(number, 5, bbox=box, keypoints=joints))
    cv2.imwrite(str(tmp_path / "a.png"), painted(300, 400))
    annotations = read(saved(tmp_path, content))
    return tmp_path, annotations, ground_truth(annotations)


def build(
    made: tuple[Path, Annotations, Instances], rules: PersonAugmentation = WILD
) -> tuple[PersonCache, list[str]]:
    said: list[str] = []
    folder, annotations, instances = made
    what = (annotations, instances, COCO_RULES, SIZE, rules)
    return cached(folder / "cache", folder, *what, said.append), said


@pytest.mark.parametrize("rules", [WILD, MOVED], ids=["wild", "moved"])
def test_crops_are_those_out_of_the_images(
    made: tuple[Path, Annotations, Instances], rules: PersonAugmentation
) -> None:
    cache, said = build(made, rules)
    assert len(said) == 1 and "is built: 3 persons" in said[0]
    what = (*made, COCO_RULES, SIZE, rules)
    apart = []
    for seed in range(12):
        images, kept = PersonSamples(*what, seed), PersonSamples(*what, seed, cache)
        for epoch, index in product(range(3), range(3)):
            one, other = images[epoch, index], kept[epoch, index]
            assert np.array_equal(one.joints, other.joints)
            apart.append(np.abs(one.pixels - other.pixels.astype(float)).mean())
    assert max(apart) < 0.05
    assert cache.path.stat().st_size < 3 * (300 * 400 * 3)


def test_it_is_built_once_and_processes_share_the_file(
    made: tuple[Path, Annotations, Instances],
) -> None:
    first, _ = build(made)
    pixels = first[2].pixels.copy()
    for path in made[0].glob("*.png"):
        path.unlink()
    again, said = build(made)
    assert said == [] and np.array_equal(again[2].pixels, pixels)
    packed = pickle.dumps(again)
    assert len(packed) < 1000 and np.array_equal(pickle.loads(packed)[2].pixels, pixels)
    with pytest.raises(ReproError, match=r"a\.png` does not exist"):
        build(made, PersonAugmentation())
    assert not list(made[0].glob("cache/*.tmp"))


@pytest.mark.parametrize("suffix", [".pixels", ".table"])
def test_a_torn_one_is_built_again(made: tuple[Path, Annotations, Instances], suffix: str) -> None:
    cache, _ = build(made)
    path = cache.path.with_suffix(suffix)
    path.write_bytes(path.read_bytes()[:-1])
    again, said = build(made)
    assert len(said) == 1 and "is torn and built again" in said[0]
    assert again[2].pixels.any() and build(made)[1] == []


def test_another_augmentation_has_a_cache_of_its_own(
    made: tuple[Path, Annotations, Instances],
) -> None:
    wide, _ = build(made)
    narrow, said = build(made, PersonAugmentation(flip=0.5))
    assert (
        said and narrow.path != wide.path and narrow.path.stat().st_size < wide.path.stat().st_size
    )


def test_where_the_disk_refuses(made: tuple[Path, Annotations, Instances]) -> None:
    (made[0] / "cache").write_text("a file")
    with pytest.raises(ReproError, match=r"cannot be written: (Not a directory|File exists)"):
        build(made)
