"""The papers of a user stand beside ours; what is broken among them stops nothing else."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import checkpoint_catalogue, downloads, folders, lookup, study
from support.command_line import ROOT, Run
from support.outside import module

OURS = ["paper1", "paper2", "paper3", "paper4"]
Place = Callable[..., Path]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Folders of papers in $REPRO_TABLES, each with some that are like one of ours."""

    def make(*folders_of: dict[str, str], ending: str = "") -> Path:
        paths = []
        for number, names in enumerate(folders_of):
            folder = tmp_path / f"own {number} é"
            folder.mkdir()
            paths.append(str(folder))
            for name, slug in names.items():
                shutil.copytree(ROOT / "tables" / "paper3", folder / name)
                text = (folder / name / "study.toml").read_text(encoding="utf-8")
                lines = [line for line in text.splitlines() if not line.startswith("slugs")]
                lines = [f'name = "{name}"' if line.startswith("name ") else line for line in lines]
                lines = [f'slugs = ["{slug}"]', *lines] if slug else lines
                (folder / name / "study.toml").write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.setenv("REPRO_TABLES", os.pathsep.join(paths) + ending)
        return tmp_path / "own 0 é"

    def forget() -> None:
        study.load_study.cache_clear()
        study.load_table.cache_clear()
        folders.forget_left_out()

    forget()
    yield make
    forget()


def said() -> str:
    """What was left out, in words."""
    return " / ".join(map(str, folders.left_out()))


def test_they_come_after_ours(place: Place) -> None:
    place({"paper9": "nine", "alpha": ""}, {"paper5": ""}, {})
    assert study.study_names() == [*OURS, "alpha", "paper9", "paper5"]
    assert lookup.find_study("nine").name == "paper9" and said() == ""
    assert folders.tables_dir() == folders.shipped() == ROOT / "tables"


def test_ours_can_be_left_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place({"paper5": ""})
    monkeypatch.setenv("REPRO_TABLES_ONLY", "1")
    assert study.study_names() == ["paper5"]
    assert checkpoint_catalogue.published("lpn_50"), "what is known of networks stays"


def test_a_first_folder_with_a_name_of_ours_stands_in_their_place(place: Place) -> None:
    own = place({"paper1": "", "paper5": ""}, {"paper6": ""})
    assert study.study_names() == ["paper1", "paper5", "paper6"]
    assert folders.tables_dir() == own


def test_our_own_folder_may_be_named_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    own = place({"paper5": ""})
    monkeypatch.setenv("REPRO_TABLES", f"{ROOT / 'tables'}{os.pathsep}{own}")
    assert study.study_names() == [*OURS, "paper5"] and said() == ""
    monkeypatch.setenv("REPRO_TABLES", f"{own}{os.pathsep}{ROOT / 'tables'}")
    assert study.study_names() == [*OURS, "paper5"] and said() == ""


def test_a_name_twice_is_refused_with_both_places(place: Place) -> None:
    own = place({"paper5": ""}, {"paper5": "", "paper1": ""})
    assert study.study_names() == ["paper2", "paper3", "paper4"]
    for name, first in (("paper5", own / "paper5"), ("paper1", ROOT / "tables" / "paper1")):
        with pytest.raises(ReproError) as error:
            lookup.find_study(name)
        second = own.parent / "own 1 é" / name
        assert f"is twice, in `{first}` and `{second}`" in str(error.value)
        assert str(second) in said()


def test_a_short_name_twice_leaves_the_later_one_out(place: Place) -> None:
    own = place({"paper5": "lpn"})
    assert study.study_names() == OURS
    assert f"`lpn` is twice, in `{ROOT / 'tables' / 'paper2'}` and `{own / 'paper5'}`" in said()
    assert lookup.find_study("lpn").name == "paper2"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("study.toml", "name =", "nme =", "There is no key `nme`"),
        ("study.toml", "title", "[title", "is no TOML"),
        ("study.toml", "title", 'modules = ["net.py"]\ntitle', "does not exist"),
        ("table1.toml", "[[rows]]", "[[row]]", "There is no key `row`"),
        ("table2.toml", "number ", "numbr ", "There is no key `numbr`"),
        ("table1.toml", "input = [256, 192]", "input = [255, 192]", "cannot take an input of"),
    ],
)
def test_a_broken_paper_stops_nothing_but_itself(
    file: str, old: str, new: str, message: str, place: Place, repro: Run
) -> None:
    own = place({"paper5": "", "paper6": ""})
    path = own / "paper5" / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    done = repro("list")
    assert done.code == 0 and "paper6" in done.out and "paper5" not in done.out
    (line,) = [line for line in done.err.splitlines() if line.startswith("warning")]
    assert "`paper5` is left out: " in line and message in line
    assert repro("show", "paper6", "1").code == 0
    assert repro("show", "paper5", "1").code in (0, 2)  # a table that is whole can be looked at


def test_a_folder_that_is_gone_is_told_and_no_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = place({"paper5": ""})
    monkeypatch.setenv("REPRO_TABLES", f"{own}{os.pathsep}{own}-gone")
    assert study.study_names() == [*OURS, "paper5"]
    assert f"{own}-gone`, which is not a directory" in said()


def test_checkpoints_of_a_user_are_added_to_ours(place: Place) -> None:
    own = place({"paper5": ""})
    count = len(checkpoint_catalogue.published())
    entry = 'model = "lpn_50", dataset = "coco", input = [256, 192], publisher'
    path = own / "weights.toml"
    path.write_text(
        f'publishers.me = {{ name = "me", page = "p" }}\ncheckpoints = [{{ {entry} = "me" }}]',
        encoding="utf-8",
    )
    assert len(checkpoint_catalogue.published()) == count + 1
    assert checkpoint_catalogue.published("lpn_50")[-1].publisher == "me"
    assert said() == ""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("weights.toml", "checkpoints = 3", "`checkpoints` should be a list"),
        ("weights.toml", 'publishers.hrnet = { name = "x", page = "y" }', "`hrnet` among"),
        ("downloads.toml", "file = 3", "`file` should be a list"),
        ("downloads.toml", "[", "is no TOML"),
    ],
)
def test_a_wrong_list_of_a_user_leaves_ours_as_it_is(
    name: str, text: str, message: str, place: Place
) -> None:
    own = place({"paper5": ""})
    (own / name).write_text(text, encoding="utf-8")
    assert checkpoint_catalogue.published() and downloads.catalogue().file
    assert message in said() and str(own / name) in said()


def test_a_paper_brings_its_networks(place: Place, repro: Run) -> None:
    own = place({"paper5": ""})
    module(own / "paper5" / "nets")
    path = own / "paper5" / "study.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f'modules = ["nets/net.py"]\n{text}', encoding="utf-8")
    done = repro("list", "--models")
    assert "tinypose" in done.out.splitlines() and done.err == ""


def test_claims_that_cannot_be_read_are_left_out_by_themselves(place: Place, repro: Run) -> None:
    own = place({"paper5": ""})
    path = own / "paper5" / "claims.toml"
    path.write_text("claims = 3", encoding="utf-8")
    done = repro("claims")
    assert done.code == 0 and "paper4" in done.out and "paper5" not in done.out
    assert "warning: The claims of `paper5` are left out: " in done.err
    assert repro("claims", "paper5").code == 2
