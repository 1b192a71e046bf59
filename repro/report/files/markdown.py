"""RESULTS.md: what came out; and every table with the print, ours, the difference and the verdict.

A pure function of the tables and the records: the same inputs give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from repro.errors import listed
from repro.evidence.checks import NetworkCheck
from repro.papers import study
from repro.papers.conventions import CONVENTIONS
from repro.papers.metrics import FIELDS
from repro.papers.study import Study, Table
from repro.records.record import file_of
from repro.report import evidence_table, inert, overview, text
from repro.report.contents import ReportContents
from repro.report.evidence_table import EvidenceLine
from repro.report.front import PaperFront, front
from repro.report.grid import Grid, GridEntry, GridLine, grid
from repro.report.headlines import Headline, headlines
from repro.verdicts.audit.check import SEVERITIES
from repro.verdicts.claims.judging import VERDICTS
from repro.verdicts.judge import Cell, by_table, summary
from repro.verdicts.kinds import KINDS

SHORT = 80
"""characters of a reason that is said again below each table"""
REHEARSED = "<!-- Written by `repro rehearse`: no results; edits are lost. -->"


@dataclass(frozen=True, slots=True)
class Fold:
    """What is shown at a click on its summary."""

    summary: str
    parts: Sequence[str]


@dataclass(frozen=True, slots=True)
class ResultsPages:
    """The document, and what it leads to."""

    main: str
    papers: Mapping[str, str]
    """name of a paper -> its page, which lies in a folder beside the document"""

    @property
    def whole(self) -> str:
        """All one after another."""
        return "\n".join((self.main, *self.papers.values()))


def results(report: ReportContents, folder: str = "results") -> ResultsPages:
    """What came out, in short, and a page for each paper with its tables, in the folder beside it.

    No HTML of anybody else gets into them.
    """
    groups = by_table(report.cells)
    studies = {name: study.load_study(name) for name, _ in groups}
    fronts = {name: front(report, name) for name in studies}
    parts: list[str | Fold] = ["# Results", *_totals(report.cells)]
    parts += _headlines(headlines(report), folder)
    for name, paper in studies.items():
        parts.append(inert.visible(f"## In short: {name}, {paper.title}"))
        parts.append(_three_lines(fronts[name], f"{folder}/{name}.md"))
    parts += _evidence(report.evidence)
    parts += ["## How to read the tables", *_legend(report.cells), _links((), report.evidence)]
    papers = {}
    for name, paper in studies.items():
        of_paper = [cell for cell in report.cells if cell.wanted.table.study == name]
        title = inert.visible(f"# {name}: {paper.title}")
        page = [title, _authors(paper), *_front(fronts[name])]
        page.append(text.legend(of_paper))
        page += [f"Noise: {one}" for one in _noises(of_paper)]
        told: dict[str, str] = {}
        for (owner, table), group in groups.items():
            if owner == name:
                page += _table(grid(study.load_table(name, table), group), told)
        papers[name] = _document(text.RESULTS_MARK, [*page, _links(of_paper, up="../")])
    return ResultsPages(_document(text.RESULTS_MARK, parts), papers)


def _authors(paper: Study) -> str:
    authors = ", ".join(paper.authors) or "No authors are printed"
    return inert.visible(f"{authors} ({paper.year})")


def rehearsal(cells: Sequence[Cell], title: str, said: str) -> str:
    """The judged cells of a rehearsal as a document that nobody takes for results."""
    parts = [f"# {title}", f"**{said}**"]
    for (owner, table), group in by_table(cells).items():
        parts += _table(grid(study.load_table(owner, table), group), {})
    return _document(REHEARSED, [*parts, _links(cells)])


def _document(mark: str, parts: Sequence[str | Fold]) -> str:
    """The parts, below one another; only the folds are HTML."""
    return f"{mark}\n\n{_below(parts)}\n"


def _below(parts: Sequence[str | Fold]) -> str:
    written = (_fold(one) if isinstance(one, Fold) else inert.document(one) for one in parts)
    return "\n\n".join(filter(None, written))


def _fold(fold: Fold) -> str:
    summary = fold.summary.replace("<", "&lt;")
    return f"<details><summary>{summary}</summary>\n\n{_below(fold.parts)}\n\n</details>"


def _totals(cells: Sequence[Cell]) -> list[str]:
    """How many numbers there are, and what became of them, of all and of each paper."""
    papers = text.papers(len(study.study_names()))
    said = (
        f"{len(cells):,} printed numbers of {papers}, each beside what was measured here, where it "
        f"was: **{_counts(cells)}**. {_by_field(cells)} What was not run is not estimated: each "
        "such number, a `missing` one, says what would supply it."
    )
    frame = pd.DataFrame(
        {
            "paper": [cell.wanted.table.study for cell in cells],
            "verdict": [cell.verdict.kind for cell in cells],
        }
    )
    return [said, _markdown(_crossed(pd.crosstab(frame["paper"], frame["verdict"])))]


def _by_field(cells: Sequence[Cell]) -> str:
    """`Of 256 parameters and MACs 252 were measured here, of 665 accuracies none, ...`."""
    parts = []
    for names, noun in (
        (("parameters", "MACs"), "parameter and MAC counts"),
        (("accuracy",), "accuracies"),
        (("speed",), "speeds"),
    ):
        own = [
            cell
            for cell in cells
            if overview.field(cell.wanted.column) in names and cell.verdict.kind != "cited"
        ]
        run = sum(cell.verdict.kind != "missing" for cell in own)
        if own:
            parts.append(f"of {len(own):,} {noun} {f'{run:,}' if run else 'none'}")
    said = listed(parts)
    return f"{said[:1].upper()}{said[1:]} were measured or derived here."


def _counts(cells: Sequence[Cell]) -> str:
    """`186 match · 4 near · 689 missing`."""
    return " · ".join(f"{count:,} {kind}" for kind, count in summary(cells).items() if count)


def _three_lines(short: PaperFront, page: str) -> str:
    """What holds of a paper, what does not, and what is not known and would be told by what."""
    lines = []
    for heading, found in short.parts:
        first = next((place for place, line in enumerate(found) if line.parts), None)
        told = [
            f"{line.said.rstrip('.')} ({line.parts[0].rstrip('.')})."
            if place == first
            else line.said
            for place, line in enumerate(found)
        ]
        lines.append(f"- **{heading}**: {' '.join(told)}")
    lines.append(f"- [Its tables, cell by cell]({page})")
    return "\n".join(lines)


def _headlines(found: Sequence[Headline], folder: str) -> list[str]:
    """The strongest findings, numbered, with their proof and where it stands."""
    if not found:
        return []
    lines = [
        f"{number}. **{one.table.study}: {one.said}** {one.proof} `{one.command}`, "
        f"[{one.table.study} Table {one.table.number}]({folder}/{one.table.study}.md#"
        f"{_anchor(_heading(one.table))})."
        for number, one in enumerate(found, start=1)
    ]
    return ["## What stands out", "\n".join(lines)]


def _heading(table: Table) -> str:
    return inert.visible(f"{table.study} Table {table.number}: {table.caption}")


def _anchor(heading: str) -> str:
    """What the heading is called in a link, by the rule of GitHub."""
    kept = "".join(sign for sign in heading.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


def _front(short: PaperFront) -> list[str]:
    """A paper in short."""
    parts = []
    for heading, lines in short.parts:
        told = [f"- {line.said}" + "".join(f"\n  - {one}" for one in line.parts) for line in lines]
        parts += [f"**{heading}**", "\n".join(told)]
    return parts


def _legend(cells: Sequence[Cell]) -> list[str | Fold]:
    """The signs, how often each was given, and the ways of counting."""
    signs = "\n".join(
        f"- {KINDS[kind].sign} **{kind}**: {KINDS[kind].meaning}" for kind in summary(cells)
    )
    own = "; ".join(f"{one.sign} {one.meaning}" for one in VERDICTS.values())
    tables = "; ".join(f"{one.sign} {name}: {one.meaning}" for name, one in SEVERITIES.items())
    return [
        signs,
        f"Signs of statements: {own}. Of what tables hold: {tables}.",
        "A cost matches if it prints as the paper's digits, rounded or cut, under the counting "
        "convention of its cell. What the papers call FLOPs are multiply-accumulates (MACs). "
        "Networks are built after public code where there is some, else after the paper's text; "
        "`repro readings` shows what else a text may mean. A statement holds if the numbers it is "
        "about bear it out: the printed ones, and ours where they were measured.",
        Fold("How many of each sort", [_matrix(cells)]),
        Fold("Counting conventions", [_conventions()]),
    ]


def _noises(cells: Sequence[Cell]) -> list[str]:
    tables = {
        (cell.wanted.table.study, cell.wanted.table.name): cell.wanted.table for cell in cells
    }
    return text.noises(tables.values())


def verdict_table() -> str:
    """Every sign with its verdict and its meaning, as docs/index.md has them."""
    rows = [
        {
            "sign": kind.sign,
            "verdict": f"`{name}`",
            "meaning": ", ".join(filter(None, (kind.meaning, kind.says))),
        }
        for name, kind in KINDS.items()
    ]
    return _markdown(pd.DataFrame(rows))


def _matrix(cells: Sequence[Cell]) -> str:
    frame = pd.DataFrame(
        {
            "study": [cell.wanted.table.study for cell in cells],
            "cells of": [overview.field(cell.wanted.column) for cell in cells],
            "verdict": [cell.verdict.kind for cell in cells],
        }
    )
    matrix = pd.crosstab([frame["study"], frame["cells of"]], frame["verdict"])
    return _markdown(_crossed(matrix.reindex(FIELDS, level=1)))


def _crossed(counts: pd.DataFrame) -> pd.DataFrame:
    """A table of how often there is each verdict, with signs, in their order."""
    kinds = [kind for kind in KINDS if kind in counts.columns]
    named = {kind: f"{KINDS[kind].sign} {kind}" for kind in kinds}
    return counts[kinds].rename(columns=named).reset_index().astype(str)


def _evidence(checks: Sequence[NetworkCheck]) -> list[str | Fold]:
    """Networks with published weights on real images; nothing where none are known."""
    if not checks:
        return []
    parts: list[str | Fold] = [f"## {evidence_table.TITLE}"]
    parts += [evidence_table.LEAD, evidence_table.LIMITS]
    for place, table in enumerate(evidence_table.tables(checks)):
        lines = _markdown(pd.DataFrame([_checked(line) for line in table.lines]))
        chosen = f"The images are {table.images.chosen} Their ids are in `tables/evidence.toml`."
        shown = [lines, table.spread, _listed(table.lacking)]
        parts.append(f"### {table.images.name}: {table.images.title}")
        if place == 0:
            parts += [*shown, Fold("The images", [table.facts, chosen])]
        else:
            parts.append(Fold("The same on these images", [*shown, table.facts, chosen]))
    sources = _listed(evidence_table.sources(checks))
    return [*parts, Fold("Where the figures are published", [sources])]


def _listed(said: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- {what}: {text}" for what, text in said)


def _checked(line: EvidenceLine) -> dict[str, str]:
    ours = f"[{line.ours}][{line.record}]" if line.record else line.ours
    values = (
        line.network,
        line.rules,
        line.published,
        ours,
        line.interval,
        line.delta,
        line.inside,
    )
    return dict(zip(evidence_table.HEADINGS, values, strict=True))


def _conventions() -> str:
    rows = [{"convention": c.name, "tool": c.tool, "counts": c.rules} for c in CONVENTIONS.values()]
    return _markdown(pd.DataFrame(rows))


def _table(layout: Grid, told: dict[str, str]) -> list[str]:
    """A judged table and what is said of it; `told` is what was said below earlier ones, where."""
    table = layout.table
    facts = text.facts(table, "{} counted by `{}`, {}")
    parts = [f"### {_heading(table)}", " · ".join(facts)]
    parts.append(_markdown(pd.DataFrame([_row(line) for line in layout.lines])))
    if layout.changes:
        parts += [text.LADDER, _markdown(pd.DataFrame(layout.ladder))]
    said = [
        *(
            (f"{KINDS[kind].sign} {kind}, {where}", reason)
            for kind, where, reason in layout.remarks
        ),
        *(("noise", gain) for gain in layout.gains),
        *(
            ("note", note)
            for note in text.notes(table, "{row} ({column} printed {printed}): {note}")
        ),
    ]
    lines = []
    for head, reason in said:
        before = told.setdefault(reason, table.number) if len(reason) > SHORT else table.number
        known = "" if before == table.number else f"as below Table {before}."
        if not known or head != "note":
            lines.append(f"- {head}: {known or reason}")
    return [*parts, "\n".join(lines)] if lines else parts


def _row(line: GridLine) -> dict[str, str]:
    values: dict[str, str] = {}
    for entry in line.entries:
        title = entry.column.heading
        if entry.column.metric is None:
            values[title] = entry.cited
        elif entry.column.measured:
            values[title] = entry.printed
            values[f"{title} ours"] = _ours(entry)
            values[f"{title} Δ"] = entry.delta
        else:
            values[title] = f"{entry.printed} {entry.sign}".rstrip()
    return values


def _ours(entry: GridEntry) -> str:
    """Our value, linked to its record, and the sign."""
    if entry.cell is None or entry.cell.shown is None:
        return entry.sign
    return f"[{entry.ours}][{entry.cell.shown.record[: text.SHORT]}] {entry.sign}"


def _links(cells: Sequence[Cell], checks: Sequence[NetworkCheck] = (), up: str = "") -> str:
    """Where the records are that the tables link to; `up` is the way to their folder."""
    values = [cell.shown for cell in cells if cell.shown is not None]
    files = {value.record: file_of(value.record, value.number) for value in values}
    records = [check.record for check in checks if check.record is not None and check.shown]
    files |= {record.key: file_of(record.key, record.number) for record in records}
    return "\n".join(f"[{key[: text.SHORT]}]: {up}records/{files[key]}" for key in sorted(files))


def _markdown(frame: pd.DataFrame) -> str:
    """A table without padding, of which only the size of the file would tell."""
    rows = [list(frame.columns), *frame.to_numpy().tolist()]
    written = [[inert.cell(str(value)) for value in row] for row in rows]
    heading, *lines = (f"| {' | '.join(row)} |" for row in written)
    return "\n".join((heading, f"|{':--|' * len(frame.columns)}", *lines))
