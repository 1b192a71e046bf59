"""Write the generated data set: pictures of articulated figures, with COCO's and CrowdPose's files.

Below `synth`: the folders `train` and `val` of PNG pictures, whose pixels follow from the seed;
`annotations/synth_person_keypoints_*.json` in COCO's format and, of the same figures,
`annotations/synth_crowdpose_*.json` in CrowdPose's; `boxes/*.json` as a detector would give them.
The annotations say that they are generated, and their names are not those of COCO or CrowdPose.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from repro.data.people import Bools, Floats
from repro.data.synth_scenes import JOINTS, Scene, crowding, scene
from repro.errors import ReproError
from repro.files import write_whole
from repro.papers.datasets import DATASETS, GENERATED, SYNTH, Dataset
from repro.papers.skeletons import CROWDPOSE, Skeleton

VERSION = 1
"""grows whenever a seed gives other pictures"""
SPLITS = ("train", "val")
FORMS = tuple(DATASETS[name] for name in GENERATED)
"""in which the annotations are written"""
LEAST_SIDE = 64
BYTES, SECONDS = 1.2, 3e-7
"""that a pixel takes, roughly"""
MOST = 2 * 999_999
"""pictures of both splits, whose names have six digits"""
BODY = 12
"""of CrowdPose's joints, the first, which its num_keypoints counts: not head top and neck"""

Row = dict[str, object]


def write(
    folder: Path,
    train: int = 400,
    val: int = 100,
    seed: int = 0,
    size: tuple[int, int] = (240, 320),
    tell: Callable[[int], None] | None = None,
) -> Path:
    """Write as many pictures of height, width into `folder`/synth and answer that path.

    A picture depends on the seed, its split and its number, not on how many there are. The
    annotation files come last, each whole or not at all. `tell` is called with every 1 done.
    """
    if min(train, val) < 1 or seed < 0:
        raise ReproError(
            f"`{train}`, `{val}` pictures of seed `{seed}` cannot be made.",
            "Give 1 or more of each and a seed of 0 or more.",
        )
    if min(size) < LEAST_SIDE:
        hint = f"Both sides need {LEAST_SIDE} pixels."
        raise ReproError(f"Pictures of {size[0]} x {size[1]} are too small.", hint)
    root = folder / SYNTH
    _check_room(folder, train + val, size)
    try:
        for number, (split, count) in enumerate(zip(SPLITS, (train, val), strict=True)):
            _write_split(root, split, count, (seed, number), size, tell)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"The generated data set cannot be written to `{root}`: {reason}."
        raise ReproError(message, "Make room or give another folder.") from error
    return root


def _check_room(folder: Path, pictures: int, size: tuple[int, int]) -> None:
    """Raise ReproError where so many pictures are too many for their names, or for the disk."""
    if pictures > MOST:
        raise ReproError(
            f"`{pictures!s:.20}` pictures are too many.", f"{MOST:,} are made at most."
        )
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    taken, free = int(BYTES * size[0] * size[1] * pictures), shutil.disk_usage(there).free
    if taken > free:
        hours = SECONDS * size[0] * size[1] * pictures / 3600
        raise ReproError(
            f"{pictures:,} pictures take about {taken / 1e9:,.1f} GB and {hours:,.1f} hours, and "
            f"`{there}` has {free / 1e9:,.1f} GB free.",
            "Ask for fewer, or give another folder.",
        )


def is_written(folder: Path) -> bool:
    """Whether `write` came to its end in a folder."""
    last = FORMS[-1].splits[SPLITS[-1]].annotations.paths[0]
    return (folder / SYNTH / last).exists()


