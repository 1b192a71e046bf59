"""The page in a real browser, from a file and without a network.

It needs Playwright (`pip install playwright`) and a Chromium, found by its usual names or named by
REPRO_BROWSER. REPRO_AXE may name a copy of axe.min.js, which looks for barriers.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from repro.commands.report import gathered
from repro.papers import study
from repro.papers.conventions import CONVENTIONS
from repro.records.record import Record
from repro.records.store import Store
from repro.report.contents import ReportContents
from repro.report.html import page
from repro.verdicts import ablation_steps, digits
from repro.verdicts.judge import Cell
from repro.verdicts.kinds import KINDS, NEAR
from support.browser_tab import Tab
from support.command_line import ROOT

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no Playwright: pip install playwright"
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FOUND = os.environ.get("REPRO_BROWSER") or next(filter(None, map(shutil.which, NAMES)), "")
AXE = os.environ.get("REPRO_AXE", "")
pytestmark = [
    pytest.mark.skipif(not FOUND, reason=f"no browser: none of {', '.join(NAMES)} is installed"),
    pytest.mark.xdist_group("browser"),
]
BAD = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>'


@pytest.fixture(scope="module")
def report() -> ReportContents:
    return gathered(Store(ROOT / "records"))


@pytest.fixture(scope="module")
def file(report: ReportContents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page.render(report), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=FOUND, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def tab(browser: Any, file: Path) -> Iterator[Tab]:
    opened = Tab(browser, file)
    yield opened
    opened.context.close()


def test_it_loads_from_a_file_says_nothing_and_asks_for_nothing(tab: Tab, file: Path) -> None:
    tab.page.wait_for_timeout(200)
    assert tab.said == []
    assert tab.asked == [file.as_uri(), "data:,"] or tab.asked == [file.as_uri()]
    assert tab.page.locator("#told").is_hidden() and tab.page.locator(".switches").is_visible()


def test_columns_sort_up_down_and_back(tab: Tab) -> None:
    table = tab.page.locator("#paper4-table1")
    before = tab.texts("#paper4-table1 tbody tr")
    latencies = "#paper4-table1 tr.row td:nth-child(10)"
    head = table.get_by_role("button", name="Latency (ms)")
    orders = []
    for _ in range(3):
        head.click()
        numbers = [one.strip(" –“") for one in tab.texts(latencies)]
        orders.append([float(one) for one in numbers if one])
        filled = [bool(one) for one in numbers]
        if len(orders) < 3:
            assert filled == sorted(filled, reverse=True), "blanks come last"
    assert orders[0] == sorted(orders[0]) and orders[1] == sorted(orders[0], reverse=True)
    assert len(orders[0]) > 3 and tab.texts("#paper4-table1 tbody tr") == before
    table.get_by_role("button", name="Backbone").click()
    words = [one for one in tab.texts("#paper4-table1 tr.row td:nth-child(2)") if one]
    assert words == sorted(words, key=str.lower)
    assert table.locator("th[aria-sort]").count() == 1


def expected(cell: Cell, record: Record, name: str) -> tuple[str, str, str]:
    """Ours, the difference and the sign of a MACs cell by one convention."""
    if record.uncounted.get(name):
        return "", "", KINDS["missing"].sign
    row, column = cell.wanted.row, cell.wanted.column
    own = study.scale(row, column)
    giga = own if own in CONVENTIONS[name].giga else CONVENTIONS[name].giga[0]
    value = Fraction(record.value("macs", name) or 0) / giga * own
    how = cell.published.prints(value)
    kind = "match" if how else "near" if abs(value / cell.published.value - 1) <= NEAR else "off"
    if not how and cell.verdict.kind == "unreproducible":
        kind = "unreproducible"
    assert cell.measured is not None
    moved = replace(cell, measured=replace(cell.measured, value=value))
    return digits.ours(moved), digits.delta(moved).replace("-", "−"), KINDS[kind].sign


def test_every_cost_follows_the_chosen_convention(tab: Tab, report: ReportContents) -> None:
    before = tab.texts(".printed td, #matrix td, td[data-before], td.own")
    read = """() => Object.fromEntries([...document.querySelectorAll('.printed button.sign')].map(
        one => [one.dataset.number, [
            one.parentElement.firstElementChild.textContent,
            one.closest('tr').querySelector(`.delta[data-cell="${one.dataset.number}"]`)?.textContent,
            one.firstElementChild.textContent]]))"""
    counted = [
        (number, cell, report.records[cell.measured.record])
        for number, cell in enumerate(report.cells)
        if cell.measured and cell.wanted.column.metric == "macs"
    ]
    assert len(counted) > 100
    for name in CONVENTIONS:
        tab.page.select_option("#convention", name)
        shown = tab.page.evaluate(read)
        for number, cell, record in counted:
            if name != study.convention(cell.wanted.row, cell.wanted.column):
                assert tuple(shown[str(number)]) == expected(cell, record, name), (cell, name)
            else:
                assert shown[str(number)][2] == KINDS[cell.verdict.kind].sign
        matches = sum(shown[str(number)][2] == "✓" for number, _, _ in counted)
        assert f"by {name} now: {matches} of {len(counted)}" in tab.texts("#told")[0]
        matrix = tab.texts("#matrix td[data-field=MACs]")
        assert sum(int(one.split()[1]) for one in matrix if one.startswith("✓")) == matches
    tab.page.select_option("#convention", "")
    assert tab.texts(".printed td, #matrix td, td[data-before], td.own") == before


def test_ratios_steps_and_claims_follow_too(tab: Tab, report: ReportContents) -> None:
    row = next(
        number
        for number, one in enumerate(study.load_table("paper2", "table1").rows)
        if one.label == "SimpleBaseline-50 256x192"
    )
    tab.page.select_option("#paper2-table1 select.ratio", str(row))
    lpn = "#paper2-table1 tr.row:nth-of-type(11) td:nth-child(n + 8):nth-child(-n + 9)"
    words = "table1[LPN-50].flops / table1[SimpleBaseline-50 256x192].flops ~ 11%"
    claim = f"tr:has(code:text-is('{words}'))"
    assert tab.texts(lpn) == ["0.112×", "0.112×✓"]
    own = tab.texts(f"{claim} td.own")
    tab.page.select_option("#convention", "fvcore")
    assert tab.texts(lpn) == ["0.112×", "0.199×✗"]
    assert tab.texts(f"{claim} td.own") != own
    changed = [
        (step, number)
        for number, step in enumerate(
            one
            for one in ablation_steps.steps(report.cells)
            if one.after.wanted.column.metric == "macs"
        )
    ]
    shown = tab.texts("td[data-after]")
    places = tab.page.eval_on_selector_all(
        "td[data-after]", "found => found.map(one => Number(one.dataset.after))"
    )
    by_cell = dict(zip(places, shown, strict=True))
    numbers = {id(cell): number for number, cell in enumerate(report.cells)}
    for step, _ in changed:
        values = []
        for cell in (step.before, step.after):
            assert cell.measured is not None
            count = report.records[cell.measured.record].value("macs", "fvcore") or 0
            values.append(
                Fraction(count) / 10**9 * study.scale(cell.wanted.row, cell.wanted.column)
            )
        fits = step.low <= values[1] - values[0] <= step.high
        assert by_cell[numbers[id(step.after)]].endswith("✓" if fits else "✗")


def test_the_drawer_tells_where_a_number_comes_from(tab: Tab, report: ReportContents) -> None:
    cell, number = next(
        (one, at)
        for at, one in enumerate(report.cells)
        if (one.wanted.table.name, one.wanted.row.label, one.wanted.column.key)
        == ("table3", "LPN-50 GC", "flops")
    )
    sign = tab.page.locator(f"button[data-number='{number}']")
    sign.click()
    drawer = tab.page.get_by_role("dialog")
    assert drawer.is_visible()
    told = drawer.inner_text()
    assert cell.measured is not None
    record = report.records[cell.measured.record]
    libraries = record.env["libraries"]
    assert isinstance(libraries, dict)
    for words in (
        "paper2 Table 3 · LPN-50 GC · FLOPs",
        cell.verdict.reason.replace("`", ""),
        record.key,
        str(record.spec["model"]),
        str(libraries["torch"]),
        "repro run paper2 table3 --row 'LPN-50 GC' --metric macs --fresh",
        "repro explain paper2 table3 'LPN-50 GC' flops",
    ):
        assert words in told, words
    tab.page.keyboard.press("Escape")
    assert drawer.is_hidden()
    assert sign.evaluate("one => one === document.activeElement"), "the focus comes back"


def test_the_keyboard_reaches_every_sign(tab: Tab) -> None:
    table = tab.page.locator("#paper1-table1")
    stops = table.locator("button.sign[tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowRight"):
        tab.page.keyboard.press(key)
    at = tab.page.evaluate(
        """() => [document.activeElement.closest('tr').rowIndex,
                  document.activeElement.closest('td').cellIndex]"""
    )
    assert at == [2, 9] and table.locator("button.sign[tabindex='0']").count() == 1
    tip = tab.page.get_by_role("tooltip")
    assert tip.is_visible() and "Not evaluated here" in tip.inner_text()
    tab.page.keyboard.press("Enter")
    assert tab.page.get_by_role("dialog").is_visible()


def test_pointing_at_a_number_tells_the_reason(tab: Tab, report: ReportContents) -> None:
    number, cell = next(
        (at, one) for at, one in enumerate(report.cells) if one.verdict.kind == "off"
    )
    tab.page.locator(f"td.paper[data-cell='{number}']").hover()
    tip = tab.page.get_by_role("tooltip")
    assert cell.verdict.reason.replace("`", "") in tip.inner_text()
    tab.page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_our_circles_move_with_the_convention(tab: Tab) -> None:
    circle = "#paper2-figure4 .panel:nth-child(2) .mark:has-text('SimpleBaseline-50') .filled"
    own = float(tab.page.locator(circle).get_attribute("cx"))
    tab.page.select_option("#convention", "fvcore")
    moved = float(tab.page.locator(circle).get_attribute("cx"))
    assert moved < own - 20
    tab.page.select_option("#convention", "")
    assert float(tab.page.locator(circle).get_attribute("cx")) == pytest.approx(own, abs=0.01)


def test_the_anatomy_adds_up(tab: Tab, report: ReportContents) -> None:
    keys = list(report.records)
    record = next(one for one in report.records.values() if one.spec.get("model") == "lpn_50")
    tab.page.select_option("#network", str(keys.index(record.key)))
    bars = " ".join(tab.texts("#anatomy-drawing .number"))
    for name in CONVENTIONS:
        assert f"{record.value('macs', name):,} MACs" in bars
    rows = tab.page.locator("#anatomy-drawing tbody tr")
    assert rows.count() == len(record.parts)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_sideways_scrolling_but_of_tables_that_say_so(
    browser: Any, file: Path, width: int, scheme: str
) -> None:
    tab = Tab(browser, file, width, scheme)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == width
    wide = tab.page.evaluate(
        """() => [...document.querySelectorAll('.scroll')]
            .filter(one => one.checkVisibility({contentVisibilityAuto: true})
                && one.scrollWidth > one.clientWidth + 1)
            .map(one => [one.querySelector('table') !== null,
                one.tabIndex === 0 && one.nextElementSibling.matches('.more')
                && one.nextElementSibling.offsetHeight > 0])"""
    )
    assert all(said for _, said in wide)
    assert any(table for table, _ in wide) == (width == 390)  # drawings of networks are wider
    back = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, back[4:-1].split(","))) > 3 * 128
    assert light == (scheme == "light")
    tab.page.get_by_role("button", name="Dark colours").click()
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") != back
    tab.context.close()


@pytest.mark.skipif(not Path(AXE).is_file(), reason="REPRO_AXE names no axe.min.js")
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_barrier(browser: Any, file: Path, width: int, scheme: str) -> None:
    tab = Tab(browser, file, width, scheme)
    tab.page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    for drawer in (False, True):
        if drawer:
            tab.page.locator("button.sign[tabindex='0']").first.click()
        found = tab.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (one["id"], one["impact"], one["nodes"][0]["html"][:200], len(one["nodes"]))
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert not serious
    tab.context.close()


def test_rows_are_found_by_their_words(browser: Any, file: Path) -> None:
    tab = Tab(browser, file)
    every = tab.page.locator("tr.row:visible").count()
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("lpn-50 256")
    shown = tab.page.locator("tr.row:visible")
    assert tab.page.inner_text("#hits") == f"{shown.count()} rows" and 0 < shown.count() < 10
    assert all("ResNet-50" in text for text in shown.all_inner_texts())
    assert tab.page.locator("#overview:visible, .plots:visible").count() == 0
    tab.page.keyboard.type(" no such row")
    assert tab.page.inner_text("#hits") == "0 rows"
    tab.page.keyboard.press("Escape")
    assert tab.page.locator("tr.row:visible").count() == every
    assert tab.page.inner_text("#hits") == "" and tab.said == []
    tab.context.close()


def test_words_from_strangers_do_nothing(
    browser: Any, report: ReportContents, tmp_path: Path
) -> None:
    cells = [
        replace(
            one,
            wanted=replace(one.wanted, row=replace(one.wanted.row, label=BAD)),
            verdict=replace(one.verdict, reason=BAD),
        )
        for one in report.cells[:3]
    ]
    claims = [
        replace(one, claim=replace(one.claim, printed=BAD, says=BAD)) for one in report.claims[:3]
    ]
    records = {
        key: replace(one, notes={BAD: BAD}, spec={**one.spec, "model": BAD})
        for key, one in report.records.items()
    }
    path = tmp_path / "hostile.html"
    whole = [*cells, *report.cells[3:]]
    path.write_text(page.render(ReportContents(whole, claims, [], records)), encoding="utf-8")
    tab = Tab(browser, path)
    tab.page.locator(".mark[data-cell]").first.click()
    tab.page.keyboard.press("Escape")
    tab.page.select_option("#convention", "conv")
    tab.page.locator("#paper4-table1 button.sign").first.click()
    tab.page.wait_for_timeout(200)
    assert tab.said == [] and tab.asked == [path.as_uri()]
    assert tab.page.locator("img").count() == 0
    tab.context.close()
