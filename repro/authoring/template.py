"""The files that a paper begins with: they load at once, and say what is still to be filled in."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from repro import env
from repro.authoring.flaws import GUESS
from repro.authoring.printed_csv import TypedTable
from repro.errors import ReproError
from repro.files import write_whole
from repro.models import registry
from repro.papers import folders
from repro.papers.conventions import CONVENTIONS, USUAL
from repro.papers.datasets import DATASETS
from repro.papers.study import load_study
from repro.papers.table import Column, Row

FOLDER = Path("tables-own")
"""where papers begin if `$REPRO_TABLES` names no folder"""
EXAMPLE = TypedTable(
    (
        Column("method", "Method"),
        Column("params", "#Params", "params", "M"),
        Column("flops", "GFLOPs", "macs", "G", USUAL),
        Column("ap", "AP", "AP", "%"),
    ),
    (
        Row(
            "<row as printed>",
            {"method": "<row as printed>", "params": "2.9", "flops": "1.09"},
            model="lpn_50",
            input=(256, 192),
        ),
    ),
    guessed={"flops": f"counted by {USUAL}", "row <row as printed>": "an example that runs"},
)
STUDY = """# One paper. `repro check tables` says what is missing or wrong here, `repro list {name}`
# what there is. What stands in <> is to be filled in; `{guess}` marks what was guessed.

name     = "{name}"  # as the folder
title    = "<title as printed>"
authors  = ["<name as printed>"]
year     = {year}  {guess}: this year
hardware = "<what it was trained and timed on, and where it says so>"
# slugs   = ["tiny"]  # other names to type for it
# own     = ["tinypose*"]  # the networks that it proposes
{modules}  # files with networks that the zoo has not, from this folder on
# venue   = "<where it appeared>"
# code    = "<its official code>"
# notes   = ["<what a reader should know of its numbers>"]

# How its accuracies are measured; every rule as its text or its code has it.
[protocols.{protocol}]
{rules}
metric    = "{metric}"
supply    = "{supply}"
source    = "<section that says how it was evaluated>"
{timing}
# How its networks are trained, for `repro train {name} MODEL`; `repro train paper1
# hwl_mobilenetv3 --plan` shows every field.
# [recipes.paper.fields]
# optimizer  = "Adam"
# lr         = 1e-3
# epochs     = 210
# milestones = [170, 200]
# batch      = 64
# loss       = {{ name = "mse" }}
# [recipes.paper.sources]
# "Section 4.2" = ["optimizer", "lr", "epochs", "milestones", "batch", "loss"]
"""
COCO = """dataset   = "coco"
split     = "val2017"
boxes     = "COCO_val2017_detections_AP_H_56_person.json"  # or "ground truth"; "none": bottom-up
colour    = "RGB"
flip      = true
shift     = true  # of the flipped heatmaps, by a pixel
decode    = "argmax+quarter"
nms       = 0.9
evaluator = "pycocotools\""""
MPII = """dataset   = "mpii"
split     = "val"
boxes     = "ground truth"
colour    = "RGB"
flip      = true
shift     = true  # of the flipped heatmaps, by a pixel
decode    = "argmax+quarter"
evaluator = "PCKh (HRNet)\""""
PROTOCOLS = {
    "coco-val2017": (COCO, "AP", "COCO val2017 images and annotations, weights of the model"),
    "mpii-val": (MPII, "PCKh@0.5", "MPII images and annotations, weights of the model"),
}
TIMING = """
# How its speeds were measured.
{sign}[timings.machine]
{sign}hardware  = "<processor and graphics card>"
{sign}procedure = "<rounds, warm-up, what is timed>"
{sign}batch     = 1
{sign}supply    = "any machine for the order of the models; the authors' for the figures"
{sign}source    = "<section that says how it was timed>"
"""
CLAIMS = """# What the paper says in words, for `repro claims {name}`.
# `holds` is an expression over cells, `table1[ROW].COLUMN`, with ~ < > and arithmetic; a sentence
# that no cell can check has a `why` instead.

[[claims]]
where   = "<section>"
printed = "<the paper's own words with the number>"
says    = "<the statement in other words>"
kind    = "cost"  # or result, speed, recipe, unit
why     = "<why no printed cell can check it; or say what holds instead>"
# holds = 'table1[ROW].params ~ 2.9M'
"""


def place() -> Path:
    """The folder that papers begin in: the first of a user's own, else `tables-own` here."""
    own = [folder for folder in folders.chosen() if not folders.is_ours(folder)]
    return next(iter(own), FOLDER)


