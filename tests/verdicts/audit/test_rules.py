"""What the rules find in the four papers, and the arithmetic behind them."""

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from repro.papers.published import Published, parse
from repro.plans import selection
from repro.records.store import Store
from repro.verdicts.audit import evidence, rules
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.span import balance, between, overlap, span, total
from support.command_line import ROOT, Run


def number(text: str) -> Published:
    """A printed number."""
    found = parse(text)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def findings() -> list[AuditCheck]:
    """Of the four papers, beside the committed records."""
    gathered = evidence.gather(selection.tables(), Store(ROOT / "records").find)
    return [check for check in rules.run(gathered, rules.RULES) if check.finding]


@pytest.mark.parametrize(
    ("rule", "severity", "paper", "table", "row", "text"),
    [
        ("agreement", "contradiction", "paper1", "table1", "ViPNAS 256x192", "params 5.9M"),
        ("agreement", "note", "paper1", "table3", "Lite-HRNet-18", "Mean 85.4, here 85.9"),
        ("agreement", "contradiction", "paper2", "table5", "HRNet-W48", "has one AP"),
        ("agreement", "contradiction", "paper3", "table1", "Lite-HRNet-18 384x288", "AP50, AP75"),
        ("agreement", "contradiction", "paper3", "table1", "Lite-HRNet-30 384x288", "AP50, AP75"),
        ("agreement", "contradiction", "paper3", "table1", "HRNetV1-W48 384x288", "AP50, AP75"),
        ("agreement", "contradiction", "paper3", "table2", "Lite-HRNet", "Head, Wrist, Hip"),
        ("agreement", "implausible", "paper3", "table1", "DARK 128x96", "AP 71.9, here 76.2"),
        ("agreement", "note", "paper3", "table2", "HRNetV1-W32", "Ankle 83.3, here 82.6"),
        ("agreement", "note", "paper4", "table1", "LitePose-S 448x448", "AP 56.8, here 56.4"),
        ("area", "contradiction", "paper2", "table1", "SimpleBaseline-152 384x288", "not 35.6G"),
        ("area", "implausible", "paper4", "table5", "Lite-HRNet-30 256x256", "5.322 times"),
        ("area", "implausible", "paper4", "table4", "Dite-HRNet-30 256x256", "5.208 times"),
        ("area", "implausible", "paper4", "table5", "Lite-HRNet-30 256x256", "30.1 points less"),
        ("counted", "contradiction", "paper2", "table1", "8-stage Hourglass", "at 256x256"),
        ("counted", "contradiction", "paper4", "table3", "DEKR HRNet-W48 640x640", "17 joints"),
        ("counted", "contradiction", "paper4", "table3", "SWAHR HrHRNet-W48 640x640", "17 joints"),
        ("counted", "contradiction", "paper4", "table3", "EfficientHRNet-H3 416x416", "17 joints"),
        ("dominated", "note", "paper3", "table1", "OurNet 384x288", "SimpleBaseline 384x288"),
        ("elsewhere", "implausible", "paper4", "table1", "Lightweight OpenPose 368x368", "have 40"),
        ("elsewhere", "implausible", "paper4", "table1", "LitePose-S 448x448", "column `Mobile`"),
        ("elsewhere", "implausible", "paper4", "table2", "LitePose-XS 256x256", "H1 480x480 267"),
        ("headings", "note", "paper1", "table1", "Lite-HRNet-18 256x192", "mixes ways of counting"),
        ("headings", "note", "paper4", "table1", "HigherHRNet HRNet-W32 512x512", "mixes ways"),
        ("joints", "implausible", "paper3", "table2", "TokenPose", "average 89.87 to 90.54"),
        ("joints", "implausible", "paper3", "table2", "TokenPose", "Wrists are found less often"),
        ("joints", "implausible", "paper3", "table2", "Lite-HRNet", "Ankles are found less often"),
        ("joints", "implausible", "paper3", "table2", "OurNet", "Ankles are found less often"),
        ("joints", "implausible", "paper3", "table2", "OurNet", "average 85.79 to 86.75"),
        ("order", "note", "paper1", "table6", "CBAM", "its AR 0.51 below"),
        ("splits", "implausible", "paper3", "table1", "HRNetV1-W32 384x288", "test-dev2017"),
        ("splits", "implausible", "paper3", "table1", "HRNetV1-W48 384x288", "test-dev2017"),
        ("splits", "implausible", "paper3", "table1", "SimpleBaseline 384x288", "test-dev2017"),
        ("splits", "implausible", "paper3", "table1", "Lite-HRNet-18 384x288", "paper1 Table II"),
        ("splits", "implausible", "paper3", "table1", "MobileNetV2 1x 256x192", "mixes splits"),
        ("sums", "contradiction", "paper2", "table4", "Cumulative gain", "1.44, not +1.50"),
        ("sums", "contradiction", "paper4", "table7", "All", "3.4 to 4.45, printed 3.25 to 3.4"),
        ("sums", "implausible", "paper4", "table7", "All", "5.5 to 6.55, printed 5.45 to 5.6"),
        ("sums", "note", "paper4", "table6", "Exp-5 DFC deconv loss", "2 one by one and to 1.6"),
        ("weights", "note", "paper4", "table6", "Exp-2 DFC deconv", "12,544 pixels"),
        ("weights", "note", "paper4", "table6", "Exp-3 deconv", "Premise: LitePose's levels"),
        ("weights", "contradiction", "paper4", "table9", "Exp-1 SE", "0.05 GMACs at most"),
        ("weights", "note", "paper4", "table10", "move up 7x7", "Premise: The expansion stays 6"),
    ],
)  # fmt: skip
def test_a_known_contradiction_is_found(
    rule: str,
    severity: str,
    paper: str,
    table: str,
    row: str,
    text: str,
    findings: list[AuditCheck],
) -> None:
    places = [
        {(quote.paper, quote.table, quote.row) for quote in check.quotes}
        for check in findings
        if (check.rule, check.severity) == (rule, severity) and text in check.finding
    ]
    assert any((paper, table, row) in found for found in places)


