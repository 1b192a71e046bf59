"""Folders of papers looked over as a whole: studies, tables, claims, lists of files."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from repro.authoring import paper_flaws
from repro.authoring.claim_flaws import claims
from repro.authoring.flaws import Flaw
from repro.errors import ReproError
from repro.papers import folders


@dataclass(frozen=True, slots=True)
class CheckedPaper:
    """A paper and all that is missing or wrong in its files."""

    name: str
    folder: str
    flaws: tuple[Flaw, ...]


def papers(places: Sequence[Path]) -> list[CheckedPaper]:
    """The papers in some folders, each of which may be one itself; ReproError for no folder."""
    return [paper for place in places for paper in _in(place)]


def _in(place: Path) -> Iterator[CheckedPaper]:
    if not place.is_dir():
        raise ReproError(f"There is no folder `{place}`.", "Name one that holds papers.")
    found = paper_flaws.studies(place)
    if not found:
        raise ReproError(
            f"No studies under `{place}`: it has no `NAME/study.toml`.",
            "`repro new paper NAME` begins one.",
        )
    around = place.absolute().parent if found == [place] else place
    with ExitStack() as stack:
        stack.enter_context(folders.also(around))
        beside = tuple(paper_flaws.catalogues(around))
        if beside:
            yield CheckedPaper("beside the papers", str(around), beside)
        for folder in found:
            yield _checked(folder.absolute() if found == [place] else folder)


def _checked(folder: Path) -> CheckedPaper:
    flaws = paper_flaws.paper(folder)
    readable = not any(flaw.required for flaw in flaws)
    flaws += claims(folder, readable)
    return CheckedPaper(folder.name, str(folder), tuple(flaws))
