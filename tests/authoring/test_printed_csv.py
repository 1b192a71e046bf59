"""What a table's columns hold is guessed from their headings; cells stay as they are printed."""

from pathlib import Path

import pytest

from repro.authoring import printed_csv
from repro.authoring.printed_csv import TypedTable
from repro.errors import ReproError


def typed(folder: Path, text: str | bytes) -> TypedTable:
    """The table of a file with that text."""
    path = folder / "table é.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return printed_csv.read(path)


@pytest.mark.parametrize(
    ("heading", "metric"),
    [
        ("#Params", "params"),
        ("Params (M)", "params"),
        ("Param.", "params"),
        ("#Parameters [M]", "params"),
        ("GFLOPs", "macs"),
        ("FLOPs (G)", "macs"),
        ("#MAdds", "macs"),
        ("MACs(G)", "macs"),
        ("AP", "AP"),
        ("mAP", "AP"),
        ("AP⁵⁰", "AP50"),
        ("AP@0.5", "AP50"),
        ("AP.5", "AP50"),
        ("AP^75", "AP75"),
        ("AP_M", "APM"),
        ("AP (L)", "APL"),
        ("AR", "AR"),
        ("Mean", "Mean"),
        ("PCKh@0.5", "Mean"),
        ("Sho.", "Shoulder"),
        ("Elbow", "Elbow"),
        ("FPS(GPU)", "fps"),
        ("Latency (ms)", "latency"),
        ("Inference time [ms]", "latency"),
        ("Backbone", None),
        ("Params (K)", None),
        ("MFLOPs", None),
        ("FLOPs (M)", None),
        ("Latency (s)", None),
        ("AP rank", None),
        ("", None),
    ],
)
def test_a_heading_means_a_metric(heading: str, metric: str | None, tmp_path: Path) -> None:
    table = typed(tmp_path, f'Method,"{heading}"\nA,2.5\n')
    assert table.columns[1].metric == metric
    assert table.columns[1].label == heading
    assert table.rows[0].cells[table.columns[1].key] == "2.5"


def test_guesses_are_told(tmp_path: Path) -> None:
    table = typed(tmp_path, "Method,GFLOPs,FPS (GPU)\nLPN-50,1.00,9\nlpn 101 [4],1.4,10\n")
    assert table.guesses == (
        "`gflops`: `GFLOPs` is taken for macs in G, counted by fvcore",
        "`fps_gpu`: `FPS (GPU)` is taken for fps in FPS on the gpu",
        "`row LPN-50`: it is taken for the model lpn_50 at 256x192",
        "`row lpn 101 [4]`: it is taken for the model lpn_101 at 256x192",
    )
    assert table.columns[2].device == "gpu" and table.timed and not table.of_pckh
    assert table.rows[0].cells["gflops"] == "1.00"


def test_what_is_no_number_becomes_a_note_and_is_told(tmp_path: Path) -> None:
    table = typed(tmp_path, "Method,AP\nA,70.1\nB,71.3*\nC,–\nD,\n")
    assert [row.cells.get("ap") for row in table.rows] == ["70.1", None, None, None]
    assert table.rows[1].notes == {"ap": "printed as 71.3*, which is no number: `71.3*`."}
    assert any("row `B`, column `ap`" in guess for guess in table.guesses)


def test_a_column_without_a_number_stays_words(tmp_path: Path) -> None:
    table = typed(tmp_path, "Method,AP,AR\nA,high,0.71\nB,low,0.68\n")
    assert [column.metric for column in table.columns] == [None, None, None]
    assert table.rows[0].cells == {"method": "A", "ap": "high", "ar": "0.71"}


def test_rows_of_one_label_are_told_apart(tmp_path: Path) -> None:
    text = "Method,Size,AP\nLPN-50,256×192,1\nLPN-50,384 x 288,2\nB,,3\nB,,4\n,,5\n"
    table = typed(tmp_path, text)
    labels = ["LPN-50 256x192", "LPN-50 384x288", "B", "B (2)", "row"]
    assert [row.label for row in table.rows] == labels
    assert [row.input for row in table.rows[:2]] == [(256, 192), (384, 288)]
    assert table.rows[1].model == "lpn_50"


def test_columns_of_one_heading_have_keys_of_their_own(tmp_path: Path) -> None:
    table = typed(tmp_path, "Method,AP,AP,AP,,50 %\nA,1,2,3,4,5\n")
    keys = ["method", "ap", "ap_2", "ap_3", "column_5", "column_50"]
    assert [column.key for column in table.columns] == keys


@pytest.mark.parametrize("text", ["Method;AP\nA;70,1\n", "Method\tAP\nA\t70,1\n"])
def test_other_marks_between_cells_are_seen(text: str, tmp_path: Path) -> None:
    assert typed(tmp_path, text).rows[0].cells["ap"] == "70,1"


def test_a_byte_order_mark_and_trailing_marks_are_nothing(tmp_path: Path) -> None:
    table = typed(tmp_path, "\ufeffMethod,AP\r\nA,70.1,\r\n\r\n")
    assert table.columns[0].label == "Method" and table.rows[0].cells["ap"] == "70.1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no table"),
        ("Method,AP\n", "holds no table"),
        ("Method\nA\n", "holds no table"),
        ("Method,AP\nA,1,2\n", "row 2: 3 cells, the headings are 2"),
        ("Method,AP\n\nA\n", "row 3: 1 cells, the headings are 2"),
        ('Method,AP\n"A,1\n', "is no CSV"),
        (b"Method,AP\n\xff,1\n", "is no text in UTF-8"),
        (b"x" * (2**20 + 1), "is larger than"),
        ("a,b\n" * 501, "has more than 500 rows"),
    ],
)
def test_what_is_no_table_is_one_sentence(text: str | bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError) as error:
        typed(tmp_path, text)
    assert said in str(error.value) and "table é.csv" in str(error.value)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ReproError, match="cannot be read"):
            printed_csv.read(path)
