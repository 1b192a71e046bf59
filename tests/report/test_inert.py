"""Text from outside is shown at every exit, and obeyed at none."""

import csv
import io
import json
import re
import shutil
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from rich.console import Group
from rich.text import Text

import cli
from repro.papers import study
from repro.plans import selection
from repro.records.store import Store
from repro.report import inert
from repro.report.contents import ReportContents
from repro.report.files import export, gates, junit, markdown
from repro.report.html import page_data
from repro.report.html.assets import environment
from repro.report.printed_table import new_grid
from repro.report.terminal import console
from repro.report.terminal.progress import Steps
from repro.report.terminal.screen import Screen
from repro.verdicts.judge import Verdict, judge_all
from support.command_line import ROOT, Run
from support.data_files import own_document, own_pictures, saved
from support.evaluation_scenes import onnx_file

STEERING = "\x1b[31mEVIL\x1b]0;owned\x07\x9b2J\x00\x7f\r\n\t\u2028\u2029\u202e\u2066\u200b\ufeff"
LINKS = "![p](http://a.b/c.png)[l](javascript:x) www.a.bc <img src=x> @name a@b.cd `|` \\| {x} [/b]"
HOSTILE = f"=1+1|{STEERING}{LINKS}"
FORGED = "x\n\n# Forged\n\n[a]: http://a.b"
WRITTEN = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
"""as TOML has it in a string, with the signs that TOML forbids as escapes"""
TOML = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in WRITTEN)


