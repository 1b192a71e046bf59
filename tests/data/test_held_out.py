"""A share of the pictures is held out, the same each time, and nothing is lost or in both parts."""

import json
from pathlib import Path

import pytest

from repro.data import held_out


def file_of(folder: Path, labelled: int, empty: int = 0, name: str = "my poses.json") -> Path:
    """Pictures with a labelled person each, then pictures with an unlabelled one."""
    count = labelled + empty
    people = [
        {"id": 7 + number, "image_id": number, "keypoints": [5, 5, 2 * (number < labelled)] * 3}
        for number in range(count)
    ]
    content = {
        "info": {"by": "somebody"},
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(count)],
        "annotations": people,
        "categories": [{"id": 3, "name": "cat", "keypoints": ["a", "b", "c"]}],
    }
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def ids(path: Path) -> tuple[set[int], set[int]]:
    content = json.loads(path.read_text())
    assert content["categories"][0]["name"] == "cat" and content["info"] == {"by": "somebody"}
    return (
        {row["id"] for row in content["images"]},
        {row["image_id"] for row in content["annotations"]},
    )


@pytest.mark.parametrize(("labelled", "share", "held"), [(20, 0.2, 4), (2, 0.2, 1), (3, 0.9, 2)])
def test_both_parts_have_labelled_pictures(
    tmp_path: Path, labelled: int, share: float, held: int
) -> None:
    path = file_of(tmp_path, labelled, empty=2)
    parts = held_out.split(path, tmp_path / "Teile mit Ü", share)
    assert parts is not None
    (train, trained), (evaluated, found) = ids(parts.train), ids(parts.evaluated)
    assert train | evaluated == set(range(labelled + 2)) and not train & evaluated
    assert train == trained and evaluated == found and len(evaluated) == held
    assert max(evaluated) < labelled  # those without labels are trained on, or passed over
    assert str(parts.remark).startswith(f"{held} of {labelled} pictures are held out")
    again = held_out.split(path, tmp_path / "again", share)
    assert again is not None
    assert again.train.read_bytes() == parts.train.read_bytes()


@pytest.mark.parametrize("content", ["[]", "{}", '{"images": 3, "annotations": []}', "null"])
def test_what_cannot_be_shared_is_left_to_whoever_reads_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    assert held_out.split(path, tmp_path, 0.2) is None
    assert held_out.split(file_of(tmp_path, 1, 5), tmp_path, 0.2) is None
    assert not list(tmp_path.glob("*held-out*"))
