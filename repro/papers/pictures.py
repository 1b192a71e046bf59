"""What a report draws beside a paper's words: its pictures, and what its equations do.

`tables/paperN/pictures.toml` holds the captions of the paper's drawings with the networks, or
modules of networks, that stand for them, and the sentences on equations and schedules with the plot
that shows what they do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from repro import schema
from repro.papers import folders
from repro.papers.values import Scalar, Size


@dataclass(frozen=True, slots=True)
class NetworkDrawing:
    """One network of the zoo to be drawn, or one module of it."""

    title: str
    model: str
    input: Size
    options: Mapping[str, Scalar | tuple[Scalar, ...]] = field(default_factory=dict)
    module: str = ""
    """path of the module that is drawn by its own parts; empty for the whole network"""
    note: str = ""

    @property
    def key(self) -> str:
        """What its diagram is kept under: `lpn_50 256x192 layer1.0 context=true`."""
        words = [self.model, f"{self.input[0]}x{self.input[1]}", self.module]
        words += [f"{name}={json.dumps(value)}" for name, value in sorted(self.options.items())]
        return " ".join(filter(None, words))


@dataclass(frozen=True, slots=True)
class PaperPicture:
    """A drawing of the paper, and ours of the same."""

    number: str
    caption: str
    where: str
    drawings: tuple[NetworkDrawing, ...]


@dataclass(frozen=True, slots=True)
class SentencePlot:
    """A sentence of the paper, and the plot of what its equation does."""

    heading: str
    """`Equation 4`, `Figure 3`"""
    where: str
    printed: str
    """the sentence, or the caption"""
    shows: str
    """a plot that the report knows"""
    says: str = ""
    """what is to be seen"""
    against: str = ""
    """a table whose printed differences to its first numbers stand beside the plot"""


@dataclass(frozen=True, slots=True)
class PaperPictures:
    """All that is drawn for a paper."""

    pictures: tuple[PaperPicture, ...] = ()
    plots: tuple[SentencePlot, ...] = ()


def load(paper: str) -> PaperPictures:
    """The pictures of the study of exactly that name; ReproError for a file that is not whole."""
    path = folders.study_folder(paper) / "pictures.toml"
    name = f"{paper}/pictures.toml"
    return (
        schema.read(PaperPictures, schema.toml(path, name), name)
        if path.exists()
        else PaperPictures()
    )
