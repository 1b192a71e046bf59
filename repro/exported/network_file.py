"""An exported network that was opened: what it takes, gives and states."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from repro.errors import ReproError
from repro.exported import form, metadata, runtimes, side_file
from repro.exported.form import ABOUT, ImageInput, Port
from repro.exported.metadata import StatedFacts
from repro.exported.runtime import Runtime
from repro.papers.values import Size
from repro.records.remarks import Remark


@dataclass(frozen=True)
class NetworkFile:
    """An exported file with one input for images, ready to run on the processor."""

    path: Path
    runtime: Runtime
    image: ImageInput
    outputs: tuple[Port, ...]
    stated: StatedFacts = field(default_factory=StatedFacts)
    """by the file itself, or by its side file"""
    remarks: tuple[Remark, ...] = ()
    """on what of its input was assumed"""

    @property
    def name(self) -> str:
        """The file's name without folders, as remarks and records have it."""
        return self.path.name

    @property
    def fixed(self) -> Size | None:
        """Height and width of the input; None where the file leaves one of them open."""
        height, width = self.image.height, self.image.width
        return None if height is None or width is None else (height, width)

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
        states = f"`{self.name}` states"
        if "size" in self.stated.beside:
            states = f"`{side_file.path_of(self.path).name}` says"
        text = f"{states} an input of {_sides(stated)}; {whose} has {_sides(size)}."
        return size, (Remark(ABOUT, text),)

    def any_size(self) -> "NetworkFile | None":
        """The same network for images of any size; None where it stays as it was built."""
        runtime = self.runtime.any_size(self.image)
        if runtime is None:
            return None
        image = replace(self.image, height=None, width=None)
        return replace(self, runtime=runtime, image=image, outputs=tuple(runtime.outputs))


def open_file(path: Path, threads: int = 0, layout: str = "") -> NetworkFile:
    """The network in a file; ReproError for anything else, and for one with other inputs.

    `layout` is that of the input where the user says it.
    """
    runtime = runtimes.opened(path, threads)
    own = metadata.stated(runtime.metadata, str(path))
    stated, said = side_file.merged(own, side_file.read(path), path)
    image, remarks = form.image_input(runtime.inputs, path, layout or stated.layout)
    return NetworkFile(path, runtime, image, tuple(runtime.outputs), stated, (*said, *remarks))


def _sides(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
