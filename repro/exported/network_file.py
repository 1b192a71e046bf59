"""An exported network that was opened: what it takes, gives and states."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.exported import form, metadata, opening
from repro.exported.form import ABOUT, ImageInput, Port
from repro.exported.metadata import StatedFacts
from repro.papers.values import Size
from repro.records.remarks import Remark

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True)
class NetworkFile:
    """An ONNX file with one input for images, ready to run on the processor."""

    path: Path
    session: "onnxruntime.InferenceSession"
    image: ImageInput
    outputs: tuple[Port, ...]
    stated: StatedFacts = field(default_factory=StatedFacts)
    remarks: tuple[Remark, ...] = ()
    """on what of its input was assumed"""

    @property
    def name(self) -> str:
        """The file's name without folders, as remarks and records have it."""
        return self.path.name

    def size(self, given: Size | None) -> tuple[Size, tuple[Remark, ...]]:
        """Height and width of the input: the file's, or the user's where the file is open.

        With what there is to say of it; ReproError where the two disagree, or nobody says.
        """
        said, stated = f"`{self.path}`", self.stated.size
        fixed = self.image.height, self.image.width
        other = given or stated or (0, 0)
        size = (fixed[0] or other[0], fixed[1] or other[1])
        if given is not None and size != given:
            raise ReproError(
                f"{said} is built for {_sides(size)}, not {_sides(given)}.", "Leave --input out."
            )
        if not all(size):
            raise ReproError(
                f"{said} does not fix its input size.", "Name it: --input 256x192 (height x width)."
            )
        if stated is None or stated == size:
            return size, ()
        whose = "its graph" if all(fixed) else "--input" if given else "its graph, in part,"
        text = f"`{self.name}` states an input of {_sides(stated)}; {whose} has {_sides(size)}."
        return size, (Remark(ABOUT, text),)


def open_file(path: Path, threads: int = 0) -> NetworkFile:
    """The network in a file; ReproError for anything else, and for one with other inputs."""
    session = opening.session(path, threads)
    inputs, outputs = (
        tuple(map(form.port, ports)) for ports in (session.get_inputs(), session.get_outputs())
    )
    image, remarks = form.image_input(inputs, path)
    known = dict(session.get_modelmeta().custom_metadata_map)
    return NetworkFile(path, session, image, outputs, metadata.stated(known, str(path)), remarks)


def _sides(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
