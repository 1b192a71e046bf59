"""The kinds of errors of poses, and where one kind ends and the next begins.

Ronchi and Perona, "Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV 2017.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LEAST = 0.1
"""OKS from which on a pose is at a person"""
NEAR, RIGHT = 0.5, 0.85
"""keypoint similarity from which on a joint is at a place, and right there"""
GOOD = "good"


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of error."""

    name: str
    of: Literal["joints", "persons", "poses"]
    """what its share is of"""
    heading: str
    meaning: str


_AT = f"similarity at least {NEAR:g}"
_ALL = (
    ErrorKind("miss", "joints", "miss", "near no joint that could have been meant"),
    ErrorKind("swap", "joints", "swap", f"at another person's joint, its own or mirrored ({_AT})"),
    ErrorKind(
        "inversion", "joints", "inversion", f"at the mirrored joint of the same person ({_AT})"
    ),
    ErrorKind(
        "jitter", "joints", "jitter", f"near its place, {NEAR:g} to {RIGHT:g}, and not right there"
    ),
    ErrorKind(
        "scoring",
        "persons",
        "scoring",
        "of the poses nearest to a person the best placed is not the best scored",
    ),
    ErrorKind(
        "false_positive",
        "poses",
        "false pos.",
        f"a pose on the background: OKS below {LEAST:g} with everybody",
    ),
    ErrorKind(
        "false_negative",
        "persons",
        "false neg.",
        f"a person without a pose of their own from an OKS of {LEAST:g} on",
    ),
)
KINDS: Mapping[str, ErrorKind] = {kind.name: kind for kind in _ALL}
"""in the paper's order of mending one after the other"""
STATES = (GOOD, *(kind.name for kind in reversed(_ALL) if kind.of == "joints"))
"""what a joint can be, in the order in which it is decided: its own place comes first"""
JOINT_KINDS = tuple(kind.name for kind in _ALL if kind.of == "joints")
