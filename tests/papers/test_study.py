"""The published tables as data: equal to the print, and checked when read."""

import csv
from pathlib import Path

import pytest

import zoo
from repro.counting import counter
from repro.errors import ReproError
from repro.papers import lookup, study
from repro.papers.conventions import CONVENTIONS, TRUE, USUAL

PRINT = Path(__file__).parents[1] / "print"
TABLES = [(name, table) for name in study.study_names() for table in study.table_names(name)]
FOUR = [(name, table) for name, table in TABLES if name in ("paper1", "paper2", "paper3", "paper4")]
"""the tables that came first; others may be added"""
TYPESETTING = str.maketrans({" ": "", "₁": "1", "₂": "2", "₃": "3", "₄": "4"})


def plain(text: str) -> str:
    """Without what differs between two readings of one print: spaces and subscripts."""
    return text.translate(TYPESETTING)


@pytest.mark.parametrize(("paper", "name"), FOUR)
def test_every_cell_equals_an_independent_transcription(paper: str, name: str) -> None:
    table = study.load_table(paper, name)
    with (PRINT / f"{paper}_{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert [plain(column.label) for column in table.columns] == [plain(label) for label in header]
    ours = [[row.cells.get(column.key, "") for column in table.columns] for row in table.rows]
    assert [[plain(cell) for cell in row] for row in ours] == [
        [plain(cell) for cell in row] for row in rows
    ]


def test_the_four_papers_have_23_tables_175_rows_and_1455_cells() -> None:
    tables = [study.load_table(*each) for each in FOUR]
    assert len(tables) == 23
    assert sum(len(table.rows) for table in tables) == 175
    assert sum(len(table.rows) * len(table.columns) for table in tables) == 1455


def test_no_cell_keeps_a_citation_or_a_dash() -> None:
    for each in TABLES:
        for row in study.load_table(*each).rows:
            for text in row.cells.values():
                assert "[" not in text
                assert text.strip("-–—_ ") != ""


def test_every_third_party_value_is_of_a_named_model() -> None:
    for name in study.study_names():
        for value in study.load_study(name).third_party:
            assert value.model and value.source


@pytest.mark.parametrize(
    ("paper", "table", "row", "column", "text"),
    [
        ("paper3", "table2", "TokenPose*", "wrist", "95.9"),
        ("paper1", "table6", "CBAM", "ar", "71.02"),
    ],
)
def test_a_suspicious_value_stays_as_printed_with_a_note(
    paper: str, table: str, row: str, column: str, text: str
) -> None:
    found = lookup.find_row(study.load_table(paper, table), row)
    assert found.cells[column] == text
    assert found.notes[column]


def test_the_rows_of_this_zoo_are_within_reach_of_their_models() -> None:
    for each in TABLES:
        for row in study.load_table(*each).rows:
            if row.model in zoo.MODELS:
                assert row.input is not None
                assert not any(side % zoo.MODELS[row.model].stride for side in row.input)


@pytest.mark.parametrize("text", ["table3", "3", "III", "iii", "TABLE3"])
def test_a_table_has_several_names(text: str) -> None:
    assert lookup.find_table(lookup.find_study("lpn"), text).name == "table3"


@pytest.mark.parametrize(
    ("paper", "near"), [("paper99", "paper"), ("icpr", ""), ("wlitepos", ""), ("zzz", "paper1")]
)
def test_a_paper_is_found_by_its_beginning_or_the_error_helps(paper: str, near: str) -> None:
    if near:
        with pytest.raises(ReproError) as error:
            lookup.find_study(paper)
        assert near in error.value.hint
    else:
        assert lookup.find_study(paper).name in ("paper1", "paper4")


def test_an_ambiguous_beginning_is_not_guessed() -> None:
    with pytest.raises(ReproError, match="means several"):
        lookup.find_study("pap")
    with pytest.raises(ReproError, match="means 2 rows"):
        lookup.find_row(study.load_table("paper1", "table1"), "Small")


def test_rows_are_found_by_pattern() -> None:
    table = study.load_table("paper2", "table3")
    assert [row.model for row in lookup.find_rows(table, "lpn-50*")] == ["lpn_50_nogc", "lpn_50"]
    with pytest.raises(ReproError) as error:
        lookup.find_rows(table, "resnet")
    assert "LPN-50" in error.value.hint


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('metric = "params"', 'metrik = "params"', "no key `columns[3].metrik`"),
        ('metric = "params"', 'metric = "parms"', "`parms` is no metric (column `params`)"),
        ('unit = "M"', 'unit = "G"', "column `params` is in `G`"),
        ('unit = "M"', "", "column `params` has no `unit`"),
        ('convention = "mmcv"', "", "column `gflops` needs a `convention`"),
        ('metric = "macs"', 'metric = "flops"', "the metric of column `gflops` is `flops`"),
        ('convention = "mmcv"', 'convention = "mmvc"', "`mmvc` is no convention (column `gflops`)"),
        ('params = "9.6M"', 'params = "9.6 M"', "is no number: `9.6 M`"),
        ('params = "9.6M"', 'params = ""', "is empty"),
        ('params = "9.6M"', 'params = "9.6G"', "the column is in M"),
        ('params = "9.6M"', 'params = "0.0M"', "a cost is more than 0"),
        ("giga = 1_000_000_000", "giga = 100_000_000", "`giga` is 100000000"),
        ("giga = 1_073_741_824", "giga = 1", "`giga` is 1"),
        (
            'convention = "torchstat"',
            'convention = "torchstats"',
            "`torchstats` is no convention (row",
        ),
        ("cites = {", 'cited = "x"\ncites = {', "needs either `model` or `cited`, not both"),
        ('params = "9.6M"', 'parms = "9.6M"', "`parms` is no column (`cells` of row"),
        ("input = [256, 192]", "input = [256]", "should have 2 values"),
        ("input = [256, 192]\n", "", "names a model, but no `input`"),
        ('protocol = "coco-val2017"', 'protocol = "coco"', "`coco` is no protocol"),
        ('key = "ap50"', 'key = "ap"', "two columns are called `ap`"),
        ('key = "ap50"', 'key = "AP50"', "not lower_snake_case"),
        ('model = "simplebaseline_mobilenetv2"\n', "", "needs either `model` or `cited`"),
        ("[[columns]]", "[[columns", "is no TOML"),
        ("384x288", "256x192", "two rows are called"),
        ('label = "SimpleBaseline MobileNetV2 256x192"', 'label = ""', "rows with labels"),
    ],
)
def test_a_broken_table_names_file_and_key(
    own_tables: Path, old: str, new: str, message: str
) -> None:
    edit(own_tables / "paper1" / "table1.toml", old, new)
    with pytest.raises(ReproError) as error:
        study.load_table("paper1", "table1")
    assert str(error.value).startswith(str(own_tables / "paper1" / "table1.toml"))
    assert message in str(error.value)


