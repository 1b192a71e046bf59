"""RESULTS.md: judge every table with the records at hand and write the document."""

from pathlib import Path

from repro.errors import ReproError
from repro.files import write_whole
from repro.plans import selection
from repro.records.record import Record
from repro.records.requirements import Requirement
from repro.records.store import Store
from repro.verdicts.judge import judge_all


def render(store: Store) -> str:
    """The document, from every table and the store's records."""
    from repro.evidence.checks import network_checks
    from repro.papers import study
    from repro.report.contents import ReportContents
    from repro.report.files import markdown
    from repro.verdicts.audit import evidence, rules
    from repro.verdicts.claims import judging
    from repro.verdicts.claims.cell_values import MeasuredCells

    def stable(wanted: Requirement) -> Record | None:
        """An unstable timing is of its moment alone."""
        record = store.find(wanted)
        return None if record is None or record.unstable else record

    tables = selection.tables()
    cells = judge_all(selection.select(tables), stable)
    claims = judging.judge_papers(study.study_names(), MeasuredCells(store))
    checks = rules.run(evidence.gather(tables, store.current), rules.named([]))
    on_images = network_checks(store.find)
    return markdown.results(ReportContents(cells, claims, checks, {}, evidence=on_images))


def check(path: Path, store: Path | None = None, typed: bool = True) -> None:
    """Raise if `path` is somebody's own file, or its folder is not there.

    And where it is made from the records beside it, which `store` is not, unless it was `typed`.
    """
    if not path.parent.is_dir():
        raise ReproError(f"There is no folder `{path.parent}` for `{path.name}`.")
    if path.exists() and not path.is_file():
        raise ReproError(f"`{path}` is no plain file.", "Choose another with --results.")
    if path.exists() and not _ours(path):
        raise ReproError(
            f"`{path}` was not written by repro and is left alone.",
            "Choose another file with --results, or --no-write.",
        )
    beside = path.parent / "records"
    other = store is not None and store.resolve() != beside.resolve()
    if other and not typed and path.exists() and beside.is_dir():
        raise ReproError(
            f"`{path}` is made from `{beside}`, and would be written anew from `{store}` alone.",
            f"Say --no-write, or name a file: --results {path}.",
        )


def write(path: Path, store: Store) -> None:
    """Write the document, unless it is there already with the same bytes."""
    try:
        text = render(store)
    except ReproError as error:
        raise ReproError(f"`{path}` was not written. {error}", error.hint) from error
    try:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)
    except OSError as error:
        raise ReproError(
            f"`{path}` cannot be written: {error.strerror}.",
            "The records are kept. Choose another file with --results, or --no-write.",
        ) from error


def _ours(path: Path) -> bool:
    from repro.report.files.markdown import MARK

    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(len(MARK)) in (MARK, "")
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.") from error