def test_the_tables_that_contradict_nothing_stay_clean(findings: list[AuditCheck]) -> None:
    suspects = {
        (quote.paper, quote.table)
        for check in findings
        if check.severity != "note"
        for quote in check.quotes[:1]
    }
    assert not suspects & {("paper1", f"table{number}") for number in (2, 4, 6)}
    assert not suspects & {("paper2", "table3"), ("paper4", "table2"), ("paper4", "table8")}


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "text"),
    [
        ("paper2/table1", 'flops = "35.6G"', 'flops = "35.4G"', "area", "not 35.6G"),
        ("paper2/table4", '"+1.50"', '"+1.44"', "sums", "1.44, not +1.50"),
        ("paper3/table2", 'ankle = "88.4"', 'ankle = "80.4"', "joints", "4.3 points"),
        ("paper4/table10", 'macs = "4.6G"', 'macs = "4.2G"', "weights", "-0.74 GMACs"),
    ],
)
def test_a_corrected_cell_is_no_longer_found(
    file: str, old: str, new: str, rule: str, text: str, own_tables: Path, repro: Run
) -> None:
    path = own_tables / f"{file}.toml"
    words = ("audit", "--rule", rule)
    assert text in repro(*words).out
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    if rule == "area":
        other = own_tables / "paper2/table2.toml"
        other.write_text(other.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    _forget()
    assert text not in repro(*words).out


def _forget() -> None:
    from repro.papers import study

    study.load_study.cache_clear()
    study.load_table.cache_clear()


@pytest.mark.parametrize(
    ("terms", "fits"),
    [
        ([(1, "5.3"), (-1, "5.3")], "yes"),
        ([(1, "5.3"), (1, "0.2"), (-1, "5.5")], "yes"),
        ([(1, "15.65"), (-1, "15.66")], "yes"),
        ([(1, "15.65"), (-1, "15.67")], "no"),
        ([(3, "1.0"), (-1, "3.2")], "yes"),
        ([(3, "1.0"), (-1, "3.3")], "mixed"),
        ([(2, "1.0"), (2, "1.1"), (-4, "1.0")], "yes"),
        ([(3, "1.0"), (-1, "3.4")], "no"),
        ([(1, "-0.06"), (1, "0.07")], "yes"),
    ],
)
def test_a_balance_is_judged_by_all_values_behind_the_print(
    terms: list[tuple[int, str]], fits: str
) -> None:
    assert balance([(factor, number(text)) for factor, text in terms]) == fits


def test_two_prints_agree_if_one_value_gives_both() -> None:
    assert overlap([number("65.8"), number("65.83")])
    assert overlap([number("65.8"), number("65.89")])
    assert not overlap([number("75.1"), number("75.02")])
    assert between(span(number("2.7"))) == "2.65 to 2.8"
    assert total([(2, number("1.0")), (-1, number("0.5"))]).high == Fraction("2.2") - Fraction(
        "0.45"
    )


def test_the_command_says_where_what_and_why(repro: Run) -> None:
    outcome = repro("audit", "lpn", "--rule", "sums")
    assert outcome.code == 0
    assert "70.80 - 69.36 is 1.44, not +1.50. It is that of Stage 5." in outcome.out
    assert "paper2 Table 4, Cumulative gain: LPN-152 Δ gain +1.50" in outcome.out
    assert "1 contradiction · 0 implausible · 0 notes · 20 consistent" in outcome.out
    everything = repro("audit", "paper2", "--rule", "sums", "--all").out
    assert everything.count("✓ sums") == 20
    assert "66.90 = 0.83, printed +0.83" in everything


def test_json_holds_every_quote(repro: Run) -> None:
    data = json.loads(repro("audit", "paper2", "--rule", "sums", "--json").out)
    assert (data["schema"], data["command"], data["exit"]) == (1, "audit", 0)
    (check,) = data["checks"]
    assert [quote["text"] for quote in check["quotes"]] == ["+1.50", "70.80", "69.36"]
    assert check["quotes"][0]["table"] == "table4"
    assert data["summary"] == {"contradiction": 1, "implausible": 0, "note": 0, "consistent": 20}
    everything = json.loads(repro("audit", "paper2", "--rule", "sums", "--all", "--json").out)
    assert len(everything["checks"]) == 21


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--rule", "sums", "--fail-on", "contradiction"), 3),
        (("--rule", "sums", "--fail-on", "implausible"), 0),
        (("--rule", "weights", "--fail-on", "contradiction"), 4),
        (("--rule", "sum"), 2),
        (("--fail-on", "wrong"), 2),
    ],
)
def test_exit_codes(words: tuple[str, ...], code: int, repro: Run) -> None:
    outcome = repro("audit", "paper2", *words)
    assert outcome.code == code
    assert "Traceback" not in outcome.err


