"""Associative embedding (Newell et al., NeurIPS 2017): heatmaps and tags to people.

`aggregate` brings a network's outputs to the input's size, `group` makes people of them: together
the inference of HigherHRNet, SWAHR and LitePose (`lib/core/inference.py` and `lib/core/group.py` of
HRNet/HigherHRNet-Human-Pose-Estimation, the same in mit-han-lab/litepose).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.pose.assignment import assign
from repro.pose.peaks import peaks
from repro.pose.refine import fill, towards_larger

if TYPE_CHECKING:
    from torch import Tensor

Maps = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST = (0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10)
"""joints of COCO from the trunk outwards; officially used for every data set, then the others"""

PADDING = 1e10
"""cost of leaving a candidate to a person of its own"""

TAG_LIMIT = 1e9
"""a tag that is larger, or not a number, belongs to nobody"""


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """The official configurations' values; those of the code itself are 0.2 and 3 where noted."""

    detection: float = 0.1
    """a joint's heatmap must exceed it (code: 0.2)"""
    tag: float = 1.0
    """a joint's distance to the mean tag of its person stays below it"""
    window: int = 5
    """side of the max-pooling that peaks are found with (code: 3)"""
    people: int = 30
    """as many peaks of a joint are looked at, and as many persons matched against"""
    adjust: bool = True
    """move each joint by a quarter pixel towards its larger neighbours, and by half a pixel"""
    refine: bool = True
    """look for the missing joints of each person"""


OFFICIAL = EmbeddingSettings()


def aggregate(
    outputs: Sequence[Tensor],
    flipped_outputs: Sequence[Tensor] | None,
    mirrored: Sequence[int],
    input_size: tuple[int, int],
    joints: int,
) -> tuple[Tensor, Tensor]:
    """Heatmaps (K, H, W) and tags (K, H, W, T) at the input's size, of one image.

    `outputs` are those of the network, (1, C, h, w): the first has K heatmaps and K tags, the
    others K heatmaps; the K scale maps that SWAHR puts before them are left out.
    `flipped_outputs` are those of the mirrored image, None without flip test; `mirrored` is that of
    the skeleton. T is 2 with the flip test and 1 without. All outputs are brought to the size of
    the last, bilinearly, and averaged, then to `input_size`; plain and mirrored heatmaps are
    averaged, their tags kept side by side. Raise ReproError for outputs with other channels.
    """
    import torch

    passes = [_resized(outputs, joints, input_size, None)]
    if flipped_outputs is not None:
        passes.append(_resized(flipped_outputs, joints, input_size, list(mirrored)))
    heatmaps = passes[0][0] if len(passes) == 1 else (passes[0][0] + passes[1][0]) / 2
    return heatmaps, torch.stack([tags for _, tags in passes]).movedim(0, -1)


def group(
    heatmaps: Maps, tags: Maps, settings: EmbeddingSettings = OFFICIAL
) -> tuple[Floats, Floats]:
    """The people (M, K, 3) in heatmaps (K, H, W) with tags (K, H, W, T), and their scores (M,).

    A joint is x, y in pixels of the maps and the value of its heatmap; 0, 0, 0 if missing. With
    `adjust` the first pixel reaches from 0 to 1, without it is at 0. A person's score is the mean
    over all K joints' scores before missing joints are looked for, which count as 0. Pixels whose
    heatmap or tags are not finite are nobody's; nobody gives arrays of length 0.
    """
    joints, _, width = heatmaps.shape
    heatmaps = np.ascontiguousarray(heatmaps, dtype=np.float32)
    channels, pixels = peaks(heatmaps, settings.detection, settings.window, settings.people)
    rows, columns = np.divmod(pixels, width)
    values = np.asarray(tags[channels, rows, columns], dtype=np.float32)
    known = (np.abs(values) < TAG_LIMIT).all(axis=1)
    channels, rows, columns, values = channels[known], rows[known], columns[known], values[known]
    scores = heatmaps[channels, rows, columns]
    people = _match(channels, scores, values, joints, settings)

    places = np.stack((columns, rows), axis=1).astype(np.float32)
    if settings.adjust:
        places = towards_larger(heatmaps, channels, rows, columns)
    keypoints = np.zeros((len(people), joints, 3), dtype=np.float32)
    person, joint = np.nonzero(people >= 0)
    chosen = people[person, joint]
    keypoints[person, joint, :2] = places[chosen]
    keypoints[person, joint, 2] = scores[chosen]
    totals = keypoints[..., 2].mean(axis=1)
    if settings.refine and len(people):
        means = np.array(
            [values[some[some >= 0]].mean(axis=0) for some in people], dtype=np.float32
        )
        fill(keypoints, heatmaps, tags, means)
    return keypoints.astype(np.float64), totals.astype(np.float64)


