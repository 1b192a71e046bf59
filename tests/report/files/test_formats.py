"""`repro report` as CSV, LaTeX, JSON, JUnit and Markdown, and its checks."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from repro.papers import study
from repro.plans import selection
from repro.records.store import Store
from repro.report import text
from repro.report.contents import ReportContents
from repro.report.files import export, junit, markdown
from repro.verdicts.judge import Cell, Verdict, judge_all, summary
from support.command_line import ROOT, Run

RECORDS = str(ROOT / "records")
STRANGE = '=HYPERLINK("http://x")\\input{/etc/passwd}\x1b<b>&%$#_{}~^'


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    return judge_all(selection.select(selection.tables()), Store(ROOT / "records").find)


def renamed(cells: Sequence[Cell], label: str) -> list[Cell]:
    """The first cell with another label, alone."""
    wanted = cells[0].wanted
    return [replace(cells[0], wanted=replace(wanted, row=replace(wanted.row, label=label)))]


def test_csv_has_a_line_for_each_cell_in_printed_units(cells: list[Cell]) -> None:
    lines = list(csv.DictReader(io.StringIO(export.as_csv(cells))))
    assert len(lines) == len(cells)
    (lpn,) = [
        line
        for line in lines
        if (line["study"], line["table"], line["row"], line["column"])
        == ("paper2", "table3", "LPN-50 GC", "flops")
    ]
    assert (lpn["published"], lpn["unit"], lpn["convention"]) == ("1.0079G", "G", "hrnet")
    assert float(lpn["low"]) == pytest.approx(1.00785) and float(lpn["high"]) == 1.008
    assert float(lpn["ours"]) == pytest.approx(1.00797, abs=5e-6)
    assert float(lpn["ours"]) - 1.0079 == pytest.approx(float(lpn["delta"]))
    assert (lpn["verdict"], len(lpn["record"])) == ("match", 64)
    missing = next(line for line in lines if line["verdict"] == "missing")
    assert missing["ours"] == missing["delta"] == missing["record"] == ""


def test_csv_does_not_run_as_a_formula(cells: list[Cell]) -> None:
    def first(label: str) -> str:
        (line,) = csv.DictReader(io.StringIO(export.as_csv(renamed(cells, label))))
        return line["row"]

    assert first(STRANGE) == f"'{STRANGE}".replace("\x1b", r"\x1b")
    assert first("+cmd|' /C calc'!A0") == "'+cmd|' /C calc'!A0"
    assert first("@SUM(A1)") == "'@SUM(A1)"
    assert first("+ DFC attention") == "+ DFC attention"


def test_latex_has_each_table_with_ours_and_the_difference(cells: list[Cell]) -> None:
    document = export.as_latex(cells)
    assert document.isascii()
    assert document.count(r"\begin{longtable}") == len(selection.tables())
    (line,) = [one for one in document.splitlines() if one.startswith("LPN-50 & \\checkmark{} &")]
    assert line.split(" & ")[2:8] == [
        "2.9M",
        r"2.91M \checkmark{}",
        "+0.01",
        "1.0079G",
        r"1.00797G \checkmark{}",
        "+0.00007",
    ]
    for table in re.findall(r"\\begin\{longtable\}\{(\w+)\}(.*?)\\end", document, re.DOTALL):
        rows = [one for one in table[1].splitlines() if one.endswith(r"\\") and " & " in one]
        widths = {one.count(" & ") + 1 + 2 * one.count(r"\multicolumn{3}") for one in rows}
        assert widths == {len(table[0])}


def test_latex_says_what_pdflatex_lacks(own_tables: Path, cells: list[Cell]) -> None:
    assert "xelatex" not in export.as_latex(cells)
    path = own_tables / "paper1" / "table1.toml"
    old = path.read_text(encoding="utf-8")
    path.write_text(old.replace("Comparison on", "≥ 中 é"), encoding="utf-8")
    study.load_table.cache_clear()
    head = export.as_latex(cells).partition("\n\n")[0]
    assert head.endswith("a font with é ≥ 中: pdflatex may lack them.")


def test_latex_sets_every_sign_as_it_stands() -> None:
    assert export.latex(STRANGE) == (
        r'=HYPERLINK("http://x")\textbackslash{}input\{/etc/passwd\}\textbackslash{}x1b'
        r"\textless{}b\textgreater{}\&\%\$\#\_\{\}\textasciitilde{}\textasciicircum{}"
    )


def test_markdown_holds_no_html(own_tables: Path, cells: list[Cell]) -> None:
    path = own_tables / "paper1" / "table1.toml"
    old = path.read_text(encoding="utf-8")
    path.write_text(old.replace("Comparison on", "<img src=x><details>"), encoding="utf-8")
    study.load_table.cache_clear()
    odd = replace(cells[0], verdict=Verdict("off", "<script>"))
    document = markdown.results(ReportContents([odd, *cells[1:]], (), (), {})).whole
    strange = re.sub(r"</?(details|summary)>", "", document)
    assert strange.count("<") == strange.count(text.RESULTS_MARK) == 5
    assert "&lt;img src=x>&lt;details>" in document
    assert "&lt;script>" in document


def test_json_is_everything_that_was_judged(repro: Run) -> None:
    done = repro("report", "--format", "json", "--store", RECORDS)
    found = json.loads(done.out)
    assert done.code == 0 and found["schema"] == 1
    assert sum(found["summary"]["cells"].values()) == len(found["cells"])
    assert sum(found["summary"]["claims"].values()) == len(found["claims"])
    findings = found["summary"]["checks"]
    assert len(found["checks"]) == sum(findings.values()) - findings["consistent"]
    assert found["ladder"]


def test_junit_fails_what_is_off_and_skips_what_was_not_judged(cells: list[Cell]) -> None:
    document = ET.fromstring(junit.cells(cells))
    (root,) = document
    counts = summary(cells)
    assert (document.tag, root.tag, root.get("errors")) == ("testsuites", "testsuite", "0")
    assert root.get("tests") == str(len(cells)) and root.get("failures") == str(counts["off"])
    cases = {(case.get("classname"), case.get("name")): case for case in root}
    assert len(cases) == len(cells)
    for cell in cells:
        table, verdict = cell.wanted.table, cell.verdict
        name = f"{cell.wanted.row.label}.{cell.wanted.column.key}"
        case = cases[f"{table.study}.{table.name}", name]
        kinds = {"off": "failure", "missing": "skipped", "cited": "skipped"}
        kinds |= {"unreproducible": "skipped", "unstable": "skipped"}
        assert [part.tag for part in case] == [kinds[one] for one in [verdict.kind] if one in kinds]
        assert all(verdict.reason in (part.get("message") or "") for part in case)


def test_junit_holds_what_xml_cannot(cells: list[Cell]) -> None:
    odd = [
        replace(one, verdict=Verdict("off", "\x00 <&> \ud800"))
        for one in renamed(cells, 'a\x0bb"><failure/>')
    ]
    ((case,),) = ET.fromstring(junit.cells(odd))
    assert (case.get("name") or "").endswith('"><failure/>.params')
    assert [part.tag for part in case] == ["failure"]
    assert "<&>" in (case[0].get("message") or "")


def test_the_ending_tells_the_format_and_json_what_was_written(repro: Run, tmp_path: Path) -> None:
    done = repro("report", "-o", "cells.csv", "--store", RECORDS, "--json")
    found = json.loads(done.out)
    size = (tmp_path / "cells.csv").stat().st_size
    assert found == {
        "schema": 1,
        "command": "report",
        "file": "cells.csv",
        "format": "csv",
        "bytes": size,
        "same": False,
        "exit": 0,
    }
    again = repro("report", "-o", "cells.csv", "--store", RECORDS, "--check")
    assert again.code == 0 and "up to date" in again.err
    (tmp_path / "cells.csv").write_text("study\n", encoding="utf-8")
    assert repro("report", "-o", "cells.csv", "--store", RECORDS, "--check").code == 3
    assert (tmp_path / "cells.csv").read_text("utf-8") == "study\n"


def test_check_alone_is_of_the_results_document(repro: Run, tmp_path: Path) -> None:
    assert repro("report", "--check", "--store", RECORDS).code == 3
    written = repro("report", "--format", "md", "-o", "RESULTS.md", "--store", RECORDS)
    assert written.code == 0
    assert repro("report", "--check", "--store", RECORDS).code == 0
    (tmp_path / "RESULTS.md").write_text("mine\n", encoding="utf-8")
    kept = repro("report", "-o", "RESULTS.md", "--store", RECORDS)
    assert kept.code == 2 and "was not written by repro" in kept.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "pdf"), "There is no format `pdf`."),
        (("-o", "page.doc"), "`page.doc` does not tell a format."),
        (("-o", "."), "`.` does not tell a format."),
        (("-o", "absent/page.html"), "There is no folder `absent` for `page.html`."),
        (("--format", "csv", "--json"), "The result and --json both want stdout."),
        (("--format", "csv", "--check"), "There is no file to check."),
    ],
)
def test_a_mistake_is_one_sentence(repro: Run, words: tuple[str, ...], said: str) -> None:
    done = repro("report", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {said}")


def test_a_changed_cell_changes_every_format(own_tables: Path, cells: list[Cell]) -> None:
    path = own_tables / "paper1" / "table1.toml"
    old = path.read_text(encoding="utf-8")
    path.write_text(old.replace('gflops = "0.58"', 'gflops = "0.99"'), encoding="utf-8")
    study.load_table.cache_clear()
    changed = judge_all(selection.select(selection.tables()), Store(ROOT / "records").find)
    for form in (export.as_csv, export.as_latex, junit.cells):
        before, after = form(cells).splitlines(), form(changed).splitlines()
        assert "0.99" in "".join(set(after) - set(before)) or form is junit.cells
        assert before != after


def test_the_documents_explain_every_verdict() -> None:
    assert f"\n\n{markdown.verdict_table()}\n\n" in (ROOT / "docs/index.md").read_text("utf-8")
