"""The HTML page: one file that asks for nothing else, every printed number in its place."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from repro.commands.report import gathered
from repro.papers import study
from repro.papers.conventions import CONVENTIONS
from repro.papers.metrics import COST, SPEED
from repro.plans import selection
from repro.records.store import Store
from repro.report.contents import ReportContents
from repro.report.html import page
from repro.verdicts import ablation_steps, digits
from repro.verdicts.audit.check import SEVERITIES
from repro.verdicts.claims import claim, judging
from repro.verdicts.claims.cell_values import MeasuredCells
from repro.verdicts.judge import judge_all
from repro.verdicts.kinds import KINDS, NEAR
from support.command_line import ROOT

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}<!--",
    "\u2028`<b>`",
)


class Parsed(HTMLParser):
    """Elements with their attributes, scripts and styles, and the cells of tables."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.content: dict[str, list[str]] = {"script": [], "style": []}
        self.cells: dict[str, list[str]] = {}
        self._table = ""
        self._cell: str | None = None
        self._inside = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag in self.content:
            self.content[tag].append("")
            self._inside = tag
        if tag == "article":
            self._table = given["data-table"]
        if tag in ("td", "th") and self._table:
            self.cells.setdefault(self._table, []).append("")
            self._cell = self._table

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""
        if tag in ("td", "th"):
            self._cell = None
        if tag == "article":
            self._table = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.content[self._inside][-1] += data
        if self._cell is not None:
            self.cells[self._cell][-1] += data


@pytest.fixture(scope="module")
def report() -> ReportContents:
    return gathered(Store(ROOT / "records"))


@pytest.fixture(scope="module")
def document(report: ReportContents) -> str:
    return page.render(report)


def test_it_is_one_file_that_asks_for_nothing_else(document: str) -> None:
    parsed = Parsed(document)
    assert len(document.encode()) < 2_000_000
    for tag, given in parsed.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = given.get(name, "#")
            assert value.startswith("#") or value == "data:,", (tag, value)
    style = "".join(parsed.content["style"])
    assert "url(" not in style and "@import" not in style
    named = {given["id"] for _, given in parsed.elements if "id" in given}
    links = {given["href"][1:] for tag, given in parsed.elements if tag == "a"}
    assert links <= named, links - named
    assert len(named) == sum("id" in given for _, given in parsed.elements), "an id stands twice"


def test_the_policy_allows_this_script_and_this_style_alone(document: str) -> None:
    parsed = Parsed(document)
    policy = next(
        given["content"]
        for tag, given in parsed.elements
        if given.get("http-equiv") == "Content-Security-Policy"
    )
    for kind, content in (
        ("script", parsed.content["script"][0]),
        ("style", parsed.content["style"][0]),
    ):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not any("style" in given for _, given in parsed.elements), "the policy would block it"


def test_the_style_has_a_colour_for_every_verdict_and_severity(document: str) -> None:
    (style,) = Parsed(document).content["style"]
    for names in (KINDS, judging.VERDICTS, SEVERITIES):
        for name, kind in names.items():
            assert f".{name.replace(' ', '-')} {{ color: var(--{kind.hue}); }}" in style
            assert style.count(f"--{kind.hue}: light-dark(") == 1
    assert KINDS["convention"].hue == judging.VERDICTS["convention"].hue, "one name, one class"


def test_the_same_records_give_the_same_bytes(report: ReportContents, document: str) -> None:
    assert page.render(report) == document


def test_every_printed_number_ours_the_difference_and_the_sign_are_in_its_table(
    report: ReportContents, document: str
) -> None:
    tables = Parsed(document).cells
    assert len(tables) == len(selection.tables()) >= 23
    shown = {name: [" ".join(cell.split()) for cell in cells] for name, cells in tables.items()}
    for cell in report.cells:
        wanted = cell.wanted
        found = shown[f"{wanted.table.study}-{wanted.table.name}"]
        kind = cell.verdict.kind
        sign = f"{KINDS[kind].sign}{kind}"
        cite = wanted.row.cites.get(wanted.column.key)
        printed = cell.published.text + (f" [{cite}]" if cite else "")
        if cell.measured is None:
            assert printed in found or f"{printed} {sign}" in found or f"{printed}{sign}" in found
            continue
        trio = [printed, f"{digits.ours(cell)}{sign}", digits.delta(cell).replace("-", "−")]
        assert any(found[at : at + 3] == trio for at in range(len(found))), (wanted, trio)


def embedded(document: str) -> Any:
    return json.loads(Parsed(document).content["script"][1])


