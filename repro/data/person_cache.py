"""Persons cut out of their images once, so that training decodes no image again.

Of each person all is kept that an augmentation may show, pixel by pixel as it is in the image:
crops out of it are those out of the image, but for the rounding of their place by OpenCV.
"""

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repro.data import augmentation
from repro.data.augmentation import PersonAugmentation, View
from repro.data.boxes import Instances
from repro.data.people import Annotations, Floats, Ints
from repro.data.pictures import Pixels, picture
from repro.errors import ReproError
from repro.files import temporary_file, write_whole
from repro.papers.protocol import APPLY, Protocol

VERSION = 1
"""grows whenever the same key would give other pixels"""
MARGIN = 2
"""pixels around what is shown, for the interpolation"""
DIGEST = 32
"""bytes of the sha256 that a table begins with, of all that follows in it"""


class CachedPerson(NamedTuple):
    """One person in a cache."""

    pixels: Pixels
    """(h, w, 3) BGR"""
    corner: Ints
    """(2,) x, y of the first pixel in the image"""
    image_width: int


class PersonCache:
    """Pixels of instances in a file that processes share; made by `cached`."""

    def __init__(self, path: Path, table: Ints) -> None:
        self.path = path
        self.table = table
        """(N, 6): place in the file, height and width, x and y in the image, the image's width"""
        self._pixels = np.memmap(path, np.uint8, "r")

    def __reduce__(self) -> tuple[type["PersonCache"], tuple[Path, Ints]]:
        return PersonCache, (self.path, self.table)  # not the pixels

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> CachedPerson:
        place, height, width, _, _, image_width = self.table[index].tolist()
        pixels = self._pixels[place : place + height * width * 3].reshape(height, width, 3)
        return CachedPerson(pixels, self.table[index, 3:5], image_width)


def cached(
    folder: Path,
    pictures: Path,
    annotations: Annotations,
    instances: Instances,
    protocol: Protocol,
    size: tuple[int, int],
    rules: PersonAugmentation,
    say: Callable[[str], None],
    tell: Callable[[int], None] = lambda done: None,
) -> PersonCache:
    """The cache in `folder` for these persons, this input size and this augmentation.

    Built if it is not there or torn, which `say` is told in a sentence; `tell` is called with every
    1 person done. Written whole or not at all, so several processes may ask at once, though one
    should go first. That `pictures` were replaced by others of the same names is not noticed.
    Raise ReproError where a picture is missing or the disk refuses.
    """
    regions = _regions(annotations, instances, protocol, size, rules)
    key = hashlib.sha256(f"{VERSION} {annotations.sha256} {pictures.resolve()}".encode())
    key.update(regions.tobytes())
    upright = protocol.exif == APPLY
    if upright:
        key.update(protocol.exif.encode())
    name = f"persons-{protocol.dataset}-{size[0]}x{size[1]}-{key.hexdigest()[:16]}"
    path = folder / f"{name}.pixels"
    try:
        there = path.exists()
        cache = _opened(path, len(instances))
        if cache is not None:
            return cache
        state = "is torn and built again" if there else "is built"
        say(f"The crop cache `{path}` {state}: {len(instances):,} persons.")
        return _built(path, pictures, annotations, instances, regions, tell, upright)
    except OSError as error:
        raise ReproError(
            f"The crop cache `{path}` cannot be written: {error.strerror or error}.",
            "Make room, give another folder, or train without it.",
        ) from error


def _regions(
    annotations: Annotations,
    instances: Instances,
    protocol: Protocol,
    size: tuple[int, int],
    rules: PersonAugmentation,
) -> Floats:
    """(N, 4) left, top, right, bottom in image pixels of all that may be shown of each person."""
    aspect = size[1] / size[0]
    upper = np.isin(np.arange(protocol.keypoints), protocol.skeleton.upper)
    centres, extents = instances.centres(size), instances.extents(size)
    shifts = instances.boxes[:, 2:] * (rules.centre_shift if rules.centre_chance > 0 else 0.0)
    regions = np.empty((len(instances), 4))
    for index, person in enumerate(instances.person.tolist()):
        joints = annotations.people.keypoints[person]
        labelled = joints[:, 2] > 0
        halves: list[View | None] = []
        if rules.half_body > 0 and labelled.sum() > augmentation.HALF_BODY_ABOVE:
            chosen = (labelled & upper, labelled & ~upper)
            halves = [augmentation.half_body(joints, half, aspect) for half in chosen]
        corners = [_corners(rules, centres[index], extents[index], aspect, shifts[index])]
        corners += [_corners(rules, one.centre, one.extent, aspect) for one in halves if one]
        regions[index, :2] = np.min([first for first, _ in corners], axis=0)
        regions[index, 2:] = np.max([last for _, last in corners], axis=0)
    return regions


def _corners(
    rules: PersonAugmentation,
    centre: Floats,
    extent: Floats,
    aspect: float,
    shift: Floats | int = 0,
) -> tuple[Floats, Floats]:
    """The first and the last point that a view may show, wherever it is moved and turned."""
    shown = np.array([extent[0], max(extent[1], extent[0] / aspect)])  # plain geometry: width rules
    away = augmentation.reach(rules, shown) + shift + MARGIN
    return centre - away, centre + away


def _opened(path: Path, persons: int) -> PersonCache | None:
    """A finished cache; None if it is not there or torn."""
    try:
        content = path.with_suffix(".table").read_bytes()
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        return None
    table = np.load(io.BytesIO(content[DIGEST:]), allow_pickle=False)
    place, height, width, *_ = table[-1].tolist()
    whole = size == place + height * width * 3 and len(table) == persons
    return PersonCache(path, table) if whole else None


def _built(
    path: Path,
    pictures: Path,
    annotations: Annotations,
    instances: Instances,
    regions: Floats,
    tell: Callable[[int], None],
    upright: bool,
) -> PersonCache:
    """Write the pixels, then the table, without which they are not taken for whole."""
    table = np.empty((len(instances), 6), np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_file(path.parent) as partial:
        with partial.open("xb") as file:
            shown, image = -1, np.zeros((0, 0, 3), np.uint8)
            for index, position in enumerate(instances.image.tolist()):
                if position != shown:
                    image = picture(pictures, annotations, position, upright)
                    shown = position
                pixels, corner = _cut(image, regions[index])
                table[index] = file.tell(), *pixels.shape[:2], *corner, image.shape[1]
                file.write(np.ascontiguousarray(pixels).data)
                tell(1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    packed = io.BytesIO()
    np.save(packed, table)
    content = packed.getvalue()
    write_whole(path.with_suffix(".table"), hashlib.sha256(content).digest() + content)
    return PersonCache(path, table)


def _cut(image: Pixels, region: Floats) -> tuple[Pixels, tuple[int, int]]:
    """The part of a region inside the image, and where it begins; one black pixel if none is."""
    height, width = image.shape[:2]
    left, top = np.maximum(0, np.floor(region[:2]).astype(np.int64)).tolist()
    right, bottom = np.minimum((width, height), np.ceil(region[2:]).astype(np.int64)).tolist()
    if left >= right or top >= bottom:
        return np.zeros((1, 1, 3), np.uint8), (0, 0)
    return image[top:bottom, left:right], (left, top)
