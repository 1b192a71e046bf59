"""Random poses of articulated figures, within the limits of the joints.

A figure stands in camera axes: x right, y down, z towards the viewer, in units of its height. One
that faces the viewer has its left side on the right of the picture.
"""

from math import cos, radians, sin

import numpy as np

from repro.data.people import Floats

HEAD = (0.064, 0.088, 0.072)
"""half width, height and depth"""
FACE = {"nose": (0.0, 0.016, 0.074), "eye": (0.027, -0.012, 0.064), "ear": (0.064, 0.004, 0.0)}
"""in the head's axes, those at the side for the left one"""
FACING = (0.62, 0.2, 0.18)
"""how many face the viewer, any way, away"""
RAISED = (0.5, 0.3, 0.2)
"""how many arms hang, are half up, are up"""


def turned(yaw: float, pitch: float, roll: float) -> Floats:
    """Rotation by degrees about y, then x, then z in the turned axes."""
    y, x, z = radians(yaw), radians(pitch), radians(roll)
    about_y = np.array([[cos(y), 0, sin(y)], [0, 1, 0], [-sin(y), 0, cos(y)]])
    about_x = np.array([[1, 0, 0], [0, cos(x), -sin(x)], [0, sin(x), cos(x)]])
    about_z = np.array([[cos(z), -sin(z), 0], [sin(z), cos(z), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def posed(rng: np.random.Generator) -> tuple[dict[str, Floats], Floats]:
    """The points of a random figure about its pelvis, and the axes of its head."""
    yaw = rng.choice([rng.normal(0, 35), rng.uniform(-180, 180), rng.normal(180, 30)], p=FACING)
    body = turned(yaw, rng.normal(0, 4), rng.normal(0, 5))
    stoop = rng.uniform(20, 60) if rng.random() < 0.12 else rng.normal(4, 7)
    torso = body @ turned(rng.normal(0, 12), -stoop, rng.normal(0, 7))
    head = torso @ turned(rng.normal(0, 25), rng.normal(stoop / 3, 10), rng.normal(0, 8))
    points = {"neck": torso @ (0, -0.325, 0), "pelvis": np.zeros(3)}
    points["head"] = points["neck"] + head @ (0, -0.105, 0.012)
    points["head top"] = points["head"] + head @ (0, -HEAD[1], 0)
    points["nose"] = points["head"] + head @ FACE["nose"]
    crouched = rng.random() < 0.15
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1, 1])
        for name in ("eye", "ear"):
            points[f"{side} {name}"] = points["head"] + head @ (FACE[name] * mirror)
        points[f"{side} hip"] = body @ (0.058 * sign, 0, 0)
        points[f"{side} shoulder"] = torso @ (0.118 * sign, -0.295, 0)
        for name, start, along in _arm(rng, sign) + _leg(rng, sign, crouched):
            axes = torso if name in ("elbow", "wrist", "hand") else body
            points[f"{side} {name}"] = points[f"{side} {start}"] + axes @ along
    return points, head


def _arm(rng: np.random.Generator, sign: float) -> list[tuple[str, str, Floats]]:
    """Elbow, wrist, hand, each from the point before it; the elbow bends forwards and inwards."""
    raised = rng.choice([rng.uniform(3, 35), rng.uniform(30, 100), rng.uniform(90, 172)], p=RAISED)
    aside = rng.uniform(10, 100)
    upper = _towards(raised, (sin(radians(aside)) * sign, 0, cos(radians(aside))))
    inwards = np.array([-0.5 * sign, -0.4, 0.8])
    across = inwards - upper * (inwards @ upper)
    across /= np.linalg.norm(across)
    bent = radians(rng.uniform(0, 40) if rng.random() < 0.5 else rng.uniform(30, 135))
    lower = cos(bent) * upper + sin(bent) * across
    return [
        ("elbow", "shoulder", 0.172 * upper),
        ("wrist", "elbow", 0.155 * lower),
        ("hand", "wrist", 0.035 * lower),
    ]


def _leg(rng: np.random.Generator, sign: float, crouched: bool) -> list[tuple[str, str, Floats]]:
    """Knee, ankle, toe; the knee bends backwards, whatever way the thigh goes."""
    apart = rng.uniform(0, 30) * sign
    swung = rng.uniform(50, 95) if crouched else rng.normal(5, 16)
    bent = rng.uniform(60, 115) if crouched else abs(rng.normal(0, 22))
    if not crouched and rng.random() < 0.1:
        swung, bent = rng.uniform(30, 90), rng.uniform(5, 110)
    side: Floats = np.array([sin(radians(apart)), 0, 0])

    def along(angle: float) -> Floats:
        return side + _towards(angle, (0, 0, 1)) * cos(radians(apart))

    return [
        ("knee", "hip", 0.245 * along(swung)),
        ("ankle", "knee", 0.245 * along(swung - bent)),
        ("toe", "ankle", 0.075 * along(swung - bent + 75)),
    ]


def _towards(angle: float, to: tuple[float, float, float]) -> Floats:
    """The direction that is down at 0 degrees and `to` at 90."""
    down = np.array([0.0, 1.0, 0.0])
    direction: Floats = cos(radians(angle)) * down + sin(radians(angle)) * np.array(to)
    return direction
