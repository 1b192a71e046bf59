"""The papers as data: NAME/*.toml in the folders of tables as frozen dataclasses, checked whole."""

import fnmatch
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from repro import schema
from repro.errors import ReproError, unknown
from repro.models import registry
from repro.papers import folders, published, table_checks
from repro.papers.conventions import GIGA
from repro.papers.folders import shown
from repro.papers.folders import tables_dir as tables_dir
from repro.papers.metrics import COST, METRICS
from repro.papers.protocol import Protocol
from repro.papers.published import Published
from repro.papers.recipe_sources import WrittenRecipe
from repro.papers.table import AddedPart as AddedPart
from repro.papers.table import Column as Column
from repro.papers.table import Row as Row
from repro.papers.table import RowConvention as RowConvention
from repro.papers.table import Table as Table
from repro.papers.table import convention as convention
from repro.papers.table import scale as scale
from repro.papers.table_checks import wrong_giga
from repro.papers.values import Size


@dataclass(frozen=True, slots=True)
class TimingProcedure:
    """How speed was measured."""

    hardware: str
    procedure: str
    batch: int
    supply: str
    source: str
    input: Size | None = None


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A figure somebody else published for one of the models."""

    model: str
    metric: str
    value: str
    source: str
    input: Size | None = None
    on: str | None = None
    """data set and split, as in `COCO val2017`"""
    decode: str | None = None
    """the decoding, where it is not the usual one of the network"""
    convention: str | None = None
    """the rules that MACs were counted by"""
    giga: int = 10**9

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise unknown("metric", self.metric, METRICS)
        if self.giga not in GIGA:
            raise wrong_giga(self.giga)
        if self.published is None or (self.metric in COST and self.published.value <= 0):
            raise ReproError(f"`{self.value}` is no {self.metric}.")

    @property
    def published(self) -> Published | None:
        """The number in base units; None where `value` is none. M and G name the unit of MACs."""
        scale = METRICS[self.metric].scale
        if self.metric == "macs":
            mega = 10**6 if self.giga == 10**9 else self.giga // 2**10
            scale = mega if self.value.endswith("M") else self.giga
        return published.parse(self.value, scale)


@dataclass(frozen=True, slots=True)
class Study:
    """One paper."""

    name: str
    title: str
    authors: tuple[str, ...]
    year: int
    hardware: str
    protocols: Mapping[str, Protocol]
    slugs: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    """the networks that the paper proposes, as in `lpn_*`"""
    venue: str | None = None
    code: str | None = None
    notes: tuple[str, ...] = ()
    timings: Mapping[str, TimingProcedure] = field(default_factory=dict)
    recipes: Mapping[str, WrittenRecipe] = field(default_factory=dict)
    third_party: tuple[ThirdParty, ...] = ()
    ablations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """tables whose rows can be trained against each other -> by row the loss, where that differs"""
    modules: tuple[str, ...] = ()
    """Python files with networks of its own, from its folder on; see `repro.models.declared`"""
    variants: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """how a row's training differs from the usual one -> fields of its recipe"""

    def proposes(self, model: str | None) -> bool:
        """Whether a network is one of the paper's own."""
        return any(fnmatch.fnmatchcase(model or "", pattern) for pattern in self.own)


def study_names() -> list[str]:
    """The names of all studies that are whole, ours first, each folder's in order.

    A study beside ours that is broken is left out, see `folders.left_out`. ReproError where there
    are none, or none in the one folder that a user names.
    """
    every, trusted = folders.all_names(), folders.trusted()
    names: list[str] = []
    for name in every:
        error = None if name in trusted else broken(name, names)
        folders.leave_out(name, error)
        if error is None:
            names.append(name)
    if not every or folders.hold_nothing():
        raise folders.empty()
    return names


def broken(name: str, others: list[str]) -> ReproError | None:
    """What is wrong with a study or with one of its tables; None if it is whole.

    No name of it may be one of `others`.
    """
    try:
        study = load_study(name)
        for table in table_names(name):
            for _, error in table_checks.unfit_inputs(load_table(name, table)):
                raise ReproError(f"{table}.toml: {error}", error.hint)
    except ReproError as error:
        return ReproError(f"`{name}` is left out: {error}", error.hint)
    taken = {alias: other for other in others for alias in (other, *load_study(other).slugs)}
    for alias in (name, *study.slugs):
        if alias in taken:
            places = [folders.study_folder(one) for one in (taken[alias], name)]
            return folders.twice(alias, places)
    return None


def table_names(study: str) -> list[str]:
    """The names of a study's tables, in printed order."""
    paths = folders.study_folder(study).glob("table*.toml")
    names = [path.stem for path in paths if path.stem.removeprefix("table").isdecimal()]
    return sorted(names, key=lambda name: (len(name), name))


@functools.cache
def load_study(name: str) -> Study:
    """The study of exactly that name; the networks of its modules are known from then on."""
    path = folders.study_folder(name) / "study.toml"
    study = schema.read(Study, schema.toml(path, shown(path)), shown(path))
    if study.name != name:
        raise ReproError(f"{shown(path)}: `name` is `{study.name}`, the folder is `{name}`.")
    for module in study.modules:
        registry.register(path.parent / module)
    return study


@functools.cache
def load_table(study: str, name: str) -> Table:
    """The table of exactly that name."""
    path = folders.study_folder(study) / f"{name}.toml"
    table = schema.read(Table, schema.toml(path, shown(path)), shown(path))
    object.__setattr__(table, "study", study)
    object.__setattr__(table, "name", name)
    around = load_study(study)
    for _, error in table_checks.problems(table, around.protocols, around.timings):
        raise ReproError(f"{shown(path)}: {error}", error.hint)
    return table