def check_name(name: str) -> None:
    """Raise ReproError for a name that no paper can have, or that one has."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", name):
        raise ReproError(f"`{name}` is no name of a paper.", "Take a-z, 0-9 and -, as `paper5`.")
    if name in ("all", "published", "weights", *DATASETS):
        raise ReproError(f"No paper can be called `{name}`: the word means something else.")
    folder = place() / name
    if folder.exists() or folder.is_symlink():
        raise ReproError(f"`{folder}` is there already.", "Nothing is written over; remove it.")
    try:
        names = folders.all_names()
    except ReproError:
        names = sorted(folders.names(folders.shipped()))  # the folder named is not there yet
    for other in names:
        try:
            taken = {other, *load_study(other).slugs}
        except ReproError:
            taken = {other}
        if name in taken:
            raise ReproError(f"`{name}` is a name of `{other}` already.", "Take another.")


def write(name: str, tables: list[TypedTable]) -> list[Path]:
    """Write the files of a paper with those tables, or an example of one; ReproError if not.

    The files of networks that it names by themselves are known to it from then on.
    """
    check_name(name)
    made = tables or [EXAMPLE]
    folder = place() / name
    models = {row.model for one in made for row in one.rows}
    files = [one.path for one in registry.files() if not one.package and models & set(one.models)]
    modules = [Path(os.path.relpath(path, folder.absolute())).as_posix() for path in files]
    texts = {"study.toml": study(name, made, modules), "claims.toml": CLAIMS.format(name=name)}
    for number, one in enumerate(made, start=1):
        texts[f"table{number}.toml"] = table(number, one)
    try:
        folder.mkdir(parents=True)
        for file, text in texts.items():
            write_whole(folder / file, text, replace=False)
    except OSError as error:
        raise ReproError(f"`{folder}` cannot be written: {error.strerror}.") from error
    return [folder / file for file in texts]


def study(name: str, tables: list[TypedTable], modules: list[str]) -> str:
    """The text of study.toml."""
    named = ", ".join(map(_text, modules))
    protocols = list(dict.fromkeys(map(protocol_of, tables)))
    first, *rest = protocols
    timing = TIMING.format(sign="" if any(one.timed for one in tables) else "# ")
    text = STUDY.format(
        name=name,
        year=env.now()[:4],
        modules=f"modules = [{named}]" if modules else '# modules = ["net.py"]',
        guess=GUESS,
        protocol=first,
        rules=PROTOCOLS[first][0],
        metric=PROTOCOLS[first][1],
        supply=PROTOCOLS[first][2],
        timing=timing,
    )
    for other in rest:
        rules, metric, supply = PROTOCOLS[other]
        text += f"\n[protocols.{other}]\n{rules}\n"
        text += f'metric    = "{metric}"\nsupply    = "{supply}"\n'
        text += 'source    = "<section that says how it was evaluated>"\n'
    return text


def protocol_of(table: TypedTable) -> str:
    """The protocol that a table begins with."""
    return "mpii-val" if table.of_pckh else "coco-val2017"


def table(number: int, made: TypedTable) -> str:
    """The text of a table's file."""
    return "\n".join(_lines(number, made)) + "\n"


def _lines(number: int, made: TypedTable) -> Iterator[str]:
    yield "# One table. Cells are the strings that are printed: their digits are the tolerance."
    yield f'number   = "{number}"  {GUESS}: as printed'
    yield 'caption  = "<caption as printed>"'
    yield 'where    = "<section or page>"'
    yield f'protocol = "{protocol_of(made)}"  # one of study.toml'
    if made.timed:
        yield 'timing   = "machine"  # one of study.toml'
    for column in made.columns:
        yield from (
            "",
            "[[columns]]",
            f"key = {_text(column.key)}",
            f"label = {_text(column.label)}",
        )
        guess = made.guessed.get(column.key, "")
        mark = f"  {GUESS}: {guess}" if guess else ""
        if column.metric is None:
            yield f"# a column of words{f': {guess}' if guess else ''}"
            continue
        yield f'metric = "{column.metric}"{mark if column.metric != "macs" else ""}'
        yield f'unit = "{column.unit}"'
        if column.convention:
            yield f'convention = "{column.convention}"{mark}; or {", ".join(CONVENTIONS)}'
            yield "giga = 1_000_000_000  # or 1_073_741_824, what G stands for"
        if column.device:
            yield f'device = "{column.device}"'
    for row in made.rows:
        yield from _row(row, made.guessed.get(f"row {row.label}", ""))


def _row(row: Row, guess: str) -> Iterator[str]:
    yield from ("", "[[rows]]", f"label = {_text(row.label)}")
    size = f"input = [{row.input[0]}, {row.input[1]}]" if row.input else "input = [256, 192]"
    if row.model is None:
        yield 'cited = "<whose number it is; or name the model and its input instead>"'
        yield '# model = "NAME"'
        yield f"# {size}"
    else:
        yield f'model = "{row.model}"  {GUESS}: {guess}'
        yield size
    for what, values in (("cells", row.cells), ("notes", row.notes)):
        if values or what == "cells":
            pairs = ", ".join(f"{key} = {_text(text)}" for key, text in values.items())
            yield f"{what} = {{ {pairs} }}"


def _text(text: str) -> str:
    """A TOML string on one line."""
    plain = "".join(sign for sign in text if sign.isprintable())
    return json.dumps(plain, ensure_ascii=False)
