"""The diagrams of all networks that the tables draw.

`python -m repro.diagrams.document` writes the copy that is installed with the package.
"""

from collections.abc import Mapping

from repro.diagrams import diagram, tracing
from repro.diagrams.diagram import Diagram
from repro.papers import pictures, study


def document() -> Mapping[str, Diagram]:
    """Every drawing of `pictures.toml` by its name; ReproError for one of no network."""
    drawings = (
        drawing
        for paper in study.study_names()
        for picture in pictures.load(paper).pictures
        for drawing in picture.drawings
    )
    return {
        one.key: tracing.diagram(one.model, one.input, one.options, one.module) for one in drawings
    }


if __name__ == "__main__":
    diagram.FILE.write_text(diagram.written(document()), encoding="utf-8")
