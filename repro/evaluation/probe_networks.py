"""What a probe puts in the place of a network: the annotations, with mistakes and under a cloud."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.data.boxes import Instances
from repro.data.people import Annotations, Bools, Floats
from repro.errors import ReproError
from repro.evaluation import oracle
from repro.evaluation.network import Network
from repro.evaluation.probe_set import draws
from repro.papers.protocol import COORDINATES, ROWS, Protocol
from repro.papers.skeletons import COCO
from repro.papers.values import Size
from repro.pose import whole_image
from repro.pose.field_targets import field_targets
from repro.pose.offset_targets import offset_targets
from repro.pose.offsets import STRIDE

MISTAKE = 0.4
"""how far joints of the worst person are moved, from one end to the other, in roots of its area"""
NOISE = 0.04
"""from the lowest to the highest"""
TRACE = 0.06
"""the most that the pixels of an input add to a map"""
HILL, REACH = 0.25, 4.0
"""height and radius of what is no joint, the latter in pixels of the map"""

Maps = NDArray[np.float32]


def clouded(
    annotations: Annotations, instances: Instances | None, size: Size, rules: Protocol
) -> Network:
    """A network that errs, for boxes or for whole images; ReproError where there is none."""
    seen = _mistaken(annotations)
    if instances is not None:
        maps = Clouded(oracle.network(seen, _owned(instances, seen), size, rules, rounded=False))
        return ReadOff(maps, rules.decode) if rules.decode in COORDINATES else maps
    if rules.decode == ROWS:
        return AsRows(seen, size, rules)
    if rules.decode not in TARGETS:
        return Clouded(oracle.network(seen, None, size, rules, rounded=False))
    if rules.decode == "part affinity fields" and rules.skeleton is not COCO:
        raise ReproError(
            f"Part affinity fields have limbs of COCO, not of {rules.skeleton.name}.",
            "Take another grouping, or COCO.",
        )
    return Clouded(FromTargets(seen, size, rules))


@dataclass(frozen=True, eq=False)
class Clouded:
    """A network with noise and false hills in its maps, and with traces of the input's pixels.

    Only single additions, products and quotients: every processor gives the same.
    """

    clear: Network

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        pixels: Maps = images.cpu().numpy()
        shown = pixels / (1 + np.abs(pixels))  # from -1 to 1, however they are normalised
        outputs = []
        for place, output in enumerate(self.clear(images, chosen, mirrored)):
            shape = tuple(output.shape[1:])
            clouds = [_cloud(shape, place, int(index), int(mirrored)) for index in chosen]
            maps: Maps = output.numpy() + np.stack(clouds)
            stride = images.shape[2] // shape[1]
            for channel in range(3):
                shares = (np.arange(shape[0]) * (channel + 2) % 7 - 3) * (TRACE / 9)
                traces = shown[:, channel, None, ::stride, ::stride]
                maps = maps + traces * shares.astype(np.float32)[:, None, None]
            outputs.append(torch.from_numpy(maps))
        return outputs


@dataclass(frozen=True, eq=False)
class FromTargets:
    """A network of whole images that gives what it is trained to give."""

    annotations: Annotations
    size: Size
    protocol: Protocol

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        people, index = self.annotations.people, int(chosen[0])
        height, width = (int(side) for side in self.annotations.images.sizes[index])
        fields = self.protocol.decode == "part affinity fields"
        fit = (whole_image.openpose_fit if fields else whole_image.fit)(
            (height, width), self.size[0]
        )
        here = (people.image == index) & ~people.crowd & (people.labelled > 0)
        points = fit.to_input(people.keypoints[here, :, :2])
        seen = people.keypoints[here, :, 2] > 0
        if mirrored:
            order = list(self.protocol.skeleton.mirrored)
            points, seen = points[:, order], seen[:, order]
            points[..., 0] = fit.size[1] - STRIDE - points[..., 0]  # see offsets.mirrored_input
        targets = TARGETS[self.protocol.decode](points, seen, fit.size)
        return [torch.from_numpy(target) for target in targets]


@dataclass(frozen=True, eq=False)
class ReadOff:
    """The heatmaps of another network as SimCC's bins, or as points."""

    maps: Network
    decode: str

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        (maps,) = self.maps(images, chosen, mirrored)
        across, down = maps.amax(dim=2), maps.amax(dim=3)
        if self.decode == "SimCC":
            return [across, down]
        x, y = (values.argmax(dim=2) / values.shape[2] for values in (across, down))
        return [torch.stack([y, x, across.amax(dim=2)], dim=2)]


