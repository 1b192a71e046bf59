"""Annotations, results, boxes, records, logs of timings and side files: plain documents."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import cv2
from hypothesis import strategies as st

from repro.data import synth
from repro.records.plain_form import content_digest
from support.data_files import OWN_JOINTS, own_document, own_pictures, painted
from support.evaluation_scenes import onnx_file
from support.faults.batches import Files, Kind
from support.faults.damage import damaged_text
from support.faults.mutations import Draw, as_json, as_toml, mutated, place
from support.timing_logs import AI_HUB, NCNN, OPENVINO, TFLITE

ROOT = Path(__file__).parents[4]
JSON, STORE, FEW = "--json", ("--store", "st"), ("--resamples", "0")
Case = tuple[Files, tuple[str, ...]]


def people(folder: Path) -> tuple[dict[str, object], list[object], Path]:
    """Annotations of two pictures, poses on them, and the folder of the pictures."""
    root = synth.write(folder / "data", train=1, val=2, seed=3, size=(96, 128))
    path = root / "annotations" / "synth_person_keypoints_val.json"
    document = json.loads(path.read_text())
    del document["info"]
    poses = [
        {
            "image_id": one["image_id"],
            "category_id": 1,
            "score": 0.5,
            "keypoints": [value + 1.5 for value in one["keypoints"]],
        }
        for one in document["annotations"]
        if one["num_keypoints"]
    ]
    return document, poses, root / "val"


def annotations(folder: Path) -> Kind:
    """Annotation files in COCO's form."""
    document, poses, images = people(folder)
    answers = {"r.json": json.dumps(poses).encode()}
    commands = (
        ("score", "coco", "--annotations", "a.json", "--results", "r.json", *FEW, JSON),
        ("score", "a.json", "--results", "r.json", "--resamples", "9"),
        ("data", "check", "a.json", "--images", str(images), "--output", "s.png", JSON),
        ("data", "check", "a.json", "--images", str(images), "--output", "s.png"),
        ("errors", "r.json", "--annotations", "a.json", "--resamples", "0", JSON),
        ("eval", "truth", "--dataset", "coco", "--annotations", "a.json", "--images", str(images),
         "--boxes", "gt", JSON, *STORE),
    )  # fmt: skip
    return Kind(_cases(document, "a.json", commands, answers), _shares)


def results(folder: Path) -> Kind:
    """Poses in COCO's form, and answers of --json."""
    document, poses, _ = people(folder)
    beside = {"a.json": json.dumps(document).encode(), "b.json": json.dumps(poses).encode()}
    named = ("--annotations", "a.json")
    commands = (
        ("score", "coco", *named, "--results", "r.json", "--resamples", "0", JSON),
        ("score", "crowdpose", *named, "--results", "r.json", "--resamples", "0"),
        ("score", "a.json", "--results", "r.json", "--resamples", "9"),
        ("errors", "r.json", *named, "--resamples", "0", JSON),
        ("compare", "b.json", "r.json", *named, "--resamples", "100", JSON),
    )
    return Kind(_cases(poses, "r.json", commands, beside), _shares)


def boxes(folder: Path) -> Kind:
    """A detector's boxes, in COCO's form and by the names of files."""
    document, _, images = people(folder)
    weights = tiny(folder)
    rows = [
        {"image_id": one["image_id"], "category_id": 1, "bbox": one["bbox"], "score": 0.9}
        for one in document["annotations"]  # type: ignore[attr-defined]
    ]
    names = [{"file_name": "p.png", "bbox": [10, 10, 60, 70], "score": 0.7}] * 2
    beside = {"a.json": json.dumps(document).encode(), "p.png": _picture()}
    named = ("--dataset", "coco", "--annotations", "a.json", "--images", str(images))
    evaluated = (
        ("eval", *weights, *named, "--boxes", "b.json", "--input", "64x48", "--no-flip",
         *("--protocol", "paper1/coco-val2017"), JSON, *STORE),
    )  # fmt: skip
    predicted = (("predict", *weights, "p.png", "--boxes", "b.json", "--input", "64x48", JSON),)
    return Kind(
        st.one_of(
            _cases(rows, "b.json", evaluated, beside), _cases(names, "b.json", predicted, beside)
        ),
        _shares,
    )


