"""What programs may expect of --json: schema."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from repro.commands import options
from repro.commands.common import emit

FILE = Path(__file__).parents[1] / "answers.schema.json"
"""see `repro.commands.answers.document`"""
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(command: options.AnsweringCommand = None, as_json: options.Json = False) -> None:
    """Print the JSON Schema of what the commands answer with --json, or of what one does.

    Example: repro schema count
    """
    parts = json.loads(FILE.read_text(encoding="utf-8"))["$defs"]
    document = of_command(parts, " ".join(command or ()))
    if as_json:
        emit("schema", document=document)
    else:
        print(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False))


def of_command(parts: Mapping[str, Mapping[str, object]], command: str = "") -> dict[str, object]:
    """The schema of a command's answers, of all where it is empty; ReproError for no command."""
    from repro.errors import unknown

    answers: dict[str, str] = {}
    for name, part in sorted(parts.items()):
        match part:
            case {"properties": {"command": {"const": str(word)}}}:
                answers[name] = word
    roots = [name for name, word in answers.items() if command in ("", word)]
    if not roots:
        raise unknown("command", command, dict.fromkeys(answers.values()))
    reached, waiting = {}, list(roots)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = parts[name]
            waiting += re.findall(r'"#/\$defs/(\w+)"', json.dumps(parts[name]))
    return {
        "$schema": DRAFT,
        "title": f"What repro {command or 'COMMAND'} --json prints",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in roots],
        "$defs": dict(sorted(reached.items())),
    }
