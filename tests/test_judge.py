"""What becomes of a published number, from literals alone."""

from collections.abc import Mapping
from fractions import Fraction

import pytest

from repro.errors import ReproError
from repro.judge import KINDS, described, exit_code, judge, kinds, summary
from repro.spec import Spec, Wanted
from repro.store import Measurement, Record
from repro.study import Column, Counted, Row, Table

SPEC = Spec("lpn_50", (256, 192), 17)
OTHER = Spec("lpn_50", (256, 256), 17)
COLUMN = Column("flops", "FLOPs", "macs", "G", "hrnet", 2**30)
PARAMS = Column("params", "#Params", "params", "M")
AP = Column("ap", "AP", "AP", "%")


def record(params: int = 1, uncounted: Mapping[str, tuple[str, ...]] = {}, **macs: int) -> Record:
    """A record of a count."""
    counts = [Measurement("macs", value, "MACs", name) for name, value in macs.items()]
    return Record(
        "key", {}, (Measurement("params", params, "parameters"), *counts), {}, (), uncounted
    )


def wanted(text: str, column: Column = COLUMN, lacking: str = "", **row: object) -> Wanted:
    """One printed cell."""
    fields = {"model": "lpn_50", "input": (256, 192), **row}
    one = Row("row", {column.key: text}, **fields)  # type: ignore[arg-type]
    table = Table("1", "", "", "", (column,), (one,))
    return Wanted(table, one, column, None if lacking else SPEC, OTHER, lacking)


def verdict(cell: Wanted, found: Record | None, other: Record | None = None) -> tuple[str, str]:
    """Kind and reason."""
    judged = judge(cell, lambda spec: found if spec is SPEC else other)
    return judged.verdict.kind, judged.verdict.reason


G = 2**30


def test_a_value_that_rounds_to_the_print_matches() -> None:
    assert verdict(wanted("1.6G"), record(hrnet=int(1.56 * G))) == (
        "match",
        f"{int(1.56 * G):,} MACs under `hrnet` (G = 2^30), rounded.",
    )


def test_a_value_that_cuts_to_the_print_matches_and_says_so() -> None:
    kind, reason = verdict(wanted("1.6G"), record(hrnet=int(1.69 * G)))
    assert kind == "match" and reason.endswith("cut.")


def test_the_unit_of_the_column_counts() -> None:
    kind, reason = verdict(wanted("1.6G"), record(hrnet=1_600_000_000))
    assert kind == "convention" and "`hrnet` with G = 1e9" in reason


def test_another_convention_in_its_own_unit_is_named() -> None:
    kind, reason = verdict(wanted("1.6G"), record(hrnet=2 * G, mmcv=1_600_000_000))
    assert kind == "convention"
    assert "`mmcv` with G = 1e9 (1.6000 G)" in reason


def test_another_convention_in_a_unit_it_never_had_is_a_coincidence() -> None:
    assert verdict(wanted("1.6G"), record(hrnet=2 * G, mmcv=int(1.6 * G)))[0] == "off"


def test_half_a_per_cent_is_near() -> None:
    kind, reason = verdict(wanted("1.000G"), record(hrnet=int(1.0049 * G)))
    assert kind == "near" and "+0.49 %" in reason
    assert verdict(wanted("1.000G"), record(hrnet=int(1.0051 * G)))[0] == "off"
    assert verdict(wanted("1.000G"), record(hrnet=int(0.996 * G)))[0] == "near"


def test_a_row_may_be_counted_by_other_rules_than_its_column() -> None:
    cell = wanted("1.6G", counted=Counted("torchstat", 10**9, "Copied."))
    kind, reason = verdict(cell, record(hrnet=9 * G, torchstat=1_600_000_000))
    assert (kind, reason[-7:]) == ("match", "Copied.")
    assert verdict(cell, record(hrnet=int(1.6 * G), torchstat=9_000_000_000))[0] == "convention"


def test_evidence_against_a_figure_outweighs_a_coincidence_of_conventions() -> None:
    cell = wanted("1.6G", unreproducible={"flops": "Nobody's."})
    assert verdict(cell, record(hrnet=2 * G, mmcv=1_600_000_000)) == ("unreproducible", "Nobody's.")
    assert verdict(cell, record(hrnet=int(1.6 * G)))[0] == "match"
    assert verdict(cell, None) == ("unreproducible", "Nobody's.")