def records(folder: Path) -> Kind:
    """Records of a count, an evaluation and a timing, with their digest or an older one."""
    seeds, asked = [], (("records", "ls", JSON), ("records", "ls", "--all"))
    for path in sorted((ROOT / "records").glob("??/*.json"), key=lambda one: one.stat().st_size):
        record = json.loads(path.read_text())
        kinds = [seed[1]["spec"]["kind"] for seed in seeds]
        if kinds.count(record["spec"]["kind"]) < 2:
            seeds.append((f"st/{path.parent.name}/{path.name}", record))
    places = [
        ("explain", "paper2", "table1", "LPN-50", "params"),
        ("explain", "paper1", "table1", "ViPNAS 256x192", "gflops"),
        ("explain", "paper1", "table5", "Ours", "fps_gpu"),
    ]
    commands = (
        *asked,
        *((*place, JSON) for place in places),
        *(("compare", "published", "st", JSON), ("compare", "paper2"), ("plan", "paper2", JSON)),
        *(("records", "verify"), ("records", "gc", "--dry-run")),
    )

    @st.composite
    def cases(draw: Draw) -> Case:
        name, seed = draw(st.sampled_from(seeds))
        record = draw(mutated(seed))
        if isinstance(record, dict) and place(draw, 4):
            with contextlib.suppress(ValueError, RecursionError):  # it may be no JSON at all
                record["digest"] = content_digest(json.loads(as_json(record)))
        content = draw(damaged_text(as_json(record, draw(st.booleans()))))
        return {name: content}, (*draw(st.sampled_from(commands)), *STORE)

    return Kind(cases(), _measured)


def timings(folder: Path) -> Kind:
    """Logs of other tools that time networks."""
    texts = {"n.txt": NCNN, "o.log": OPENVINO, "t.txt": TFLITE}

    @st.composite
    def cases(draw: Draw) -> Case:
        name = draw(st.sampled_from((*texts, "h.json")))
        text = draw(_lines(texts[name]) if name in texts else mutated(AI_HUB).map(as_json))
        content = draw(damaged_text(text, [*texts.values()]))
        words = ("speed", *draw(st.sampled_from(((), ("lite=lite18",), ("lpn_50",)))))
        words = (*words, "--import", name, "--device-name", "A phone", *STORE)
        return {name: content}, (*words, JSON) if draw(st.booleans()) else words

    return Kind(cases(), _times)


def side_files(folder: Path) -> Kind:
    """What a user wrote of an exported file, and of a data set of their own."""
    document = own_document()
    images = own_pictures(folder / "own")
    poses = [
        {**{key: one[key] for key in ("image_id", "category_id", "keypoints")}, "score": 0.5}
        for one in document["annotations"]
    ]
    beside = {
        "m.onnx": onnx_file(folder / "m.onnx", joints=3).read_bytes(),
        "p.png": _picture(),
        "a.json": json.dumps(document).encode(),
        "r.json": json.dumps(poses).encode(),
    }
    facts = {
        **{"head": "heatmaps", "colour": "RGB", "normalise": "128/256", "input": "64x48"},
        **{"layout": "NCHW", "output": "maps", "joints": ["a left", "a right", "b"]},
        **{"flip_pairs": [[0, 1]], "limbs": [[0, 2]], "sigmas": [0.05, 0.05, 0.1]},
    }
    joints = {
        **{"joints": list(OWN_JOINTS), "upper": ["chin"], "sigmas": 0.05},
        **{"flip": [list(OWN_JOINTS[:2])], "limbs": [["l_hand", "chin"]]},
        **{"category": "Worker", "name": "workers"},
    }
    named = ("--annotations", "a.json", "--results", "r.json", "--resamples", "0")
    commands = (
        ("score", "d.toml", *named),
        ("data", "check", "a.json", "--images", str(images), "--dataset", "d.toml", JSON),
    )

    @st.composite
    def cases(draw: Draw) -> Case:
        if place(draw, 20) == 0:
            content = draw(damaged_text(as_toml(draw(mutated(facts)))))
            words = ("predict", "m.onnx", "p.png", "--no-flip", JSON)
            return {**beside, "m.onnx.toml": content}, words
        content = draw(damaged_text(as_toml(draw(mutated(joints)))))
        return {**beside, "d.toml": content}, draw(st.sampled_from(commands))

    return Kind(cases(), _shares)


