"""Associative-embedding grouping against a plain reading of the official procedure.

    python benchmarks/grouping.py [--rounds 15]

Both make people of the same generated crowds, must make exactly the same ones, and are timed in
turn on one thread. The plain reading follows `HeatmapParser` of HigherHRNet and LitePose: a
max-pool and a top-k over the whole maps, then loops over joints and persons; the missing joints of
each person are looked for over all its maps.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sidebyside import compare, one_thread

from repro.pose.assignment import assign
from repro.pose.embedding import FIRST, OFFICIAL, Settings, group

Maps = NDArray[np.float32]
Scene = tuple[Maps, Maps]
Assignment = Callable[[NDArray[np.float64]], Sequence[tuple[int, int]]]

SIZE = 448
JOINTS = 17
CASES = ((4, 2), (15, 2), (4, 1), (15, 1))
"""persons, and tags at each pixel: 2 with the flip test, 1 without"""
SCENES = 4
BAR = 10.0


def scene(people: int, seed: int, joints: int = JOINTS, size: int = SIZE) -> Scene:
    """Heatmaps (K, H, W) and tags (K, H, W, 2) of a made-up crowd, as smooth as a network's.

    One joint in seven is too weak to be detected, one in twenty has a false twin; persons stand in
    each other's way and their tags are not far apart.
    """
    rng = np.random.default_rng(seed)
    half = size // 2
    corners = rng.uniform(0.05, 0.65, (people, 1, 2)) * half
    points = corners + rng.uniform(0, 0.3, (people, joints, 2)) * half
    peaks = rng.uniform(0.15, 1, (people, joints))
    peaks[rng.random((people, joints)) < 1 / 7] = 0.06
    grid = np.arange(half)
    heatmaps = rng.uniform(0, 0.01, (joints, half, half))
    tags = np.empty((2, joints, half, half))
    centres = rng.uniform(-1, 1, (people, 2)) * people / 1.5
    for joint in range(joints):
        apart = points[:, joint, :, None] - grid
        x, y = np.exp(-(apart**2) / 8).transpose(1, 0, 2)
        blobs = peaks[:, joint, None, None] * y[:, :, None] * x[:, None, :]
        heatmaps[joint] += blobs.max(axis=0)
        twins = np.roll(blobs, rng.integers(0, half, 2), axis=(1, 2))[rng.random(people) < 1 / 20]
        heatmaps[joint] += twins.sum(axis=0)
        squares = apart**2
        nearest = (squares[:, 1, :, None] + squares[:, 0, None, :]).argmin(axis=0)
        own = centres + rng.normal(0, 0.2, (people, 2))
        tags[:, joint] = own[nearest].transpose(2, 0, 1)
    both = torch.from_numpy(np.concatenate([heatmaps[None], tags])).float()
    large = torch.nn.functional.interpolate(both, size=(size, size), mode="bilinear").numpy()
    return large[0], np.ascontiguousarray(np.moveaxis(large[1:], 0, -1))


def plain(
    heatmaps: Maps, tags: Maps, settings: Settings = OFFICIAL, assignment: Assignment = assign
) -> tuple[Maps, Maps]:
    """What `group` gives, step by step as the official code goes about it."""
    joints = len(heatmaps)
    places, scores, candidates = _candidates(torch.from_numpy(heatmaps), tags, settings)
    people: dict[float, Maps] = {}
    members: dict[float, list[Maps]] = {}
    for joint in (*FIRST[:joints], *range(len(FIRST), joints)):
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
    heatmaps: torch.Tensor, tags: Maps, settings: Settings
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


def munkres() -> Assignment:
    """The solver of the official code, or ours: other versions choose otherwise between ties."""
    try:
        from munkres import Munkres, __version__
    except ImportError:
        return assign
    compute: Assignment = Munkres().compute
    return compute if __version__.startswith("1.1.") else assign


def main() -> None:
    """Compare, print, and leave with 1 if the people differ or the bar is missed."""
    one_thread()
    torch.set_num_threads(1)
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=15)
    rounds = options.parse_args().rounds
    solver = munkres()
    if solver is assign:
        print("munkres 1.1 is not installed: both sides assign with repro.pose.assignment")
    official = functools.partial(plain, assignment=solver)
    missed = False
    for crowd, tags in CASES:
        scenes = [_with_tags(scene(crowd, seed), tags) for seed in range(SCENES)]
        for maps in scenes:
            for theirs, own in zip(official(*maps), group(*maps), strict=True):
                if not np.array_equal(theirs, own):
                    raise SystemExit(f"The groups of a crowd of {crowd} differ.")
        ratio = compare(_all(official, scenes), _all(group, scenes), rounds)
        missed |= ratio.low < BAR
        print(
            f"{crowd:3} persons, {tags} tags: {ratio.median:5.1f} times faster "
            f"(95 % {ratio.low:.1f} to {ratio.high:.1f}), {ratio.peer_ms / SCENES:.1f} to "
            f"{ratio.ours_ms / SCENES:.1f} ms a scene, the same people"
        )
    if missed:
        raise SystemExit(f"Less than {BAR:g} times faster.")


def _with_tags(maps: Scene, tags: int) -> Scene:
    return maps[0], np.ascontiguousarray(maps[1][..., :tags])


def _all(one: Callable[[Maps, Maps], object], scenes: Sequence[Scene]) -> Callable[[], object]:
    return lambda: [one(*maps) for maps in scenes]


if __name__ == "__main__":
    main()
