"""Associative-embedding grouping against a plain reading of the official procedure.

    python benchmarks/grouping.py [--rounds 15] [--json]

Both make people of the same generated crowds, must make exactly the same ones, and are timed in
turn on one thread; a round is all scenes of a crowd.
"""

import argparse
import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np
import torch
from plain_grouping import Assignment, Maps, plain
from sidebyside import Ratio, compare, one_thread

from repro.pose.assignment import assign
from repro.pose.embedding import group

Scene = tuple[Maps, Maps]
Grouping = Callable[[Maps, Maps], tuple[Maps, Maps]]

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


def munkres() -> Assignment:
    """The solver of the official code, or ours: other versions choose otherwise between ties."""
    try:
        from munkres import Munkres, __version__
    except ImportError:
        return assign
    compute: Assignment = Munkres().compute
    return compute if __version__.startswith("1.1.") else assign


def measure(crowd: int, tags: int, rounds: int, peer: Grouping) -> tuple[Ratio, bool]:
    """The ratio over all scenes, and whether both sides made exactly the same people of them."""
    scenes = [_with_tags(scene(crowd, seed), tags) for seed in range(SCENES)]
    same = all(
        np.array_equal(theirs, own)
        for maps in scenes
        for theirs, own in zip(peer(*maps), group(*maps), strict=True)
    )
    return compare(_all(peer, scenes), _all(group, scenes), rounds), same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    one_thread()
    torch.set_num_threads(1)
    solver = munkres()
    report = {}
    for crowd, tags in CASES:
        peer = functools.partial(plain, assignment=solver)
        ratio, same = measure(crowd, tags, chosen.rounds, peer)
        passed = ratio.median >= BAR and same
        name = f"{crowd} persons, {tags} {'tags' if tags > 1 else 'tag'}"
        both = solver is assign
        report[name] = {**asdict(ratio), "bar": BAR, "same": same, "passed": passed, "own": both}
        if not chosen.json:
            print(
                f"{name:20} {ratio.median:6.1f}x [{ratio.low:.1f}, {ratio.high:.1f}] of CPU time"
                f" ({ratio.wall:.1f}x of wall), bar {BAR:g}x;"
                f" {ratio.peer_ms / SCENES:.1f} -> {ratio.ours_ms / SCENES:.1f} ms a scene;"
                f" {'the same' if same else 'OTHER'} people"
                f"{'; munkres 1.1 is absent, both use repro.pose.assignment' if both else ''}"
            )
    if chosen.json:
        print(json.dumps(report, indent=2))


def _with_tags(maps: Scene, tags: int) -> Scene:
    return maps[0], np.ascontiguousarray(maps[1][..., :tags])


def _all(one: Callable[[Maps, Maps], object], scenes: Sequence[Scene]) -> Callable[[], object]:
    return lambda: [one(*maps) for maps in scenes]


if __name__ == "__main__":
    main()
