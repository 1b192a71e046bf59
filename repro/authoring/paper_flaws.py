"""A folder of papers looked over: all that is missing or wrong in it, not the first alone."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import zoo
from repro.authoring.flaws import Flaw, TomlFile
from repro.errors import ReproError, unknown
from repro.models import registry
from repro.papers import (
    checkpoint_catalogue,
    downloads,
    evidence,
    folders,
    published_elsewhere,
    readings,
    recipe_sources,
    table_checks,
)
from repro.papers.checkpoint_catalogue import Catalogue
from repro.papers.downloads import DownloadCatalogue
from repro.papers.evidence import EvidenceCatalogue
from repro.papers.published_elsewhere import ElsewhereCatalogue
from repro.papers.study import Study, load_study
from repro.papers.table import Table

OPTIONAL = {
    "slugs": "no short name: `slugs`",
    "own": "nothing tells the paper's networks from their rivals: `own`",
    "venue": "no `venue`",
    "code": "no official `code`",
    "recipes": "no `recipes`, so that nothing is trained by it",
}
"""field of a study -> what is lacking without it"""

LISTS: Mapping[str, tuple[type, str, Callable[[Path], list[ReproError]]]] = {
    checkpoint_catalogue.FILE: (Catalogue, "checkpoints", checkpoint_catalogue.wrong),
    downloads.FILE: (DownloadCatalogue, "", lambda path: []),
    evidence.FILE: (EvidenceCatalogue, "networks", evidence.wrong),
    published_elsewhere.FILE: (ElsewhereCatalogue, "", lambda path: []),
}
"""lists beside the papers: what each is, where its entries stand, and what is wrong among them"""


def studies(folder: Path) -> list[Path]:
    """The papers in a folder of them, tables without a study too; a folder that is one itself."""
    if (folder / folders.STUDY).exists():
        return [folder]
    names = folders.names(folder) | {path.parent.name for path in folder.glob("*/table1.toml")}
    return [folder / name for name in sorted(names)]


def catalogues(folder: Path) -> Iterator[Flaw]:
    """What is wrong with the lists beside the papers of a folder, if it has any."""
    for name, (kind, place, wrong) in LISTS.items():
        if (folder / name).is_file():
            file = TomlFile(folder / name)
            if file.read(kind) is not None:
                for error in wrong(folder / name):
                    file.add(place, error)
            yield from file.flaws


def paper(folder: Path) -> list[Flaw]:
    """What is wrong with a paper's study and its tables."""
    file = TomlFile(folder / folders.STUDY)
    study = file.read(Study)
    if file.data is not None:
        for place, error in _around(folder, file.data.get("name"), study):
            file.add(place, error)
        for field, said in OPTIONAL.items():
            if field not in file.data:
                file.add("", ReproError(said), required=False)
    flaws = [*file.flaws]
    tables = [path for path in sorted(folder.glob("table*.toml")) if _numbered(path)]
    if not tables:
        said = "the paper has no table: there is no `table1.toml`."
        flaws.append(Flaw(folders.shown(folder), None, "", said))
    for path in sorted(set(folder.glob("*.toml")) - set(tables)):
        if path.stem not in KNOWN and not path.stem.startswith("figure"):
            said = f"`{path.name}` is read by nothing; tables are called `table1.toml`."
            flaws.append(Flaw(folders.shown(path), None, "", said, required=False))
    for path in tables:
        flaws += _table(path, study)
    return [*flaws, *_readings(folder / readings.FILE)]


KNOWN = ("study", "claims", "figures", "pictures", "readings")
"""files of a paper beside its tables"""


def _readings(path: Path) -> list[Flaw]:
    """What is wrong with what a paper leaves open, if it says so."""
    if not path.is_file():
        return []
    file = TomlFile(path)
    read = file.read(readings.Readings)
    for error in readings.problems(read) if read else ():
        file.add("", error)
    return file.flaws


def _numbered(path: Path) -> bool:
    return path.stem.removeprefix("table").isdecimal()


def _around(folder: Path, name: object, study: Study | None) -> Iterator[table_checks.Problem]:
    """What is wrong between a study and what lies around it."""
    if isinstance(name, str) and name != folder.name:
        yield "name", ReproError(f"`name` is `{name}`, the folder is `{folder.name}`.")
    places = [one / folder.name for one in folders.study_folders()]
    places = [one for one in places if (one / folders.STUDY).is_file()]
    if folder not in places:
        places.append(folder)
    if len({place.resolve() for place in places}) > 1:
        yield "name", folders.twice(folder.name, places)
    if study is None:
        return
    for module in study.modules:
        try:
            registry.register(folder / module)
        except ReproError as error:
            yield "modules", error
    for other, aliases in _others(folder).items():
        for alias in {*study.slugs, folder.name} & aliases - ({folder.name} & {other}):
            yield "slugs", ReproError(f"`{alias}` is a name of `{other}` already.")
    for recipe in study.recipes:
        try:
            recipe_sources.resolve(study.name, study.recipes, recipe)
        except ReproError as error:
            yield f"recipes.{recipe}", error


def _others(folder: Path) -> dict[str, set[str]]:
    """The names that other papers go by."""
    aliases = {}
    for name in folders.all_names():
        try:
            if folders.study_folder(name).resolve() != folder.resolve():
                aliases[name] = {name, *load_study(name).slugs}
        except ReproError:
            continue  # what is wrong with it is told there
    return aliases


def _table(path: Path, study: Study | None) -> list[Flaw]:
    file = TomlFile(path)
    table = file.read(Table)
    if table is None:
        return file.flaws
    if study is not None:
        for place, error in table_checks.problems(table, study.protocols, study.timings):
            file.add(place, error)
    for place, error in table_checks.unfit_inputs(table):
        file.add(place, error)
    for number, row in enumerate(table.rows):
        if row.model is not None and row.model not in zoo.MODELS:
            hint = unknown("model", row.model, zoo.MODELS).hint
            said = f"no network is called `{row.model}`, so that its row is not run."
            cure = (
                hint if len(hint) < 200 else "`repro list --models`; or name its file: `modules`."
            )
            file.add(f"rows[{number}].model", ReproError(said, cure), required=False)
    return file.flaws
