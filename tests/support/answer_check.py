"""Whether an answer with --json obeys the schema; the fixture `repro` asks it of every one."""

import functools
import json

import jsonschema_rs

from repro.commands.schema import DRAFT, FILE, of_command

PARTS = json.loads(FILE.read_text(encoding="utf-8"))["$defs"]
"""of the schema, where none allows a key that it does not name"""
for part in PARTS.values():
    part["additionalProperties"] = False


def check(words: tuple[str, ...], out: str) -> None:
    """Fail unless the output is one object, of the command's type and with no key beside it."""
    answer = json.loads(out, parse_constant=_refuse)
    command = answer["command"]
    assert " ".join(words).startswith(command), f"{command} answers to {' '.join(words)}"
    errors = min((list(kind.iter_errors(answer)) for kind in _kinds(command)), key=len)
    said = [f"at {error.instance_path}: {error.message[:500]}" for error in errors[:3]]
    assert not said, f"{command} --json, {said}"


@functools.cache
def _kinds(command: str) -> list[jsonschema_rs.Draft202012Validator]:
    """The answers that a command has."""
    roots = of_command(PARTS, command)["anyOf"]
    return [
        jsonschema_rs.validator_for({"$schema": DRAFT, **root, "$defs": PARTS}) for root in roots
    ]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
