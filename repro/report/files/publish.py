"""RESULTS.md and its pages: judge every table with the records at hand, compare, write."""

import contextlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.files import write_whole
from repro.papers.study import study_names
from repro.plans import selection
from repro.records.record import Record
from repro.records.requirements import Requirement
from repro.records.store import Store
from repro.report.text import RESULTS_MARK, counted
from repro.verdicts.judge import judge_all

if TYPE_CHECKING:
    from repro.report.files.markdown import ResultsPages

RESULTS = Path("RESULTS.md")


def render(store: Store, path: Path = RESULTS) -> "ResultsPages":
    """The document of that name and its pages, from every table and the store's records."""
    from repro.evidence.checks import network_checks
    from repro.report.contents import ReportContents
    from repro.report.files.markdown import results
    from repro.verdicts.audit import evidence, rules
    from repro.verdicts.claims import judging
    from repro.verdicts.claims.cell_values import MeasuredCells

    def stable(wanted: Requirement) -> Record | None:
        """An unstable timing is of its moment alone."""
        record = store.find(wanted)
        return None if record is None or record.unstable else record

    tables = selection.tables()
    cells = judge_all(selection.select(tables), stable)
    claims = judging.judge_papers(study_names(), MeasuredCells(store))
    checks = rules.run(evidence.gather(tables, store.current), rules.named([]))
    on_images = network_checks(store.find)
    contents = ReportContents(cells, claims, checks, {}, evidence=on_images)
    return results(contents, pages_folder(path).name)


def pages_folder(path: Path) -> Path:
    """Where the pages of a document lie: `results` beside `RESULTS.md`."""
    return path.parent / path.stem.lower()


def check(path: Path, store: Path | None = None, typed: bool = True) -> None:
    """Raise if `path` or a page is somebody's own file, or its folder is not there.

    And where it is made from the records beside it, which `store` is not, unless it was `typed`.
    """
    if not path.parent.is_dir():
        raise ReproError(f"There is no folder `{path.parent}` for `{path.name}`.")
    if path.exists() and not path.is_file():
        raise ReproError(f"`{path}` is no plain file.", "Choose another with --results.")
    for one in (path, *(pages_folder(path) / f"{name}.md" for name in study_names())):
        if one.exists() and not _ours(one):
            raise ReproError(
                f"`{one}` was not written by repro and is left alone.",
                "Choose another file with --results, or --no-write.",
            )
    beside = path.parent / "records"
    other = store is not None and store.resolve() != beside.resolve()
    if other and not typed and path.exists() and beside.is_dir():
        raise ReproError(
            f"`{path}` is made from `{beside}`, and would be written anew from `{store}` alone.",
            f"Say --no-write, or name a file: --results {path}.",
        )


def files(path: Path, pages: "ResultsPages") -> dict[Path, str]:
    """What is to lie where: the document at `path`, its pages in a folder beside it."""
    beside = pages_folder(path)
    return {path: pages.main} | {beside / f"{name}.md": it for name, it in pages.papers.items()}


def differing(wanted: Mapping[Path, str]) -> int:
    """How many lines of some files are others than they should be; 0 where all are to the byte."""
    count = 0
    for path, text in wanted.items():
        there = _text(path)
        old, new = Counter(there.splitlines()), Counter(text.splitlines())
        count += max((new - old).total(), (old - new).total(), there != text)
    return count


def write(path: Path, store: Store) -> str:
    """Write the document and its pages, but those that are so already; what was done, in words."""
    try:
        wanted = files(path, render(store, path))
    except ReproError as error:
        raise ReproError(f"`{path}` was not written. {error}", error.hint) from error
    there, changed = path.exists(), differing(wanted)
    for one, text in wanted.items():
        if _text(one) != text:
            try:
                write_whole(one, text)
            except OSError as error:
                raise ReproError(
                    f"`{one}` cannot be written: {error.strerror}.",
                    "The records are kept. Choose another file with --results, or --no-write.",
                ) from error
    if not there:
        return f"wrote {path} and its pages in {pages_folder(path)}"
    return (
        f"wrote {path}, {counted(changed, 'line')} changed" if changed else f"{path} is as it was"
    )


def _text(path: Path) -> str:
    """What a file holds; nothing where there is none, or none that can be read."""
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(len(RESULTS_MARK)) in (RESULTS_MARK, "")
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.") from error
