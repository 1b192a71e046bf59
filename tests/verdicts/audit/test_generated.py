"""Random consistent tables yield no finding; one wrong cell in them does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from repro.plans import selection
from repro.verdicts.audit import evidence, rules
from repro.verdicts.audit.check import AuditCheck
from support.audit_tables import Data, Papers, papers

OWN, RIVAL, LARGE = "own_net 256x192", "rival_1 256x192", "rival_3 384x288"
AGREE, AREA = ("agreement", "contradiction"), ("area", "contradiction")


@pytest.fixture
def audited(
    papers_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Papers], list[AuditCheck]]:
    """What is found in some papers, without any record."""
    monkeypatch.setenv("REPRO_TABLES", str(tmp_path))

    def audit(made: Papers) -> list[AuditCheck]:
        made.write(tmp_path)
        gathered = evidence.gather(selection.tables(), lambda spec: None)
        return rules.run(gathered, rules.RULES)

    return audit


@pytest.mark.parametrize("seed", range(12))
def test_consistent_tables_yield_no_finding(
    seed: int, audited: Callable[[Papers], list[AuditCheck]]
) -> None:
    checks = audited(papers(seed))
    assert [check for check in checks if check.finding] == []
    assert {check.rule for check in checks} == set(rules.RULES) - {"counted"}


def _set(table: str, label: str, paper: str = "paper1", **cells: str) -> Callable[[Papers], None]:
    def alter(made: Papers) -> None:
        made.row(paper, table, label)["cells"].update(cells)

    return alter


def _scaled(table: str, label: str, key: str, factor: float) -> Callable[[Papers], None]:
    def alter(made: Papers) -> None:
        cells: Data = made.row("paper1", table, label)["cells"]
        suffix = cells[key][-1] if cells[key][-1] in "MG" else ""
        digits = len(cells[key].rstrip("MG").partition(".")[2])
        cells[key] = f"{float(cells[key].rstrip('MG')) * factor:.{digits}f}{suffix}"

    return alter


def _borrowed(made: Papers) -> None:
    there = made.row("paper1", "table2", "rival_2 256x192")["cells"]
    here = made.row("paper2", "table1", "rival_2 256x192")["cells"]
    here.update({key: there[key] for key in ("ap", "ap50", "ap75", "apm", "apl", "ar")})


def _split(made: Papers) -> None:
    made.files["paper1", "table1"]["caption"] = "Results on COCO test-dev2017"


def _better(made: Papers) -> None:
    """A rival becomes the best of all in everything."""
    cells = made.row("paper1", "table1", "rival_0 384x288")["cells"]
    cells.update(params="0.1M", macs="0.001G", ap="98.0", ap50="99.9", ap75="98.0")
    cells.update(apm="97.0", apl="99.0", ar="99.0")


def _heading(made: Papers) -> None:
    made.files["paper1", "table5"]["columns"][0]["label"] = "#Params/K"


def _suffix(made: Papers) -> None:
    cells = made.row("paper1", "table1", "rival_0 256x192")["cells"]
    cells["params"] = cells["params"].rstrip("M")


def _recount(made: Papers) -> None:
    row = made.row("paper1", "table1", "rival_0 256x192")
    row["counted"] = {"convention": "hrnet", "giga": 2**30, "why": "Copied."}


def _timed_elsewhere(rows: int) -> Callable[[Papers], None]:
    """The times of so many networks become those of the phone."""

    def alter(made: Papers) -> None:
        phone = made.sources[-1]["figures"][:rows]
        for figure in phone:
            made.row("paper1", "table6", figure["network"])["cells"]["ms"] = figure["value"]

    return alter


def _told_elsewhere(known: bool) -> Callable[[Papers], None]:
    """An AP becomes that of another split; somebody has published the right one, or not."""

    def alter(made: Papers) -> None:
        row = made.row("paper2", "table1", RIVAL)
        figures = made.sources[1]["figures"]
        (other,) = [
            one for one in figures if (one["network"], *one["input"]) == ("rival_1", 256, 192)
        ]
        figure = {"model": "rival_1", "metric": "AP", "value": row["cells"]["ap"]}
        place = {"input": row["input"], "on": "COCO val2017", "source": "README"}
        if known:
            made.files["paper2", "study"]["third_party"] = [figure | place]
        row["cells"]["ap"] = other["value"]

    return alter


@pytest.mark.parametrize(
    ("rule", "severity", "place", "alter"),
    [
        ("order", "contradiction", OWN, _set("table1", OWN, ap="99.0")),
        ("order", "contradiction", RIVAL, _set("table1", RIVAL, ar="30.0")),
        ("order", "contradiction", RIVAL, _set("table1", RIVAL, ap75="9.0")),
        ("order", "contradiction", RIVAL, _set("table1", RIVAL, ar="110.0")),
        ("order", "implausible", RIVAL, _set("table1", RIVAL, apl="20.0")),
        ("joints", "implausible", "rival_0", _set("table3", "rival_0", ankle="94.0")),
        ("joints", "implausible", "rival_0", _set("table3", "rival_0", mean="74.0")),
        ("joints", "contradiction", "rival_0", _set("table3", "rival_0", mean="20.0")),
        (*AREA, LARGE, _scaled("table1", LARGE, "macs", 1.2)),
        (*AREA, LARGE, _scaled("table1", LARGE, "macs", 0.8)),
        ("area", "implausible", LARGE, _scaled("table2", LARGE, "ap", 0.7)),
        (*AGREE, RIVAL, _scaled("table1", RIVAL, "ap", 0.97)),
        (*AGREE, RIVAL, _scaled("table1", RIVAL, "params", 1.3)),
        ("elsewhere", "implausible", "rival_2", _timed_elsewhere(3)),
        ("elsewhere", "implausible", RIVAL, _told_elsewhere(known=True)),
        ("splits", "implausible", "rival_2 256x192", _borrowed),
        ("splits", "contradiction", "", _split),
        ("sums", "contradiction", "Stage 3", _set("table4", "Stage 3", gain="+1.50")),
        ("sums", "contradiction", "Cumulative", _set("table4", "Cumulative", gain="+9.50")),
        ("sums", "contradiction", "All", _scaled("table5", "All", "params", 0.7)),
        ("sums", "note", "All", _scaled("table5", "All", "ap", 0.9)),
        ("weights", "contradiction", "Module", _set("table5", "Module", params="4.5")),
        ("weights", "contradiction", "Gate", _scaled("table5", "Gate", "macs", 1.2)),
        ("dominated", "note", "own_net 256x192", _better),
        ("headings", "contradiction", "rival_0", _scaled("table6", "rival_0", "fps", 1.1)),
        ("headings", "contradiction", OWN, _set("table1", OWN, input="99×99")),
        ("headings", "contradiction", "Base", _heading),
        ("headings", "note", "own_net 256x192", _suffix),
        ("headings", "note", "rival_0 256x192", _recount),
    ],
)  # fmt: skip
def test_one_wrong_cell_is_found(
    rule: str,
    severity: str,
    place: str,
    alter: Callable[[Papers], None],
    audited: Callable[[Papers], list[AuditCheck]],
) -> None:
    made = papers(seed=3)
    alter(made)
    found = [
        check
        for check in audited(made)
        if check.finding and (check.rule, check.severity) == (rule, severity)
    ]
    assert place in {quote.row for check in found for quote in check.quotes}


@pytest.mark.parametrize("alter", [_timed_elsewhere(2), _told_elsewhere(known=False)])
def test_what_may_agree_by_chance_is_not_said_to_be_copied(
    alter: Callable[[Papers], None], audited: Callable[[Papers], list[AuditCheck]]
) -> None:
    made = papers(seed=3)
    alter(made)
    checks = [check for check in audited(made) if check.rule == "elsewhere"]
    assert checks and not any(check.finding for check in checks)


def test_mixed_printing_is_no_contradiction(audited: Callable[[Papers], list[AuditCheck]]) -> None:
    """5.15, 5.15, 5.25 and 5.25 over 5.09 make 5.53: only with the first rounded, the rest cut."""
    made = papers(seed=5)
    for number, macs in enumerate(("5.2G", "5.2G", "5.3G", "5.3G"), start=1):
        _set("table5", f"Part {number}", macs=macs)(made)
    _set("table5", "Base", macs="5.0G")(made)
    _set("table5", "All", macs="5.5G")(made)
    sums = [check for check in audited(made) if check.rule == "sums" and check.finding]
    assert [check.severity for check in sums] == ["implausible"]
    assert "some of these figures are rounded and others cut" in sums[0].finding
