"""A data set of a user's own: its joints from its COCO-format json, or from a small TOML.

The json's category names the joints (`keypoints`) and the limbs (`skeleton`). A TOML says the same
and what a json cannot:

    joints = ["left wrist", "right wrist", "chin"]
    flip = [["left wrist", "right wrist"]]    # else told from left and right in the names
    limbs = [["left wrist", "chin"]]
    sigmas = [0.06, 0.06, 0.03]               # or one for all; OKS constants
    upper = ["chin"]                          # above the hips, for half-body augmentation
    category = "worker"                       # whose joints they are, as the json calls them
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from repro import schema
from repro.data import categories, own_joints
from repro.data.categories import Category
from repro.data.coco_people import OFFICIAL
from repro.data.excerpt import excerpt
from repro.data.json_rows import Rows, content, unpacked
from repro.data.own_joints import GivenJoints
from repro.errors import ReproError, unknown
from repro.files import file_stamp
from repro.papers.datasets import DATASETS, DatasetChoice, OwnDataset
from repro.papers.skeletons import COCO, same_names

ENDINGS = (".json", ".json.gz", ".toml")


@dataclass(frozen=True, slots=True)
class JointsFile:
    """A TOML file of a data set."""

    joints: tuple[str, ...]
    flip: tuple[tuple[str, str], ...] | None = None
    limbs: tuple[tuple[str, str], ...] = ()
    sigmas: tuple[float, ...] | float | None = None
    upper: tuple[str, ...] | None = None
    category: str | None = None
    name: str | None = None


def is_file(word: str) -> bool:
    """Whether a word names a data set's file, and not one of the known data sets."""
    return word.lower().endswith(ENDINGS)


def opened(path: Path) -> OwnDataset:
    """The data set that a file describes; a ReproError says what is wrong with it."""
    return _opened(path, file_stamp(path))


@lru_cache(maxsize=8)
def _opened(path: Path, stamp: tuple[int, int, int]) -> OwnDataset:
    return _of_toml(path) if path.suffix.lower() == ".toml" else _of_json(path)


def found(word: str | None) -> DatasetChoice | None:
    """The data set that a word of the command line means: a file's own, or a name as it is."""
    return opened(Path(word)) if word is not None and is_file(word) else word


def annotations_of(word: str | None) -> Path | None:
    """The annotation file that a data set's file is itself; None for a TOML, or a name."""
    if word is None or not is_file(word) or word.lower().endswith(".toml"):
        return None
    return Path(word)


