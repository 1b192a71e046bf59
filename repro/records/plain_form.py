"""A record as plain data: in its file, and in what a command that measures answers with --json."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from repro import schema
from repro.errors import ReproError
from repro.records import quantities
from repro.records.record import CURRENT, SCHEMA, Record

UNWRITTEN = ("standing", "number")
"""fields of a record that only a reader knows"""
CURE = (
    "Give what repro count, run, eval, score, speed or parity writes with --json. What an older "
    "version wrote lacks its records: run the command again."
)


def written(record: Record) -> dict[str, object]:
    """A record as plain data, with the digest of it."""
    data = {key: value for key, value in asdict(record).items() if key not in UNWRITTEN}
    return {**data, "digest": content_digest(data)}


def read(data: object) -> Record:
    """The record that plain data of any origin are; ReproError where they are none, or altered."""
    record = schema.read(Record, data, "record")
    if record.schema != SCHEMA:
        raise ReproError(f"it has schema {record.schema}, this version reads {SCHEMA}")
    if not record.measurements:
        raise ReproError("it holds no measurement")
    quantities.check(record.measurements, record.parts)
    assert isinstance(data, Mapping)
    if record.digest != content_digest(data):
        raise ReproError("the content is not what was written")
    return replace(record, standing=CURRENT, number=1)


def answer(path: Path, cure: str = CURE) -> Mapping[str, object]:
    """What a command answered with --json, from a file; empty for other JSON, else a ReproError."""
    try:
        data = schema.json_file(path)
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.", cure) from error
    except ValueError as error:
        raise ReproError(f"`{path}` is no JSON: {str(error)[:80]}.", cure) from error
    return data if isinstance(data, dict) and isinstance(data.get("command"), str) else {}


def answered(path: Path, cure: str = CURE) -> tuple[Record, ...]:
    """The records that an answer in a file rests on; ReproError where it has none."""
    data = answer(path, cure)
    records = data.get("records")
    if not isinstance(records, list):
        what = f"is of `{data['command']!s:.40}`" if data else "is no answer of repro"
        raise ReproError(
            f"`{path}` {what} and has no records: there is nothing to compare in it.", cure
        )
    whole = []
    for number, item in enumerate(records, 1):
        try:
            whole.append(read(item))
        except ReproError as error:
            why = f"{error!s:.300}".rstrip(".")
            raise ReproError(f"`{path}`: record {number} is not whole: {why}.", cure) from error
    return tuple(whole)


def content_digest(data: Mapping[str, object]) -> str:
    """The sha256 of a record as plain data, whatever digest stands in it."""
    rest = {key: value for key, value in data.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
