"""Tables typed into spreadsheets and saved as their programs save them."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from repro.authoring import printed_csv
from repro.errors import ReproError

HEADINGS = ["Method", "Input size", "#Params (M)", "GFLOPs", "AP"]
ROWS = [["LPN-50", "256×192", "2.9", "1.09", "69.1"], ["Ours, small", "256×192", "–", "0.9", "60"]]
KEYS = ("method", "input_size", "params_m", "gflops", "ap")
CELLS = [{key: cell for key, cell in zip(KEYS, row, strict=True) if cell != "–"} for row in ROWS]


def saved(mark: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """The table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark, lineterminator=end, quoting=quoting)
    writer.writerows([HEADINGS, *ROWS])
    return text.getvalue()


FILES = {
    "LibreOffice": saved().encode(),
    "LibreOffice, every cell quoted": saved(quoting=csv.QUOTE_ALL).encode(),
    "Google Sheets": saved(end="\r\n").encode(),
    "Excel, CSV UTF-8": saved(end="\r\n").encode("utf-8-sig"),
    "Excel where the comma is decimal": saved(";", "\r\n").encode("utf-8-sig"),
    "Excel with its own line": b"sep=;\r\n" + saved(";", "\r\n").encode(),
    "Excel, Unicode text": saved("\t", "\r\n").encode("utf-16"),
    "Numbers": saved(";").encode(),
    "pandas without index": pd.DataFrame(ROWS, columns=HEADINGS).to_csv(index=False).encode(),
    "pandas with index": pd.DataFrame(ROWS, columns=HEADINGS).to_csv().encode(),
    "empty rows and columns at the end": (
        "\n".join(f"{line},," for line in saved().splitlines()) + "\n,,,,,,\n"
    ).encode(),
}


@pytest.mark.parametrize("program", FILES)
def test_the_cells_are_those_that_were_typed(program: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(FILES[program])
    table = printed_csv.read(path)
    assert [dict(row.cells) for row in table.rows] == CELLS
    assert [column.metric for column in table.columns] == [None, None, "params", "macs", "AP"]
    assert (table.rows[0].model, table.rows[0].input) == ("lpn_50", (256, 192))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            saved(end="\r\n").encode("cp1252", "replace").replace(b"?", b"\x96"),
            "is no text in UTF-8",
        ),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\xf4", "is no text in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "is no text in UTF-8"),
    ],
    ids=["Excel, CSV of Windows", "xlsx", "xls"],
)
def test_what_cannot_be_read_is_one_sentence(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ReproError, match=said) as error:
        printed_csv.read(path)
    assert error.value.hint == "Save it as CSV in UTF-8."


def test_decimal_commas_are_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("Method;AP\nA;70,1\nB;69,8\n", encoding="utf-8")
    table = printed_csv.read(path)
    assert table.rows[0].cells == {"method": "A", "ap": "70,1"}
    assert table.guesses == ("`ap`: `AP` has no cell that is a number of %, and stays words",)
