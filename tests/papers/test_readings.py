"""What a paper leaves open, as data: read strictly, and whole."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers.readings import Readings, load_readings, shown
from support.command_line import Run
from support.outside import STUDY, module

FILE = """
conventions = ["conv"]
[networks]
ours = "tinypose"
[sentences.fewer]
where = "Section 1"
printed = "fewer parameters"
says = "not fewer"
[[dimensions]]
option = "width"
says = "not stated"
values = [8, "printed"]
breaks = { printed = ["fewer"] }
at = { printed = { 64x48 = 16 } }
[[dimensions]]
option = "deep"
says = "not stated"
values = [true, false]
[[bounds]]
sentence = "fewer"
model = "ours"
input = [64, 48]
of = "lpn_50"
of_input = [64, 48]
keypoints = 17
[[named]]
name = "plain"
says = "the first of all"
[[named]]
name = "wide"
says = "as printed"
choices = { width = "printed", deep = false }
"""


@pytest.fixture
def paper(papers_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A paper's folder with a file of readings."""
    folder = tmp_path / "tables" / "paper5"
    folder.mkdir(parents=True)
    module(folder)
    (folder / "study.toml").write_text(STUDY)
    (folder / "readings.toml").write_text(FILE)
    monkeypatch.setenv("REPRO_TABLES", str(folder.parent))
    return folder


def test_a_reading_has_the_first_value_where_it_says_nothing(paper: Path) -> None:
    readings = load_readings("paper5")
    plain, wide = (readings.choices(readings.reading(name)) for name in ("plain", "wide"))
    assert plain == {"width": 8, "deep": True} and wide == {"width": "printed", "deep": False}
    assert readings.broken(plain) == [] and readings.broken(wide) == ["fewer"]


def test_a_value_may_mean_another_number_at_each_input(paper: Path) -> None:
    readings = load_readings("paper5")
    wide = readings.choices(readings.reading("wide"))
    assert readings.options(wide, (64, 48)) == {"width": 16, "deep": False}
    assert readings.options(wide, (96, 72)) == {"width": "printed", "deep": False}


def test_values_are_named_as_files_name_them() -> None:
    assert [shown(value) for value in (7, True, "dw", (32, 24))] == ["7", "true", "dw", "32+24"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("option =", "options =", "no key `dimensions[0].options`"),
        ("values = [8,", "values = [8, 8,", "`width` are none, or one of them is twice"),
        ("{ printed = [", "{ 9 = [", "no value of `width` `9`"),
        ('= ["fewer"]', '= ["less"]', "no sentence `less`"),
        ('sentence = "fewer"', 'sentence = "less"', "no sentence `less`"),
        ('= "tinypose"', '= "tinypos"', "no model `tinypos`"),
        ('model = "ours"', 'model = "theirs"', "no printed network `theirs`"),
        ("keypoints = 17", 'keypoints = 17\nmetric = "AP"', "no cost `AP`"),
        ("keypoints = 17", "keypoints = 17\nabove = 2.0", "No share is above 2 and below 1"),
        ('["conv"]', '["con"]', "no convention `con`"),
        ('name = "wide"', 'name = "plain"', "the reading `plain` is twice"),
        ('option = "deep"', 'option = "width"', "the dimension `width` is twice"),
        ("deep = false }", "depth = 1 }", "`wide`: There is no dimension `depth`"),
        ('width = "printed",', "width = 9,", "`wide`: There is no value of `width` `9`"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(paper: Path, old: str, new: str, said: str) -> None:
    assert FILE.count(old) >= 1
    (paper / "readings.toml").write_text(FILE.replace(old, new))
    with pytest.raises(ReproError) as error:
        load_readings("paper5")
    assert "readings.toml: " in str(error.value) and said in str(error.value)


def test_all_that_is_wrong_is_listed_with_the_papers(paper: Path, repro: Run) -> None:
    (paper / "table1.toml").write_text("")
    assert "readings.toml" not in repro("check", "tables", str(paper)).out
    wrong = FILE.replace("deep = false }", "depth = 1 }").replace('["conv"]', '["con"]')
    (paper / "readings.toml").write_text(wrong)
    said = repro("check", "tables", str(paper)).out
    assert "no convention `con`" in said and "no dimension `depth`" in said
    assert said.count("readings.toml") == 2


def test_a_paper_without_readings_says_so(papers_anew: None) -> None:
    with pytest.raises(ReproError, match=r"`paper2` has no readings\.toml"):
        load_readings("paper2")
    with pytest.raises(ReproError, match="no reading `best`"):
        load_readings("paper4").reading("best")


def test_each_value_of_paper4_is_one_of_some_named_reading_or_searched() -> None:
    readings: Readings = load_readings("paper4")
    assert [one.name for one in readings.named][:2] == ["text", "fit"]
    assert not readings.broken(readings.choices(readings.reading("text")))
    used = {name for one in readings.dimensions for names in one.breaks.values() for name in names}
    assert used == set(readings.sentences), "no sentence that nothing breaks"
