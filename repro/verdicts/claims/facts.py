"""What a study says of its recipes, protocols and timings, by the path to it."""

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from repro.errors import ReproError, unknown
from repro.papers import lookup, study
from repro.papers.recipe_sources import WrittenRecipe
from repro.verdicts.claims.syntax import Fact, mistake

T = TypeVar("T")


def of_study(fact: Fact, paper: str) -> object:
    """The value that a path leads to; raise ReproError where it leads nowhere."""
    try:
        paper_study = lookup.find_study(fact.paper) if fact.paper else study.load_study(paper)
        known: Mapping[str, object] = getattr(paper_study, fact.section)
        what = fact.section.removesuffix("s")
        value = _known(known, fact.name, f"{what} of {paper_study.name},")
        value = _fields(value, fact.case)
        for step in fact.path:
            value = _step(value, step, ".".join((fact.section, fact.name)))
    except ReproError as error:
        raise mistake(fact.at, str(error), error.hint) from error
    return value


def written(value: object) -> str:
    """A value as an error names it."""
    if isinstance(value, bool):
        return f'"{str(value).lower()}"'
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}, the first is `.1`"
    return f'"{value:.60}"' if isinstance(value, str) else "a table"


def _fields(value: object, case: str | None) -> object:
    """The fields of a recipe, those of a case before the others; other things as they are."""
    if not isinstance(value, WrittenRecipe):
        if case is not None:
            raise ReproError("Only recipes have cases.")
        return value
    cases = {one.when: one.fields for one in value.cases}
    return value.fields if case is None else {**value.fields, **_known(cases, case, "case")}


def _step(value: object, step: str, where: str) -> object:
    if isinstance(value, list | tuple):
        if not step.isdecimal() or not 1 <= int(step) <= len(value):
            raise ReproError(f"A list of {len(value)} in {where} has no item `{step}`.")
        return value[int(step) - 1]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if not isinstance(value, Mapping):
        raise ReproError(f"Nothing in {where} is below {written(value)}.")
    return _known(value, step, f"field in {where},")


def _known(known: Mapping[str, T], name: str, what: str) -> T:
    if name not in known:
        raise unknown(what, name, known)
    return known[name]
