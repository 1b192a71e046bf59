"""The report as one HTML file that needs nothing else: no network, no other file.

A pure function of tables and records: the same inputs give the same bytes. Every text goes through
the templates' escaping or through JSON that cannot end its script element, and the page's policy
(CSP) allows no script, style or request beside its own.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from jinja2 import Environment
from markupsafe import Markup

from repro.env import __version__
from repro.errors import ReproError
from repro.papers import folders, study
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.metrics import FIELDS
from repro.records.record import Record
from repro.report import evidence_table, overview, quantised_rows, text
from repro.report.contents import ReportContents
from repro.report.front import front
from repro.report.grid import Grid, grid
from repro.report.headlines import headlines
from repro.report.html import (
    diagram_plot,
    evidence_plot,
    figures,
    fronts,
    methods,
    networks_plot,
    page_data,
    plot,
    sentence_plots,
    speed_plots,
    training_links,
)
from repro.report.html.assets import STYLES, environment, joined, policy
from repro.verdicts.audit.check import SEVERITIES, AuditCheck, audit_summary
from repro.verdicts.audit.rules import RULES
from repro.verdicts.claims import judging
from repro.verdicts.judge import by_table, summary
from repro.verdicts.kinds import KINDS, NEAR

MARK = "<!-- Written by `repro report` from tables/ and records/. -->"
SCRIPTS = (
    "state.js",
    "views.js",
    "tables.js",
    "sorting.js",
    "drawer.js",
    "plots.js",
    "anatomy.js",
    "start.js",
    "search.js",
)
"""one module, in this order"""


def render(report: ReportContents) -> str:
    """The page."""
    script, style = joined(SCRIPTS), f"{joined((*STYLES, 'pictures.css', 'media.css'))}\n{_hues()}"
    grids = _grids(report)
    papers = list(grids)
    by_paper = {
        name: [cell for cell in report.cells if cell.wanted.table.study == name] for name in papers
    }
    return (
        templates()
        .get_template("page.html")
        .render(
            mark=Markup(MARK),  # the constant above
            version=__version__,
            style=Markup(style),  # our own files
            script=Markup(script),
            policy=policy(style, script),
            data=Markup(
                page_data.script_json(page_data.data(report))
            ),  # escaped for script elements
            report=report,
            papers=text.papers(len(papers)),
            studies=[study.load_study(name) for name in papers],
            grids=grids,
            drawn={name: list(_figures(name, report)) for name in papers},
            fronts_of={name: front(report, name) for name in papers},
            sentences={name: overview.sentence(cells) for name, cells in by_paper.items()},
            **_pictures(papers),
            **_on_images(report),
            networks=None if report.rehearsal else networks_plot.networks_plot(report.cells),
            headlines=headlines(report),
            networks_caption=networks_plot.CAPTION,
            matrix=overview.matrix(report.cells),
            fields=FIELDS,
            totals=summary(report.cells),
            near=f"{float(100 * NEAR):g} %",
            conventions=list(CONVENTIONS.values()),
            giga=GIGA,
            races=speed_plots.races(report),
            trainings=list(training_links.rows(report.trainings)),
            **_quantised(report),
            width=speed_plots.WIDTH,
            claims=[
                (name, list(group))
                for name, group in groupby(enumerate(report.claims), lambda one: one[1].claim.paper)
            ],
            claim_totals=judging.summary(report.claims),
            claim_verdicts=judging.VERDICTS,
            findings=[(check, _quotes(check)) for check in report.checks if check.finding],
            audit_totals=audit_summary(report.checks),
            severities=SEVERITIES,
            rules=_rules(report.checks),
            noises=text.noises(one.table for found in grids.values() for one in found),
            absent=methods.absent(report.cells),
            protocols=methods.protocols(papers),
            timings=methods.timings(papers),
            machines=methods.machines(_records(report)),
        )
    )


def _grids(report: ReportContents) -> dict[str, list[Grid]]:
    """The tables of each paper."""
    grids: dict[str, list[Grid]] = {}
    first = 0
    for (paper, name), cells in by_table(report.cells).items():
        grids.setdefault(paper, []).append(grid(study.load_table(paper, name), cells, first))
        first += len(cells)
    return grids


def _pictures(papers: Sequence[str]) -> dict[str, object]:
    """What the papers' equations do, and their drawings with the geometry of ours."""
    drawn: dict[str, object] = {}
    plots: dict[str, object] = {}
    for name in papers:
        drawn[name], plots[name] = [], []
        try:
            drawn[name], plots[name] = diagram_plot.drawn(name), sentence_plots.shown(name)
        except ReproError as error:
            _left_out(name, "pictures", error)
    return {"pictures": drawn, "sentence_plots": plots}


