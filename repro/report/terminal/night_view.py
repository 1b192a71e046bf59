"""A night of checks, for a reader, for GitHub's step summary and as JUnit."""

from pathlib import Path

from repro.nightly import Done, Result
from repro.report.files import gates

SIGNS = {"good": "✓", "bad": "✗", "failed": "✗", "unstable": "?", "skipped": "–"}


def line(done: Done) -> str:
    """One step."""
    facts = f"{SIGNS[done.state]} {done.name}: {done.state}, {done.seconds:.0f} s"
    return f"{facts}  {done.said}".rstrip()


def ending(result: Result, out: Path) -> str:
    """The night in a line."""
    good = sum(one.state == "good" for one in result.steps)
    again = f", {len(result.again)} of them for the second time" if result.again else ""
    bad = f"; bad: {', '.join(result.bad[:5])}{again}" if result.bad else ""
    return f"{good} of {len(result.steps)} steps good{bad}; {out} has all of it"


def write(result: Result, out: Path, summary: Path | None) -> None:
    """The documents of a night."""
    suite = gates.Suite("nightly")
    for step in result.steps:
        failed = step.state in ("bad", "failed")
        passed = step.state == "good"
        message = f"{step.state}: {step.said or 'it said nothing'}; {step.command}"
        suite.add(
            "nightly",
            step.name,
            message if failed else "",
            "" if failed or passed else message,
            step.seconds,
        )
    gates.written(out / "nightly.xml", suite.text())
    text = markdown(result)
    gates.written(out / "nightly.md", text)
    if summary is not None:
        gates.append(summary, text)


def markdown(result: Result) -> str:
    """The steps as a table, and what to do by hand about the bad ones."""
    rows = ["| | step | state | s | |", "|:--|:--|:--|--:|:--|"]
    rows += [
        f"| {SIGNS[one.state]} | {one.name} | {one.state} | {one.seconds:.0f} "
        f"| {gates.escaped(one.said)} |"
        for one in result.steps
    ]
    parts = ["### Nightly", "", *rows, ""]
    for title, cells in (("Bad", result.bad), ("Bad in the night before, too", result.again)):
        if cells:
            parts += [f"{title}:", "", *(f"- {gates.escaped(cell)}" for cell in cells[:50]), ""]
    redo = [one.command for one in result.steps if one.state in ("bad", "failed")]
    if redo:
        parts += ["To do it again:", "", "```sh", *redo, "```", ""]
    return "\n".join(parts)
