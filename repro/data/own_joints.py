"""The skeleton of a data set of a user's own; what its file does not say is derived and told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from repro.errors import ReproError
from repro.papers.skeletons import COCO, CROWDPOSE, Skeleton, mirrored, same_names, words

UNIFORM = 0.1
"""the OKS constant of every joint where nothing tells; about COCO's of hips"""
MOST = 1000
"""joints of a person"""
LOWER = {"hip", "hips", "thigh", "knee", "shin", "ankle", "foot", "heel", "toe", "leg", "pelvis"}
"""words in the names of joints that are not above the hips"""
NOT_COMPARABLE = (
    f"OKS takes a constant of {UNIFORM:g} for every joint, as none is known: AP is comparable with "
    "no other data set's."
)


@dataclass(frozen=True)
class GivenJoints:
    """What a file says of its joints, the pairs as positions; None where it does not say."""

    joints: tuple[str, ...]
    flip: tuple[tuple[int, int], ...] | None = None
    limbs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] | None = None
    upper: tuple[int, ...] | None = None
    told: list[str] = field(default_factory=list)


def skeleton(path: Path, name: str, given: GivenJoints) -> Skeleton:
    """The joints with all that a file gives of them, and the rest derived and told."""
    joints = given.joints
    known = COCO.limbs if same_names(joints, COCO.joints) else ()
    return Skeleton(
        name,
        joints,
        given.limbs or known,
        _upper(joints) if given.upper is None else given.upper,
        _sigmas(path, given),
        _mirror(path, given),
    )


def _mirror(path: Path, given: GivenJoints) -> tuple[int, ...]:
    """For each joint the one that takes its place in a mirrored image."""
    joints = given.joints
    if given.flip is None:
        mirror = mirrored(joints)
        pairs = [(one, other) for one, other in enumerate(mirror) if one < other]
        if any(same_names(joints, known.joints) for known in (COCO, CROWDPOSE)):
            return mirror
        sided = sum(bool({"left", "right"} & {*words(name)}) for name in joints)
        given.told.append(
            f"{len(pairs)} pairs of joints change places in mirrored images, told from left and "
            f"right in the names of `{path.name}`"
            + (
                f"; {sided - 2 * len(pairs)} joints of a side have no counterpart."
                if sided > 2 * len(pairs)
                else "."
            )
        )
        return mirror
    mirror = tuple(range(len(joints)))
    for one, other in given.flip:
        if one == other or mirror[one] != one or mirror[other] != other:
            raise ReproError(
                f"`{path}` has `{joints[one]}` in two pairs of `flip`, or paired with itself.",
                "Name each joint of a side once; the others stay where they are.",
            )
        places = list(mirror)
        places[one], places[other] = other, one
        mirror = tuple(places)
    return mirror


def _sigmas(path: Path, given: GivenJoints) -> tuple[float, ...]:
    if given.sigmas is not None:
        if not all(0 < sigma < 10 for sigma in given.sigmas):
            raise ReproError(
                f"`{path}` has `sigmas` that are not above 0.",
                "COCO's lie between 0.025 and 0.107.",
            )
        if len(set(given.sigmas)) == 1:
            given.told.append(
                f"OKS takes a constant of {given.sigmas[0]:g} for every joint: AP is "
                "comparable with no other data set's."
            )
        return given.sigmas
    for known, title in ((COCO, "COCO"), (CROWDPOSE, "CrowdPose")):
        sigmas = {
            words(name): sigma for name, sigma in zip(known.joints, known.sigmas, strict=True)
        }
        found = [sigmas.get(words(name)) for name in given.joints]
        if None not in found:
            if not same_names(given.joints, known.joints):
                given.told.append(f"OKS takes {title}'s constants of the joints of the same names.")
            return tuple(sigma for sigma in found if sigma is not None)
    given.told.append(NOT_COMPARABLE)
    return (UNIFORM,) * len(given.joints)


def _upper(joints: Sequence[str]) -> tuple[int, ...]:
    """The joints that are not below the hips by their names."""
    return tuple(place for place, name in enumerate(joints) if not LOWER & {*words(name)})


def check_names(path: Path, joints: Sequence[str]) -> None:
    """Raise ReproError unless each joint has a name of its own."""
    if not 1 <= len(joints) <= MOST:
        raise ReproError(f"`{path}` has {len(joints):,} joints.", f"1 to {MOST:,} will do.")
    twice = next((name for name in joints if joints.count(name) > 1 or not name.strip()), None)
    if twice is not None:
        raise ReproError(
            f"`{path}` has the joint `{twice}` twice or without a name.", "Name each joint once."
        )
