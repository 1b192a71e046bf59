"""The inputs of top-down networks: a crop around each person."""

from collections.abc import Sequence
from pathlib import Path

from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.data.pictures import Colour, Pixels, coloured, picture
from repro.pose.transforms import crop, matrix

KEPT = 4
"""decoded images held back, enough for a few threads that walk through neighbouring instances"""


class Crops:
    """Of each instance the crop (height, width, 3), uint8, and the position of the instance.

    Instances of one image follow each other, so that an image is decoded once. Those that are
    `held` in memory, BGR, are not read. Threads may share one of these.
    """

    def __init__(
        self,
        folder: Path,
        annotations: Annotations,
        instances: Instances,
        size: tuple[int, int],
        colour: Colour = "RGB",
        udp: bool = False,
        upright: bool = False,
        held: Sequence[Pixels] = (),
    ) -> None:
        self.folder = folder
        self.annotations = annotations
        self.instances = instances
        self.size = size
        self.colour = colour
        self.udp = udp
        self.upright = upright
        self.held = held
        self._recent: tuple[tuple[int, Pixels], ...] = ()

    def __len__(self) -> int:
        return len(self.instances)

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        return self.cut(index, self.udp), index

    def cut(self, index: int, udp: bool) -> Pixels:
        """The crop of an instance, in UDP's geometry or the plain one."""
        image = self._image(int(self.instances.image[index]))
        centre = self.instances.centres(self.size)[index]
        extent = self.instances.extents(self.size)[index]
        cut = crop(image, matrix(centre, extent, self.size, udp=udp), self.size)
        return coloured(cut, self.colour)

    def _image(self, position: int) -> Pixels:
        if self.held:
            return self.held[position]
        for known, image in self._recent:
            if known == position:
                return image
        image = picture(self.folder, self.annotations, position, self.upright)
        self._recent = ((position, image), *self._recent[: KEPT - 1])
        return image
