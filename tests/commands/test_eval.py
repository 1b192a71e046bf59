"""`repro eval` under clumsy hands: a sentence, an exit code, and what was done is kept."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest
import torch

from support.command_line import Run
from support.evaluation_scenes import Scene, onnx_file, parsed, refused

Entry = dict[str, object]
STATED = MappingProxyType({"colour": "RGB", "normalise": "ImageNet"})
"""what a file says that leaves nothing open"""


def test_overridden_rules_show_in_the_record(repro: Run, scene: Scene, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", metadata=MappingProxyType({"colour": "BGR"}))
    words = ("eval", str(path), *scene.named(), "--boxes", "gt", "--json")
    plain = parsed(repro(*words))
    assert plain["model"] == "onnx" and plain["weights"]["name"] == "net.onnx"
    assert plain["input"] == [64, 48] and plain["protocol"]["colour"] == "BGR"
    other = "--decode DARK --no-flip --no-shift --colour RGB --normalise 0..1 --nms 0.5"
    changed = parsed(repro(*words, *other.split(), "--padding", "1.1", "--udp"))
    differing = {
        name: value
        for name, value in changed["protocol"].items()
        if value != plain["protocol"][name]
    }
    assert differing == {
        **{"decode": "DARK", "flip": False, "shift": False, "colour": "RGB"},
        **{"normalise": "0..1", "nms": 0.5, "padding": 1.1, "udp": True},
    }
    assert changed["record"] != plain["record"]
    assert changed["protocol_name"] == plain["protocol_name"]
    named = parsed(repro(*words, "--protocol", "paper2/coco-val2017"))
    assert named["protocol_name"] == "paper2/coco-val2017"


def test_the_json_is_alone_on_stdout_and_the_rest_on_stderr(repro: Run, scene: Scene) -> None:
    words = ("eval", "truth", *scene.named(), "--boxes", "gt")
    outcome = repro(*words)
    assert outcome.code == 0 and "record " in outcome.out
    assert "crops in" in outcome.err and "truth 256x192 on COCO val2017" in outcome.err
    assert "crops in" not in repro(*words).err  # nothing was run
    found = repro(*words, "--json", "--fresh")
    assert parsed(found)["command"] == "eval" and found.err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--input 64", "is no size"),
        ("--input 255x191", "multiples of 4"),
        ("--input 0x0", "cannot take an input of 0x0"),
        ("--input 99999x99999", "at most 2048"),
        ("--batch 0", "--batch"),
        ("--batch -3", "--batch"),
        ("--batch many", "--batch"),
        ("--threads 0", "--threads"),
        ("--threads 100000", "100000 is not in the range"),
        ("--loaders 0", "--loaders"),
        ("--loaders 5000", "--loaders"),
        ("--nms nan", "OKS of nan"),
        ("--nms 7", "OKS of 7"),
        ("--padding -1", "padding of -1"),
        ("--padding inf", "inf is no finite number"),
        ("--colour blue", "`blue`"),
        ("--normalise nothing", "`nothing`"),
        ("--decode sideways", "`sideways`"),
        ("--decode beta-soft-argmax(99999)", "beta-soft-argmax(99999)"),
        ("--dataset cocoa", "Did you mean `coco`"),
        ("--dataset crowdpose", "joints of coco"),
        ("--dataset synth", "not generated"),
        ("--protocol nobody/x", "`nobody`"),
        ("--protocol paper1/x", "`paper1/x`"),
        ("--protocol paper4/coco-val2017", "does not go with"),
        ("--option rounded=maybe", "true or false"),
        ("--option other=1", "one option"),
        ("--option rounded", "is no option"),
        ("--device banana", "`banana`"),
        ("--device cuda", "CUDA|CPU"),
        ("--weights some.pth", "not weights"),
        ("--boxes absent.json", "`absent.json`"),
        ("--boxes boxes.txt", "`boxes.txt`"),
        ("--annotations absent.json", "--annotations"),
        ("--images absent", "--images"),
        ("--truth absent.mat", "--truth"),
        ("--data absent", "`absent`"),
        ("--store file", "is no folder"),
        ("--store file/below", "cannot be written"),
    ],
)
def test_a_mistake_is_one_sentence(
    repro: Run, scene: Scene, tmp_path: Path, words: str, said: str
) -> None:
    (tmp_path / "file").write_text("")
    named = [] if words.startswith("--data ") else scene.named()
    boxes = () if words.startswith("--boxes") else ("--boxes", "gt")
    outcome = repro("eval", "truth", *named, *boxes, *words.split())
    if said == "CUDA|CPU":
        said = "`truth` runs on the CPU" if torch.cuda.is_available() else "no CUDA device"
    refused(outcome, said)
    assert not list(tmp_path.glob("records/??/*.json"))


def test_what_must_be_named(repro: Run, scene: Scene, tmp_path: Path) -> None:
    refused(repro("eval", "truth"), "No data folder is named", "data synth")
    refused(repro("eval", "truth", "--annotations", str(scene.annotations)), "--images DIR")
    words = ("--annotations", str(scene.annotations), "--data", str(tmp_path))
    refused(repro("eval", "truth", *words), "images of", "--images DIR")
    refused(repro("eval", "truth", *scene.named()), "COCO_val2017_detections", "--boxes gt")
    refused(repro("eval", "lpn_50"), "needs weights")
    refused(repro("eval", "lpn_51"), "Did you mean `lpn_50`")
    refused(repro("eval", "absent.onnx", *scene.named()), "no file `absent.onnx`")
    words = ("--boxes", str(scene.boxes))
    refused(repro("eval", "truth", *scene.named(), *words), "whose person a detector's box is")
    words = ("--protocol", "paper4/coco-val2017-openpose")
    refused(repro("eval", "truth", *scene.named(), *words), "part affinity fields")


def first_person(document: Entry, **changes: object) -> Entry:
    (first, *rest) = document["annotations"]  # type: ignore[misc]
    kept = {name: value for name, value in {**first, **changes}.items() if value is not ...}
    return {**document, "annotations": [kept, *rest]}


def first_image(document: Entry, **changes: object) -> Entry:
    (first, *rest) = document["images"]  # type: ignore[misc]
    return {**document, "images": [{**first, **changes}, *rest]}


WRONG: MappingProxyType[str, Callable[[Entry], object]] = MappingProxyType(
    {
        "bbox": lambda it: first_person(it, bbox=...),
        "keypoints": lambda it: first_person(it, keypoints=[1, 2, 3]),
        "51 finite numbers": lambda it: first_person(it, keypoints="none"),
        "no negative size": lambda it: first_person(it, bbox=[5, 5, -5, 5]),
        "is not JSON": lambda it: first_person(it, bbox=[float("nan"), 5, 5, 5]),
        "`area`": lambda it: first_person(it, area=-1),
        "no image 99": lambda it: first_person(it, image_id=99),
        "no persons": lambda it: {**it, "annotations": []},
        "no images": lambda it: {**it, "images": []},
        "the list `annotations`": lambda it: {"images": it["images"]},
        "lacks 1 of the": lambda it: first_image(it, file_name="absent.png"),
        "as annotated": lambda it: first_image(it, height=4000),
        "`height`": lambda it: first_image(it, height=0),
        "holds a list": lambda it: [it],
    }
)


@pytest.mark.parametrize("said", WRONG)
def test_wrong_annotations_are_named(repro: Run, scene: Scene, tmp_path: Path, said: str) -> None:
    change: Callable[[Entry], object] = WRONG[said]
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(change(json.loads(scene.annotations.read_text()))))
    for words in (("--boxes", "gt"), ("--protocol", "paper4/coco-val2017")):
        command = ("eval", "truth", "--annotations", str(path), "--images", str(scene.images))
        refused(repro(*command, *words, "--input", "64x64"), said)


def test_strange_boxes_are_survived(repro: Run, scene: Scene, tmp_path: Path) -> None:
    document = json.loads(scene.annotations.read_text())
    kinds = ([500, 500, 9, 9], [10, 10, 0, 0], [-40, -40, 60, 60], [0, 0, 1e6, 1e6], [1, 1, 0, 50])
    for one, box in zip(document["annotations"], kinds, strict=False):
        one["bbox"] = box
    path = tmp_path / "strange.json"
    path.write_text(json.dumps(document))
    words = ("--annotations", str(path), "--images", str(scene.images), "--boxes", "gt", "--json")
    data = parsed(repro("eval", "truth", *words))
    assert 0 < data["data"]["instances"] < len(document["annotations"])
    document["annotations"][0]["bbox"] = [0, 0, 1e9, 1e9]
    path.write_text(json.dumps(document))
    refused(repro("eval", "truth", *words), "annotations[0] (id 1)", "Correct it")


@pytest.mark.parametrize("keep", [0, 0.5, 0.98])
def test_a_truncated_image_is_named(repro: Run, scene: Scene, tmp_path: Path, keep: float) -> None:
    folder = Path(shutil.copytree(scene.images, tmp_path / "images"))
    last = sorted(folder.iterdir())[-1]
    content = last.read_bytes()
    last.write_bytes(content[: int(len(content) * keep)])
    words = ("--annotations", str(scene.annotations), "--images", str(folder), "--boxes", "gt")
    refused(repro("eval", "truth", *words), last.name, "Fetch")


def test_a_network_of_nan_is_named(repro: Run, scene: Scene, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "nan.onnx", value=float("nan"))
    refused(repro("eval", str(path), *scene.named(), "--boxes", "gt"), "NaN or infinity")
    state = torch.load(scene.checkpoint("litepose_xs"), weights_only=True)
    huge = {n: v * 1e30 if v.is_floating_point() else v for n, v in state.items()}
    torch.save(huge, tmp_path / "huge.pth")
    words = ("eval", "litepose_xs", "--weights", "huge.pth", *scene.named(), "--input", "64x64")
    refused(repro(*words), "NaN or infinity for `")


def test_a_network_that_fails_is_a_failed_run(repro: Run, scene: Scene, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "stuck.onnx", reshape=(1, 17, 16, 12))
    words = ("eval", str(path), *scene.named(), "--boxes", "gt")
    refused(repro(*words), "The network failed", "--batch", code=6)
    assert repro(*words, "--batch", "1").code == 0


def test_an_output_is_no_device_and_no_folder(repro: Run, scene: Scene, tmp_path: Path) -> None:
    words = ("eval", "truth", *scene.named(), "--boxes", "gt", "--input", "64x48", "--output")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        refused(repro(*words, name), "no file that could be replaced", "--output")
    (tmp_path / "file").write_text("")
    refused(repro(*words, "file/below"), "cannot be written")
    assert (tmp_path / "pipe").is_fifo()
    assert repro(*words, "new/folder/poses.json").code == 0
    assert json.loads((tmp_path / "new/folder/poses.json").read_text())


def of_inputs(answer: Entry) -> list[str]:
    """The remarks of an evaluation but for that on a network that finds next to nothing."""
    remarks = answer["remarks"]
    assert remarks[-1]["about"] == "accuracy" and "next to nothing" in remarks[-1]["text"]  # type: ignore[index]
    return [one["text"] for one in remarks[:-1]]  # type: ignore[index]


def test_what_a_reader_must_know_of_the_inputs_is_told_and_kept(
    repro: Run, scene: Scene, tmp_path: Path
) -> None:
    boxes = json.loads(scene.boxes.read_text())
    images = {one["id"] for one in json.loads(scene.annotations.read_text())["images"]}
    first = min(images)
    kept = [one for one in boxes if one["image_id"] == first]
    rows = [*kept, {**kept[0], "image_id": 10**6}, {**kept[0], "category_id": 18}]
    (tmp_path / "boxes.json").write_text(json.dumps(rows))
    path = onnx_file(tmp_path / "net.onnx", metadata=STATED)
    words = ("eval", str(path), *scene.named(), "--boxes", "boxes.json")
    said = [
        f"{len(images) - 1} of {len(images)} images have no box.",
        f"1 of {len(rows)} boxes are not of the category person.",
        f"1 of {len(rows)} boxes are on images that the annotations lack.",
    ]
    outcome = repro(*words)
    assert [f"note: {text}" for text in said] == [
        line
        for line in outcome.err.splitlines()
        if line.startswith("note: ") and "next to nothing" not in line
    ]
    data = parsed(repro(*words, "--json"))
    assert of_inputs(data) == said
    assert data["records"][0]["remarks"] == data["remarks"]
    (tmp_path / "boxes.json").write_text(
        json.dumps([{**one, "bbox": [0.1, 0.2, 0.3, 0.4]} for one in kept])
    )
    refused(repro(*words), "as fractions of an image do", "in pixels")


def poses_of(answer: Entry) -> object:
    """The digest of the poses that an evaluation kept."""
    (record,) = answer["records"]  # type: ignore[misc]
    return record["artifacts"]


@pytest.mark.parametrize("turn", [3, 6])
def test_the_turn_of_pictures_is_a_rule(
    repro: Run, scene: Scene, tmp_path: Path, turn: int
) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[274] = turn
    folder = tmp_path / "turned"
    folder.mkdir()
    for file in scene.images.iterdir():
        with Image.open(file) as picture:
            back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}[turn]
            picture.transpose(back).save(folder / file.name, exif=exif)
    path = str(onnx_file(tmp_path / "net.onnx", value=1.0, metadata=STATED))
    words = ("eval", path, "--annotations", str(scene.annotations), "--boxes", "gt", "--json")
    plain = parsed(repro(*words, "--images", str(scene.images)))
    turned = ("--images", str(folder))
    assert plain["protocol"]["exif"] == "ignore" and of_inputs(plain) == []
    upright = parsed(repro(*words, *turned, "--exif", "apply"))
    assert poses_of(upright) == poses_of(plain) and upright["protocol"]["exif"] == "apply"
    assert "carry an EXIF turn, which is honoured" in upright["remarks"][0]["text"]
    if turn == 6:
        refused(repro(*words, *turned, "--fresh"), "as annotated", "--exif apply")
        refused(repro(*words, "--images", str(scene.images), "--exif", "up"), "`up`", "apply")
        return
    anew = parsed(repro(*words, *turned))  # not served from the record of other pictures
    said = " ".join(remark["text"] for remark in anew["remarks"])
    assert poses_of(anew) != poses_of(plain) and "not those of the kept record: made anew" in said
    stored = parsed(repro(*words, *turned))
    assert stored["records"] == anew["records"]
    count = len(list(folder.iterdir()))
    said = f"{count} of {count} pictures carry an EXIF turn, which is ignored"
    assert of_inputs(stored) == [f"{said}: --exif apply honours it."]
