"""Write down what was found, for readers and for other programs: report."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import options
from repro.commands.common import emit, warn
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.records.record import Record
    from repro.records.store import Store
    from repro.report.contents import ReportContents, TrainingLink

FORMATS = {
    "html": (".html", ".htm"),
    "md": (".md",),
    "csv": (".csv",),
    "latex": (".tex",),
    "json": (".json",),
    "junit": (".xml",),
    "svg": (".svg",),
}
"""name -> endings of its files"""
PAGE = Path("report.html")
MOST_QUANTISED = 200
"""rows on networks in int8, the newest"""


def report(
    paper: options.PaperOrAll = "all",
    output: options.ReportFile = None,
    form: options.ReportFormat = "",
    store: options.StoreDir = options.RECORDS,
    check: options.CheckReport = False,
    as_json: options.Json = False,
) -> None:
    """Write everything that was judged: one HTML file, or other formats, by default to stdout.

    Of one paper, if it is named: its cells, claims and checks. RESULTS.md holds all papers, with a
    page for each in the folder results/. `--check` alone asks whether they are what tables and
    records give.

    Example: repro report -o report.html
    """
    from repro.errors import ReproError
    from repro.records.store import Store
    from repro.report.files import publish

    name = _format(form, output, check)
    if output is None and (name == "html" or check):
        output = {"html": PAGE, "md": options.RESULTS}.get(name)
        if output is None:
            raise ReproError("There is no file to check.", "Name it with -o.")
    if name == "md" and paper != "all":
        raise ReproError("RESULTS.md holds all papers.", f"Leave `{paper}` out, or name a format.")
    if as_json and output is None:
        raise ReproError("The result and --json both want stdout.", "Name a file with -o.")
    if output is not None and not check:
        _writable(output)
        if name == "md":
            publish.check(output)
    records = Store(store, say=say)
    texts = _texts(name, records, paper, output)
    warn(records)
    if output is None:
        print("\n".join(texts.values()), end="")
        return
    contents = {path: text.encode() for path, text in texts.items()}
    size = sum(map(len, contents.values()))
    others = [path for path, content in contents.items() if _read(path) != content]
    same = not others
    for path in others if not check else ():
        _write(path, contents[path])
    code = 3 if check and not same else 0
    state = "is up to date" if same else "would change: exit 3" if check else f"has {size:,} bytes"
    say(f"{output} {state}")
    if as_json:
        emit("report", file=str(output), format=name, bytes=size, same=same, exit=code)
    raise typer.Exit(code)


def _format(form: str, output: Path | None, check: bool) -> str:
    """The format that is meant: as named, as the file ends, else html, or md to be checked."""
    from repro.errors import ReproError, unknown

    if form:
        if form not in FORMATS:
            raise unknown("format", form, FORMATS)
        return form
    if output is None:
        return "md" if check else "html"
    for name, endings in FORMATS.items():
        if output.suffix.lower() in endings:
            return name
    known = ", ".join(ending for endings in FORMATS.values() for ending in endings)
    raise ReproError(f"`{output}` does not tell a format.", f"Name one, or end it with {known}.")


def _texts(name: str, store: "Store", paper: str, output: Path | None) -> dict[Path, str]:
    """What is to be in which files: of RESULTS.md also its pages."""
    from repro.report.files import publish

    if name == "md":
        path = output or options.RESULTS
        return publish.files(path, publish.render(store, path))
    return {output or PAGE: _text(name, store, paper, output)}


def _text(name: str, store: "Store", paper: str, output: Path | None) -> str:
    from repro.plans import selection
    from repro.verdicts import judge

    if name in ("html", "json"):
        beside = Path() if output is None else output.parent
        return _whole(name)(gathered(store, paper, beside))
    cells = judge.judge_all(selection.select(selection.tables(paper)), store.find)
    if name == "junit":
        from repro.report.files import junit

        return junit.cells(cells)
    if name == "svg":
        from repro.report.html import networks_svg

        return networks_svg.render(cells)
    from repro.report.files import export

    return export.as_csv(cells) if name == "csv" else export.as_latex(cells)


def _whole(name: str) -> "Callable[[ReportContents], str]":
    """What writes all that was judged, cells, claims and checks."""
    if name == "html":
        from repro.report.html import page

        return page.render
    from repro.report.files import export

    return export.as_json


def gathered(store: "Store", paper: str = "all", beside: Path = Path()) -> "ReportContents":
    """All cells, claims and checks, perhaps of one paper, judged by the records at hand.

    Of all papers also the networks on real images.
    Pages of trainings are named as from the folder `beside`.
    """
    from repro.evidence.checks import network_checks
    from repro.papers import lookup, study
    from repro.plans import selection
    from repro.report.contents import ReportContents
    from repro.verdicts import judge
    from repro.verdicts.audit import evidence, rules
    from repro.verdicts.claims import judging
    from repro.verdicts.claims.cell_values import MeasuredCells

    only = "" if paper == "all" else lookup.find_study(paper).name
    cells = judge.judge_all(selection.select(selection.tables(paper)), store.find)
    papers = [only] if only else study.study_names()
    claims = judging.judge_papers(papers, MeasuredCells(store))
    checks = rules.run(evidence.gather(selection.tables(), store.current), rules.named([]), only)
    shown = (store.find(one.wanted.spec) for one in cells if one.shown and one.wanted.spec)
    records = {record.key: record for record in shown if record is not None}
    on_images = [] if only else network_checks(store.find)
    beside_print = trainings(store, beside), quantised(store)
    return ReportContents(cells, claims, checks, records, *beside_print, evidence=on_images)


def trainings(store: "Store", beside: Path) -> "list[TrainingLink]":
    """The trainings of a store that have a page, by name, each with the way to it; no rehearsed."""
    import os
    from urllib.parse import quote

    from repro.records.store import PAGE
    from repro.report.contents import TrainingLink

    found = []
    for page in sorted(store.folder.glob(f"??/*/{PAGE}")):
        address = quote(Path(os.path.relpath(page, beside)).as_posix())
        for one in store.of_key(page.parent.name)[-1:]:
            data = one.record.spec.get("data")
            if not (isinstance(data, dict) and "rehearsal" in data):
                found.append(TrainingLink(one.record, address))
    return sorted(found, key=lambda one: (str(one.record.spec.get("name")), one.record.key))


def quantised(store: "Store") -> "list[Record]":
    """The rows of a store on networks in int8, of each pair of files the newest, by name."""
    from repro.records.runs import QUANTISED

    rows: dict[str, Record] = {}
    for outline in store.outlines(QUANTISED, MOST_QUANTISED):
        stored = store.at(outline.path)
        if stored is not None:
            rows.setdefault(str(stored.record.spec.get("files")), stored.record)
    return sorted(rows.values(), key=lambda one: (str(one.spec.get("network")), one.key))


def _writable(path: Path) -> None:
    from repro.errors import ReproError

    if path.is_dir():
        raise ReproError(f"`{path}` is a folder.", "Name a file with -o.")
    if not path.parent.is_dir():
        raise ReproError(f"There is no folder `{path.parent}` for `{path.name}`.")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    from repro.errors import ReproError
    from repro.files import write_whole

    try:
        write_whole(path, content)
    except OSError as error:
        raise ReproError(
            f"`{path}` cannot be written: {error.strerror}.", "Name another file with -o."
        ) from error
