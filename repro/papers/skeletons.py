"""The joints of each data set: names, mirror pairs, OKS constants, limbs to draw."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
"""words of a joint's name -> the person's own side"""
_OTHER = {"left": "right", "right": "left"}
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_GLUED = re.compile(r"(left|right)(?=[a-z]{2})")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The joints of one data set, in its official order."""

    name: str
    """of the data set"""
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    upper: tuple[int, ...]
    """the joints above the hips, for half-body augmentation"""
    sigmas: tuple[float, ...] = ()
    """OKS constants of the official evaluation; empty where PCKh is the measure"""
    mirror: tuple[int, ...] = ()
    """see `mirrored`; empty where the names tell"""

    @property
    def mirrored(self) -> tuple[int, ...]:
        """For each joint the one that takes its place in a mirrored image."""
        return self.mirror or mirrored(self.joints)

    def side(self, joint: int) -> str:
        """The person's own side of a joint by its name, `left` or `right`; empty for neither."""
        sides = [word for word in words(self.joints[joint]) if word in _OTHER]
        return sides[0] if sides else ""


def words(name: str) -> tuple[str, ...]:
    """A joint's name as words: `LWrist`, `wrist_l` and `Left wrist` all have `left` and `wrist`."""
    parts = [part.lower() for part in _WORD.findall(_GLUED.sub(r"\1 ", name))]
    return tuple(SIDES.get(part, part) for part in parts)


def mirrored(joints: Sequence[str]) -> tuple[int, ...]:
    """For each joint the one of the same name on the other side; itself where there is none."""
    named = {words(name): place for place, name in enumerate(joints)}
    other = [tuple(_OTHER.get(word, word) for word in words(name)) for name in joints]
    found = [named.get(name, place) for place, name in enumerate(other)]
    return tuple(there if found[there] == place else place for place, there in enumerate(found))


def same_names(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two lists of joints are the same, however the words of a name are parted."""
    return [_plain(name) for name in first] == [_plain(name) for name in second]


def _plain(name: str) -> tuple[str, ...]:
    found = words(name)
    return ("head", "top") if found in (("head",), ("top", "head")) else found


def _sides(*names: str) -> tuple[str, ...]:
    return tuple(f"{side} {name}" for name in names for side in ("left", "right"))


COCO = Skeleton(
    "coco",
    ("nose", *_sides("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")),
    (
        *((0, 1), (0, 2), (1, 3), (2, 4)),
        *((5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12)),
        *((11, 13), (13, 15), (12, 14), (14, 16)),
    ),
    tuple(range(11)),
    tuple(
        tenths / 10
        for tenths in (
            *(0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62),
            *(1.07, 1.07, 0.87, 0.87, 0.89, 0.89),
        )
    ),
)
CROWDPOSE = Skeleton(
    "crowdpose",
    (*_sides("shoulder", "elbow", "wrist", "hip", "knee", "ankle"), "head top", "neck"),
    (
        *((12, 13), (13, 0), (13, 1), (0, 2), (2, 4), (1, 3), (3, 5)),
        *((0, 6), (1, 7), (6, 7), (6, 8), (8, 10), (7, 9), (9, 11)),
    ),
    (0, 1, 2, 3, 4, 5, 12, 13),
    tuple(
        tenths / 10
        for tenths in (
            *(0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89),
            *(0.79, 0.79),
        )
    ),
)
MPII = Skeleton(
    "mpii",
    (
        *("right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle"),
        *("pelvis", "thorax", "upper neck", "head top"),
        *("right wrist", "right elbow", "right shoulder"),
        *("left shoulder", "left elbow", "left wrist"),
    ),
    (
        *((0, 1), (1, 2), (2, 6), (3, 6), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9)),
        *((10, 11), (11, 12), (12, 7), (13, 7), (13, 14), (14, 15)),
    ),
    (7, 8, 9, 10, 11, 12, 13, 14, 15),
)
