"""DEKR and Lightweight OpenPose as perfect networks: what their decoding loses end to end."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from repro.data import annotations
from repro.data.people import Annotations, Floats
from repro.data.pictures import Pictures
from repro.errors import ReproError
from repro.evaluation import inference
from repro.evaluation.request import Execution
from repro.evaluation.shards import Shards
from repro.papers import protocol_choice
from repro.papers.datasets import DATASETS
from repro.papers.protocol import changed
from repro.pose import targets, whole_image
from repro.pose.fields import COCO
from repro.pose.limbs import TRAINED
from repro.scoring import oks
from support.evaluation_scenes import Scene

MIRRORED = list(DATASETS["coco"].skeleton.mirrored)


def people_on(truth: Annotations, index: int) -> tuple[Floats, np.ndarray]:
    """Joints (M, 17, 2) in pixels of an image, and which are labelled."""
    people = truth.people
    own = (people.image == index) & ~people.crowd & (people.labelled > 0)
    return people.keypoints[own, :, :2], people.keypoints[own, :, 2] > 0


def blobs(points: Floats, seen: np.ndarray, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Heatmaps (K, h, w) of all persons' joints, in pixels of the maps."""
    each, _ = targets.gaussian(points, seen, shape, stride=1, sigma=sigma, rounded=False)
    return each.max(axis=0, initial=0)


class PerfectDekr:
    """Heatmaps of joints and centres, and everywhere the offsets to the nearest person's joints."""

    def __init__(self, truth: Annotations, side: int) -> None:
        self.truth, self.side = truth, side

    def __call__(self, images: Tensor, chosen: np.ndarray, mirrored: bool) -> list[Tensor]:
        index = int(chosen[0])
        height, width = self.truth.images.sizes[index].tolist()
        fit = whole_image.fit((height, width), self.side)
        shape = (fit.size[0] // 4, fit.size[1] // 4)
        assert tuple(images.shape[2:]) == fit.size
        points, seen = people_on(self.truth, index)
        points = fit.to_input(points) / 4
        if mirrored:
            points, seen = points[:, MIRRORED].copy(), seen[:, MIRRORED]
            points[..., 0] = shape[1] - 1 - points[..., 0]
        centres = np.where(seen[..., None], points, np.nan)
        centres = np.nanmean(centres, axis=1, keepdims=True)
        points = np.where(seen[..., None], points, centres)
        heat = blobs(points, seen, shape, 1.0)
        middle = blobs(centres, np.ones((len(centres), 1), np.bool_), shape, 1.0)
        rows, columns = np.indices(shape)
        places = np.stack([columns, rows])  # (2, h, w)
        away = ((places - centres.reshape(-1, 2, 1, 1)) ** 2).sum(axis=1)
        nearest = points[away.argmin(axis=0)]  # (h, w, 17, 2)
        offsets = places[None] - nearest.transpose(2, 3, 0, 1)
        maps = np.concatenate([heat, middle])[None]
        return [
            torch.from_numpy(maps.astype(np.float32)),
            torch.from_numpy(offsets.reshape(1, -1, *shape).astype(np.float32)),
        ]


class PerfectOpenPose:
    """Heatmaps of 18 joints, and unit vectors along the limbs."""

    def __init__(self, truth: Annotations, side: int) -> None:
        self.truth, self.side = truth, side

    def __call__(self, images: Tensor, chosen: np.ndarray, mirrored: bool) -> list[Tensor]:
        index = int(chosen[0])
        height, width = self.truth.images.sizes[index].tolist()
        fit = whole_image.openpose_fit((height, width), self.side)
        shape = (fit.size[0] // 8, fit.size[1] // 8)
        assert tuple(images.shape[2:]) == fit.size
        points, seen = people_on(self.truth, index)
        points = (fit.to_input(points) + 0.5) / 8 - 0.5
        joints, there = np.zeros((len(points), 18, 2)), np.zeros((len(points), 18), np.bool_)
        joints[:, COCO], there[:, COCO] = points, seen
        joints[:, 1], there[:, 1] = joints[:, [2, 5]].mean(axis=1), there[:, [2, 5]].all(axis=1)
        heat = blobs(joints, there, shape, 1.0)
        heat = np.concatenate([heat, 1 - heat.max(axis=0, keepdims=True)])
        fields = np.zeros((2 * len(TRAINED), *shape))
        rows, columns = np.indices(shape)
        for limb, (start, end) in enumerate(TRAINED):
            for person in np.flatnonzero(there[:, start] & there[:, end]):
                one, other = joints[person, start], joints[person, end]
                long = np.linalg.norm(other - one) + 1e-9
                along = (other - one) / long
                x, y = columns - one[0], rows - one[1]
                near = np.abs(x * along[1] - y * along[0]) <= 1
                near &= (x * along[0] + y * along[1] >= -1) & (
                    x * along[0] + y * along[1] <= long + 1
                )
                fields[2 * limb : 2 * limb + 2, near] = along[:, None]
        first = [torch.zeros(1, 19, *shape), torch.zeros(1, 38, *shape)]
        last = [torch.from_numpy(maps[None].astype(np.float32)) for maps in (heat, fields)]
        return [*first, *last]


def figure(scene: Scene, network: object, decode: str, flip: bool, side: int) -> dict[str, float]:
    truth = annotations.read(scene.annotations, "coco")
    _, protocol = protocol_choice.chosen("litepose_xs_coco", "coco", None)
    protocol = changed(protocol, decode=decode, flip=flip)
    pictures = Pictures(scene.images, truth)
    told: list[int] = []
    found = inference.bottom_up(
        network,  # type: ignore[arg-type]
        pictures,
        (side, side),
        protocol,
        Shards(None),
        Execution(),
        told.append,
    )
    assert sum(told) == len(truth.images)
    measured = oks.evaluate(truth, found, None).metrics()
    return {name: value for name, value in measured.items() if value is not None}


@pytest.mark.parametrize("flip", [True, False])
def test_centre_offsets_lose_little(scene: Scene, flip: bool) -> None:
    truth = annotations.read(scene.annotations, "coco")
    found = figure(scene, PerfectDekr(truth, 512), "centre offsets", flip, 512)
    assert found["AP"] > 0.9


def test_part_affinity_fields_find_who_has_both_shoulders(scene: Scene) -> None:
    """All limbs but those of the face go through the neck; small faces are one joint."""
    truth = annotations.read(scene.annotations, "coco")
    found = figure(scene, PerfectOpenPose(truth, 512), "part affinity fields", False, 512)
    assert found["AP"] > 0.6 and found["AP50"] > 0.75


@pytest.mark.parametrize(
    ("perfect", "decode"),
    [(PerfectDekr, "centre offsets"), (PerfectOpenPose, "part affinity fields")],
)
def test_nan_of_a_bottom_up_network_is_named(
    scene: Scene, perfect: Callable[[Annotations, int], object], decode: str
) -> None:
    truth = annotations.read(scene.annotations, "coco")
    inner = perfect(truth, 64)

    def broken(*words: object) -> list[Tensor]:
        maps = inner(*words)  # type: ignore[operator]
        maps[-1][0, 0, 0, 0] = float("nan")
        return list(maps)

    with pytest.raises(ReproError, match=f"NaN or infinity for `{Path(truth.images.files[0])}`"):
        figure(scene, broken, decode, False, 64)