def _of_toml(path: Path) -> OwnDataset:
    if not path.is_file():
        raise ReproError(f"There is no file `{path}`.", "It was given as the data set.")
    file = f"`{path}`"
    stated = schema.read(JointsFile, schema.toml(path, file), file)
    own_joints.check_names(path, stated.joints)
    place = {name: number for number, name in enumerate(stated.joints)}

    def position(name: str) -> int:
        if name not in place:
            error = unknown("joint", name, place)
            raise ReproError(f"{file}: {error}", error.hint)
        return place[name]

    def pairs(named: Sequence[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
        return tuple((position(first), position(second)) for first, second in named)

    sigmas = stated.sigmas
    if isinstance(sigmas, float):
        sigmas = (sigmas,) * len(stated.joints)
    if sigmas is not None and len(sigmas) != len(stated.joints):
        raise ReproError(
            f"{file} has {len(sigmas)} `sigmas` for {len(stated.joints)} joints.",
            "Give one for each joint, or one number for all.",
        )
    given = GivenJoints(
        stated.joints,
        None if stated.flip is None else pairs(stated.flip),
        pairs(stated.limbs),
        sigmas,
        None if stated.upper is None else tuple(position(name) for name in stated.upper),
    )
    own = _made(path, given)
    return replace(
        own, category=stated.category or own.category, name=_word(stated.name or path.stem)
    )


def _of_json(path: Path) -> OwnDataset:
    text = unpacked(content(path, "annotation file"), path, "annotation file")

    def counted(row: object) -> object:
        points = row.get("keypoints") if isinstance(row, dict) else None
        if not isinstance(row, dict):
            return row
        parts = {"category_id": row["category_id"]} if "category_id" in row else {}
        return {**parts, "numbers": len(points) if isinstance(points, list) else 0}

    lists = {"annotations": counted, "images": lambda row: None}
    document = excerpt(text, path, "annotation file", lists)
    rows = document.get("annotations") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(rows, list):
        raise ReproError(f"`{path}` holds no annotations.", "Give a COCO-format json, or a TOML.")
    listed = Rows(path, "annotations", rows)
    category, of_rows = categories.chosen(document, listed)
    own = _made(
        path,
        _stated(
            path,
            category,
            listed.chosen(categories.of_category(listed, of_rows, category)),
            document,
        ),
    )
    return replace(own, category=category.name, category_id=category.id)


def _stated(
    path: Path, category: Category, rows: Rows, document: Mapping[str, object]
) -> GivenJoints:
    """What a json says of its joints."""
    told: list[str] = []
    joints = category.joints
    if joints is None:
        sizes = [row["numbers"] for row in rows.rows if isinstance(row, dict) and row["numbers"]]
        count = sizes[0] // 3 if sizes else 0
        if not count:
            hint = "A data set needs `keypoints`: their names in its category, places in its rows."
            raise ReproError(f"`{path}` has no `keypoints`; it may be for detection.", hint)
        joints = COCO.joints if count == len(COCO.joints) else _numbered(count)
        what = "COCO's" if joints is COCO.joints else "numbered"
        told.append(f"`{path.name}` names no joints; its {count} are taken as {what}.")
    own_joints.check_names(path, joints)
    return GivenJoints(joints, limbs=_limbs(category, len(joints), told), told=told)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"joint {number}" for number in range(1, count + 1))


def _limbs(category: Category, joints: int, told: list[str]) -> tuple[tuple[int, int], ...]:
    """The limbs, counted from 1 as COCO does, or from 0 where one is 0."""
    pairs = category.limbs
    first = 0 if any(0 in pair for pair in pairs) else 1
    moved = tuple((start - first, end - first) for start, end in pairs)
    fitting = tuple(pair for pair in moved if all(0 <= joint < joints for joint in pair))
    if first == 0 and fitting:
        told.append("The limbs in `skeleton` count joints from 0, not from 1 as COCO's do.")
    if len(fitting) < len(moved):
        told.append(
            f"{len(moved) - len(fitting)} of {len(moved)} limbs are of joints that do not "
            "exist, and left out."
        )
    return fitting


def _made(path: Path, given: GivenJoints) -> OwnDataset:
    """The data set, what is not given derived and told."""
    name = _word(path.stem.removesuffix(".json"))
    joints = own_joints.skeleton(path, name, given)
    return OwnDataset(name, path.name, joints, told=tuple(given.told))


def _word(name: str) -> str:
    """A name for files, which no known data set has."""
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "own"
    return f"own-{plain}" if plain in DATASETS else plain


def check_fit(path: Path, own: OwnDataset, category: Category, joints: int) -> None:
    """Raise ReproError unless the persons of an annotation file have these joints."""
    wanted = own.skeleton.joints
    named = category.joints
    if named is not None and not same_names(named, wanted):
        shared = min(len(named), len(wanted))
        apart = [n for n in range(shared) if not same_names(named[n : n + 1], wanted[n : n + 1])]
        place = apart[0] if apart else shared
        here, there = (names[place] if place < len(names) else "none" for names in (named, wanted))
        raise ReproError(
            f"`{path}` has other joints than {own.title}: `{here}` in place {place + 1}, not "
            f"`{there}`.",
            "Both must name the same joints in the same order.",
        )
    if named is None and joints and joints != len(wanted):
        raise ReproError(
            f"`{path}` has {joints} joints a person, {own.title} has {len(wanted)}.", OFFICIAL
        )
