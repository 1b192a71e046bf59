"""A table as somebody typed it from a paper: headings in the first row, labels in the first column.

What a column holds is guessed from its heading, and said to be a guess. Cells stay as they are.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zoo
from repro.errors import ReproError
from repro.papers.conventions import USUAL
from repro.papers.metrics import ACCURACY, METRICS, SPEED
from repro.papers.table import Column, Row
from repro.papers.table_checks import wrong_numbers
from repro.papers.values import Size

LIMIT = 2**20
"""bytes of a file"""
MOST = 500
"""rows or columns"""
NOTHING = ("", "-", "–", "—", "−", "n/a", "na", "none", "/")
"""what stands where nothing is printed"""
JOINTS = ("Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")
WORDS = (
    (r"n?(o)?params?(eters?)?|parameters?", "params"),
    (r"[gm]?flops?|[gm]?mac(c?s?)|[gm]?madds?|multadds", "macs"),
    (r"m?ap", "AP"),
    (r"m?ap0?50?", "AP50"),
    (r"m?ap0?75", "AP75"),
    (r"ap(m|medium)", "APM"),
    (r"ap(l|large)", "APL"),
    (r"m?ar", "AR"),
    (r"(mean|total|avg|average)?(pckh)?(0?50?)?", "Mean"),
    *((rf"{joint[:3].lower()}\w*", joint) for joint in JOINTS),
    (r"([cg]pu)?fps([cg]pu)?", "fps"),
    (r"([cg]pu)?(latency|(inference|run)?time)(ms)?([cg]pu)?", "latency"),
)
"""letters and digits of a heading -> the metric that they mean"""


@dataclass(frozen=True)
class TypedTable:
    """The columns and rows of a file, and every guess that is in them, a sentence each."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    guesses: tuple[str, ...] = ()
    guessed: dict[str, str] = field(default_factory=dict)
    """key of a column, or label of a row -> the guess"""

    @property
    def timed(self) -> bool:
        """Whether it has speeds."""
        return any(column.metric in SPEED for column in self.columns)

    @property
    def of_pckh(self) -> bool:
        """Whether its accuracies are PCKh."""
        joints = {*JOINTS, "Mean"}
        metrics = {column.metric for column in self.columns} & set(ACCURACY)
        return bool(metrics) and metrics <= joints


def read(path: Path) -> TypedTable:
    """The table in a file; ReproError for what is no table."""
    headings, *lines = _cells(path)
    keys = _keys(headings)
    texts = [dict(zip(keys, line, strict=True)) for line in lines]
    columns: list[Column] = []
    guesses: dict[str, str] = {}
    for place, (key, heading) in enumerate(zip(keys, headings, strict=True)):
        column = Column(key, heading)
        if place > 0:
            column, guess = _guessed(column, [text[key] for text in texts])
            guesses |= {key: guess} if guess else {}
        columns.append(column)
    rows, told = [], []
    for label, text in zip(_labels(texts, keys[0]), texts, strict=True):
        row, guess = _row(label, text, columns)
        rows.append(row)
        guesses |= {f"row {label}": guess} if guess else {}
        told += [f"row `{label}`, column `{key}`: {note}" for key, note in row.notes.items()]
    sentences = [f"`{key}`: {guess}" for key, guess in guesses.items()]
    return TypedTable(tuple(columns), tuple(rows), (*sentences, *told), guesses)


def _cells(path: Path) -> list[list[str]]:
    """The rows of the file, the headings first, all of one length, blank ones left out."""
    try:
        if path.stat().st_size > LIMIT:
            raise ReproError(f"`{path}` is larger than {LIMIT:,} bytes.", "One table is a few KB.")
        content = path.read_bytes()
        wide = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ReproError(f"`{path}` is no text in UTF-8.", "Save it as CSV in UTF-8.") from error
    first, _, rest = text.partition("\n")
    named = re.fullmatch(r"sep=(.)\r?", first)  # as Excel writes it
    text = rest if named else text
    mark = named[1] if named else max(",;\t", key=first.count)
    try:
        parsed = list(csv.reader(io.StringIO(text), delimiter=mark, strict=True))
    except csv.Error as error:
        raise ReproError(f"`{path}` is no CSV: {error}.") from error
    rows = [[_plain(cell) for cell in row] for row in parsed]
    numbered = [(number, row) for number, row in enumerate(rows, start=1) if any(row)]
    filled = (place for _, row in numbered for place, cell in enumerate(row, start=1) if cell)
    width = max(filled, default=0)
    numbered = [(number, row[:width]) for number, row in numbered]  # nothing stands beyond
    places = [row[:1] for _, row in numbered]
    if places == [[""], *([str(place)] for place in range(len(places) - 1))]:
        numbered = [(number, row[1:]) for number, row in numbered]  # pandas numbers its rows
    if len(numbered) < 2 or len(numbered[0][1]) < 2:
        what = "It needs a row of headings, a row for each network, and two columns or more."
        raise ReproError(f"`{path}` holds no table.", what)
    width = len(numbered[0][1])
    if max(len(numbered), width) > MOST:
        raise ReproError(f"`{path}` has more than {MOST} rows or columns.")
    for number, row in numbered:
        if len(row) > width and not any(row[width:]):
            del row[width:]
        if len(row) != width:
            said = f"`{path}`, row {number}: {len(row)} cells, the headings are {width}."
            raise ReproError(said, "Quote a cell that holds the mark between cells.")
    return [row for _, row in numbered]