def _write_split(
    root: Path,
    split: str,
    count: int,
    seeds: tuple[int, int],
    size: tuple[int, int],
    tell: Callable[[int], None] | None,
) -> None:
    import cv2

    way = [cv2.IMWRITE_PNG_COMPRESSION, 1]  # smaller and faster than the default on grain
    way += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]
    files = DATASETS[SYNTH].splits[split]
    pictures = root / files.images.paths[0]
    pictures.mkdir(parents=True, exist_ok=True)
    images: list[Row] = []
    people: dict[str, list[Row]] = {form.name: [] for form in FORMS}
    boxes: list[Row] = []
    for index in range(count):
        rng = np.random.default_rng([*seeds, index])
        made = scene(rng, size)
        name = f"{SYNTH}_{split}_{index:06d}.png"
        _, data = cv2.imencode(".png", made.image, way)
        write_whole(pictures / name, data.tobytes(), lasting=False)
        outlines = np.array([outline(mask) for mask in made.masks]).reshape(-1, 4)
        places = [JOINTS.index(joint) for joint in CROWDPOSE.joints]
        crowded = crowding(outlines, made.keypoints[:, places])
        image = {"id": index + 1, "file_name": name, "height": size[0], "width": size[1]}
        images.append({**image, "crowdIndex": round(crowded, 2)})
        for form in FORMS:
            people[form.name] += people_rows(made, outlines, index + 1, form)
        boxes += detected_rows(rng, made, outlines, index + 1, size)
        if tell:
            tell(1)
    info = {
        "description": "Generated articulated figures; not photographs, not COCO, not CrowdPose.",
        "dataset": SYNTH,
        "split": split,
        "seed": seeds[0],
        "version": VERSION,
    }
    dump(root / files.boxes.paths[0], boxes)
    for form in FORMS:
        rows = [{"id": number + 1, **row} for number, row in enumerate(people[form.name])]
        document = {
            "info": info,
            "images": images,
            "annotations": rows,
            "categories": [category_row(form.skeleton)],
        }
        dump(root / form.splits[split].annotations.paths[0], document)


def people_rows(made: Scene, boxes: Floats, image: int, form: Dataset) -> list[Row]:
    """The annotations of a picture; CrowdPose's have neither segments nor their area."""
    places = [JOINTS.index(joint) for joint in form.skeleton.joints]
    keypoints = np.where(made.keypoints[..., 2:] > 0, made.keypoints, 0)[:, places].round(1)
    rows = []
    for mask, points, crowd, box in zip(made.masks, keypoints, made.crowd, boxes, strict=True):
        counted = points[:BODY] if form.skeleton is CROWDPOSE else points
        row: Row = {
            "image_id": image,
            "category_id": 1,
            "bbox": box.tolist(),
            "keypoints": points.reshape(-1).tolist(),
            "num_keypoints": int((counted[:, 2] > 0).sum()),
            "iscrowd": int(crowd),
        }
        if form.segments:
            row["area"] = int(mask.sum())
            row["segmentation"] = _runs(mask)
        rows.append(row)
    return rows


def outline(mask: Bools) -> list[float]:
    """Left, top, width, height of what is seen."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]


def _runs(mask: Bools) -> Row:
    """A mask as COCO's uncompressed runs: of 0, of 1, of 0 ..., column by column."""
    flat = np.concatenate([[False], mask.reshape(-1, order="F"), [False]])
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]), mask.size)
    counts = np.diff(ends, prepend=0)
    if not counts[-1]:
        counts = counts[:-1]
    return {"size": list(mask.shape), "counts": counts.tolist()}


def detected_rows(
    rng: np.random.Generator, made: Scene, boxes: Floats, image: int, size: tuple[int, int]
) -> list[Row]:
    """Boxes as of a fair detector: shaken, a few missed or doubled, a few where nobody is."""
    height, width = size
    detections: list[tuple[Floats, float]] = []
    for box in boxes[~made.crowd]:
        large = min(1.0, float(box[3]) / 60)
        for share in (0.85 + 0.14 * large, 0.1):
            if rng.random() < share:
                shaken = box + rng.normal(0, 0.04, 4) * box[[2, 3, 2, 3]]
                score = (0.55 + 0.45 * large) * (rng.beta(12, 1) if share > 0.5 else rng.beta(4, 4))
                detections.append((shaken, float(score)))
    for _ in range(int(rng.integers(0, 3))):
        high = rng.uniform(0.1, 0.6) * height
        wide = high * rng.uniform(0.3, 0.8)
        corner = rng.random(2) * (width - wide, height - high)
        detections.append((np.array([*corner, wide, high]), float(0.4 * rng.beta(1, 4))))
    return [
        {
            "image_id": image,
            "category_id": 1,
            "bbox": [*box[:2].round(2).tolist(), *np.maximum(box[2:], 1).round(2).tolist()],
            "score": round(score, 4),
        }
        for box, score in sorted(detections, key=lambda one: -one[1])
    ]


def category_row(skeleton: Skeleton) -> Row:
    """The entry of the persons among the categories."""
    names = [joint.replace(" ", "_") for joint in skeleton.joints]
    return {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": ["head" if name == "head_top" else name for name in names],
        "skeleton": [[first + 1, last + 1] for first, last in skeleton.limbs],
    }


def dump(path: Path, document: Mapping[str, object] | list[Row]) -> None:
    """Write an annotation file, whole or not at all."""
    import orjson

    options = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    write_whole(path, orjson.dumps(document, option=options).decode())
