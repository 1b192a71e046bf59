"""Names of pictures that lead out of their folder are refused, unless that is allowed."""

from pathlib import Path

import pytest

from repro import env
from repro.data.image_files import check_inside
from repro.errors import ReproError
from repro.evaluation.inputs import pictures_in


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`im` with a picture, a folder and links that lead out of it and stay in it."""
    monkeypatch.delenv(env.OUTSIDE, raising=False)
    inside, outside = tmp_path / "im", tmp_path / "other"
    for place in (inside / "sub", outside):
        place.mkdir(parents=True)
        (place / "a.jpg").write_bytes(b"x")
    (inside / "a.jpg").write_bytes(b"x")
    (inside / "link.jpg").symlink_to(outside / "a.jpg")
    (inside / "within.jpg").symlink_to("sub/a.jpg")
    (inside / "chain.jpg").symlink_to("link.jpg")
    (inside / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    (inside / "away").symlink_to(outside)
    (inside / "sub" / "link.jpg").symlink_to(outside / "a.jpg")
    return inside


OUTSIDE = {
    "dots": "../other/a.jpg",
    "dots within": "sub/../../other/a.jpg",
    "link": "link.jpg",
    "link to a link": "chain.jpg",
    "linked folder": "away/a.jpg",
    "link in a folder": "sub/link.jpg",
    "link by a longer way": "./link.jpg",
    "double slash": "sub//link.jpg",
}


@pytest.mark.parametrize("name", OUTSIDE.values(), ids=list(OUTSIDE))
def test_what_leads_out_is_refused(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReproError, match="leads out of the folder") as told:
        check_inside(folder, ["a.jpg", name])
    assert "--allow-outside" in told.value.hint
    monkeypatch.setenv(env.OUTSIDE, "1")
    check_inside(folder, ["a.jpg", name])


def test_a_whole_path_is_refused(folder: Path) -> None:
    with pytest.raises(ReproError, match="leads out"):
        check_inside(folder, [str(folder.parent / "other" / "a.jpg")])
    check_inside(folder, [str(folder / "a.jpg")])


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "sub/a.jpg", "within.jpg", "sub/../a.jpg", "gone.jpg", "../none.jpg", "", "\0"],
)
def test_what_stays_inside_or_is_not_there_passes(folder: Path, name: str) -> None:
    check_inside(folder, [name])


def test_the_folder_may_be_a_link(folder: Path) -> None:
    linked = folder.parent / "linked"
    linked.symlink_to(folder)
    check_inside(linked, ["a.jpg", "sub/a.jpg", "within.jpg"])


def test_links_in_a_folder_of_pictures_are_refused(folder: Path) -> None:
    with pytest.raises(ReproError, match="leads out"):
        pictures_in(folder, False)
