"""Each value of small valid files in turn is another one: it is taken, or told in a sentence."""

import copy
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from repro import schema
from repro.data import annotations, boxes, own_dataset
from repro.errors import ReproError
from repro.evaluation import box_run, predict
from repro.exported import side_file
from repro.papers.datasets import DATASETS
from repro.records import glance, plain_form
from repro.records.requirements import Requirement
from repro.records.runs import count_run
from repro.scoring import score
from repro.speed.imported import logs
from support import small_record
from support.timing_logs import AI_HUB

ENDLESS = '"endless"'
ODD: Mapping[str, object] = {
    "null": None,
    "true": True,
    "negative": -1,
    "half": 0.5,
    "tiny": 1e-300,
    "large": 1e300,
    "huge": 2**400,
    "endless": "endless",
    "NaN": float("nan"),
    "empty": "",
    "word": "x",
    "digits": "١٢",
    "half a letter": "\ud800",
    "list": [],
    "object": {},
    "nested": [[[{"a": [None]}]]],
}
"""what each value is replaced by; `endless` by a number that no float holds"""
GONE = object()
NAMES = [joint.replace(" ", "_") for joint in DATASETS["coco"].skeleton.joints]


def person(number: int, image: int) -> dict[str, object]:
    points = [value for place in range(17) for value in (10 + place, 12.5 + 2 * place, 2)]
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "bbox": [8, 10, 30, 40],
        "area": 700,
        "iscrowd": 0,
        "num_keypoints": 17,
        "keypoints": points,
        "segmentation": [[8, 10, 38, 10, 38, 50]],
    }


def coco() -> dict[str, object]:
    images = [
        {"id": number, "file_name": f"{number}.png", "height": 96, "width": 128}
        for number in (1, 2)
    ]
    categories = [{"id": 1, "name": "person", "keypoints": NAMES, "skeleton": [[1, 2]]}]
    rows = [person(1, 1), person(2, 2)]
    return {"images": images, "annotations": rows, "categories": categories}


def poses() -> list[object]:
    return [
        {
            "image_id": image,
            "category_id": 1,
            "keypoints": person(1, image)["keypoints"],
            "score": 0.5,
        }
        for image in (1, 2)
    ]


def detections() -> list[object]:
    return [
        {"image_id": image, "category_id": 1, "bbox": [8, 10, 30, 40], "score": 0.9}
        for image in (1, 2)
    ]


def mpii() -> list[object]:
    joints = [[5.0 + place, 7.0 + place] for place in range(16)]
    return [
        {
            "image": "a.jpg",
            "joints": joints,
            "joints_vis": [1] * 16,
            "center": [20.0, 30.0],
            "scale": 0.5,
        }
    ]


def own_joints() -> dict[str, object]:
    named = {**coco(), "categories": [{"id": 1, "name": "person", "keypoints": ["a", "b"]}]}
    for row in named["annotations"]:  # type: ignore[union-attr]
        row |= {"keypoints": [1, 2, 2, 3, 4, 1], "num_keypoints": 2}
    return named


def scored(path: Path, given: Path) -> None:
    score.score("coco", path, given, official=False, resamples=3)


def read_annotations(path: Path) -> None:
    found = annotations.told(path)
    boxes.ground_truth(found).extents((256, 192))
    (path.parent / "r.json").write_text(json.dumps(poses()))
    scored(path, path.parent / "r.json")


def read_persons(path: Path) -> None:
    found = annotations.read(path)
    assert (boxes.ground_truth(found).extents((256, 256)) >= 0).all()


def read_results(path: Path) -> None:
    (path.parent / "a.json").write_text(json.dumps(coco()))
    scored(path.parent / "a.json", path)


def read_boxes(path: Path) -> None:
    (path.parent / "a.json").write_text(json.dumps(coco()))
    found = boxes.detected(path, annotations.read(path.parent / "a.json"))
    assert (found.extents((256, 192)) > 0).all()


