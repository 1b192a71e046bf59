"""Articulated figures drawn as shaded limbs, nearer parts over farther ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from repro.data.people import Floats
from repro.data.synth_poses import HEAD

Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint16]
Colour = tuple[float, float, float]

LIMBS = (
    ("thigh", "hip", "knee", 0.052, 0.039),
    ("shank", "knee", "ankle", 0.037, 0.026),
    ("foot", "ankle", "toe", 0.026, 0.019),
    ("upper arm", "shoulder", "elbow", 0.036, 0.029),
    ("forearm", "elbow", "wrist", 0.028, 0.021),
    ("hand", "wrist", "hand", 0.021, 0.023),
)
"""name, the points at its ends, the radii there"""
PARTS = (
    "torso",
    "neck",
    "head",
    *(f"{side} {limb[0]}" for side in ("left", "right") for limb in LIMBS),
)
STEP = 32
"""labels of one figure: its own number times this, plus the place of the part"""
CIRCLE = np.stack([np.cos(np.arange(14) * pi / 7), np.sin(np.arange(14) * pi / 7)], axis=1)
SHIFT = 4
"""binary digits of a pixel that OpenCV draws with"""


@dataclass(frozen=True)
class Looks:
    """Colours, blue green red; the left side is warm and the right one cool."""

    skin: Colour
    hair: Colour
    shirt: Colour
    arms: Mapping[str, Colour]
    legs: Mapping[str, Colour]
    shoes: Mapping[str, Colour]
    stripes: int
    """across each limb"""


@dataclass(frozen=True)
class StickFigure:
    """A figure in a picture: its points in pixels, z towards the viewer."""

    points: Mapping[str, Floats]
    height: float
    """in pixels, when it stands upright"""
    head: Floats
    """(3, 3) the head's axes as columns: left, down, forward"""


def draw(figure: StickFigure, looks: Looks, image: Pixels, labels: Labels, number: int) -> None:
    """Paint a figure over an image (H, W, 3) and its parts' labels over (H, W), far parts first."""
    points = figure.points
    depths = {"head": points["head"][2], "neck": min(points["neck"][2], points["head"][2]) - 1}
    for side in ("left", "right"):
        for name, start, end, *_ in LIMBS:
            ends = points[f"{side} {start}"][2] + points[f"{side} {end}"][2]
            depths[f"{side} {name}"] = ends / 2
    depths["torso"] = (points["neck"][2] + points["pelvis"][2]) / 2
    for part in sorted(depths, key=depths.__getitem__):
        label = number * STEP + PARTS.index(part)
        if part == "head":
            _head(figure, looks, image, labels, label)
        else:
            _body_part(part, figure, looks, image, labels, label)


def _body_part(
    part: str, figure: StickFigure, looks: Looks, image: Pixels, labels: Labels, label: int
) -> None:
    points, unit = figure.points, figure.height
    side, _, name = part.partition(" ")
    if part == "torso":
        ends = [("left shoulder", 0.04), ("right shoulder", 0.04), ("neck", 0.03)]
        ends += [("left hip", 0.06), ("right hip", 0.06)]
        colour, stripes = looks.shirt, 0
    elif part == "neck":
        ends, colour, stripes = [("neck", 0.032), ("head", 0.032)], looks.skin, 0
    else:
        _, start, end, wide, narrow = next(limb for limb in LIMBS if limb[0] == name)
        ends = [(f"{side} {start}", wide), (f"{side} {end}", narrow)]
        colour, stripes = _limb_colour(name, side, looks), looks.stripes
    outline = _hull([(points[point][:2], radius * unit + 0.8) for point, radius in ends])
    inside = _hull([(points[point][:2], radius * unit - 0.2) for point, radius in ends])
    _fill(image, outline, _shade(colour, 0.45))
    _fill(image, inside, colour)
    _label(labels, outline, label)
    first, last = points[ends[0][0]][:2], points[ends[-1][0]][:2]
    if len(ends) == 2:
        _light(image, first, last, ends[0][1] * unit, colour)
        if stripes and name not in ("foot", "hand"):
            _stripes(image, first, last, ends[1][1] * unit, stripes, _shade(colour, 0.62))
    elif looks.stripes:
        left, right = points["left shoulder"][:2], points["right shoulder"][:2]
        low = (points["left hip"][:2] + points["right hip"][:2]) / 2
        for share in (0.35, 0.65):
            move = share * (low - (left + right) / 2)
            _line(
                image,
                left * 0.85 + right * 0.15 + move,
                right * 0.85 + left * 0.15 + move,
                0.022 * unit,
                _shade(colour, 0.7),
            )


def _limb_colour(name: str, side: str, looks: Looks) -> Colour:
    if name == "hand":
        return looks.skin
    if name == "foot":
        return looks.shoes[side]
    return (looks.arms if "arm" in name else looks.legs)[side]


