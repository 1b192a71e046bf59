"""Hold a share of the pictures of an annotation file out, to evaluate on what was not trained on.

The same file and share give the same two files, to the byte: which pictures are held out follows
from their number alone.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data.json_rows import load
from repro.errors import ReproError
from repro.files import write_whole
from repro.records.remarks import Remark, counted


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The two files that one annotation file became."""

    train: Path
    evaluated: Path
    remark: Remark


def split(annotations: Path, folder: Path, share: float) -> HeldOut | None:
    """Write both parts of a file in COCO's form into a folder; at least one picture each.

    Pictures with labelled persons are shared out, so that both parts have some. None for a file
    with fewer than two of them, or of another form.
    """
    document, _ = load(annotations, "annotation file")
    lists = document if isinstance(document, dict) else {}
    images, people = lists.get("images"), lists.get("annotations")
    if not isinstance(images, list) or not isinstance(people, list):
        return None
    peopled = {_number(row, "image_id") for row in people if _labelled(row)}
    ids = [number for row in images if (number := _number(row, "id")) in peopled]
    ids = list(dict.fromkeys(ids))
    if len(ids) < 2:
        return None
    count = min(max(1, round(share * len(ids))), len(ids) - 1)
    order = np.random.default_rng(0).permutation(len(ids))
    chosen = {ids[place] for place in order[:count]}
    parts = {}
    for name, inside in (("train", False), ("held-out", True)):
        content = {
            **lists,
            "images": [row for row in images if (_number(row, "id") in chosen) == inside],
            "annotations": [
                row for row in people if (_number(row, "image_id") in chosen) == inside
            ],
        }
        parts[name] = _written(folder / f"{annotations.stem}-{name}.json", content)
    remark = counted(
        "annotations",
        count,
        len(ids),
        "pictures are held out of the training to evaluate on, since nothing else is given "
        "(--val-annotations; --hold-out 0 trains on all)",
    )
    return HeldOut(parts["train"], parts["held-out"], remark)


def _number(row: object, key: str) -> object:
    value = row.get(key) if isinstance(row, dict) else None
    return value if isinstance(value, int | str | float) else None


def _labelled(row: object) -> bool:
    """Whether an annotation has a joint that is labelled."""
    keypoints = row.get("keypoints") if isinstance(row, dict) else None
    if not isinstance(keypoints, list):
        return False
    return any(isinstance(value, int | float) and value > 0 for value in keypoints[2::3])


def _written(path: Path, content: object) -> Path:
    import orjson

    try:
        write_whole(path, orjson.dumps(content))
    except OSError as error:
        raise ReproError(
            f"`{path}` cannot be written: {error.strerror}.", "Choose another folder with --out."
        ) from error
    return path
