"""Recipes as data: what a paper prints, what its official code does, each field with its source.

A study writes recipes down as far as they are known. `resolve` completes one by the recipe it names
under `otherwise`, and by the cases that apply to a data set, an input size or a network; it says of
every field where it is from.
"""

import dataclasses
import fnmatch
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers.recipe import Recipe

UNSAID = "no source gives it; as it is where nothing is said"


@dataclass(frozen=True, slots=True)
class RecipeCase:
    """What differs for a data set, an input size or some networks."""

    when: str
    """words that must all hold: `mpii`, `384x288`, `coco 384x288`, a network's name or pattern"""
    fields: Mapping[str, object]
    source: str


@dataclass(frozen=True, slots=True)
class WrittenRecipe:
    """A recipe as far as somebody wrote it down."""

    fields: Mapping[str, object]
    """some of a Recipe"""
    sources: Mapping[str, tuple[str, ...]]
    """where -> the fields that are from there"""
    otherwise: str | None = None
    """the recipe of the same study that gives what this one does not"""
    cases: tuple[RecipeCase, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ReproError where a field has no source, two, or an impossible value."""
        named = [name for names in self.sources.values() for name in names]
        for name in {*self.fields, *named}:
            if name not in FIELDS:
                raise unknown("field of a recipe", name, FIELDS)
            if named.count(name) != 1 or name not in self.fields:
                raise ReproError(
                    f"`{name}` of a recipe has {named.count(name)} sources"
                    f"{'' if name in self.fields else ', but no value'}.",
                    "Every field that is set needs one.",
                )
        for given in (self.fields, *(case.fields for case in self.cases)):
            for name in given:
                if name not in FIELDS:
                    raise unknown("field of a recipe", name, FIELDS)
            schema.read(Recipe, {**SAMPLE, **given}, "recipe")


FIELDS = {one.name: one for one in dataclasses.fields(Recipe)}
SAMPLE: Mapping[str, object] = {
    "optimizer": "Adam",
    "lr": 1.0,
    "epochs": 10**5,
    "batch": 1,
    "loss": {"name": ""},
}
"""stands for what a part of a recipe leaves out when the rest is checked"""


def parsed(given: Mapping[str, object]) -> dict[str, object]:
    """Fields as a user types them, checked; ReproError for what is no field or no such value."""
    for name in given:
        if name not in FIELDS:
            raise unknown("field of a recipe", name, FIELDS)
    fields = {
        name: (value,) if name == "milestones" and not isinstance(value, tuple) else value
        for name, value in given.items()
    }
    recipe = schema.read(Recipe, {**SAMPLE, **fields}, "recipe")
    return {name: getattr(recipe, name) for name in given}


@dataclass(frozen=True, slots=True)
class Deviation:
    """A field that a user set otherwise than the recipe has it."""

    field: str
    was: object
    now: object

    def __str__(self) -> str:
        return f"{self.field} {shown(self.now)} (the recipe: {shown(self.was)})"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A recipe made complete."""

    name: str
    """`paper1/paper`"""
    recipe: Recipe
    sources: Mapping[str, str]
    """for every field where its value is from"""
    deviations: tuple[Deviation, ...] = ()

    def changed(self, source: str, **given: object) -> "Resolved":
        """With other values, each a deviation; None leaves a field as it is."""
        new = {
            name: value
            for name, value in given.items()
            if value is not None and value != getattr(self.recipe, name)
        }
        return dataclasses.replace(
            self,
            recipe=dataclasses.replace(self.recipe, **new),  # type: ignore[arg-type]
            sources={**self.sources, **dict.fromkeys(new, source)},
            deviations=(
                *(one for one in self.deviations if one.field not in new),
                *(
                    Deviation(name, self.original(name), value)
                    for name, value in new.items()
                    if value != self.original(name)
                ),
            ),
        )

    def variant(self, source: str, **given: object) -> "Resolved":
        """The recipe of a row that is trained in a way of its own: nothing of it deviates."""
        recipe = dataclasses.replace(self.recipe, **given)  # type: ignore[arg-type]
        sources = {**self.sources, **dict.fromkeys(given, source)}
        return dataclasses.replace(self, recipe=recipe, sources=sources)

    def original(self, name: str) -> object:
        """A field as the recipe is written down."""
        known = {one.field: one.was for one in self.deviations}
        return known.get(name, getattr(self.recipe, name))

    def described(self) -> dict[str, object]:
        """For a run's record and --json."""
        return {
            "name": self.name,
            "fields": self.recipe.described(),
            "sources": dict(self.sources),
            "deviations": [str(one) for one in self.deviations],
        }


def resolve(
    study: str, written: Mapping[str, WrittenRecipe], name: str, words: Sequence[str] = ()
) -> Resolved:
    """The recipe of that name, completed.

    `words` are what cases are about: the data set, the input size as `256x192`, the network.
    """
    if name not in written:
        raise unknown(f"recipe of {study}", name, written)
    given: dict[str, object] = {}
    sources: dict[str, str] = {}
    for origin in reversed(_chain(study, written, name)):
        from_another = "" if origin == name else f"{origin}: "
        given |= written[origin].fields
        for where, names in written[origin].sources.items():
            sources |= dict.fromkeys(names, f"{from_another}{where}")
        for case in written[origin].cases:
            if _holds(case.when, words):
                given |= case.fields
                sources |= dict.fromkeys(case.fields, f"{from_another}{case.source}")
    recipe = schema.read(Recipe, given, f"recipe {name} of {study}")
    return Resolved(f"{study}/{name}", recipe, {**dict.fromkeys(FIELDS, UNSAID), **sources})


def differing(recipe: Recipe, other: Recipe) -> dict[str, tuple[object, object]]:
    """The fields in which two recipes differ, with both values."""
    pairs = {name: (getattr(recipe, name), getattr(other, name)) for name in FIELDS}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _chain(study: str, written: Mapping[str, WrittenRecipe], name: str) -> list[str]:
    """The recipe and those that complete it, each only once."""
    chain = [name]
    while (following := written[chain[-1]].otherwise) is not None:
        if following not in written or following in chain:
            raise ReproError(f"{study}: recipe `{chain[-1]}` cannot be completed by `{following}`.")
        chain.append(following)
    return chain


def _holds(when: str, words: Sequence[str]) -> bool:
    return all(any(map(functools.partial(_same, one), words)) for one in when.split())


def _same(pattern: str, word: str) -> bool:
    return fnmatch.fnmatchcase(word, pattern)


def shown(value: object) -> str:
    """A field's value as a person writes it."""
    if isinstance(value, tuple):
        return ", ".join(map(shown, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