def test_an_undecodable_or_absent_file_is_one_sentence(own_tables: Path) -> None:
    (own_tables / "paper1" / "table1.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ReproError, match="is no TOML"):
        study.load_table("paper1", "table1")
    with pytest.raises(ReproError, match="cannot be read"):
        study.load_table("paper1", "table9")


def test_a_folder_without_studies_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRO_TABLES", str(tmp_path))
    with pytest.raises(ReproError, match="No studies"):
        study.study_names()
    monkeypatch.setenv("REPRO_TABLES", str(tmp_path / "nowhere"))
    with pytest.raises(ReproError, match="not a directory"):
        study.study_names()


def test_speed_needs_a_timing(own_tables: Path) -> None:
    edit(own_tables / "paper1" / "table5.toml", "timing", "# timing")
    with pytest.raises(ReproError, match="name a `timing`"):
        study.load_table("paper1", "table5")


def test_a_stray_file_is_no_table(own_tables: Path) -> None:
    (own_tables / "paper1" / "table_extra.toml").write_text("")
    assert study.table_names("paper1") == [f"table{number}" for number in range(1, 7)]


def test_a_column_is_found_by_its_metric_and_a_row_by_its_exact_label_first() -> None:
    table = study.load_table("paper1", "table3")
    assert lookup.find_column(table, "Mean").key == lookup.find_column(table, "PCKh").key
    table = study.load_table("paper4", "table1")
    assert lookup.find_row(table, "WLitePose-S 448x448").model == "wlitepose_s_coco"
    assert lookup.find_table(study.load_study("paper4"), "IX").name == "table9"


def test_every_row_is_bound_to_the_model_it_prints() -> None:
    """The bindings in one place, so that a change of any is deliberate."""
    with (PRINT / "bindings.csv").open(encoding="utf-8", newline="") as file:
        _, *expected = csv.reader(file)
    found = []
    for paper, name in FOUR:
        table = study.load_table(paper, name)
        protocol = study.load_study(paper).protocols[table.protocol]
        for row in table.rows:
            size = "x".join(map(str, row.input)) if row.input else ""
            options = " ".join(f"{key}={value}" for key, value in row.options.items())
            model = row.model or (row.cited and "cited") or ""
            found.append([paper, name, row.label, model, size, options, str(protocol.keypoints)])
    assert found == expected


def test_every_cost_column_names_its_convention() -> None:
    found: dict[tuple[str, str, int], int] = {}
    for each in FOUR:
        table = study.load_table(*each)
        for column in table.columns:
            for row in table.rows:
                if column.metric == "macs" and column.key in row.cells and not row.cited:
                    counted = study.convention(row, column), study.scale(row, column)
                    found[table.study, *counted] = found.get((table.study, *counted), 0) + 1
    assert found == {
        ("paper1", "mmcv", 10**9): 21,
        ("paper1", "torchstat", 2**30): 15,
        ("paper2", "hrnet", 2**30): 27,
        ("paper4", "ptflops", 10**9): 57,
        ("paper4", "hrnet", 10**9): 4,
    }


def test_every_convention_has_its_rules_of_counting() -> None:
    assert set(CONVENTIONS) == {"fvcore", "conv", *counter.RULES}
    assert {TRUE, USUAL} <= set(CONVENTIONS)


def test_figures_of_others_are_kept_as_they_gave_them() -> None:
    values = {(one.model, one.metric): one.value for one in study.load_study("paper1").third_party}
    assert values["vipnas_mobilenetv3", "params"] == "5.9M"
    assert values["vipnas_mobilenetv3", "AP"] == "70.0"


def test_the_decodings_of_paper_2_table_5_are_told_apart() -> None:
    columns = [column for column in study.load_table("paper2", "table5").columns if column.metric]
    assert [column.decode for column in columns] == [
        "argmax+quarter",
        *(f"beta-soft-argmax({beta})+quarter" for beta in (40, 80, 120, 160, 200)),
    ]


def test_tables_holds_no_python() -> None:
    assert not list(study.tables_dir().rglob("*.py"))
