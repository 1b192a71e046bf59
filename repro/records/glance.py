"""A record at a glance: what it is of and how much it is worth, without its figures."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from repro import schema
from repro.records.record import NAME, MadeBy, Record
from repro.records.requirements import (
    AccuracyRequirement,
    Requirement,
    SpeedRequirement,
    SubsetRequirement,
)
from repro.records.rule import StoredRecord, worth
from repro.records.runs import EVENTS, EvaluationRun, Run, TimingRun

BROKEN = ""
"""the kind of what is no record, by a glance"""
FIRST = "~"
"""when a broken one was made, so that it stands before the newest"""


class Glance(NamedTuple):
    """What the index keeps of a record file."""

    path: str
    """in the store"""
    stamp: str
    """of the file when it was read; empty where no time tells whether it has changed since"""
    kind: str
    subject: str
    """its weights, or its network; empty for a timing, which is of several"""
    worth: str
    """see `repro.records.rule.worth`"""
    code: str
    """the digest of its code; empty where more than that decides whether it is stale"""
    made: str
    spec: str
    """as JSON"""
    rest: str
    """what else a record without figures has, as JSON"""


def glance(file: Path, path: str, stamp: str) -> Glance:
    """What the index keeps of a record file; its digest is for whoever uses the record."""
    try:
        data = schema.json_file(file)
        spec, probe, made = data["spec"], data.get("probe", {}), data.get("made")
        code, unstable = data.get("code", ""), data.get("notes", {}).get("unstable", "")
        at = "" if made is None else made["at"]
        if not isinstance(probe, dict) or any(not isinstance(t, str) for t in (at, code, unstable)):
            raise TypeError
        rest = {
            "commit": data["env"].get("commit", "unknown"),
            "unstable": unstable,
            "code": code,
            "probe": probe,
            "made": None if made is None else asdict(MadeBy(**made)),
        }
        texts = json.dumps(spec), json.dumps(rest)
        kind, rank = _safe(spec.get("kind")), _safe(worth(outline(file, *texts).record))
        decisive = "" if probe or kind in EVENTS else _safe(code)
        return Glance(path, stamp, kind, _subject(spec), rank, decisive, _safe(at), *texts)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Glance(path, stamp, BROKEN, "", "", "", FIRST, "", "")


def outline(file: Path, spec: str, rest: str) -> StoredRecord:
    """A record without its figures, from what the index keeps."""
    name, facts = NAME.fullmatch(file.name), json.loads(rest)
    if name is None:
        raise ValueError(file)
    record = Record(
        name[1],
        json.loads(spec),
        (),
        {"commit": facts["commit"]},
        notes={"unstable": facts["unstable"]} if facts["unstable"] else {},
        code=facts["code"],
        probe=facts["probe"],
        made=MadeBy(**facts["made"]) if facts["made"] else None,
        number=int(name[2] or 1),
    )
    return StoredRecord(record, file)


class Narrowing(NamedTuple):
    """What all records that can satisfy a requirement have in common."""

    kind: str | None
    """None for any"""
    subject: str | None
    """None for any"""
    part: str = ""
    """a text that is in the JSON of their spec"""


def narrowed(wanted: Requirement) -> Narrowing:
    """By what the index finds the records that can satisfy a requirement."""
    if isinstance(wanted, AccuracyRequirement):
        return Narrowing(EvaluationRun.kind, _safe(wanted.weights))
    if isinstance(wanted, SubsetRequirement):
        return Narrowing(EvaluationRun.kind, None, wanted.annotations)
    if isinstance(wanted, SpeedRequirement):
        return Narrowing(TimingRun.kind, "")
    if isinstance(wanted, Run):
        return Narrowing(wanted.kind, _subject(wanted.plain))
    return Narrowing(None, None)


def present_code(wanted: Requirement) -> str:
    """The digest of the code that gives what is wanted now; empty where no single one does."""
    if isinstance(wanted, Run):
        return wanted.code
    if isinstance(wanted, AccuracyRequirement | SubsetRequirement):
        return EvaluationRun.code_of(wanted.model)
    return ""


def _subject(spec: Mapping[str, object]) -> str:
    if spec.get("kind") == TimingRun.kind:
        return ""
    weights = spec.get("weights")
    name = weights.get("name") if isinstance(weights, Mapping) else None
    return _safe(spec.get("model", "") if name is None else name)


def _safe(value: object) -> str:
    """A text that can be written as UTF-8."""
    return str(value).encode(errors="backslashreplace").decode()