HOSTILE = "\\u001b[2J[red]</script>\\n\\u202e" + "x" * 5000


def test_hostile_labels_cannot_steer_the_terminal(own_tables: Path, repro: Run) -> None:
    path = own_tables / "paper2/table4.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('label = "Cumulative gain"', f'label = "{HOSTILE}"')
    path.write_text(text.replace("Ablation study", HOSTILE), encoding="utf-8")
    _forget()
    outcome = repro("audit", "paper2", "--all")
    assert outcome.code == 0
    assert "[red]</script>" in outcome.out
    assert not re.search("[\x1b\u202e]", outcome.out)
    assert "x" * 1001 not in outcome.out.replace("\n", "")
    data = json.loads(repro("audit", "paper2", "--rule", "sums", "--json").out)
    assert data["checks"][0]["quotes"][0]["row"].startswith("\x1b[2J")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('parts = ["Stage 1"', 'parts = ["Stage 9"', "`Stage 9` is no row"),
        ('parts = ["Stage 1"', 'parts = ["Baseline"', "are not all `after` one row"),
        ('parts = ["', 'adds = { to = "Baseline", why = "x" }\nparts = ["', "a `stride` or `most`"),
        ('parts = ["', 'adds = { to = "No", most = 1, why = "x" }\nparts = ["', "`No` is no row"),
    ],
)
def test_wrong_facts_about_a_row_are_named(
    old: str, new: str, message: str, own_tables: Path, repro: Run
) -> None:
    path = own_tables / "paper4/table7.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    _forget()
    outcome = repro("audit", "paper4")
    assert outcome.code == 2
    assert message in outcome.err and "table7.toml" in outcome.err
