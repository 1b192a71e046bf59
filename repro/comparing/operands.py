"""What the words of a comparison mean: two sets of results, two evaluations, or one paper."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.comparing.side import PUBLISHED
from repro.errors import ReproError
from repro.papers import lookup
from repro.records.store import Store

KEY = re.compile(r"[0-9a-f]{6,64}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The two things to be held against each other."""

    a: str
    b: str
    paper: str = "all"
    """whose printed numbers, where one of them is `published`"""
    evaluations: bool = False
    """whether they are two evaluations, and not two sets of results"""


def asked(a: str | None, b: str | None, store: Path, truth: bool) -> Asked:
    """What two words mean, one, or none: then it is the papers against the records of the store.

    A word that stands alone is a paper (by name, slug or a beginning that is no file), or the
    results to hold against the papers. With the truth at hand keys are those of evaluations.
    """
    if a is None:
        return Asked(PUBLISHED, _folder(store))
    if b is not None:
        return Asked(a, b, evaluations=_evaluations((a, b), store, truth))
    paper = _paper(a)
    if paper:
        return Asked(PUBLISHED, _folder(store), paper)
    if _evaluations((a,), store, truth=False):
        raise ReproError(
            f"`{a}` is one evaluation, and a comparison takes two.",
            "Name the other one as well: its key, or a file of poses.",
        )
    return Asked(PUBLISHED, a)


def _paper(word: str) -> str:
    """The paper that a word means; empty for none."""
    try:
        study = lookup.find_study(word)
    except ReproError:
        return ""
    exact = word.strip() in (study.name, *study.slugs)
    return study.name if exact or not Path(word).exists() else ""


def _folder(store: Path) -> str:
    """The folder of the store; ReproError where there is none."""
    if not store.is_dir():
        raise ReproError(
            f"There is no folder of records `{store}` to hold against the papers.",
            "`repro run all` makes one; name another with --store.",
        )
    return str(store)


def _evaluations(words: Sequence[str], store: Path, truth: bool) -> bool:
    """Whether evaluations are meant: files of poses, or keys."""
    if any(_are_poses(Path(word)) for word in words):
        return True
    if not all(KEY.fullmatch(word) and not Path(word).exists() for word in words):
        return False
    records = [record for _, record in Store(store).all() if record is not None]
    keys = [record.key for record in records if record.spec.get("kind") == "evaluate"]
    return truth or all(any(key.startswith(word) for key in keys) for word in words)


def _are_poses(path: Path) -> bool:
    """Whether a file is a list, or one of MATLAB's, as poses are."""
    try:
        return path.is_file() and _beginning(path).startswith((b"[", b"MATLAB"))
    except OSError:
        return False


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64).lstrip()
