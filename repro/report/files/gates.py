"""A comparison for programs that read it: Markdown, GitHub's step summary, JUnit."""

import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable
from pathlib import Path

from repro.comparing.change import CALLS, Change, Comparison
from repro.errors import ReproError
from repro.files import write_whole
from repro.report import inert
from repro.report.comparison_table import chosen, totals, values

MOST = 2**20
"""bytes that GitHub shows of a step's summary"""
MANY, FEW = 200, 20


def markdown(comparison: Comparison, why: str = "") -> str:
    """A comparison as one table of what is not the same; what is the same is folded."""
    heading = f"### {escaped(comparison.a)} against {escaped(comparison.b)}"
    parts = [heading, "", totals(comparison) + (f"; {why}" if why else "")]
    figures = chosen(comparison.changes, MANY, FEW)
    if figures:
        parts += ["", *_table(figures)]
    left = sum(figure.call != "same" for figure in comparison.changes) - len(figures)
    if left:
        parts += ["", f"and {left} more"]
    same = [figure for figure in comparison.changes if figure.call == "same"]
    if same:
        parts += ["", f"<details><summary>{len(same)} the same</summary>", ""]
        parts += [*_table(same[:MANY]), "", "</details>"]
    calls = [f"{call}: {CALLS[call]}" for call in comparison.summary if call != "same"]
    return "\n".join([*parts, "", *([f"<sub>{'; '.join(calls)}</sub>", ""] if calls else [])])


def _table(rows: Iterable[Change]) -> list[str]:
    lines = ["| | | A | B | B - A | | |", "|:--|:--|--:|--:|--:|:--|:--|"]
    for figure in rows:
        cells = (figure.kind, figure.cell, *values(figure), figure.call, figure.reason)
        lines.append(f"| {' | '.join(escaped(cell) for cell in cells)} |")
    return lines


def escaped(text: str) -> str:
    """Words from anywhere, that neither HTML nor Markdown gets to interpret."""
    return inert.markdown(text[:300])


def append(path: Path, text: str) -> None:
    """Add to a step summary what fits into it, by whole lines; ReproError if it cannot be."""
    try:
        known = path.stat().st_size if path.is_file() else 0
        data = f"{text}\n".encode()
        room = MOST - known
        if len(data) > room:
            end = b"\n\n(more than a step summary holds)\n"
            data = data[: max(0, room - len(end))].rpartition(b"\n")[0] + end if room > 0 else b""
        with path.open("ab") as file:
            file.write(data)
    except OSError as error:
        raise ReproError(
            f"`{path}` cannot be written: {error.strerror}.", "Choose another file."
        ) from error


def written(path: Path, text: str) -> None:
    """Write a file whole; ReproError if it cannot be."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise ReproError(
            f"`{path}` cannot be written: {error.strerror}.", "Choose another file."
        ) from error


def junit(comparison: Comparison, caught: Collection[str]) -> str:
    """One test case for each figure: what a gate catches failed, what was not judged is skipped.

    Noise is no failure, whatever the gate.
    """
    suite = Suite(f"{comparison.a} against {comparison.b}")
    for figure in comparison.changes:
        a, b, change = values(figure)
        message = f"{figure.call}: {a} in A, {b} in B" + (f" ({change})" if change else "")
        message += f"; {figure.reason}" if figure.reason else ""
        if figure.call in caught and figure.call != "unstable":
            suite.add(figure.kind, figure.cell, failure=message)
        elif figure.call in ("missing", "incomparable", "unstable", "undecided"):
            suite.add(figure.kind, figure.cell, skipped=message)
        else:
            suite.add(figure.kind, figure.cell)
    return suite.text()


class Suite:
    """A JUnit test suite in the making, the only one of its document."""

    def __init__(self, name: str) -> None:
        self.root = ET.Element("testsuites")
        self.suite = ET.SubElement(self.root, "testsuite", name=_allowed(name))
        self.counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        self.seconds = 0.0

    def add(
        self, where: str, name: str, failure: str = "", skipped: str = "", seconds: float = 0.0
    ) -> None:
        """One case: passed, unless it failed or was skipped for a reason."""
        case = ET.SubElement(
            self.suite,
            "testcase",
            classname=_allowed(where),
            name=_allowed(name),
            time=f"{seconds:.1f}",
        )
        self.counts["tests"] += 1
        self.seconds += seconds
        for tag, count, message in (
            ("failure", "failures", failure),
            ("skipped", "skipped", skipped),
        ):
            if message:
                ET.SubElement(case, tag, message=_allowed(message))
                self.counts[count] += 1

    def text(self) -> str:
        """The document."""
        for name, count in self.counts.items():
            self.suite.set(name, str(count))
        self.suite.set("time", f"{self.seconds:.1f}")
        ET.indent(self.root)
        document: bytes = ET.tostring(self.root, encoding="utf-8", xml_declaration=True)
        return document.decode() + "\n"


def _allowed(text: str) -> str:
    """Without the signs that no XML document may hold."""
    return inert.visible(text[:2000])
