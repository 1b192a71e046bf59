"""A small data set and small networks, made once a worker, for tests from images to AP."""

import functools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import torch

import zoo
from repro.data import synth
from support.command_line import Outcome

SIZE = (96, 128)
"""height and width of the pictures"""
IMAGES = 6
MPII_JOINTS = 16
Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Scene:
    """Files that tests read and do not change."""

    folder: Path

    @property
    def data(self) -> Path:
        """A data folder with the generated set, and with the same called COCO's val2017."""
        return self.folder / "data"

    @property
    def annotations(self) -> Path:
        return self.data / "coco/annotations/person_keypoints_val2017.json"

    @property
    def images(self) -> Path:
        return self.data / "coco/val2017"

    @property
    def boxes(self) -> Path:
        name = "COCO_val2017_detections_AP_H_56_person.json"
        return self.data / "coco/person_detection_results" / name

    def named(self) -> list[str]:
        """The options that name the annotations and the images."""
        return ["--annotations", str(self.annotations), "--images", str(self.images)]

    def checkpoint(self, model: str, keypoints: int = 17) -> Path:
        """A file with a network's initial weights."""
        path = self.folder / f"{model}-{keypoints}.pth"
        if not path.exists():
            torch.manual_seed(0)
            torch.save(zoo.create_model(model, keypoints).state_dict(), path)
        return path


@functools.cache
def made(base: Path) -> Scene:
    """The scene below a folder."""
    scene = Scene(base / "evaluation")
    root = synth.write(scene.data, train=1, val=IMAGES, seed=3, size=SIZE)
    for path in (scene.annotations, scene.boxes):
        path.parent.mkdir(parents=True)
    document = json.loads((root / "annotations/synth_person_keypoints_val.json").read_text())
    del document["info"]
    scene.annotations.write_text(json.dumps(document))
    shutil.copytree(root / "val", scene.images)
    shutil.copy(root / "boxes/val.json", scene.boxes)
    return scene


def labelled_poses(scene: Scene, shift: float = 0, missing: int = 0) -> Rows:
    """The labelled persons as results, moved by some pixels, the first left out."""
    people = json.loads(scene.annotations.read_text())["annotations"]
    rows: Rows = []
    for one in people:
        if one["num_keypoints"] and not one["iscrowd"]:
            points = np.array(one["keypoints"], float).reshape(-1, 3)
            points[:, 0] += shift
            row = {"image_id": one["image_id"], "category_id": 1, "score": 0.5}
            rows.append({**row, "keypoints": points.ravel().tolist()})
    return rows[missing:]


def written(folder: Path, name: str, rows: object) -> str:
    """The path of a file that holds the rows as JSON."""
    path = folder / name
    path.write_text(json.dumps(rows))
    return str(path)


def parsed(outcome: Outcome) -> dict[str, object]:
    """The one JSON object that a command printed, and nothing else on stdout."""
    assert outcome.code in (0, 3), outcome.err
    data = json.loads(outcome.out)
    assert isinstance(data, dict) and data["schema"] == 1
    return data


def refused(outcome: Outcome, *said: str, code: int = 2) -> None:
    """A command that ends with a sentence of fact and one of cure, and with no trace."""
    assert outcome.code == code, (outcome.code, outcome.err)
    assert outcome.out == "" and "Traceback" not in outcome.err
    lines = outcome.err.splitlines()
    while lines and not lines[0].startswith("error: "):
        lines.pop(0)  # what was told before
    assert 1 < len(lines) <= 3, outcome.err
    for words in said:
        assert words in outcome.err, outcome.err


def onnx_file(
    path: Path,
    size: tuple[int, int] | None = (64, 48),
    batch: int | str = "n",
    joints: int = 17,
    value: float = 0.05,
    metadata: MappingProxyType[str, str] = MappingProxyType({}),
    reshape: tuple[int, ...] = (),
    mean: bool = False,
) -> Path:
    """An exported network of one convolution; by `reshape` or `mean` its batch goes wrong."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.random.default_rng(0).normal(size=(joints, 3, 4, 4)).astype(np.float32) * value
    sides = list(size) if size else ["height", "width"]
    maps = [side // 4 for side in size] if size else ["rows", "columns"]
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, *sides])
    last = [1 if mean else batch, joints, *maps]
    found = helper.make_tensor_value_info("maps", TensorProto.FLOAT, last)
    changed = bool(reshape) or mean
    nodes = [
        helper.make_node(
            "Conv",
            ["image", "weights"],
            ["plain" if changed else "maps"],
            kernel_shape=[4, 4],
            strides=[4, 4],
        )
    ]
    values = [numpy_helper.from_array(weights, "weights")]
    if reshape:
        nodes.append(helper.make_node("Reshape", ["plain", "shape"], ["maps"]))
        values.append(numpy_helper.from_array(np.array(reshape, np.int64), "shape"))
    if mean:
        nodes.append(helper.make_node("ReduceMean", ["plain", "axes"], ["maps"], keepdims=1))
        values.append(numpy_helper.from_array(np.array([0], np.int64), "axes"))
    graph = helper.make_graph(nodes, "network", [given], [found], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    helper.set_model_props(model, dict(metadata))
    save(model, path)
    return path


def mpii(folder: Path, people: int = 5, beside: bool = True) -> Path:
    """An MPII valid list of generated joints with its images and, beside it, its head boxes."""
    from scipy.io import savemat

    rng = np.random.default_rng(7)
    (folder / "images").mkdir(parents=True)
    rows, joints = [], np.zeros((people, MPII_JOINTS, 2))
    for person in range(people):
        centre = rng.uniform((50, 40), (70, 60))
        joints[person] = centre + rng.uniform(-25, 25, (MPII_JOINTS, 2))
        seen = rng.random(MPII_JOINTS) < 0.9
        rows.append(
            {
                "image": f"{person // 2}.jpg",
                "joints": np.where(seen[:, None], joints[person], -1).tolist(),
                "joints_vis": seen.astype(int).tolist(),
                "center": centre.tolist(),
                "scale": 0.4,
            }
        )
        pixels = rng.integers(0, 255, (*SIZE, 3), np.uint8)
        cv2.imwrite(str(folder / "images" / f"{person // 2}.jpg"), pixels)
    path = folder / "annot" / "valid.json"
    path.parent.mkdir()
    path.write_text(json.dumps(rows))
    missing = np.array([[1 - one for one in row["joints_vis"]] for row in rows])
    heads = np.stack([joints[:, 9], joints[:, 9] + 12], axis=0)  # (2, N, 2)
    truth = {
        "jnt_missing": missing.T,
        "pos_gt_src": joints.transpose(1, 2, 0),
        "headboxes_src": heads.transpose(0, 2, 1),
    }
    savemat(path.with_name("mpii_gt_valid.mat") if beside else folder / "truth.mat", truth)
    return path
