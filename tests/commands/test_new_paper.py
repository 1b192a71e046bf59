"""A fifth paper with a network of its own, from its first file to a judged row, beside the four."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from support.command_line import ROOT, Run, parsed
from support.outside import TINY, module

TYPED = """Method,Input size,#Params (M),GFLOPs,AP
SimpleBaseline [1],256x192,34.0,8.90,70.4
LPN-50,256x192,2.9,1.99,69.1
TinyPose (ours),256x192,0.003,0.009,31.2
"""


pytestmark = pytest.mark.usefixtures("papers_anew")


def begun(repro: Run, folder: Path) -> Path:
    """The paper, as the command begins it from a typed table and a network."""
    (folder / "typed.csv").write_text(TYPED, encoding="utf-8")
    net = module(folder / "nets é")
    done = repro("new", "paper", "paper5", "--from", "typed.csv", "--module", str(net))
    assert done.code == 0, done.err
    return folder / "tables-own"


def sections(document: Path) -> dict[str, tuple[str, str]]:
    """The papers of a RESULTS.md: each in short, and its page without the links to its records."""
    text = document.read_text(encoding="utf-8").partition("\n## Networks with published")[0]
    short = {re.split("[:,]", one)[0]: one for one in text.split("\n## In short: ")[1:]}
    folder = document.parent / document.stem.lower()
    pages = {name: (folder / f"{name}.md").read_text(encoding="utf-8") for name in short}
    beside = f"]({folder.name}/"
    return {
        name: (one.replace(beside, "](").strip(), pages[name].partition("\n[")[0])
        for name, one in short.items()
    }


def test_from_a_typed_table_to_judged_rows_beside_the_four(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = begun(repro, tmp_path)
    monkeypatch.setenv("REPRO_TABLES", str(own))
    assert repro("check", "tables").code == 0
    shutil.copytree(ROOT / "records", tmp_path / "records")
    words = ("run", "paper5", "--metric", "params,macs", "--results", "own.md", "--json")
    done = repro(*words)
    assert done.code == 0, done.err
    data = parsed(done.out)
    verdicts = {(one["row"], one["column"]): one["verdict"]["kind"] for one in data["cells"]}
    assert verdicts == {
        ("SimpleBaseline [1]", "params_m"): "cited",
        ("SimpleBaseline [1]", "gflops"): "cited",
        ("LPN-50", "params_m"): "match",
        ("LPN-50", "gflops"): "off",
        ("TinyPose (ours)", "params_m"): "match",
        ("TinyPose (ours)", "gflops"): "match",
    }
    results = (tmp_path / "own.md").read_text(encoding="utf-8")
    assert "five papers" in results
    assert "TinyPose (ours)" in (tmp_path / "own" / "paper5.md").read_text(encoding="utf-8")
    before, after = sections(ROOT / "RESULTS.md"), sections(tmp_path / "own.md")
    assert len(before) == 4 and list(after) == [*before, "paper5"]
    assert {name: after[name] for name in before} == before
    assert "1 counts: 1 cached" not in repro("run", "paper5", "--no-write").err
    again = repro("run", "paper5", "--metric", "params,macs", "--no-write")
    assert "cached" in again.err and again.code == 0


@pytest.mark.thorough
def test_processes_beside_each_other_know_the_network(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRO_TABLES", str(begun(repro, tmp_path)))
    words = ("run", "paper5", "--metric", "params,macs", "--no-write", "--workers", "2")
    done = repro(*words)
    assert done.code == 0, done.err
    assert "3 match" in done.out


def test_a_changed_network_is_counted_anew(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRO_TABLES", str(begun(repro, tmp_path)))
    words = ("run", "paper5", "table1", "--metric", "params", "--row", "Tiny*", "--no-write")
    assert "1 match" in repro(*words).out
    module(tmp_path / "nets é", TINY.replace("width: int = 64", "width: int = 320"))
    assert "1 off" in repro(*words).out
    plan = parsed(repro("plan", "paper5", "table1", "--metric", "params", "--json").out)
    assert {one["model"]: one["state"] for one in plan["runs"]}["tinypose"] == "cached"


def test_a_broken_network_stops_its_own_row_alone(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRO_TABLES", str(begun(repro, tmp_path)))
    module(tmp_path / "nets é", TINY.replace("super().__init__()", "super().__init__(), wrong"))
    done = repro("run", "paper5", "--metric", "params,macs", "--no-write")
    assert done.code == 6 and "line 11: NameError" in done.err
    assert "1 match" in done.out and "Traceback" not in done.err


def test_a_paper_without_a_table_loads_and_shows_an_example(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = parsed(repro("new", "paper", "tiny-pose", "--json").out)
    assert [Path(one).name for one in data["files"]] == ["study.toml", "claims.toml", "table1.toml"]
    assert data["next"][0] == f"export REPRO_TABLES={tmp_path / 'tables-own'}"
    monkeypatch.setenv("REPRO_TABLES", str(tmp_path / "tables-own"))
    assert "tiny-pose" in repro("list").out
    assert "<row as printed>" in repro("show", "tiny-pose", "1").out
    assert repro("claims", "tiny-pose").code in (0, 4)
    assert "2 match" in repro("run", "tiny-pose", "--metric", "params,macs", "--no-write").out


def test_it_goes_to_the_first_folder_of_a_users_own(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "mine é"
    monkeypatch.setenv("REPRO_TABLES", f"{ROOT / 'tables'}:{first}")
    done = repro("new", "paper", "paper5")
    assert done.code == 0 and (first / "paper5" / "table1.toml").is_file()
    assert "export" not in done.err
    assert repro("list", "paper5").code == 0


def test_several_tables_and_pckh(repro: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Method,AP,FPS\nA,1,2\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("Method,Head,Mean\nA,1,2\n", encoding="utf-8")
    assert repro("new", "paper", "p5", "--from", "a.csv", "--from", "b.csv").code == 0
    folder = tmp_path / "tables-own" / "p5"
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    assert (
        list(study["protocols"]) == ["coco-val2017", "mpii-val"] and "machine" in study["timings"]
    )
    second = tomllib.loads((folder / "table2.toml").read_text(encoding="utf-8"))
    assert second["protocol"] == "mpii-val" and "timing" not in second
    assert repro("check", "tables", "tables-own").code == 0


@pytest.mark.parametrize("name", ["Paper5", "a b", "../x", "", "all", "coco", "weights", "5"])
def test_a_name_that_cannot_be_is_refused(name: str, repro: Run, tmp_path: Path) -> None:
    done = repro("new", "paper", "--", name)
    assert done.code == 2 and done.err.startswith("error: ")
    assert not (tmp_path / "tables-own").exists()


@pytest.mark.parametrize("name", ["paper1", "lpn", "icpr22w"])
def test_a_name_that_is_taken_is_refused(name: str, repro: Run) -> None:
    done = repro("new", "paper", name)
    assert done.code == 2 and "already" in done.err


def test_nothing_is_written_over(repro: Run, tmp_path: Path) -> None:
    (tmp_path / "tables-own" / "paper5").mkdir(parents=True)
    done = repro("new", "paper", "paper5")
    assert done.code == 2 and "is there already" in done.err
    (tmp_path / "tables-own" / "paper5").rmdir()
    (tmp_path / "tables-own").rmdir()
    (tmp_path / "tables-own").write_text("", encoding="utf-8")
    done = repro("new", "paper", "paper5")
    assert done.code == 2 and "cannot be written" in done.err


HOSTILE = (
    'M"""e,"AP\n","#Params\\",<b>,é{}\n'
    '"[red]\'""x""","1",2,"</script>","#"\n'
    '"""""",3.5,"=1+1","\x1b[2J","\\u0000"\n'
)


def test_hostile_cells_stay_text(repro: Run, tmp_path: Path) -> None:
    (tmp_path / "typed.csv").write_text(HOSTILE.replace('M"""e', '"M""""e"'), encoding="utf-8")
    done = repro("new", "paper", "paper5", "--from", "typed.csv")
    assert done.code == 0, done.err
    assert repro("check", "tables", "tables-own").code == 0
    text = (tmp_path / "tables-own/paper5/table1.toml").read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert tomllib.loads(text)["rows"][0]["label"] == '[red]\'"x"'
