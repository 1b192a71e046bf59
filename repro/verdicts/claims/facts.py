"""What expressions read beside cells: facts of studies, networks, data sets and metrics.

A section of facts is a row of SECTIONS: how it is read, and what it is evidence of.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from repro.equations.facts import at
from repro.errors import ReproError, unknown
from repro.papers import lookup, network_facts, public_facts, study
from repro.papers.recipe_sources import WrittenRecipe
from repro.papers.study import Study
from repro.verdicts.claims.syntax import Cells, Fact, Node, Relation, inside, mistake

T = TypeVar("T")


class KnownFacts:
    """The facts that one paper's expressions can name; each file is read once."""

    def __init__(self, paper: str) -> None:
        self.paper = paper
        self.networks = network_facts.load(paper)
        self.public = public_facts.load()

    def value(self, fact: Fact) -> object:
        """The value that a path leads to; raise ReproError where it leads nowhere."""
        try:
            return SECTIONS[fact.section].read(fact, self)
        except ReproError as error:
            raise mistake(fact.at, str(error), error.hint) from error

    def grounds(self, relation: Relation) -> tuple[str, ...]:
        """What a comparison is held against, of GROUNDS; the print if it names nothing."""
        named = dict.fromkeys(
            PRINTED if isinstance(part, Cells) else SECTIONS[part.section].ground(part)
            for part in _parts(relation)
            if isinstance(part, Cells | Fact)
        )
        return tuple(named) or (PRINTED,)

    def sources(self, relation: Relation) -> tuple[str, ...]:
        """Who states the public figures that a comparison reads, where it is not the program."""
        stated = (
            self.public.source(part.section, part.name, part.path)
            for part in _parts(relation)
            if isinstance(part, Fact) and part.section in STATED
        )
        return tuple(dict.fromkeys(source for source in stated if source))

    def study(self, paper: str | None) -> Study:
        """The study that a fact is of."""
        return lookup.find_study(paper) if paper else study.load_study(self.paper)


PRINTED, TABLES, EQUATION = "printed", "tables", "equation"
NETWORK, READING, PUBLIC = "network", "reading", "public"


class ClaimGround(NamedTuple):
    """What a claim is held against, as a sentence begins with it."""

    noun: str
    verb: str


GROUNDS: Mapping[str, ClaimGround] = {
    PRINTED: ClaimGround("the printed numbers", "give"),
    TABLES: ClaimGround("the paper", "prints"),
    NETWORK: ClaimGround("the public network", "has"),
    READING: ClaimGround("our reading of the network", "has"),
    PUBLIC: ClaimGround("the public figures", "are"),
    EQUATION: ClaimGround("the equation", "gives"),
}


class FactSection(NamedTuple):
    """One section of facts."""

    read: Callable[[Fact, KnownFacts], object]
    ground: Callable[[Fact], str]
    """what a fact of it is evidence of"""


def written(value: object) -> str:
    """A value as an error names it."""
    if isinstance(value, bool):
        return f'"{str(value).lower()}"'
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}, the first is `.1`"
    return f'"{value:.60}"' if isinstance(value, str) else "a table"


def _of_study(fact: Fact, known: KnownFacts) -> object:
    """Of a recipe, a protocol or a timing."""
    paper = known.study(fact.paper)
    entries: Mapping[str, object] = getattr(paper, fact.section)
    what = fact.section.removesuffix("s")
    entry = _known(entries, fact.name, f"{what} of {paper.name},")
    return _below(_fields(entry, fact.case), fact.path, f"{fact.section}.{fact.name}")


def _of_network(fact: Fact, known: KnownFacts) -> object:
    if fact.paper:
        raise ReproError("A network belongs to no paper.", f"Leave `{fact.paper}:` out.")
    question, rest = network_facts.asked(fact.name, fact.path)
    return _below(known.networks.answer(question), rest, str(question))


def _of_dataset(fact: Fact, known: KnownFacts) -> object:
    where = f"datasets.{fact.name}"
    return _below(known.public.dataset(fact.name), fact.path, where)


def _of_metric(fact: Fact, known: KnownFacts) -> object:
    return _below(known.public.metric(fact.name), fact.path, f"metrics.{fact.name}")


def _of_print(fact: Fact, known: KnownFacts) -> str:
    """Whether a paper prints a table of that number, or in it a column of that key or label."""
    paper = known.study(fact.paper).name
    if fact.name not in study.table_names(paper):
        return "no table"
    if not fact.path:
        return "a table"
    columns = study.load_table(paper, fact.name).columns
    names = {name for column in columns for name in (column.key, column.label, column.metric)}
    return "a column" if fact.path[0] in names else f"no column {fact.path[0]}"


def _of_equation(fact: Fact, known: KnownFacts) -> float:
    if len(fact.path) > 1:
        raise ReproError(f"Nothing in {fact.name} is below `{fact.path[0]}`.")
    return at(known.study(fact.paper).name, fact.name, fact.case or "", fact.path[0])


def _network_ground(fact: Fact) -> str:
    return NETWORK if network_facts.official(fact.name) else READING


SECTIONS: Mapping[str, FactSection] = {
    "recipes": FactSection(_of_study, lambda fact: PRINTED),
    "protocols": FactSection(_of_study, lambda fact: PRINTED),
    "timings": FactSection(_of_study, lambda fact: PRINTED),
    "printed": FactSection(_of_print, lambda fact: TABLES),
    "model": FactSection(_of_network, _network_ground),
    "equation": FactSection(_of_equation, lambda fact: EQUATION),
    "datasets": FactSection(_of_dataset, lambda fact: PUBLIC),
    "metrics": FactSection(_of_metric, lambda fact: PUBLIC),
}
STATED = ("datasets", "metrics")
"""sections whose figures may have somebody who states them"""


def _parts(relation: Relation) -> Iterator[Node]:
    for side in (relation.left, relation.right):
        yield from inside(side)


def _fields(value: object, case: str | None) -> object:
    """The fields of a recipe, those of a case before the others; other things as they are."""
    if not isinstance(value, WrittenRecipe):
        if case is not None:
            raise ReproError("Only recipes have cases.")
        return value
    cases = {one.when: one.fields for one in value.cases}
    return value.fields if case is None else {**value.fields, **_known(cases, case, "case")}


def _below(value: object, path: tuple[str, ...], where: str) -> object:
    for step in path:
        value = _step(value, step, where)
    return value


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