def test_each_cell_carries_what_its_drawer_shows(report: ReportContents, document: str) -> None:
    data = embedded(document)
    assert len(data["cells"]) == len(report.cells)
    for cell, carried in zip(report.cells, data["cells"], strict=True):
        assert data["texts"][carried["reason"]] == cell.verdict.reason
        assert carried["commands"][-1].startswith(f"repro explain {cell.wanted.table.study} ")
        if cell.measured is not None:
            record = data["records"][carried["record"]]
            assert record["key"] == cell.measured.record
            assert record["env"]["python"]
            assert record["spec"].get("model") or record["spec"]["networks"]
            assert "--fresh" in carried["commands"][0]
            if cell.wanted.column.metric == "macs":
                counts = report.records[record["key"]]
                assert record["macs"]["mmcv"] == counts.value("macs", "mmcv")


def test_the_page_takes_the_tolerances_from_the_judge(document: str) -> None:
    assert document.count(KINDS["near"].meaning) == 2  # the legend and the methods
    assert "≈ within 0.5 %." in document
    assert "near" not in embedded(document)
    script = Parsed(document).content["script"][0]
    assert not re.search(rf"<= ?data\.near|\b{float(NEAR)}\b|BigInt", script), "a second judge"
    assert not [kind for kind in KINDS if f'kind: "{kind}"' in script or f'? "{kind}"' in script]


def test_every_count_is_judged_under_every_convention(
    report: ReportContents, document: str
) -> None:
    data = embedded(document)
    seen: Counter[str] = Counter()
    for cell, carried in zip(report.cells, data["cells"], strict=True):
        views = carried.get("views", {})
        if cell.measured is None or cell.wanted.column.metric != "macs":
            assert not views
            continue
        assert set(views) == set(CONVENTIONS) - {cell.measured.convention}
        record = report.records[cell.measured.record]
        for name, view in views.items():
            if record.uncounted.get(name):
                assert (view["kind"], "value" in view) == ("missing", False)
                assert f"`{name}` has no rule for " in data["texts"][view["reason"]]
                continue
            usual = study.scale(cell.wanted.row, cell.wanted.column)
            giga = usual if usual in CONVENTIONS[name].giga else CONVENTIONS[name].giga[0]
            ours = Fraction(record.value("macs", name) or 0) / giga
            assert view["value"] == float(ours) and float(view["ours"].rstrip("MG")) >= 0
            how, apart = (
                cell.published.prints(ours * usual),
                ours * usual / cell.published.value - 1,
            )
            kind = "match" if how else "near" if abs(apart) <= NEAR else "off"
            kept = not how and cell.verdict.kind == "unreproducible"
            assert view["kind"] == ("unreproducible" if kept else kind)
            told = f", {how}." if how else " % from the print."
            assert told in data["texts"][view["reason"]]
            seen[view["kind"]] += 1
    assert min(seen[kind] for kind in ("match", "near", "off", "unreproducible")) > 1


def test_every_ratio_to_another_row_is_judged_by_the_digits_of_both(
    report: ReportContents, document: str
) -> None:
    data = embedded(document)
    table = study.load_table("paper2", "table1")
    labels = [row.label for row in table.rows]
    base = labels.index("SimpleBaseline-50 256x192")
    (flops,) = [
        carried
        for cell, carried in zip(report.cells, data["cells"], strict=True)
        if (cell.wanted.table, cell.wanted.row.label, cell.wanted.column.key)
        == (table, "LPN-50", "flops")
    ]
    signs = {name: data["texts"][number] for name, number in flops["ratios"].items()}
    assert set(signs) == {"", *CONVENTIONS}
    assert all(len(text) == len(labels) for text in signs.values())
    assert (signs[""][base], signs["hrnet"][base], signs["fvcore"][base]) == ("✓", "✓", "✗")
    assert signs["fvcore"][labels.index("LPN-50")] == "✓", "as large as itself"
    for cell, carried in zip(report.cells, data["cells"], strict=True):
        assert ("ratios" in carried) == (cell.wanted.column.metric in (*COST, *SPEED))


def test_every_step_of_an_ablation_is_judged_under_every_convention(
    report: ReportContents, document: str
) -> None:
    carried = {
        (cell["study"], cell["table"], cell["row"], cell["column"]): cell
        for cell in embedded(document)["cells"]
    }
    steps = [
        step
        for step in ablation_steps.steps(report.cells)
        if step.after.wanted.column.metric == "macs"
    ]
    assert len(steps) > 10
    for step in steps:
        values = []
        for cell in (step.before, step.after):
            assert cell.measured is not None
            count = report.records[cell.measured.record].value("macs", "fvcore") or 0
            values.append(Fraction(count, 10**9) * study.scale(cell.wanted.row, cell.wanted.column))
        wanted = step.after.wanted
        place = f"{wanted.table.study} Table {wanted.table.number}"
        key = (wanted.table.study, place, wanted.row.label, wanted.column.heading)
        sign = "✓" if step.low <= values[1] - values[0] <= step.high else "✗"
        assert set(carried[key]["steps"]) == set(CONVENTIONS)
        assert carried[key]["steps"]["fvcore"].endswith(sign)


