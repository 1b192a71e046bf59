"""A paper in short: what holds, what does not and why, what is not known."""

from fractions import Fraction
from itertools import count

from repro.papers.study import Column, Row, Table
from repro.records.requirements import Wanted
from repro.report.contents import ReportContents
from repro.report.files import markdown
from repro.report.front import MOST, FrontLine, PaperFront, front
from repro.verdicts.audit.check import AuditCheck, Quote
from repro.verdicts.claims.caveats import Caveat
from repro.verdicts.claims.claim import Claim, numbered
from repro.verdicts.claims.judging import Judged
from repro.verdicts.judge import Cell, MeasuredValue, Verdict

COLUMNS = {
    "params": Column("params", "#Params", "params", "M"),
    "fps": Column("fps", "FPS", "fps", "FPS"),
    "ap": Column("ap", "AP", "AP", "%"),
}
NUMBERS = count(1)


def cell(kind: str, reason: str, key: str = "params", cause: str = "", paper: str = "p") -> Cell:
    """A judged cell of its own row."""
    label = f"Network {next(NUMBERS)}"
    row = Row(label, {key: "2.7"}, cause={key: cause} if cause else {})
    table = Table("II", "", "", "", tuple(COLUMNS.values()), (row,))
    object.__setattr__(table, "study", paper)
    published = table.published(row, COLUMNS[key])
    assert published is not None
    value = MeasuredValue(Fraction(3), "", None, "key")
    return Cell(Wanted(table, row, COLUMNS[key], None), published, value, Verdict(kind, reason))


def claim(verdict: str, printed: str, reason: str = "", *caveats: str) -> Judged:
    """A judged sentence."""
    words = numbered(Claim("I", printed, "It is so.", "cost", why="no"), "p", 1)
    told = tuple(Caveat(kind, "a sentence") for kind in caveats)
    return Judged(words, verdict, reason, caveats=told)


def check(rule: str, severity: str, finding: str, *papers: str) -> AuditCheck:
    """A finding that quotes a row of each paper."""
    quotes = tuple(Quote(paper, "Table I", "Net", "AP", "1", "table1") for paper in papers)
    return AuditCheck(rule, severity, quotes, "1 and 2", finding)


def in_short(
    cells: tuple[Cell, ...] = (),
    claims: tuple[Judged, ...] = (),
    checks: tuple[AuditCheck, ...] = (),
) -> PaperFront:
    """The front of paper `p`."""
    return front(ReportContents(cells, claims, checks, {}), "p")


def test_what_prints_as_published_holds_and_the_rest_says_why() -> None:
    causes = ("Ours lacks 0.38M. More.", "Ours lacks 0.27M. Else.", "It is of 17 joints.")
    found = in_short(
        (
            cell("match", "rounded"),
            cell("convention", "by the other rules"),
            *(cell("off", "Ours is -1 %.", cause=cause) for cause in causes),
            cell("cited", "copied"),
            cell("off", "not of this paper", paper="q"),
        )
    )
    assert [line.said for line in found.holds] == [
        "Of its 5 parameter and MAC counts 1 prints as published and 1 prints so under another "
        "convention or a named condition."
    ]
    (line,) = found.fails
    assert line.said == "✗ 3 counts print otherwise."
    assert line.parts[0] == "2 cells of Table II: Ours lacks 0.38M."
    assert line.parts[1].endswith("(#Params): It is of 17 joints.")
    assert found.unknown == ()


def test_speeds_and_accuracies_hold_fail_or_were_not_run() -> None:
    found = in_short(
        (
            *(cell("missing", reason, "ap") for reason in ("A.", "B.", "B.", "C.", "D.")),
            cell("match", "", "ap"),
            cell("off", "The order is reversed. More.", "fps"),
            cell("rank", "", "fps"),
            cell("missing", "Not counted yet."),
        )
    )
    assert [line.said for line in found.holds] == [
        "Of 1 accuracy that was run 1 is as published.",
        "Of 2 speeds that were run 1 is in the same order.",
    ]
    (speeds,) = found.fails
    assert speeds.said == "✗ Of 2 speeds that were run 1 is off."
    assert speeds.parts[0].endswith("(FPS): The order is reversed.")
    assert found.unknown == (
        FrontLine("6 numbers were not run here.", ("2: B.", "1: A.", "and 3 more")),
    )


def test_statements_are_counted_and_those_that_fail_quoted() -> None:
    found = in_short(
        claims=(
            claim("holds", "one", "", "noise"),
            claim("holds", "two", "", "noise", "copied"),
            *(claim("contradicted", f"no {n}", "It gives 2. Then more.") for n in range(MOST + 1)),
            claim("unchecked", "who knows"),
        )
    )
    assert found.holds[0].said == "Of 6 statements of its text 2 hold."
    (line,) = found.fails
    assert line.said.startswith("✗ 3 statements are contradicted by the paper")
    assert line.parts == (*(f"“no {n}”: It gives 2." for n in range(MOST)), "and 1 more")
    said = [line.said for line in found.unknown]
    assert said[0].startswith("Of 6 statements of its text 1 cannot be checked ")
    assert said[1].startswith("2 statements rest on differences")
    assert said[2].startswith("1 statement rests on figures that look copied")


def test_a_paper_answers_for_what_is_printed_in_it_alone() -> None:
    found = in_short(
        checks=(
            check("sums", "contradiction", "1 is not 2. Why.", "p"),
            check("sums", "contradiction", "3 is not 4.", "p"),
            check("weights", "contradiction", "It costs more.", "p", "q"),
            check("splits", "implausible", "Copied from p.", "q", "p"),
            check("agreement", "contradiction", "One network has one AP.", "p", "q"),
            check("order", "note", "It may be.", "p"),
            check("order", "implausible", "", "p"),
        )
    )
    (line,) = found.fails
    assert line.said == "✗ Its tables hold 3 contradictions."
    assert line.parts == (
        "Table I, Net: 1 is not 2.",
        "Table I, Net: It costs more.",
        "and 1 more",
    )
    (other,) = found.unknown
    assert other.said.startswith("1 network has other figures in q,")


def test_nothing_is_said_of_nothing() -> None:
    assert in_short().parts == ()


def test_a_long_reason_is_cut() -> None:
    (line,) = in_short((cell("off", "", cause="word " * 200),)).fails
    assert len(line.parts[0]) < 400 and line.parts[0].endswith(" …")


def test_the_document_begins_with_it() -> None:
    from repro.plans import selection
    from repro.verdicts.judge import judge_all

    cells = judge_all(selection.select(selection.tables("paper2", "table3")), lambda spec: None)
    pages = markdown.results(ReportContents(cells, (), (), {}))
    begun, _, _ = pages.main.partition("## How to read the tables")
    assert "## In short: paper2, " in begun and "numbers were not run here" in begun
    assert "### paper2 Table" not in pages.main and "(results/paper2.md)" in begun
    document = pages.papers["paper2"]
    begun, _, rest = document.partition("### paper2 Table 3")
    assert "numbers were not run here." in begun and "|" not in begun and rest
    assert "- noise: AP: perhaps noise +0.4 (LPN-152 GC); more than the images make +2.5" in rest
    assert document.count("bootstrap of") == 1, "where the noise is from is told once"
