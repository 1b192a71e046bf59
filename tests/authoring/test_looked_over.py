"""All that is missing or wrong in a paper is told at once, with file and line."""

import json
import re
from pathlib import Path

import pytest

from repro.authoring.flaws import TomlFile, lines_of
from support.command_line import ROOT, Run, parsed

pytestmark = pytest.mark.usefixtures("papers_anew")


@pytest.fixture
def paper(repro: Run, tmp_path: Path) -> Path:
    """A paper as it begins."""
    assert repro("new", "paper", "paper5").code == 0
    return tmp_path / "tables-own" / "paper5"


def edit(path: Path, *pairs: tuple[str, str]) -> None:
    """Replace parts of a file that are there."""
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def flaws(repro: Run, required: bool = True) -> list[str]:
    """File, line and words of what is required, or optional, in `tables-own`."""
    done = repro("check", "tables", "tables-own", "--json")
    data = parsed(done.out)
    found = [one for checked in data["papers"] for one in checked["flaws"]]
    assert done.code == data["exit"] == (2 if any(one["required"] for one in found) else 0)
    return [
        f"{Path(one['file']).name}:{one['line']} {one['said']}"
        for one in found
        if one["required"] is required
    ]


def test_a_paper_that_begins_lacks_nothing_that_is_required(paper: Path, repro: Run) -> None:
    assert flaws(repro) == []
    optional = flaws(repro, required=False)
    title = paper.joinpath("study.toml").read_text(encoding="utf-8").splitlines()
    line = next(n for n, text in enumerate(title, start=1) if text.startswith("title"))
    assert f"study.toml:{line} `<title as printed>` is still to be filled in." in optional
    assert any("a guess to check: this year" in one for one in optional)
    assert any("no `recipes`" in one for one in optional)


def test_every_mistake_is_told_at_once(paper: Path, repro: Run) -> None:
    edit(paper / "study.toml", ("title ", "titel "), ("year     = 2", 'year = "x"  # 2'))
    edit(paper / "study.toml", ('split     = "val2017"', ""), ("RGB", "RBG"))
    table = paper / "table1.toml"
    edit(table, ('metric = "macs"', 'metric = "flops"'), ('unit = "M"', 'unit = "K"'))
    edit(table, ("[256, 192]", "[255, 192]"), ('params = "2.9"', 'params = "about 2.9"'))
    edit(table, ('key = "ap"', 'key = "params"'), ('label = "AP"', "label = 3"))
    told = flaws(repro)
    text = paper.joinpath("study.toml").read_text(encoding="utf-8").splitlines()
    lines = {line.split(" ")[0]: number for number, line in enumerate(text, start=1)}
    for place, said in (
        (lines["titel"], "There is no key `titel`"),
        (None, "`title` is missing"),
        (lines["year"], "`year` should be a whole number"),
        (lines["[protocols.coco-val2017]"], "`protocols.coco-val2017.split` is missing"),
    ):
        assert any(one.startswith(f"study.toml:{place} {said}") for one in told), (place, told)
    assert any(
        "table1.toml" in one and "`columns[3].label` should be a string" in one for one in told
    )
    edit(table, ("label = 3", 'label = "AP"'))
    edit(paper / "study.toml", ("titel ", "title "), ('year = "x"  # 2', "year     = 2"))
    edit(paper / "study.toml", ('dataset   = "coco"', 'dataset = "coco"\nsplit = "val2017"'))
    told = flaws(repro)
    assert any("There is no colour `RBG`" in one for one in told)
    edit(paper / "study.toml", ("RBG", "RGB"))
    told = flaws(repro)
    for said in (
        "two columns are called `params`",
        "the metric of column `flops` is `flops`",
        "column `params` is in `K`, but params is in `M`",
        "cell `params` of row `<row as printed>` is no number: `about 2.9`",
        "cannot take an input of 255x192",
    ):
        assert any(said in one for one in told), (said, told)
    assert all(re.match(r"table1\.toml:\d+ ", one) for one in told)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("study.toml", "name  ", "[name  ", "study.toml:4 is no TOML"),
        ("study.toml", '"paper5"  #', '"paper6"  #', "`name` is `paper6`, the folder is `paper5`"),
        ("study.toml", '# slugs   = ["tiny"]', 'slugs = ["lpn"]', "`lpn` is a name of `paper2`"),
        ("study.toml", '# modules = ["net.py"]', 'modules = ["net.py"]', "does not exist"),
        ("claims.toml", "[[claims]]", "[[claim]]", "There is no key `claim`"),
        ("claims.toml", 'kind    = "cost"', 'kind = "price"', "There is no kind `price`"),
        ("claims.toml", "why   ", "holds", "means nothing here"),
        ("table1.toml", 'model = "lpn_50"', 'model = "lpn_50"\ncited = "x"', "not both"),
        ("table1.toml", 'protocol = "coco-val2017"', 'protocol = "x"', "`x` is no protocol"),
        ("table1.toml", 'convention = "fvcore"', 'convention = "fv"', "`fv` is no convention"),
        ("table1.toml", "", "\0", "is no TOML"),
    ],
)
def test_a_mistake_is_told_with_its_file(
    file: str, old: str, new: str, said: str, paper: Path, repro: Run
) -> None:
    edit(paper / file, (old, new))
    told = flaws(repro)
    assert [one for one in told if one.startswith(file) and said in one], told