def _head(figure: StickFigure, looks: Looks, image: Pixels, labels: Labels, label: int) -> None:
    """An ellipsoid of hair with a face on its front, ears at its sides, eyes and a nose."""
    unit, centre, axes = figure.height, figure.points["head"][:2], figure.head
    ball = (axes * HEAD)[:2]  # (2, 3) unit sphere -> picture
    silhouette: Floats = np.asarray(np.linalg.cholesky(ball @ ball.T), np.float64)
    outline = np.asarray(centre + unit * CIRCLE @ silhouette.T * 1.04)
    ears = [figure.points[f"{side} ear"] for side in ("left", "right")]
    depth = figure.points["head"][2]
    for ear in ears:
        if ear[2] > depth - 0.035 * unit:
            hull = _hull([(ear[:2], 0.02 * unit + 0.4)])
            _fill(image, hull, _shade(looks.skin, 0.75))
            _label(labels, hull, label)
    _fill(image, _fixed(outline), _shade(looks.hair, 0.5))
    _fill(image, _fixed(centre + (outline - centre) * 0.94), looks.hair)
    _label(labels, _fixed(outline), label)
    facing = axes @ (0, 0.25, 1)
    if facing[2] > -0.75:
        face = _face(ball, axes, silhouette)
        _fill(image, _fixed(centre + unit * face), looks.skin)
    radius = max(0.011 * unit, 0.55)
    for name in ("left eye", "right eye"):
        eye = figure.points[name]
        if eye[2] > depth + 0.006 * unit:
            _fill(image, _hull([(eye[:2], radius)]), (30.0, 20.0, 20.0))
    nose = figure.points["nose"]
    if nose[2] > depth:
        _fill(image, _hull([(nose[:2], radius * 0.9)]), _shade(looks.skin, 0.62))


def _face(ball: Floats, axes: Floats, silhouette: Floats) -> Floats:
    """The front of the head in the picture: a cap of the ellipsoid, as far as it is seen."""
    middle = np.array([0.0, 0.34, 0.94])
    across, along = np.array([1.0, 0, 0]), np.array([0.0, 0.94, -0.34])
    rim = 0.36 * middle + 0.93 * (CIRCLE[:, :1] * across + CIRCLE[:, 1:] * along)  # (14, 3)
    flat = rim @ ball.T
    behind = (rim * HEAD) @ axes[2] < 0
    edge = np.linalg.solve(silhouette, flat.T).T
    edge = edge / np.maximum(np.linalg.norm(edge, axis=1, keepdims=True), 1e-6) @ silhouette.T
    return np.asarray(np.where(behind[:, None], edge * 0.97, flat), np.float64)


def _light(image: Pixels, first: Floats, last: Floats, radius: float, colour: Colour) -> None:
    """A lighter streak along a limb, as if lit from the upper left."""
    move = np.array([-0.3, -0.35]) * radius
    _line(
        image,
        first * 0.9 + last * 0.1 + move,
        last * 0.9 + first * 0.1 + move,
        radius * 0.6,
        _shade(colour, 1.22),
    )


def _stripes(
    image: Pixels, first: Floats, last: Floats, radius: float, count: int, colour: Colour
) -> None:
    along = last - first
    length = float(np.hypot(*along))
    if length < 6 or radius < 1.6:
        return
    across = np.array([-along[1], along[0]]) / length * radius
    for number in range(count):
        middle = first + along * (number + 0.8) / (count + 0.6)
        _line(image, middle - across, middle + across, max(1.0, length / count / 3), colour)


def _shade(colour: Colour, factor: float) -> Colour:
    blue, green, red = (min(255.0, channel * factor) for channel in colour)
    return blue, green, red


def _hull(circles: list[tuple[Floats, float]]) -> NDArray[np.int32]:
    """The convex hull of circles (centre, radius), in OpenCV's fixed point."""
    import cv2

    around = np.concatenate([centre + max(radius, 0.4) * CIRCLE for centre, radius in circles])
    return np.asarray(cv2.convexHull(_fixed(around)), np.int32)


def _fixed(points: Floats) -> NDArray[np.int32]:
    return np.asarray(np.rint(points * 2**SHIFT), np.int32)


def _fill(image: Pixels, hull: NDArray[np.int32], colour: Colour) -> None:
    import cv2

    cv2.fillConvexPoly(image, hull, colour, cv2.LINE_AA, SHIFT)


def _label(labels: Labels, hull: NDArray[np.int32], label: int) -> None:
    import cv2

    cv2.fillConvexPoly(labels, hull, (label,), cv2.LINE_8, SHIFT)


def _line(image: Pixels, first: Floats, last: Floats, width: float, colour: Colour) -> None:
    import cv2

    start, end = (tuple(int(value) for value in _fixed(point)) for point in (first, last))
    cv2.line(image, start, end, colour, max(1, round(width)), cv2.LINE_AA, SHIFT)
