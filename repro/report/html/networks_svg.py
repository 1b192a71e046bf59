"""The picture of all networks as a file of its own, for a document that shows it."""

from collections.abc import Sequence

from markupsafe import Markup

from repro.errors import ReproError
from repro.report.html import page
from repro.report.html.assets import joined
from repro.report.html.networks_plot import CAPTION, NetworksPlot, networks_plot
from repro.verdicts.judge import Cell

EDGE, TOP, BETWEEN = 16, 66, 24
"""room beside the picture, above its plots and between them"""
STEP, LETTER = 40, 6.6
"""what an entry of the key takes beside its letters, and the width of a letter"""
DRAWN_BY = ("colours.css", "plots.css")
OWN = """
.page { fill: var(--page); }
.heading { font-size: 17px; font-weight: 600; }
"""


def render(cells: Sequence[Cell]) -> str:
    """The SVG, in the colours of the reader's system; ReproError where no network can be shown."""
    picture = networks_plot(cells)
    if picture is None:
        raise ReproError(
            "No network is printed with its cost and an accuracy on COCO val2017.",
            "Name a paper that has one, or none for all.",
        )
    placed, at = [], EDGE
    for plot in picture.plots:
        placed.append((at, plot))
        at += plot.canvas.width + BETWEEN
    return (
        page.templates()
        .get_template("networks_svg.html")
        .render(
            title=f"{CAPTION}: as printed, and as counted here",
            style=Markup(joined(DRAWN_BY) + OWN),  # our own files
            width=at - BETWEEN + EDGE,
            height=TOP + max(plot.canvas.height for plot in picture.plots) + EDGE,
            edge=EDGE,
            top=TOP,
            key=_key(picture),
            placed=placed,
            papers=picture.papers,
        )
    )


def _key(picture: NetworksPlot) -> list[tuple[float, str, str]]:
    """Where each entry stands, of which class its sign is, and what it says."""
    placed, at = [], float(EDGE)
    for kind, said in picture.key:
        placed.append((round(at, 1), kind, said))
        at += STEP + LETTER * len(said)
    return placed