def test_an_expression_of_a_claim_is_checked(paper: Path, repro: Run) -> None:
    path = paper / "claims.toml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "why  " not in line]
    path.write_text("\n".join([*lines, "holds = 'table1[Nobody].params ~ 3M'"]), encoding="utf-8")
    (told,) = flaws(repro)
    assert "claims.toml" in told and "Nobody" in told


def test_a_model_that_nobody_knows_is_no_mistake(paper: Path, repro: Run) -> None:
    edit(paper / "table1.toml", ('model = "lpn_50"', 'model = "lpn_51"'))
    assert flaws(repro) == []
    assert any("no network is called `lpn_51`" in one for one in flaws(repro, required=False))


def test_lists_beside_papers_are_checked_too(paper: Path, repro: Run) -> None:
    (paper.parent / "weights.toml").write_text("checkpoints = 3", encoding="utf-8")
    (paper.parent / "downloads.toml").write_text("[[file]]\nname = 3", encoding="utf-8")
    told = flaws(repro)
    assert "weights.toml:1 `checkpoints` should be a list, not 3." in told
    assert "downloads.toml:2 `file[0].name` should be a string, not 3." in told
    assert any("`file[0].dataset` is missing" in one for one in told)


def test_one_paper_can_be_named_and_papers_that_come_with_repro_are_whole(
    paper: Path, repro: Run
) -> None:
    edit(paper / "table1.toml", ('unit = "M"', 'unit = "K"'))
    assert repro("check", "tables", str(paper)).code == 2
    done = repro("check", "tables")
    assert done.code == 0 and "paper4" in done.out and " 0 required" in done.out


def test_what_is_no_folder_of_papers_is_one_sentence(repro: Run, tmp_path: Path) -> None:
    for words, said in (("nowhere", "There is no folder"), (str(tmp_path), "No studies under")):
        done = repro("check", "tables", words)
        assert done.code == 2 and said in done.err and done.out == ""


def test_tables_without_a_study_are_told(paper: Path, repro: Run) -> None:
    (paper / "study.toml").unlink()
    (told,) = flaws(repro)
    assert told == "study.toml:None cannot be read: No such file or directory."


def test_lines_are_those_of_tables_and_keys() -> None:
    text = 'a = 1\n[b."c"]\nd = 2\n[[e]]\nf = { g = 1 }\n[[e]]\n[e.h]\ni = 3 # [j]\n'
    assert lines_of(text) == {
        **{"a": 1, "b.c": 2, "b.c.d": 3},
        **{"e[0]": 4, "e[0].f": 5, "e[1]": 6, "e[1].h": 7, "e[1].h.i": 8},
    }


def test_lines_of_all_our_files_are_found(tmp_path: Path) -> None:
    for path in sorted((ROOT / "tables").glob("paper*/table*.toml")):
        file = TomlFile(path)
        assert file.data is not None
        for number, row in enumerate(file.data["rows"]):
            line = file.line(f"rows[{number}].label")
            assert line is not None
            text = path.read_text(encoding="utf-8").splitlines()[line - 1]
            assert json.dumps(row["label"], ensure_ascii=False) in text