def read_points(path: Path) -> None:
    from repro.scoring import results

    results.points(path)


def read_record(path: Path) -> None:
    text = path.read_text()
    try:
        data = json.loads(text)
        data["digest"] = plain_form.content_digest(data)
        path.write_text(json.dumps(data))
    except (ValueError, TypeError, AttributeError):
        pass  # it is no JSON, or no record at all
    glance.glance(path, path.name, "")
    from repro.records.store import Store

    store = Store(path.parent / "store")
    record = store.read(path)
    wanted: Requirement = count_run("lpn_50", (256, 192))
    wanted.fits(record.spec)


def read_side_file(path: Path) -> None:
    side_file.spelled(schema.read(side_file.SideFacts, json.loads(path.read_text()), "`x.toml`"))


def read_names(path: Path) -> None:
    predict.boxes_by_picture(predict.read_boxes(path), ["1.png", "2.png"])


def read_list(path: Path) -> None:
    (path.parent / "1.png").write_bytes(b"")
    box_run.of_file(path, path.parent, "ignore")


@dataclass(frozen=True)
class Document:
    """A valid file, and what reads it."""

    content: object
    read: Callable[[Path], object]
    name: str = "x.json"


SIDE = {
    "head": "heatmaps",
    "colour": "RGB",
    "normalise": "ImageNet",
    "input": "256x192",
    "layout": "NCHW",
    "joints": ["a", "b"],
    "flip_pairs": [[0, 1]],
    "limbs": [[0, 1]],
    "sigmas": [0.1, 0.2],
}
NAMED = [{"file_name": f"{place}.png", "bbox": [1, 2, 30, 40], "score": 0.5} for place in (1, 2)]
DOCUMENTS = {
    "annotations": Document(coco(), read_annotations),
    "own joints": Document(own_joints(), lambda path: annotations.told(path)),
    "own data set": Document(own_joints(), own_dataset.opened),
    "list of images": Document(coco(), read_list),
    "results": Document(poses(), read_results),
    "boxes": Document(detections(), read_boxes),
    "boxes by name": Document(NAMED, read_names),
    "MPII": Document(mpii(), read_persons),
    "MPII results": Document([[[1.0, 2.0]] * 16], read_points),
    "profile": Document(AI_HUB, logs.read),
    "side file": Document(SIDE, read_side_file),
    "record": Document(
        plain_form.written(small_record.record()), read_record, f"{small_record.SPEC.key}.json"
    ),
}


def places(value: object) -> Iterator[tuple[object, ...]]:
    """Where the values of a document are, of lists that of the first."""
    yield ()
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value[:1]) if isinstance(value, list) else items
    for key, inner in items:
        yield from ((key, *rest) for rest in places(inner))


def replaced(document: object, place: tuple[object, ...], value: object) -> object:
    """The document with another value at a place, or without one."""
    if not place:
        return {} if value is GONE else value
    changed = copy.deepcopy(document)
    *way, last = place
    holder = changed
    for key in way:
        holder = holder[key]  # type: ignore[index]
    if value is GONE:
        del holder[last]  # type: ignore[attr-defined]
    else:
        holder[last] = value  # type: ignore[index]
    return changed


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_odd_value_is_taken_or_told(kind: str, tmp_path: Path) -> None:
    document = DOCUMENTS[kind]
    path = tmp_path / document.name
    path.write_text(json.dumps(document.content))
    document.read(path)  # as it is it is fine
    wrong = []
    for place in places(document.content):
        for name, value in {**ODD, "gone": GONE}.items():
            text = json.dumps(replaced(document.content, place, value))
            path.write_text(text.replace(ENDLESS, "1e400"))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    document.read(path)
            except ReproError:
                continue
            except Exception as error:
                wrong.append(f"{place} {name}: {type(error).__name__} {error!s:.80}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])
