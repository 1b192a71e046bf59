"""Generated pictures: people and things before a textured background, and what is seen of them."""

from colorsys import hsv_to_rgb
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from repro.data.people import Bools, Floats, Ints
from repro.data.synth_figures import (
    CIRCLE,
    PARTS,
    STEP,
    Colour,
    Labels,
    Looks,
    Pixels,
    StickFigure,
    draw,
)
from repro.data.synth_poses import posed
from repro.papers.skeletons import COCO, CROWDPOSE

JOINTS = tuple(dict.fromkeys(COCO.joints + CROWDPOSE.joints))
"""those of COCO, then what CrowdPose has besides"""
PEOPLE = (0.22, 0.2, 0.15, 0.11, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.02, 0.02)
"""how many pictures have 1, 2, ... 12 persons"""
CROWDED = 0.06
"""how many have a crowd in the distance, annotated as one"""
THING, CROWD = 1, 2
"""numbers of what is no person of its own; persons count on from there"""
LEAST_PIXELS = 24
"""fewer seen pixels than that are no person"""
LEAST_SEEN, LEAST_HEIGHT = 0.2, 30.0
"""of a person less seen, or lower in pixels, no joints are labelled, as in COCO"""
LIMB_ENDS = {
    "shoulder": ("upper arm",),
    "elbow": ("upper arm", "forearm"),
    "wrist": ("forearm", "hand"),
    "hip": ("thigh",),
    "knee": ("thigh", "shank"),
    "ankle": ("shank", "foot"),
}


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and its persons, those farther away first."""

    image: Pixels
    """(H, W, 3) blue, green, red"""
    keypoints: Floats
    """(P, len(JOINTS), 3) x, y in pixels, visibility 0, 1, 2"""
    masks: Bools
    """(P, H, W) what is seen of each"""
    crowd: Bools
    """(P,)"""


def scene(rng: np.random.Generator, size: tuple[int, int]) -> Scene:
    """A picture of height, width with 1 to 12 persons."""
    image = _background(rng, size)
    labels: Labels = np.zeros(size, np.uint16)
    crowded = bool(rng.random() < CROWDED)
    if crowded:
        for figure in _crowd(rng, size):
            draw(figure, _looks(rng), image, labels, CROWD)
    count = 1 + int(rng.choice(len(PEOPLE), p=PEOPLE))
    figures = sorted(_people(rng, count, size), key=lambda figure: figure.height)
    things = np.sort(rng.uniform(0, count + 0.6, rng.choice(4, p=(0.45, 0.3, 0.15, 0.1))))
    for place, figure in enumerate(figures):
        for _ in things[(things >= place) & (things < place + 1)]:
            _thing(rng, image, labels, figure.height)
        draw(figure, _looks(rng), image, labels, CROWD + 1 + place)
    for _ in things[things >= count]:
        _thing(rng, image, labels, 0.6 * figures[-1].height)
    _grain(rng, image)
    return _seen(image, labels, figures, crowded)


def _seen(image: Pixels, labels: Labels, figures: list[StickFigure], crowded: bool) -> Scene:
    """The annotations that follow from the labels of the pixels."""
    owners = labels // STEP
    first = CROWD if crowded else CROWD + 1
    masks = owners == np.arange(first, CROWD + 1 + len(figures))[:, None, None]
    keypoints = [_visible(figure, labels, CROWD + 1 + n) for n, figure in enumerate(figures)]
    if crowded:
        keypoints.insert(0, np.zeros((len(JOINTS), 3)))
    kept = masks.sum(axis=(1, 2)) >= LEAST_PIXELS
    crowd = np.arange(len(masks)) < int(crowded)
    return Scene(image, np.stack(keypoints)[kept], masks[kept], crowd[kept])


def _visible(figure: StickFigure, labels: Labels, number: int) -> Floats:
    """The joints (J, 3) of a figure; none is labelled if too little of it is seen."""
    keypoints = np.zeros((len(JOINTS), 3))
    mine = labels // STEP == number
    if figure.height < LEAST_HEIGHT or mine.sum() < LEAST_SEEN * 0.14 * figure.height**2:
        return keypoints
    height, width = labels.shape
    for place, joint in enumerate(JOINTS):
        x, y, depth = figure.points[joint]
        column, row = round(x), round(y)
        if not (0 <= column < width and 0 <= row < height):
            continue
        if joint == "head top":  # on the outline, where the hair may end
            x, y, _ = 0.75 * figure.points[joint] + 0.25 * figure.points["head"]
            column, row = min(width - 1, max(0, round(x))), min(height - 1, max(0, round(y)))
        here = int(labels[row, column])
        part = PARTS[here % STEP] if here // STEP == number else ""
        keypoints[place] = *figure.points[joint][:2], _visibility(figure, joint, part, float(depth))
    return keypoints


def _visibility(figure: StickFigure, joint: str, part: str, depth: float) -> int:
    """2 if the part of its own figure that is seen at a joint belongs to it, else 1, or 0 for a
    face turned away."""
    side, _, name = joint.partition(" ")
    if joint == "head top":
        return 2 if part == "head" else 1
    if joint == "neck":
        return 2 if part in ("neck", "torso", "head") else 1
    if joint == "nose" or name in ("eye", "ear"):
        behind = figure.points["head"][2] - depth
        if behind > (0.035 if name == "ear" else -0.006) * figure.height:
            return 0
        return 2 if part == "head" else 1
    if part == "torso" and name in ("shoulder", "hip"):
        middle = (figure.points["neck"][2] + figure.points["pelvis"][2]) / 2
        return 2 if depth > middle - 0.06 * figure.height else 1
    return 2 if part in [f"{side} {limb}" for limb in LIMB_ENDS[name]] else 1


def _placed(rng: np.random.Generator, height: float, at: tuple[float, float]) -> StickFigure:
    """A random figure whose feet are about at x, y."""
    points, head = posed(rng)
    lowest = max(point[1] for point in points.values())
    move = np.array([at[0], at[1] - lowest * height, 0])
    return StickFigure(
        {name: point * height + move for name, point in points.items()}, height, head
    )


def _people(rng: np.random.Generator, count: int, size: tuple[int, int]) -> list[StickFigure]:
    """Figures on a common ground; in a third of the pictures they stand close together."""
    height, width = size
    tallest = height * (0.98 if count < 4 else 0.8)
    shortest = height * (0.3 if count < 4 else 0.16)
    together = count > 1 and rng.random() < 0.35
    middle = rng.uniform(0.3, 0.7) * width
    common = rng.uniform(1.2 * shortest, tallest)
    figures = []
    for _ in range(count):
        tall = shortest * (tallest / shortest) ** rng.random()
        if together:
            tall = float(np.clip(common * rng.normal(1, 0.12), shortest, tallest))
        spread = 0.16 * tall * count**0.5
        x = rng.normal(middle, spread) if together else rng.uniform(-0.02, 1.02) * width
        ground = 0.42 * height + 0.58 * tall + rng.normal(0, 0.04 * height)
        figures.append(_placed(rng, tall, (x, max(ground, 0.7 * tall))))
    return figures


def _crowd(rng: np.random.Generator, size: tuple[int, int]) -> list[StickFigure]:
    height, width = size
    middle, count = rng.uniform(0.2, 0.8) * width, int(rng.integers(9, 16))
    ground = 0.5 * height
    places = [(rng.normal(middle, 0.1 * width), rng.normal(ground, 3)) for _ in range(count)]
    return [_placed(rng, rng.uniform(0.1, 0.13) * height, place) for place in places]


def _looks(rng: np.random.Generator) -> Looks:
    """Warm colours on the left side, cool ones on the right, trousers darker than sleeves."""
    dark = rng.random()
    skin = _hsv(0.06 + 0.02 * rng.random(), 0.35 + 0.3 * dark, 0.98 - 0.5 * dark)
    sides: dict[str, tuple[float, float]] = {"left": (-0.04, 0.14), "right": (0.5, 0.7)}
    arms, legs, shoes = {}, {}, {}
    for side, (low, high) in sides.items():
        hue = rng.uniform(low, high) % 1
        arms[side] = _hsv(hue, rng.uniform(0.65, 1), rng.uniform(0.75, 1))
        legs[side] = _hsv(hue, rng.uniform(0.55, 0.95), rng.uniform(0.4, 0.65))
        shoes[side] = _hsv(hue, 0.3, rng.uniform(0.15, 0.9))
    hair = _hsv(rng.uniform(0.03, 0.12), rng.uniform(0.2, 0.8), rng.uniform(0.08, 0.6))
    shirt = _hsv(rng.random(), rng.uniform(0, 0.6), rng.uniform(0.35, 0.95))
    return Looks(skin, hair, shirt, arms, legs, shoes, int(rng.choice([0, 2, 3, 4])))


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = hsv_to_rgb(hue % 1, saturation, value)
    return 255 * blue, 255 * green, 255 * red


def _background(rng: np.random.Generator, size: tuple[int, int]) -> Pixels:
    """A blurred pattern over a wall and a floor, with a few large shapes."""
    import cv2

    height, width = size
    image: Pixels = np.empty((height, width, 3), np.uint8)
    horizon = int(rng.uniform(0.35, 0.6) * height)
    image[:horizon] = _hsv(rng.random(), rng.uniform(0, 0.4), rng.uniform(0.4, 0.95))
    image[horizon:] = _hsv(rng.random(), rng.uniform(0, 0.4), rng.uniform(0.25, 0.8))
    for _ in range(int(rng.integers(2, 9))):
        colour = _hsv(rng.random(), rng.uniform(0, 0.45), rng.uniform(0.2, 0.95))
        x, y = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        wide, high = (int(value) for value in rng.uniform(8, 80, 2))
        if rng.random() < 0.6:
            cv2.rectangle(image, (x, y - high), (x + wide, y), colour, cv2.FILLED)
        else:
            cv2.ellipse(image, (x, y), (wide // 2, high // 2), 0, 0, 360, colour, cv2.FILLED)
    shape = (int(rng.integers(4, 14)), int(rng.integers(5, 18)), 3)
    pattern = rng.random(shape, np.float32) * rng.uniform(10, 70)
    spread = cv2.resize(pattern, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(image, spread - spread.mean(), dtype=cv2.CV_8U), np.uint8)


def _thing(rng: np.random.Generator, image: Pixels, labels: Labels, scale: float) -> None:
    """A board, a post or a ball that hides what is behind it; `scale` is a person's height."""
    import cv2

    height, width = labels.shape
    x, y = rng.uniform(0, width), rng.uniform(0.4, 1.0) * height
    wide, high = rng.uniform(0.08, 0.4, 2) * scale
    if rng.random() < 0.4:
        wide, high = 0.06 * scale, rng.uniform(0.5, 1.2) * scale
    turn = rng.normal(0, 12)
    colours = [_hsv(rng.random(), rng.uniform(0, 0.6), rng.uniform(0.2, 0.95)) for _ in range(2)]
    if rng.random() < 0.25:
        corners = (x, y) + CIRCLE * (wide / 2 + 2)
    else:
        corners = np.asarray(cv2.boxPoints(((x, y), (wide, high), turn)), np.float64)
    hull = np.rint(corners).astype(np.int32)
    cv2.fillConvexPoly(image, hull, colours[0], cv2.LINE_AA)
    cv2.polylines(image, [hull], True, colours[1], max(1, round(0.015 * scale)), cv2.LINE_AA)
    cv2.fillConvexPoly(labels, hull, (THING * STEP,))


def _grain(rng: np.random.Generator, image: Pixels) -> None:
    """Noise of a few grey levels, in grains of two pixels."""
    import cv2

    height, width = image.shape[:2]
    coarse: NDArray[np.int16] = rng.integers(-3, 4, (height // 2, width // 2), np.int16)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    image[:] = cv2.add(image, cv2.merge([fine] * 3), dtype=cv2.CV_8U)


def crowding(boxes: Floats, keypoints: Floats) -> float:
    """CrowdIndex of a picture (Li et al., CrowdPose, CVPR 2019, section 4.2): for each person the
    joints of others in its box (P, 4) by its own joints (P, K, 3), averaged."""
    labelled = keypoints[..., 2] > 0  # (P, K)
    counts: Ints = labelled.sum(axis=1)
    if not counts.any():
        return 0.0
    points = keypoints[None, :, :, :2]
    first, last = boxes[:, None, None, :2], (boxes[:, :2] + boxes[:, 2:])[:, None, None]
    within = ((points >= first) & (points <= last)).all(axis=3) & labelled[None]  # (box, P, K)
    others = within.sum(axis=2)
    np.fill_diagonal(others, 0)
    counted = counts > 0
    return float((others.sum(axis=1)[counted] / counts[counted]).mean())