def _left_out(paper: str, what: str, error: ReproError) -> None:
    """Say what of a paper beside ours is not shown, and raise the error for one of ours."""
    if paper in folders.trusted():
        raise error
    said = f"The {what} of `{paper}` are left out: {error}"
    folders.leave_out(f"{paper} {what}", ReproError(said, error.hint))


def _on_images(report: ReportContents) -> dict[str, object]:
    """The networks on real images, with the drawing of each set."""
    tables = evidence_table.tables(report.evidence)
    return {
        "evidence": [(table, evidence_plot.evidence_plot(table)) for table in tables],
        "evidence_words": evidence_table,
        "evidence_width": evidence_plot.WIDTH,
    }


def _quantised(report: ReportContents) -> dict[str, object]:
    """The networks in 8 bits."""
    rows = [quantised_rows.row(record) for record in report.quantised]
    return {"quantised": rows, "quantised_headings": quantised_rows.HEADINGS}


def _records(report: ReportContents) -> list[Record]:
    """Every record that the page shows a figure of."""
    checked = (one.record for one in report.evidence if one.shown)
    return [*report.records.values(), *filter(None, checked)]


def templates() -> Environment:
    """The templates of the page, with what they call."""
    found = environment()
    found.filters["minus"] = lambda number: str(number).replace("-", "−")
    found.filters["class"] = _class
    found.filters["outcome"] = page_data.outcome
    found.globals |= {
        "kinds": KINDS,
        "ticks": plot.ticks,
        "fronts": fronts.fronts,
    }
    return found


def _quotes(check: AuditCheck) -> dict[tuple[str, str, str], list[str]]:
    """What a finding quotes: its table's place on the page, the table's name, the row -> texts."""
    quoted: dict[tuple[str, str, str], list[str]] = {}
    for quote in check.quotes:
        slug = f"{quote.paper}-{quote.table}" if quote.table else ""
        place = f"{quote.paper} {quote.where}" if quote.table else quote.where
        text = f"{quote.column} {quote.text}".strip()
        quoted.setdefault((slug, place, quote.row), []).append(text)
    return quoted


def _hues() -> str:
    """The colours of verdicts and findings; one never stands without its sign."""
    hues = (
        {name: severity.hue for name, severity in SEVERITIES.items()}
        | {name: verdict.hue for name, verdict in judging.VERDICTS.items()}
        | {name: kind.hue for name, kind in KINDS.items()}
    )
    return "\n".join(f".{_class(name)} {{ color: var(--{hue}); }}" for name, hue in hues.items())


def _class(name: str) -> str:
    """The class of elements that show a verdict or a severity."""
    return name.replace(" ", "-")


def _figures(
    paper: str, report: ReportContents
) -> Iterator[tuple[figures.Drawn, Sequence[plot.Plot | None]]]:
    """The figures of a paper, with the geometry of their panels."""
    places = {
        (table.study, table.name, one.wanted.row.label, one.wanted.column.key): (number, one)
        for number, one in enumerate(report.cells)
        for table in (one.wanted.table,)
    }
    reach = _reach(report)
    try:
        drawings = [figures.draw(paper, figure, places) for figure in figures.load(paper)]
    except ReproError as error:
        _left_out(paper, "figures", error)
        return
    for drawn in drawings:
        yield drawn, [plot.plot(panel, reach(panel)) for panel in drawn.panels]


def _reach(report: ReportContents) -> Callable[[figures.Panel], list[float]]:
    """What gives the values of a panel's MACs by all conventions, in their G."""

    def values(panel: figures.Panel) -> list[float]:
        cells = [report.cells[point.x.number] for point in panel.points if point.x.number >= 0]
        keys = [cell.measured.record for cell in cells if cell.measured]
        return [
            figure.value / giga
            for key in (keys if panel.x.metric == "macs" else ())
            for figure in report.records[key].measurements
            for giga in GIGA
            if figure.metric == "macs"
        ]

    return values


def _rules(checks: Sequence[AuditCheck]) -> list[tuple[str, str, int, int]]:
    """Name and purpose of each rule, how many findings it gave, and how often it found nothing."""
    return [
        (
            name,
            purpose,
            sum(1 for check in checks if check.rule == name and check.finding),
            sum(1 for check in checks if check.rule == name and not check.finding),
        )
        for name, (_, purpose) in RULES.items()
    ]