@dataclass
class _People:
    """Persons while joints are given to them; a candidate is a position in the arrays."""

    tags: Maps
    """(N, T) of the candidates"""
    found: Ints
    """(N, K) candidates of each person, -1 for none; as many rows as there can be persons"""
    means: Maps
    """(N, T) mean tag of each person"""
    members: list[list[int]] = field(default_factory=list)
    keys: dict[float, int] = field(default_factory=dict)
    """a person by the first tag of the candidate that opened it"""

    def join(self, person: int, joint: int, candidate: int) -> None:
        """Give a candidate to a person."""
        self.members[person].append(candidate)
        self._set(person, joint, candidate)

    def open(self, joint: int, candidate: int) -> None:
        """Make a person of a candidate; one with the same first tag is overwritten in part."""
        person = self.keys.setdefault(float(self.tags[candidate, 0]), len(self.members))
        if person == len(self.members):
            self.members.append([])
        self.members[person] = [candidate]
        self._set(person, joint, candidate)

    def _set(self, person: int, joint: int, candidate: int) -> None:
        self.found[person, joint] = candidate
        tags = self.tags[self.members[person]]
        self.means[person] = np.add.reduce(tags, axis=0) / np.float32(len(tags))


def _match(
    channels: Ints, scores: Maps, tags: Maps, joints: int, settings: EmbeddingSettings
) -> Ints:
    """The candidates (M, K) that make up each person, -1 for none; `match_by_tag`."""
    count = len(channels)
    people = _People(tags, np.full((count, joints), -1), np.zeros_like(tags))
    starts = np.searchsorted(channels, np.arange(joints + 1)).tolist()
    order = [joint for joint in FIRST if joint < joints]
    for joint in (*order, *range(len(FIRST), joints)):
        start, end = starts[joint], starts[joint + 1]
        if start == end:
            continue
        known = min(len(people.members), settings.people)
        if not known:
            for candidate in range(start, end):
                people.open(joint, candidate)
            continue
        apart = tags[start:end, None].astype(np.float64) - people.means[:known]
        distances = np.sqrt(np.add.reduce(apart * apart, axis=2))
        costs = np.full((end - start, max(known, end - start)), PADDING)
        costs[:, :known] = np.round(distances) * 100 - scores[start:end, None].astype(np.float64)
        for row, person in assign(costs):
            if person < known and distances[row, person] < settings.tag:
                people.join(person, joint, start + row)
            else:
                people.open(joint, start + row)
    return people.found[: len(people.members)]


def _resized(
    outputs: Sequence[Tensor], joints: int, size: tuple[int, int], mirrored: list[int] | None
) -> tuple[Tensor, Tensor]:
    """Heatmaps and tags (K, H, W) of one pass; those of a mirrored image are brought back."""
    from torch.nn.functional import interpolate

    kept = []
    for i, output in enumerate(outputs):
        usual = joints if i else 2 * joints
        channels = output.shape[1]
        if output.shape[0] != 1 or channels not in (usual, usual + joints):
            raise ReproError(
                f"Output {i + 1} of the network has the shape {tuple(output.shape)}.",
                f"For {joints} joints it has one image and {usual} channels, "
                f"with scale maps {usual + joints}.",
            )
        kept.append(output[:, channels - usual :])
    inner = kept[-1].shape[2:]
    for i, output in enumerate(kept):
        if i < len(kept) - 1:
            output = interpolate(output, size=inner, mode="bilinear", align_corners=False)
        kept[i] = output if mirrored is None else output.flip(3)
    total, tags = kept[0][:, :joints], kept[0][:, joints:]
    for output in kept[1:]:
        total = total + output
    maps = [total / len(kept), tags]
    if mirrored is not None:
        maps = [x[:, mirrored] for x in maps]
    maps = [interpolate(x, size=size, mode="bilinear", align_corners=False) for x in maps]
    return maps[0][0], maps[1][0]