def _plain(text: str) -> str:
    """A cell on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _letters(heading: str) -> str:
    """Letters and digits of a heading without what stands in brackets; ⁵⁰ is 50."""
    plain = unicodedata.normalize("NFKC", re.sub(r"[(\[].*?[)\]]", "", heading)).lower()
    return re.sub(r"[^a-z0-9]", "", plain)


def _unit(heading: str) -> str:
    inside = re.search(r"[(\[](.*?)[)\]]", unicodedata.normalize("NFKC", heading))
    return inside[1].strip().lower() if inside else ""


def _keys(headings: Sequence[str]) -> list[str]:
    """A key for each heading, no two the same."""
    keys: list[str] = []
    for place, heading in enumerate(headings, start=1):
        plain = unicodedata.normalize("NFKD", heading).lower()
        key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
        key = key if re.match(r"[a-z]", key) else f"column_{key or place}"
        count = 2
        while key in keys:
            key, count = f"{re.sub(r'_[0-9]+$', '', key) if count > 2 else key}_{count}", count + 1
        keys.append(key)
    return keys


def _labels(texts: Sequence[dict[str, str]], key: str) -> list[str]:
    """A label for each row, no two the same: with the input, where one tells them apart."""
    printed = [text[key] or "row" for text in texts]
    labels: list[str] = []
    for label, text in zip(printed, texts, strict=True):
        size = _size(text)
        if printed.count(label) > 1 and size and f"{size[0]}x{size[1]}" not in label:
            label = f"{label} {size[0]}x{size[1]}"
        whole, count = label, 2
        while whole in labels:
            whole, count = f"{label} ({count})", count + 1
        labels.append(whole)
    return labels


def _guessed(column: Column, texts: Sequence[str]) -> tuple[Column, str]:
    """The column with the metric that its heading means, and the guess in words."""
    letters, unit = _letters(column.label), _unit(column.label)
    metric = next((name for words, name in WORDS if letters and re.fullmatch(words, letters)), None)
    if metric is None:
        return column, ""
    if metric == "AP" and unit in ("m", "l"):
        metric = f"AP{unit.upper()}"
    said = f"`{column.label}` is taken for {metric} in {METRICS[metric].unit}"
    if metric == "macs":
        if (letters[0] == "m" and letters[:3] not in ("mac", "mad")) or unit.startswith("m"):
            return column, f"`{column.label}` is in M and stays words; a column of MACs is in G"
        return _numbers(column, metric, texts, f"{said}, counted by {USUAL}", convention=USUAL)
    if metric == "params" and unit not in ("", "m", "#", "million", "x10^6", "x106"):
        return column, f"`{column.label}` is in {unit} and stays words; parameters are in M"
    if metric == "latency" and "ms" not in letters + unit:
        return column, f"`{column.label}` names no ms and stays words"
    if metric in SPEED:
        device = "gpu" if "gpu" in letters + unit else "cpu"
        return _numbers(column, metric, texts, f"{said} on the {device}", device=device)
    numbers = [float(text) for text in texts if re.fullmatch(r"[0-9]*\.?[0-9]+", text)]
    if metric in ACCURACY and numbers and max(numbers) <= 1:
        return column, f"`{column.label}` is of at most 1 and stays words; accuracies are in %"
    return _numbers(column, metric, texts, said)


def _numbers(
    column: Column,
    metric: str,
    texts: Sequence[str],
    said: str,
    convention: str | None = None,
    device: str | None = None,
) -> tuple[Column, str]:
    """A column of numbers, unless none of its cells is one."""
    unit = METRICS[metric].unit
    made = Column(column.key, column.label, metric, unit, convention, device=device)
    printed = [text for text in texts if text.lower() not in NOTHING]
    if printed and all(next(_wrong(made, text), "") for text in printed):
        return column, f"`{column.label}` has no cell that is a number of {unit}, and stays words"
    return made, said


def _wrong(column: Column, text: str) -> Iterator[str]:
    yield from (str(error) for error in wrong_numbers(Row("", {}), column, text))


def _row(label: str, text: dict[str, str], columns: Sequence[Column]) -> tuple[Row, str]:
    """A row; what is no number in a column of them becomes a note. And the guess at its model."""
    cells, notes = {}, {}
    for column in columns:
        printed = text[column.key]
        if printed.lower() in NOTHING:
            continue
        wrong = next(_wrong(column, printed), "") if column.metric else ""
        if wrong:
            notes[column.key] = f"printed as {printed}, which {wrong}"
        else:
            cells[column.key] = printed
    words = re.sub(r"[(\[].*?[)\]]|\d+\s*[x×]\s*\d+", "", label)
    name = re.sub(r"[^a-z0-9]", "", words.lower())
    model = next((one for one in zoo.MODELS if one.replace("_", "") == name), None)
    size = _size(text)
    if model is None:
        return Row(label, cells, input=size, notes=notes), ""
    guess = f"it is taken for the model {model}"
    guess += "" if size else " at 256x192"
    return Row(label, cells, model=model, input=size or (256, 192), notes=notes), guess


def _size(text: dict[str, str]) -> Size | None:
    """The input that a row prints, in a column of its own or in its label."""
    for cell in text.values():
        sides = re.search(r"(?<![0-9])([0-9]{2,4})\s*[x×]\s*([0-9]{2,4})(?![0-9])", cell)
        if sides:
            return int(sides[1]), int(sides[2])
    return None