def test_a_cell_tells_the_sentences_and_findings_that_use_it(document: str) -> None:
    data = embedded(document)
    (flops,) = [
        cell
        for cell in data["cells"]
        if (cell["table"], cell["row"], cell["column"]) == ("paper2 Table 1", "LPN-50", "FLOPs")
    ]
    told = [data["texts"][number] for number in flops["mentions"]]
    assert any("only 11%" in line and line.startswith("convention") for line in told)


@pytest.fixture
def hostile(own_tables: Path, report: ReportContents) -> ReportContents:
    """Paper 1 with labels, captions, claims and records from somebody who means no good."""
    folder = own_tables / "paper1"
    named = json.dumps(HOSTILE[0])
    row = 'model = "hwl_mobilenetv3"\ninput = [256, 192]\n'
    row += f'cells = {{ model = {named}, ap = "1.0", gflops = "0.58" }}\ncites = {{ ap = {named} }}'
    edit(folder / "table5.toml", r"\Z", f"\n[[rows]]\nlabel = {named}\n{row}\n")
    edit(
        folder / "table5.toml", r"notes    = \[", f"notes = [{', '.join(map(json.dumps, HOSTILE))},"
    )
    edit(folder / "table5.toml", 'caption  = ".*"', f"caption = {json.dumps(HOSTILE[1])}")
    edit(folder / "table5.toml", 'label = "FPS.GPU."', f"label = {json.dumps(HOSTILE[2])}")
    edit(folder / "figures.toml", 'caption = ".*"', f"caption = {named}")
    words = [f"{key} = {json.dumps(HOSTILE[1])}" for key in ("where", "printed", "says", "why")]
    edit(folder / "claims.toml", r"\Z", "\n".join(("\n[[claims]]", 'kind = "unit"', *words)))
    study.load_table.cache_clear()
    store = Store(ROOT / "records")
    cells = judge_all(selection.select(selection.tables("paper1")), store.find)
    claims = judging.judge_all(claim.load("paper1"), MeasuredCells(store))
    records = {
        key: replace(record, notes={HOSTILE[0]: HOSTILE[1]}, env={"python": HOSTILE[0]})
        for key, record in report.records.items()
    }
    return ReportContents(cells, claims, report.checks, records)


def edit(path: Path, pattern: str, words: str) -> None:
    changed, count = re.subn(pattern, lambda _: words, path.read_text("utf-8"), count=1)
    assert count == 1
    path.write_text(changed, encoding="utf-8")


def test_words_from_strangers_stay_words(hostile: ReportContents, document: str) -> None:
    written = page.render(hostile)
    parsed, usual = Parsed(written), Parsed(document)

    def skeleton(found: Parsed) -> set[str]:
        names = {name for _, given in found.elements for name in given}
        return names | {tag for tag, _ in found.elements}

    assert skeleton(parsed) <= skeleton(usual)
    assert len(parsed.content["script"]) == 2
    assert parsed.content["script"][0] == usual.content["script"][0]
    data = json.loads(parsed.content["script"][1])
    assert HOSTILE[0] in {cell["row"] for cell in data["cells"]}
    assert not re.search(r"[<>&\u2028]", parsed.content["script"][1])
    assert "{{ 7 * 7 }}" in written and "49<!--" not in written
    line = next(cell for cell in data["cells"] if cell["row"] == HOSTILE[0])["commands"][0]
    assert "--row '</script><script>alert(1)</script>' --metric" in line


@pytest.mark.thorough
def test_ten_seconds_and_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, time, cli\n"
        "try:\n    cli.main()\n"
        "except SystemExit as stop:\n    assert stop.code == 0, stop.code\n"
        "assert time.process_time() < 10\n"
        "sys.exit('imported torch' if 'torch' in sys.modules else 0)"
    )
    words = ["report", "-o", "page.html", "--store", str(ROOT / "records")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")


def test_without_records_the_page_claims_nothing(tmp_path: Path) -> None:
    cells = judge_all(selection.select(selection.tables("paper1")), Store(tmp_path).find)
    written = page.render(ReportContents(cells, [], [], {}))
    assert "No record was found." in written
    assert not any(cell.get("ours") for cell in embedded(written)["cells"])
    assert "print as published" not in written.split("<h2")[1]