def steering(text: str, keep: str = "\n") -> set[str]:
    """The signs in a text that a terminal may obey, or that nobody sees."""
    odd = {sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return odd - set(keep)


def test_plain_text_stays_as_it_is() -> None:
    for text in ("", "LPN-50 256×192 ✓ é 中 ☃", "a\u00a0b\u2009c", "C:\\new"):
        assert inert.visible(text) == inert.script(text) == text
        assert inert.cell(text) == inert.formula(text) == text


def test_what_a_terminal_obeys_is_shown() -> None:
    assert inert.visible("\x1b[31m\n\t\x9b\u202e\u2028\ud800") == (
        r"\x1b[31m\n\t\x9b\u202e\u2028\ud800"
    )
    assert inert.visible("\U000e0001") == r"\U000e0001"
    assert inert.visible("a\nb\x1b", keep="\n") == "a\nb\\x1b"
    assert not steering(inert.visible("".join(map(chr, range(0x3000)))))


@pytest.mark.parametrize(
    "text", ["=1", "@A1", " =1", "\t=1", "＝1", "+cmd", "-A1", "+1|' /C calc'!A0", "-(1)", "--1"]
)
def test_what_a_spreadsheet_runs_is_text(text: str) -> None:
    assert inert.formula(text) == ("'" if not text.startswith("\t") else "") + inert.visible(text)


@pytest.mark.parametrize("text", ["+0.3", "-1.25", "-", "+ DFC attention", "a=b", "−3"])
def test_numbers_and_words_are_no_formulas(text: str) -> None:
    assert inert.formula(text) == text


def tokens(document: str) -> list[str]:
    """What a reader of Markdown makes of a document; addresses that stand alone are links too."""
    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(document)
    inner = [child for token in parsed for child in token.children or ()]
    return [
        f"{token.type} {token.attrGet('href') or ''}".strip()
        for token in (*parsed, *inner)
        if token.type.startswith(("html", "link_open", "image", "heading_open", "code"))
    ]


def test_markdown_obeys_no_text() -> None:
    assert tokens(inert.markdown(HOSTILE)) == ["html_inline", "html_inline"]  # apart after the @
    shown = tokens(inert.document(HOSTILE))
    assert not [one for one in shown if one.startswith(("link", "image", "html_block"))]
    for text in (inert.markdown(HOSTILE), inert.document(HOSTILE)):
        assert not re.search(r"[A-Za-z]://|www\.|@[A-Za-z]|<(?!!-- -->)", text)
        assert not steering(text)
    ours = "[2.9M][abc1234] [all](../records/a.json) [its](results/paper1.md#a) [below](#paper1)"
    for text in (ours, "**b** `c` PCKh@0.5"):
        assert inert.document(text) == text


def test_a_cell_stays_one_cell() -> None:
    for text in (HOSTILE, "a|b", "a\\|b", "a\\\\|b", "ends in \\"):
        line = f"| {inert.cell(text)} | 2 |"
        parsed = MarkdownIt("commonmark").enable("table").parse(f"| a | b |\n|:--|:--|\n{line}")
        assert [token.type for token in parsed].count("td_open") == 2
        assert [token.content for token in parsed if token.type == "inline"][-1] == "2"


def test_lines_on_a_terminal_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    console.put(HOSTILE, "second")
    console.say(HOSTILE)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2 and len(err.splitlines()) == 1
    assert not steering(out + err) and r"\x1b[31mEVIL" in out and r"\u202e" in err


def test_tables_on_a_terminal_keep_their_rows(capsys: pytest.CaptureFixture[str]) -> None:
    grid = new_grid()
    grid.add_column(HOSTILE, no_wrap=True)
    grid.add_column("n", justify="right")
    for label in (HOSTILE, Text(HOSTILE), Text.assemble(("a", "bold"), (HOSTILE, "dim"))):
        grid.add_row(label, "12345")
    Screen().print(Group(grid, Text(HOSTILE), f"[bold]{HOSTILE}"))
    out = capsys.readouterr().out
    assert not steering(out)
    assert out.count("12345") == 3 and "[/b]" in out and "[bold]" in out
    heading, first, *_ = out.splitlines()
    assert len({line.index("12345") for line in out.splitlines() if "12345" in line}) == 1
    assert first.startswith(r"=1+1|\x1b[31mEVIL\x1b]0;owned\x07\x9b2J\x00\x7f\r\n\t\u2028")
    assert heading.startswith(r"=1+1|\x1b[31mEVIL")


def test_bars_show_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.report.terminal.progress.listens", lambda: True)
    monkeypatch.setenv("COLUMNS", "400")
    with Steps(2, "steps", show=True, of=HOSTILE) as steps:
        steps(1, HOSTILE)
        assert steps.bar is not None
        screen = Screen()
        screen.print(steps.bar.get_renderable())
    assert not steering(capsys.readouterr().out)


def test_pages_and_their_scripts_hold_no_such_signs() -> None:
    shown = environment().from_string('<a title="{{ text }}">{{ text }}{{ text | coded }}</a>')
    page = shown.render(text=HOSTILE)
    assert not steering(page, keep="\n\t") and page.count("<") == 4  # a, code and their ends
    data = page_data.script_json({HOSTILE: ["\U000e0001\x9b\ud800", HOSTILE]})
    assert not steering(data) and "<" not in data
    assert not steering(next(iter(json.loads(data).values()))[0])


def test_exports_hold_no_such_signs(papers_anew: None) -> None:
    cells = judge_all(selection.select(selection.tables("paper2")), Store(ROOT / "records").find)
    wanted = cells[0].wanted
    odd = replace(wanted, row=replace(wanted.row, label=HOSTILE, notes={"flops": FORGED}))
    cells[0] = replace(cells[0], wanted=odd, verdict=Verdict("off", f"{HOSTILE}{FORGED}\ud800"))
    documents = {
        "csv": export.as_csv(cells),
        "latex": export.as_latex(cells),
        "json": export.as_json(ReportContents(cells, (), (), {})),
        "junit": junit.cells(cells),
        "md": markdown.results(ReportContents(cells, (), (), {})).whole,
    }
    for name, text in documents.items():
        assert not steering(text), name
        text.encode()
    rows = list(csv.reader(io.StringIO(documents["csv"])))
    assert len({len(row) for row in rows}) == 1 and len(rows) == len(cells) + 1
    assert not [value for row in rows for value in row if value.startswith(("=", "@"))]
    assert json.loads(documents["json"])["cells"][0]["row"] == HOSTILE
    assert ET.fromstring(documents["junit"])
    assert "# Forged" not in documents["md"].splitlines()
    found = tokens(documents["md"])
    assert not [one for one in found if one.startswith(("image", "html_inline <img"))]
    led = {one.partition(" ")[2].partition("#")[0] for one in found if one.startswith("link")}
    assert all(re.match(r"((\.\./)?records/|results/paper\d\.md$)", one) for one in led)
    suite = gates.Suite(HOSTILE)
    suite.add(HOSTILE, HOSTILE, failure=f"{HOSTILE}\ufffe\ud800")
    assert ET.fromstring(suite.text()) is not None and not steering(suite.text())


@pytest.fixture
def hostile_tables(own_tables: Path) -> Path:
    """A copy of tables/ in which every name that a paper gives itself is hostile."""
    folder = own_tables / "paper2"
    for path in (folder / "study.toml", folder / "table4.toml"):
        text = path.read_text(encoding="utf-8")
        named = re.compile('^(?:title|caption|where|hardware) *= "', re.M)
        text = named.sub(lambda found: found[0] + TOML, text)
        text = text.replace('authors  = ["', f'authors  = ["{TOML}')
        text = text.replace('notes    = [\n    "', f'notes    = [\n    "{TOML}')
        text = text.replace('label = "Cumulative gain"', f'label = "{TOML}"')
        text = text.replace('label = "Stage 1"', f'label = "{TOML} 1"').replace(
            '"Stage 1"', f'"{TOML} 1"'
        )
        path.write_text(text, encoding="utf-8")
    (folder / "claims.toml").unlink()  # its sentences name the rows
    study.load_study.cache_clear()
    study.load_table.cache_clear()
    return own_tables


def test_names_in_tables_reach_no_command(hostile_tables: Path, repro: Run) -> None:
    store = ("--store", str(ROOT / "records"))
    for words in (
        ("list",),
        ("list", "paper2"),
        ("show", "paper2", "table4"),
        ("plan", "paper2", "table4", *store),
        ("run", "paper2", "table4", "--no-write", *store),
        ("explain", "paper2", "table4", f"{HOSTILE} 1", "LPN-50 AP", *store),
        ("audit", "paper2", "--all", *store),
        ("report", "paper2", "--format", "csv", *store),
        ("report", "paper2", "--format", "latex", *store),
        ("report", "paper2", "--format", "json", *store),
        ("report", "paper2", "--format", "junit", *store),
        ("check", "tables", "paper2"),
    ):
        outcome = repro(*words)
        assert not steering(outcome.out + outcome.err), words
        assert "Traceback" not in outcome.err
        assert not re.search(r"^(EVIL|# Forged)", outcome.out, re.M)
    assert repro("report", "paper2", "-o", "page.html", *store).code == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert not steering(page, keep="\n\t") and r"\x1b[31mEVIL" in page and "<img src=x" not in page


def test_names_of_files_and_joints_reach_no_command(repro: Run, tmp_path: Path) -> None:
    content = own_document()
    odd = "\x1b[31mEVIL\x1b]0;owned\x07\n.png"
    own_pictures(tmp_path / "pictures")
    shutil.copy(tmp_path / "pictures" / content["images"][0]["file_name"], tmp_path / odd)
    content["images"][0]["file_name"] = odd
    content["categories"][0]["keypoints"][0] = f"nose{STEERING}"
    content["categories"][0]["name"] = HOSTILE
    path = saved(tmp_path, content, f"a{STEERING}.json".replace("\x00", ""))
    network = onnx_file(tmp_path / "net[b]\x1b[31mEVIL.onnx", value=1.0)
    for words in (
        ("data", "check", str(path), "--images", "pictures"),
        ("eval", str(network), "--annotations", str(path), "--images", "pictures", "--store", "s"),
        ("score", "coco", "--annotations", str(path), "--results", str(path)),
        ("count", str(network), "--convention", "all", "--depth", "2"),
        ("predict", str(network), odd),
        ("weights", HOSTILE, "--check", str(network)),
        ("show", f"paper2{STEERING}", HOSTILE),
    ):
        outcome = repro(*[word.replace("\x00", "") for word in words])
        assert not steering(outcome.out + outcome.err), words
        assert "Traceback" not in outcome.err and "EVIL" in outcome.out + outcome.err


def test_an_error_that_nobody_foresaw_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError(f"{STEERING}\ud800")
    cli.tell_bug(ValueError, error, None)
    err = capsys.readouterr().err
    assert err.startswith("ValueError: ") and r"\x1b[31mEVIL" in err and not steering(err)


def test_there_is_no_other_way_out() -> None:
    doors = {
        "print(": {"console.py", "common.py", "report.py", "schema.py"},
        "Console(": {"screen.py"},
    }
    for path in (*(ROOT / "repro/commands").rglob("*.py"), *(ROOT / "repro/report").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for call, known in doors.items():
            used = re.search(rf"(?<![\w.]){re.escape(call)}", text)
            assert not used or path.name in known, f"{path} has a way out of its own: {call}"
