"""Every command of `repro`: what it is for, and where it is, so that few need be imported."""

import shutil
import textwrap
from collections.abc import Mapping
from typing import NamedTuple

HELP = "Reproduce the tables of papers on lightweight human pose estimation, cell by cell."
EPILOG = (
    "Exit codes: 0 done, 1 a bug, 2 bad input, 3 differs, 4 nothing judged, 5 unstable or "
    "incomparable, 6 a run failed; interrupted, with what was finished kept: 130 by Ctrl-C, "
    "143 by SIGTERM, 129 by SIGHUP."
)
OPTIONS = {
    "--version": "Print the version.",
    "--install-completion": "Install completion for the current shell.",
    "--show-completion": "Show completion for the current shell, to copy it.",
    "-h, --help": "Show this message and exit.",
}
TOUR = """repro puts the numbers of papers on lightweight human pose estimation to the test.

  repro list                            what can be reproduced
  repro run paper1 table1               measure a table and hold it against the print
  repro explain paper2 table1 CPN flops why one cell got its verdict

`repro --help` lists all commands."""


class ListedCommand(NamedTuple):
    """A command, or a group of them."""

    place: str
    """module of `repro.commands` and what it is called there"""
    says: str
    """the first sentence of its help"""
    networks: bool = True
    """whether it takes networks from outside, by --module"""


PARTS: Mapping[str, Mapping[str, ListedCommand]] = {
    "Measure": {
        "run": ListedCommand("run:run", "Measure, judge every cell, write RESULTS.md."),
        "plan": ListedCommand(
            "run:plan",
            "Tell what `run` would do with the same words: every run, its state, what it takes.",
        ),
        "count": ListedCommand(
            "models:count", "Count parameters and MACs of models, and of exported files."
        ),
        "speed": ListedCommand(
            "speed:speed", "Time networks against each other, interleaved, in fresh processes."
        ),
        "eval": ListedCommand(
            "accuracy:eval_", "Evaluate a model on a data set: AP or PCKh with 95 % intervals."
        ),
        "predict": ListedCommand(
            "predict:predict",
            "Draw the poses that a model finds on pictures and videos, and write them in COCO's "
            "format.",
        ),
        "boxes": ListedCommand(
            "boxes:boxes",
            "Write the persons that a detector finds on pictures, in COCO's form, for `eval "
            "--boxes`.",
            networks=False,
        ),
    },
    "Judge": {
        "list": ListedCommand(
            "tables:list_",
            "List papers, tables or models; of tables also what is measured and what runs here.",
        ),
        "show": ListedCommand("tables:show", "Show a table as printed.", networks=False),
        "explain": ListedCommand("tables:explain", "Explain the verdict on one cell."),
        "claims": ListedCommand(
            "claims:claims", "Check the papers' sentences against printed and measured cells."
        ),
        "audit": ListedCommand(
            "audit:audit", "Check the printed tables against themselves and each other, by rules."
        ),
        "readings": ListedCommand(
            "readings:readings",
            "Hold each reading of a network that its paper under-specifies against the printed "
            "costs.",
        ),
        "compare": ListedCommand(
            "compare:compare",
            "Compare two sets of results, or image by image two evaluations: exit 3 if B is worse.",
            networks=False,
        ),
        "score": ListedCommand(
            "accuracy:score",
            "Score any results file, as the official evaluation does.",
            networks=False,
        ),
        "errors": ListedCommand(
            "errors:errors",
            "Tell the kinds of errors of poses, how often each is, and what mending it would give.",
        ),
        "parity": ListedCommand(
            "models:parity", "Compare models with the official code.", networks=False
        ),
        "report": ListedCommand(
            "report:report",
            "Write everything that was judged: one HTML file, or other formats, by default to "
            "stdout.",
        ),
    },
    "Data": {
        "data": ListedCommand("data:app", "Data sets: what is there, and one to try things on."),
        "fetch": ListedCommand(
            "fetch:fetch",
            "Download official data and weights, check and unpack them; go on where it was cut.",
        ),
        "weights": ListedCommand(
            "data:weights", "List the published checkpoints, or check a file against the models."
        ),
    },
    "Train and export": {
        "train": ListedCommand(
            "train:train",
            "Train a network by a paper's recipe; a killed training goes on where it was.",
        ),
        "rehearse": ListedCommand(
            "rehearse:rehearse",
            "Run the whole plan of a table, small, on generated pictures in the official layout.",
        ),
        "export": ListedCommand(
            "export:export",
            "Write a network as an ONNX file, checked against PyTorch before it is kept.",
        ),
        "quantise": ListedCommand(
            "quantise:quantise",
            "Make a network int8, and hold it against itself in floats, in one row.",
        ),
    },
    "Look after": {
        "doctor": ListedCommand("doctor:doctor", "Look over this machine.", networks=False),
        "nightly": ListedCommand(
            "nightly:nightly",
            "Check everything: machine, counts, parity, speed, evaluation, training, rehearsal, "
            "drift.",
            networks=False,
        ),
        "records": ListedCommand("records:app", "The store of measured records."),
        "new": ListedCommand("new:app", "Begin a paper of your own."),
        "check": ListedCommand("check:app", "Look over what you wrote."),
        "schema": ListedCommand(
            "schema:schema",
            "Print the JSON Schema of what the commands answer with --json, or of what one does.",
            networks=False,
        ),
    },
}
COMMANDS = {name: command for part in PARTS.values() for name, command in part.items()}


def overview() -> str:
    """What `repro --help` shows: all commands by what they are for, in whole sentences."""
    width = max(40, min(100, shutil.get_terminal_size().columns))
    parts = ["Usage: repro [OPTIONS] COMMAND [ARGS]...", _wrapped(HELP, width, "  ", "  ")]
    for title, commands in PARTS.items():
        parts.append(_listed(title, {name: one.says for name, one in commands.items()}, width))
    parts += [_listed("Options", OPTIONS, width), _wrapped(EPILOG, width, "  ", "  ")]
    return "\n\n".join(parts)


def _listed(title: str, entries: Mapping[str, str], width: int) -> str:
    column = max(map(len, entries)) + 4
    lines = [
        _wrapped(says, width, f"  {name}".ljust(column), " " * column)
        for name, says in entries.items()
    ]
    return "\n".join((f"{title}:", *lines))


def _wrapped(text: str, width: int, first: str, then: str) -> str:
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=then)