def test_the_cost_of_another_input_size_is_recognised() -> None:
    cell = wanted("2.6G", cause={"flops": "Known."})
    kind, reason = verdict(cell, record(hrnet=2 * G), record(hrnet=int(2.6 * G)))
    assert kind == "off"
    assert "value. Known. At 256x256 with 17 keypoints" in reason and "2.6G" in reason
    kind, reason = verdict(cell, record(hrnet=2 * G), record(hrnet=2 * G))
    assert kind == "off" and reason.endswith("Known.")
    assert verdict(wanted("2.6G"), record(hrnet=2 * G), record(hrnet=int(2.6 * G)))[0] == "off"


def test_a_known_cause_outweighs_a_coincidence_of_conventions_but_not_a_match() -> None:
    cell = wanted("1.6G", cause={"flops": "Known."})
    assert verdict(cell, record(hrnet=2 * G, mmcv=1_600_000_000))[0] == "off"
    assert verdict(cell, record(hrnet=int(1.7001 * G), mmcv=1_600_000_000))[0] == "off"
    assert verdict(cell, record(hrnet=int(1.6 * G)))[0] == "match"
    assert verdict(wanted("1.600G", cause={"flops": "Known."}), record(hrnet=int(1.605 * G)))[
        0
    ] == ("near")


def test_parameters_have_no_other_convention() -> None:
    assert verdict(wanted("2.9M", PARAMS), record(params=2_910_896))[0] == "match"
    kind, reason = verdict(wanted("2.9M", PARAMS), record(params=3_000_000))
    assert kind == "off" and "convention" not in reason


def test_what_was_not_run_is_missing_and_says_what_supplies_it() -> None:
    kind, reason = verdict(wanted("69.1", AP, lacking="Needs COCO."), None)
    assert (kind, reason) == ("missing", "Needs COCO.")
    kind, reason = verdict(wanted("1.6G"), None)
    assert kind == "missing" and "repro run" in reason


def test_an_operator_without_a_rule_is_not_counted_as_zero() -> None:
    kind, reason = verdict(
        wanted("1.6G"), record(uncounted={"hrnet": ("aten::odd",)}, hrnet=int(1.6 * G))
    )
    assert kind == "missing" and "`aten::odd`" in reason
    elsewhere = record(uncounted={"mmcv": ("aten::odd",)}, hrnet=2 * G, mmcv=1_600_000_000)
    assert verdict(wanted("1.6G"), elsewhere)[0] == "off"


def test_a_copied_row_is_cited() -> None:
    cell = wanted("1.6G", model=None, cited="From elsewhere.")
    assert verdict(cell, record(hrnet=int(1.6 * G))) == ("cited", "From elsewhere.")


def test_a_cell_as_data_has_one_unit_throughout() -> None:
    cell = judge(wanted("1.6G"), lambda spec: record(hrnet=int(1.69 * G)))
    data = described(cell)
    assert data["published"] == {
        "text": "1.6G",
        "value": float(Fraction(16, 10) * G),
        "low": float(Fraction(155, 100) * G),
        "high": float(Fraction(17, 10) * G),
    }
    assert data["measured"] == {"value": int(1.69 * G), "unit": "MACs", "convention": "hrnet"}


def test_gates() -> None:
    off = judge(wanted("1.6G"), lambda spec: record(hrnet=2 * G))
    missing = judge(wanted("1.6G"), lambda spec: None)
    match = judge(wanted("1.6G"), lambda spec: record(hrnet=int(1.6 * G)))
    assert exit_code([off, match], set(), strict=False)[0] == 0
    assert exit_code([off, match], {"off"}, strict=False)[0] == 3
    assert exit_code([match], {"off"}, strict=False)[0] == 0
    assert exit_code([missing], set(), strict=False)[0] == 0
    assert exit_code([missing, match], set(), strict=True)[0] == 4
    assert exit_code([missing], {"off"}, strict=False)[0] == 4
    assert exit_code([], {"off"}, strict=False)[0] == 4
    assert exit_code([missing, match], {"missing"}, strict=False)[0] == 3
    assert exit_code([missing, match], {"off"}, strict=True)[0] == 4
    cited = judge(wanted("1.6G", model=None, cited="Theirs."), lambda spec: None)
    assert exit_code([cited], {"off"}, strict=False)[0] == 4
    assert exit_code([cited, match], {"off"}, strict=True)[0] == 0
    evidence = judge(wanted("1.6G", unreproducible={"flops": "Nobody's."}), lambda spec: None)
    assert exit_code([evidence], {"off"}, strict=False)[0] == 4
    assert exit_code([evidence, match], set(), strict=True)[0] == 4
    assert summary([off, missing, match]) == {"match": 1, "off": 1, "missing": 1}
    assert kinds(KINDS) == set(KINDS)
    with pytest.raises(ReproError, match="no verdict"):
        kinds(["of"])
