"""What docs/adding.md shows is carried out, in a copy of the checkout."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import ROOT
from support.thoroughness import daily

COPIED = ("cli.py", "repro", "zoo", "tables", "records", "tests/golden")
SECTIONS = {
    text.partition("\n")[0]: text
    for text in (ROOT / "docs" / "adding.md").read_text(encoding="utf-8").split("\n## ")[1:]
}
BLOCK = re.compile(r"(?P<said>[^\n]*)\n\n```(?P<kind>\w+)\n(?P<code>.*?)```", re.DOTALL)
NEW = re.compile(r"New file `([^`]+)`:")
CHANGED = re.compile(r"In `([^`]+)`, below `(.+?)`(?:, or .+)?:")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what is needed of the checkout."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    return tmp_path


CARRIED_OUT = """
import contextlib, io, json, os, sys
import cli

for kind, text, *words in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        if kind == "python":
            exec(text, {})
        elif words[0] == "export":
            os.environ.update(word.split("=", 1) for word in words[1:])
        else:
            sys.argv = words
            try:
                cli.main()
            except SystemExit as stop:
                assert not stop.code, f"{text}: {said.getvalue()}"
    print(json.dumps(said.getvalue()))
"""
"""what carries blocks out, one after the other, and tells what each said"""


def carried_out(folder: Path, blocks: list[tuple[str, ...]]) -> list[str]:
    """What Python blocks and commands print there; they must end well."""
    done = subprocess.run(
        [sys.executable, "-c", CARRIED_OUT],
        cwd=folder,
        env={
            **{"PYTHONPATH": str(folder), "PATH": "", "OMP_NUM_THREADS": "1"},
            **{"HOME": str(folder), "TMPDIR": str(folder)},  # nor the lock of other timings
        },
        input=json.dumps(blocks),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def steps(text: str) -> Iterator[tuple[str, str, str]]:
    """The line before each block of a section, the block's language, and the block."""
    for block in BLOCK.finditer(text):
        yield block["said"], block["kind"], block["code"]


COSTLY = {
    "A backend",
    "A convention of counting",
    "A data set",
    "A paper of your own",
    "Readings of what a paper leaves open",
}
"""sections whose commands load PyTorch, or are many"""


@pytest.mark.parametrize("section", daily(SECTIONS, lambda section: section not in COSTLY))
def test_what_the_document_shows_works(section: str, copy: Path) -> None:
    blocks: list[tuple[str, ...]] = []
    expected = []
    for said, kind, code in steps(SECTIONS[section]):
        new, changed = NEW.fullmatch(said), CHANGED.fullmatch(said)
        if new:
            path = copy / new[1]
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code, encoding="utf-8")
        elif changed:
            path = copy / changed[1]
            before, anchor, after = path.read_text(encoding="utf-8").partition(f"{changed[2]}\n")
            assert anchor, f"{changed[1]} has no line that ends in {changed[2]}"
            path.write_text(before + anchor + code + after, encoding="utf-8")
        elif kind == "python":
            blocks.append((kind, code))
            expected.append("")
        else:
            for line in code.splitlines():
                command, _, answer = line.partition("  # ")
                blocks.append((kind, command, *shlex.split(command)))
                expected.append(answer)
    assert any(expected)
    for (_, block, *_), answer, said in zip(
        blocks, expected, carried_out(copy, blocks), strict=True
    ):
        assert answer in said, f"{block}: {said}"


def test_the_eight_things_that_are_added_are_shown() -> None:
    assert list(SECTIONS) == [
        "A paper of your own",
        "A model of the zoo",
        "A table",
        "Readings of what a paper leaves open",
        "A convention of counting",
        "A data set",
        "A backend",
        "A kind of verdict",
    ]
