"""Whether an answer with --json obeys the schema; the fixture `repro` asks it of every one."""

import functools
import json

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from repro.commands.schema import FILE, of_command

PARTS = json.loads(FILE.read_text(encoding="utf-8"))["$defs"]
"""of the schema, where none allows a key that it does not name"""
for part in PARTS.values():
    part["additionalProperties"] = False


def check(words: tuple[str, ...], out: str) -> None:
    """Fail unless the output is one object, of the command's type and with no key beside it."""
    answer = json.loads(out, parse_constant=_refuse)
    command = answer["command"]
    assert " ".join(words).startswith(command), f"{command} answers to {' '.join(words)}"
    errors = [list(kind.iter_errors(answer)) for kind in _kinds(command)]
    error = best_match(min(errors, key=len))
    where = error and "/".join(map(str, error.absolute_path))
    assert error is None, f"{command} --json, at `{where}`: {error.message[:500]}"


@functools.cache
def _kinds(command: str) -> list[Draft202012Validator]:
    """The answers that a command has."""
    roots = of_command(PARTS, command)["anyOf"]
    return [Draft202012Validator({**root, "$defs": PARTS}) for root in roots]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