@dataclass(frozen=True, eq=False)
class AsRows:
    """A network that gives a row for each person, and a second one beside it that should go."""

    annotations: Annotations
    size: Size
    protocol: Protocol

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        people, index = self.annotations.people, int(chosen[0])
        height, width = (int(side) for side in self.annotations.images.sizes[index])
        fit = whole_image.letterbox((height, width), self.size, 0)
        here = (people.image == index) & ~people.crowd & (people.labelled > 0)
        pixel = images[0, :, self.size[0] // 2, self.size[1] // 2].cpu().numpy()
        trace = (pixel / (1 + np.abs(pixel))) @ np.array([1, 2, 4])  # of the colours
        points = fit.to_input(people.keypoints[here, :, :2]) + trace
        low, high = points.min(axis=1), points.max(axis=1)
        count, joints = points.shape[:2]
        scores = 0.4 + 0.5 * draws((count, joints + 1), 9, index)
        each = np.concatenate([points, scores[:, 1:, None]], axis=2).reshape(count, 3 * joints)
        rows = np.concatenate([(low + high) / 2, high - low + 4, scores[:, :1], each], axis=1)
        lesser = rows + 1
        lesser[:, 4] = scores[:, 0] - 0.2
        values = np.concatenate([rows, lesser]).astype(np.float32)
        return [torch.from_numpy(np.ascontiguousarray(values.T))[None]]


def _offsets(points: Floats, seen: Bools, size: Size) -> tuple[Maps, ...]:
    return offset_targets(points, seen, np.zeros(len(points), np.int64), 1, size)[:2]


def _fields(points: Floats, seen: Bools, size: Size) -> tuple[Maps, ...]:
    return field_targets(points, seen, np.zeros(len(points), np.int64), 1, size)


TARGETS: Mapping[str, Callable[[Floats, Bools, Size], tuple[Maps, ...]]] = {
    "centre offsets": _offsets,
    "part affinity fields": _fields,
}
"""of the groupings that `truth` cannot stand for"""


def _cloud(shape: tuple[int, ...], *seeds: int) -> Maps:
    """Noise about 0, and a hill in each map (K, h, w)."""
    joints, height, width = shape
    noise = (draws(shape, 5, *seeds) - 0.5) * NOISE
    tops = np.floor(draws((2, joints, 1, 1), 6, *seeds) * np.reshape((height, width), (2, 1, 1, 1)))
    rows, columns = np.ogrid[:height, :width]
    away = (rows - tops[0]) ** 2 + (columns - tops[1]) ** 2
    return np.asarray(noise + np.maximum(1 - away / REACH**2, 0) * HILL, np.float32)


def _mistaken(annotations: Annotations) -> Annotations:
    """Annotations whose joints are moved, those of some persons more than those of others."""
    people = annotations.people
    persons, joints, _ = people.keypoints.shape
    reach = MISTAKE * np.sqrt(people.areas)[:, None, None] * draws((persons, 1, 1), 7)
    moved = people.keypoints.copy()
    moved[..., :2] += reach * (draws((persons, joints, 2), 8) - 0.5)
    return replace(annotations, people=replace(people, keypoints=moved))


def _owned(instances: Instances, annotations: Annotations) -> Instances:
    """Boxes that are each somebody's: a detector's that of the nearest person of the image."""
    people = annotations.people
    middles = people.boxes[:, :2] + people.boxes[:, 2:] / 2
    centres = instances.boxes[:, :2] + instances.boxes[:, 2:] / 2
    away = ((centres[:, None] - middles) ** 2).sum(axis=2)  # (N, P)
    away[instances.image[:, None] != people.image] += 1e6
    away[:, people.crowd | (people.labelled == 0)] = np.inf
    person = np.where(instances.person < 0, away.argmin(axis=1), instances.person)
    return replace(instances, person=person)
