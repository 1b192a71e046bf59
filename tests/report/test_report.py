"""RESULTS.md: a pure function of tables and records."""

import re
import shutil
from pathlib import Path

from repro.papers import study
from repro.plans import selection
from repro.records.store import Store
from repro.report import text
from repro.report.files import publish
from repro.verdicts import digits
from repro.verdicts.judge import judge_all
from repro.verdicts.kinds import KINDS
from support.command_line import ROOT


def committed_pages() -> str:
    """The papers' pages, in their order."""
    paths = (ROOT / "results" / f"{name}.md" for name in study.study_names())
    return "".join(path.read_text(encoding="utf-8") for path in paths)


def test_the_committed_document_follows_from_tables_and_records() -> None:
    pages = publish.render(Store(ROOT / "records"))
    assert pages.main == (ROOT / "RESULTS.md").read_text("utf-8")
    there = {path.stem: path.read_text("utf-8") for path in (ROOT / "results").iterdir()}
    assert pages.papers == there


def test_the_committed_records_cover_every_cost_the_zoo_can_give() -> None:
    store = Store(ROOT / "records")
    missing = [
        spec
        for spec in selection.specs(selection.select(selection.tables()))
        if store.find(spec) is None
    ]
    assert not missing, "run `repro run all` and commit records/"
    assert not store.warnings


def test_a_changed_cell_changes_the_document(own_tables: Path) -> None:
    before = publish.render(Store(ROOT / "records")).whole
    path = own_tables / "paper1" / "table1.toml"
    old = path.read_text(encoding="utf-8")
    path.write_text(old.replace('gflops = "0.58"', 'gflops = "0.99"'), encoding="utf-8")
    study.load_table.cache_clear()
    after = publish.render(Store(ROOT / "records")).whole
    assert after != before
    linked = re.search(r"0\.99 \| \[0\.580\]\[([0-9a-f]{7})\] ✗", " ".join(after.split()))
    assert linked
    (record,) = re.findall(rf"^\[{linked[1]}\]: \.\./(records/.*)$", after, re.MULTILINE)
    assert (ROOT / record).is_file()


def test_without_records_nothing_is_claimed(tmp_path: Path) -> None:
    pages = publish.render(Store(tmp_path))
    short = pages.main.split("## How to read the tables")[0]
    assert "print as published" not in short and "What holds" in short
    assert "✓" not in short
    document = pages.papers["paper1"]
    assert "✓" not in document.replace("(✓", "").replace("| ✓", "")
    assert "Not counted yet" in document


def test_every_table_and_every_printed_number_is_in_the_document() -> None:
    document = committed_pages()
    for table in selection.tables():
        assert f"### {table.study} Table {table.number}: " in document
        for row in table.rows:
            assert all(cell.replace("|", "\\|") in document for cell in row.cells.values())


def test_values_and_differences_are_written_with_one_digit_more_and_a_sign() -> None:
    store = Store(ROOT / "records")

    def written(table: str, row: str, metric: str) -> tuple[str, str]:
        wanted = selection.select(selection.tables("paper2", table), row, [metric])
        (cell,) = judge_all(wanted, store.find)
        return digits.ours(cell), digits.delta(cell)

    assert written("table3", "LPN-50 GC", "macs") == ("1.00797G", "+0.00007")
    assert written("table3", "LPN-152 GC", "params") == ("7.38M", "-0.02")
    assert written("table1", "8-stage Hourglass", "params") == ("25.60M", "0.00")


def test_a_cut_figure_is_said_to_be_cut() -> None:
    document = committed_pages()
    assert "✓ match, LPN-101 GC (#Params): 5,353,458 parameters, cut." in document


def test_every_legend_tells_both_tolerances_from_one_source() -> None:
    store = Store(ROOT / "records")
    cells = judge_all(selection.select(selection.tables("paper2", "table1")), store.find)
    meaning = KINDS["near"].meaning
    assert "0.5 %" in meaning and "0.5 points" in meaning
    assert f"≈ {meaning}" in text.legend(cells)
    assert meaning in publish.render(store).main
    sources = [path for path in (ROOT / "repro/report").rglob("*.*") if path.suffix != ".pyc"]
    assert len(sources) > 40
    for path in sources:
        assert not re.search(r"0\.5 ?%|<= 0\.005", path.read_text(encoding="utf-8")), path


def test_tables_stand_in_printed_order() -> None:
    document = committed_pages()
    places = [document.index(f"### {t.study} Table {t.number}: ") for t in selection.tables()]
    assert places == sorted(places)


def test_a_broken_record_leaves_its_cells_open(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "records", tmp_path / "records"))
    wanted = selection.select(selection.tables("paper1", "table1"), "Ours 256*", ["macs"])
    (cell,) = judge_all(wanted, Store(folder).find)
    assert cell.verdict.kind == "match" and digits.ours(cell) == "0.580"
    assert digits.delta(cell) == "0.000"
    spec = wanted[0].spec
    assert spec is not None
    path = folder / spec.key[:2] / f"{spec.key}.json"
    path.write_text("{}")
    (cell,) = judge_all(wanted, Store(folder).find)
    assert cell.verdict.kind == "missing"
