"""A plain reading of the official grouping, to measure and to check against.

It does what `HeatmapParser` of HRNet/HigherHRNet-Human-Pose-Estimation and mit-han-lab/litepose
does, by its means: a max-pool and a top-k over the whole maps, then loops over joints and persons,
and the missing joints of each person looked for over all its maps.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from repro.pose.assignment import assign
from repro.pose.embedding import OFFICIAL, EmbeddingSettings

ORDER = (0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16)
"""joints as they are visited"""

Maps = NDArray[np.float32]
Assignment = Callable[[NDArray[np.float64]], Sequence[tuple[int, int]]]


def plain(
    heatmaps: Maps,
    tags: Maps,
    settings: EmbeddingSettings = OFFICIAL,
    assignment: Assignment = assign,
) -> tuple[Maps, Maps]:
    """What `group` gives, step by step as the official code goes about it."""
    joints = len(heatmaps)
    places, scores, candidates = _candidates(torch.from_numpy(heatmaps), tags, settings)
    people: dict[float, Maps] = {}
    members: dict[float, list[Maps]] = {}
    for joint in (place for place in ORDER if place < joints):
        rows = [
            np.concatenate([place, [score], tag])
            for place, score, tag in zip(
                places[joint], scores[joint], candidates[joint], strict=True
            )
            if score > settings.detection
        ]
        known = list(people)[: settings.people]
        if not rows:
            continue
        pairs = [(row, -1) for row in range(len(rows))]
        distances = np.zeros((len(rows), 0))
        if known:
            means = np.array([np.mean(members[key], axis=0) for key in known])
            apart = np.array(rows)[:, None, 3:] - means[None]
            distances = np.linalg.norm(apart, ord=2, axis=2)
            costs = np.round(distances) * 100 - np.array(rows)[:, 2:3]
            extra = np.full((len(rows), max(0, len(rows) - len(known))), 1e10)
            pairs = list(assignment(np.concatenate([costs, extra], axis=1)))
        for row, column in pairs:
            tag = candidates[joint][row]
            if 0 <= column < len(known) and distances[row, column] < settings.tag:
                key = known[column]
                members[key].append(tag)
            else:
                key = tag[0]
                members[key] = [tag]
            person = people.setdefault(key, np.zeros((joints, 3 + tags.shape[-1]), np.float32))
            person[joint] = rows[row]
    everybody = np.array(list(people.values()), np.float32)
    everybody = everybody.reshape(-1, joints, 3 + tags.shape[-1])
    if settings.adjust:
        for person in everybody:
            for joint in range(joints):
                if person[joint, 2] > 0:
                    x, y = (int(place) for place in person[joint, :2])
                    person[joint, :2] = _moved(heatmaps[joint], x, y)
    totals = np.array([person[:, 2].mean() for person in everybody], np.float32)
    if settings.refine:
        for person in everybody:
            _refine(person, heatmaps, tags)
    return everybody[..., :3], totals


def _candidates(
    heatmaps: torch.Tensor, tags: Maps, settings: EmbeddingSettings
) -> tuple[NDArray[np.int64], Maps, Maps]:
    """Places (K, N, 2), scores (K, N) and tags (K, N, T) of the largest peaks of each joint."""
    window = settings.window
    pooled = torch.nn.functional.max_pool2d(heatmaps[None], window, 1, window // 2)[0]
    kept = (heatmaps * torch.eq(pooled, heatmaps)).flatten(1)
    scores, index = kept.topk(settings.people, dim=1)
    width = heatmaps.shape[2]
    places = torch.stack([index % width, index // width], dim=2)
    flat = torch.from_numpy(tags).flatten(1, 2)
    found = [torch.gather(flat[..., i], 1, index) for i in range(flat.shape[2])]
    return places.numpy(), scores.numpy(), torch.stack(found, dim=2).numpy()


def _refine(person: Maps, heatmaps: Maps, tags: Maps) -> None:
    own = []
    for joint, (x, y, score) in enumerate(person[:, :3]):
        if score > 0:
            own.append(tags[joint, int(y), int(x)])
    mean = np.mean(own, axis=0)
    found = []
    for heatmap, tag in zip(heatmaps, tags, strict=True):
        distance = ((tag - mean[None, None]) ** 2).sum(axis=2) ** 0.5
        place = np.argmax(heatmap - np.round(distance))
        y, x = np.unravel_index(place, heatmap.shape)
        found.append((*_moved(heatmap, int(x), int(y)), heatmap[y, x]))
    for joint, (x, y, score) in enumerate(found):
        if score > 0 and person[joint, 2] == 0:
            person[joint, :3] = x, y, score


def _moved(heatmap: Maps, x: int, y: int) -> tuple[float, float]:
    height, width = heatmap.shape
    right = heatmap[y, min(x + 1, width - 1)] > heatmap[y, max(x - 1, 0)]
    below = heatmap[min(y + 1, height - 1), x] > heatmap[max(y - 1, 0), x]
    return x + (0.75 if right else 0.25), y + (0.75 if below else 0.25)
