"""What the words of a comparison mean: two sets of results, two evaluations, or one paper."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.comparing import outputs
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


def asked(one: str | None, other: str | None, store: Path, truth: bool) -> Asked:
    """What two words mean, one, or none: then it is the papers against the records of the store.

    A word that stands alone is a paper (by name, slug or a beginning that is no file), or the
    results to hold against the papers. With the truth at hand keys are those of evaluations.
    """
    if one is None:
        return Asked(PUBLISHED, _kept(store))
    if other is not None:
        return Asked(one, other, evaluations=_evaluations((one, other), store, truth))
    paper = _paper(one)
    if paper:
        return Asked(PUBLISHED, _kept(store), paper)
    if _evaluations((one,), store, truth=False):
        raise ReproError(
            f"`{one}` is one evaluation, and a comparison takes two.",
            "Name the other one as well: its key, or a file of poses.",
        )
    return Asked(PUBLISHED, one)


def _paper(word: str) -> str:
    """The paper that a word means; empty for none."""
    try:
        found = lookup.find_study(word)
    except ReproError:
        return ""
    exact = word.strip() in (found.name, *found.slugs)
    return found.name if exact or not Path(word).exists() else ""


def _kept(store: Path) -> str:
    """The folder of the store; ReproError where there is none."""
    if not store.is_dir():
        raise ReproError(
            f"There is no folder of records `{store}` to hold against the papers.",
            "`repro run all` makes one; name another with --store.",
        )
    return str(store)


def _evaluations(words: Sequence[str], store: Path, truth: bool) -> bool:
    """Whether evaluations are meant: files of poses, or keys."""
    if any(Path(word).is_file() and outputs.are_poses(Path(word)) for word in words):
        return True
    if not all(KEY.fullmatch(word) and not Path(word).exists() for word in words):
        return False
    kept = [record for _, record in Store(store).all() if record is not None]
    keys = [one.key for one in kept if one.spec.get("kind") == "evaluate"]
    return truth or all(any(key.startswith(word) for key in keys) for word in words)