@st.composite
def _cases(
    draw: Draw,
    document: object,
    name: str,
    commands: tuple[tuple[str, ...], ...],
    beside: Files,
) -> Case:
    """A mutated JSON document under a name, and a command that reads it."""
    text = as_json(draw(mutated(document)), draw(st.booleans()))
    return {**beside, name: draw(damaged_text(text))}, draw(st.sampled_from(commands))


@st.composite
def _lines(draw: Draw, text: str) -> str:
    """A log some of whose lines are changed, doubled or left out, and numbers in it."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = place(draw, len(lines))
        line = lines[at]
        what = draw(st.sampled_from(("number", "number", "number", "double", "drop", "text")))
        if what == "drop" and len(lines) > 1:
            del lines[at]
        elif what == "double":
            lines[at:at] = [line] * draw(st.sampled_from((1, 3, 2000)))
        elif what == "text":
            lines[at] = line + draw(st.text(max_size=8))
        else:
            words = line.split(" ")
            words[place(draw, len(words))] = draw(st.sampled_from(LOGGED))
            lines[at] = " ".join(words)
    return "\n".join(lines)


LOGGED = (
    *("0", "-1", "nan", "inf", "1e400", "1e-320", "9" * 400, "1e308", "0x1", "٣", "\x1b[31m", "="),
    *("a" * 5000, "2.5", "-0.0", "1,5", "", "\u202e"),
)


def tiny(folder: Path) -> tuple[str, ...]:
    """The words that name a network of two convolutions and its weights."""
    import torch

    from support.outside import TINY

    (folder / "net.py").write_text(TINY.replace("width: int = 64", "width: int = 4"))
    shapes = {"stem.weight": (4, 3, 3, 3), "stem.bias": (4,)}
    shapes |= {"head.weight": (17, 4, 1, 1), "head.bias": (17,)}
    weights = {name: torch.rand(shape) for name, shape in shapes.items()}
    torch.save(weights, folder / "w.pth")
    return ("tinypose", "--module", str(folder / "net.py"), "--weights", str(folder / "w.pth"))


def _picture() -> bytes:
    return cv2.imencode(".png", painted(96, 72))[1].tobytes()


def _shares(answer: Mapping[str, object]) -> str:
    """A metric beyond its domain, which is a share of one, or of a hundred as `eval` tells it."""
    metrics, most = answer.get("metrics"), 100 if answer.get("command") == "eval" else 1
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        if isinstance(value, int | float) and not 0 <= value <= most:
            return f"{name} is {value}"
    return ""


def _measured(answer: Mapping[str, object]) -> str:
    """A measured number that no measurement gives."""
    measured = answer.get("measured")
    if not isinstance(measured, dict):
        return ""
    value = measured.get("value")
    low, high = measured.get("low"), measured.get("high")
    if not isinstance(value, int | float) or value < 0:
        return f"a cell is measured as {value!r}"
    if isinstance(low, int | float) and isinstance(high, int | float) and not low <= value <= high:
        return f"a cell is measured as {value!r}, {low!r} to {high!r}"
    return ""


def _times(answer: Mapping[str, object]) -> str:
    """Times that no clock gives."""
    found = answer.get("records")
    for record in found if isinstance(found, list) else ():
        for one in record["measurements"]:
            if not one["value"] > 0 or one["value"] > 1e12:
                return f"{one['metric']} is {one['value']}"
    return ""
