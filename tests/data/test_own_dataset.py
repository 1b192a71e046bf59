"""Data sets of a user's own: their joints, pairs, limbs and constants, and what is derived."""

import json
from pathlib import Path

import pytest

from repro.data import annotations, own_dataset
from repro.errors import ReproError
from repro.papers.datasets import find_dataset
from repro.papers.skeletons import COCO, mirrored, same_names, words
from support.data_files import document, own_document, saved

TOML = """
joints = ["left paw", "right paw", "tail"]
flip = [["left paw", "right paw"]]
limbs = [["left paw", "tail"]]
sigmas = [0.05, 0.06, 0.07]
upper = ["tail"]
category = "cat"
"""


def made(folder: Path, text: str) -> own_dataset.OwnDataset:
    path = folder / "cats.toml"
    path.write_text(text)
    return own_dataset.opened(path)


def test_a_json_is_a_data_set_with_its_own_joints(tmp_path: Path) -> None:
    own = own_dataset.opened(saved(tmp_path, own_document(), "my hands.json"))
    assert (own.name, own.title, own.category, own.category_id) == (
        *("my-hands", "my hands.json", "Worker", 3),
    )
    skeleton = own.skeleton
    assert skeleton.joints[:2] == ("l_shoulder", "r_shoulder")
    assert skeleton.mirrored == (1, 0, 3, 2, 4, 5)
    assert skeleton.limbs == ((0, 1), (0, 2), (1, 3), (4, 5))
    assert skeleton.sigmas == (0.1,) * 6
    assert skeleton.upper == (0, 1, 2, 3, 4)
    assert [skeleton.side(joint) for joint in range(6)] == ["left", "right"] * 2 + ["", ""]
    assert "comparable with no other" in own.told[0] and "2 pairs of joints" in own.told[1]
    entry = find_dataset(own)
    assert entry.own and entry.name == "my-hands" and entry.facts("val") is None


def test_a_toml_says_what_a_json_cannot(tmp_path: Path) -> None:
    own = made(tmp_path, TOML)
    assert (own.name, own.title, own.category) == ("cats", "cats.toml", "cat")
    assert own.skeleton.mirrored == (1, 0, 2) and own.skeleton.limbs == ((0, 2),)
    assert own.skeleton.sigmas == (0.05, 0.06, 0.07) and own.skeleton.upper == (2,)
    assert not own.told


def test_joints_of_known_data_sets_have_their_constants(tmp_path: Path) -> None:
    joints = ["LShoulder", "RShoulder", "nose"]
    own = made(tmp_path, f"joints = {json.dumps(joints)}")
    assert own.skeleton.sigmas == (COCO.sigmas[5], COCO.sigmas[6], COCO.sigmas[0])
    assert "COCO's constants of the joints of the same names" in " ".join(own.told)
    own = own_dataset.opened(saved(tmp_path, document()))
    assert own.skeleton.sigmas == COCO.sigmas and own.skeleton.limbs == COCO.limbs
    assert own.skeleton.mirrored == COCO.mirrored and not own.told


def test_one_constant_for_all_is_comparable_with_nothing(tmp_path: Path) -> None:
    own = made(tmp_path, 'joints = ["a", "b"]\nsigmas = 0.05')
    assert own.skeleton.sigmas == (0.05, 0.05)
    assert "a constant of 0.05 for every joint" in " ".join(own.told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`joints` is missing"),
        ("joints = []", "has 0 joints"),
        ('joints = ["a", "a"]', "the joint `a` twice"),
        ('joints = ["a", ""]', "without a name"),
        ("joints = 3", "should be a list"),
        ('joints = ["a"]\nsigma = 0.1', "no key `sigma`"),
        ('joints = ["a"]\nsigmas = [0.1, 0.2]', "2 `sigmas` for 1 joints"),
        ('joints = ["a"]\nsigmas = 0.0', "not above 0"),
        ('joints = ["a"]\nsigmas = nan', "not above 0"),
        ('joints = ["a", "b"]\nflip = [["a", "c"]]', "no joint `c`"),
        ('joints = ["a", "b"]\nflip = [["a", "a"]]', "paired with itself"),
        ('joints = ["a", "b", "c"]\nflip = [["a", "b"], ["b", "c"]]', "in two pairs"),
        ('joints = ["a", "b"]\nlimbs = [["a"]]', "2 values"),
        ("joints = [", "is no TOML"),
    ],
)
def test_a_wrong_toml_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=said):
        made(tmp_path, text)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    for name in ("none.toml", "none.json"):
        with pytest.raises(ReproError, match=name):
            own_dataset.opened(tmp_path / name)


def test_what_is_open_in_a_json_is_told(tmp_path: Path) -> None:
    content = own_document()
    del content["categories"][0]["keypoints"]
    own = own_dataset.opened(saved(tmp_path, content))
    assert own.skeleton.joints == tuple(f"joint {number}" for number in range(1, 7))
    assert "names no joints; its 6 are taken as numbered" in own.told[0]
    content = own_document()
    content["categories"][0]["skeleton"] = [[0, 1], [5, 6], [1, 2, 3], "x"]
    own = own_dataset.opened(saved(tmp_path, content, "zero.json"))
    assert own.skeleton.limbs == ((0, 1),)
    assert "count joints from 0" in own.told[0] and "1 of 2 limbs" in own.told[1]


def test_another_file_must_have_the_same_joints(tmp_path: Path) -> None:
    own = made(tmp_path, TOML)
    content = own_document()
    content["categories"][0]["name"] = "cat"
    path = saved(tmp_path, content)
    with pytest.raises(ReproError, match=r"`l_shoulder` in place 1, not `left paw`"):
        annotations.read(path, own)
    del content["categories"]
    with pytest.raises(ReproError, match=r"6 joints a person, cats.toml has 3"):
        annotations.read(saved(tmp_path, content, "nameless.json"), own)
    with pytest.raises(ReproError, match="no category `cat`"):
        annotations.read(saved(tmp_path, own_document(), "workers.json"), own)


def test_persons_of_an_own_data_set_are_read(tmp_path: Path) -> None:
    path = saved(tmp_path, own_document(), "hands.json")
    own = own_dataset.opened(path)
    found = annotations.read(path, own)
    assert found.dataset == "hands" and found.chosen == own and found.category == 3
    assert found.people.keypoints.shape == (4, 6, 3)
    assert annotations.told(path).chosen == own
    with pytest.raises(ReproError, match="has other joints") as error:
        annotations.read(path)
    assert "named as the data set" in error.value.hint
    assert annotations.told(saved(tmp_path, document())).chosen == "coco"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("left_wrist", ("left", "wrist")),
        ("Left Wrist", ("left", "wrist")),
        ("wrist_l", ("wrist", "left")),
        ("LWrist", ("left", "wrist")),
        ("lWrist", ("left", "wrist")),
        ("leftwrist", ("left", "wrist")),
        ("R-Ear.2", ("right", "ear", "2")),
        ("nose", ("nose",)),
        ("épaule_l", ("épaule", "left")),
    ],
)
def test_names_are_words_however_they_are_parted(name: str, parts: tuple[str, ...]) -> None:
    assert words(name) == parts


def test_sides_are_told_from_names() -> None:
    assert mirrored(["ear_l", "ear_r", "left eye", "chin"]) == (1, 0, 2, 3)
    assert mirrored(["left eye", "eye left", "right eye"]) == (2, 1, 0)
    assert mirrored(["left eye", "left_eye", "right eye"]) == (0, 2, 1)
    assert same_names(["Left-Eye", "top_head"], ["left_eye", "head"])
    assert not same_names(["left eye"], ["right eye"])
