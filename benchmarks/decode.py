"""Decoding many people: repro.pose.decode beside plain readings of the official code.

    python benchmarks/decode.py [--people 10000] [--batch 64] [--json]

Both sides get the same maps in the same batches, 17 x 64 x 48 float32, each a Gaussian with noise,
run on one thread and end with points in image pixels. Heatmaps are made anew for every round.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray
from plain_decoding import HEIGHT, WIDTH, plain, plain_to_image
from sidebyside import Ratio, compare, one_thread

from repro.pose.decode import decode
from repro.pose.transforms import centres_and_extents, to_image

JOINTS = 17
CHUNK = 512
"""people a round"""
BARS = {"quarter": 8, "dark": 10, "dark-udp": 10, "soft-argmax": 6, "soft-argmax+quarter": 6}
"""how many times faster each has to be"""
SAME = {"quarter": 1e-4}
"""how many heatmap pixels apart the points may be; 1e-3 where nothing is said"""

Array = NDArray[np.float32 | np.float64]


@dataclass
class Work:
    """The people of one round, and the points that each side found in all rounds."""

    batch: int
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(4))
    found: dict[str, list[Array]] = field(default_factory=lambda: {"peer": [], "ours": []})

    def renew(self) -> None:
        """Other people: every joint somewhere in the map, one in ten hardly found."""
        random, size = self.random, (CHUNK, JOINTS)
        x, y = random.uniform(0, WIDTH - 1, size), random.uniform(0, HEIGHT - 1, size)
        peak = np.where(random.random(size) < 0.1, 0.05, random.uniform(0.3, 1, size))
        across = np.exp(-((np.arange(WIDTH) - x[..., None]) ** 2) / 8)
        down = np.exp(-((np.arange(HEIGHT) - y[..., None]) ** 2) / 8) * peak[..., None]
        noise = random.standard_normal((*size, HEIGHT, WIDTH), dtype=np.float32)
        noise *= np.float32(0.01)
        noise += down.astype(np.float32)[..., None] * across.astype(np.float32)[:, :, None]
        self.maps = noise
        boxes = np.hstack((random.uniform(0, 300, (CHUNK, 2)), random.uniform(20, 300, (CHUNK, 2))))
        self.centres, self.extents = centres_and_extents(boxes, (4 * HEIGHT, 4 * WIDTH))

    def run(self, side: str, one: Callable[[slice], Array]) -> None:
        """Decode all people batch by batch."""
        batches = (slice(start, start + self.batch) for start in range(0, CHUNK, self.batch))
        self.found[side].append(np.concatenate([one(people) for people in batches]))


def measure(how: str, people: int, batch: int) -> tuple[Ratio, float]:
    """The ratio and the largest distance between the points of both sides in heatmap pixels."""
    work = Work(batch)
    units: list[Array] = []

    def renew() -> None:
        work.renew()
        units.append(work.extents[:, None] / (WIDTH, HEIGHT))

    def peer(chosen: slice) -> Array:
        points, _ = plain(how, work.maps[chosen])
        return plain_to_image(points, work.centres[chosen], work.extents[chosen])

    def ours(chosen: slice) -> Array:
        points, _ = decode(work.maps[chosen], how)
        return to_image(points, work.centres[chosen], work.extents[chosen], (HEIGHT, WIDTH))

    rounds = math.ceil(people / CHUNK)
    ratio = compare(
        lambda: work.run("peer", peer), lambda: work.run("ours", ours), rounds, before=renew
    )
    apart = np.concatenate(work.found["peer"]) - np.concatenate(work.found["ours"])
    return ratio, float(np.abs(apart / np.concatenate(units)).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=64, help="people decoded at a time")
    parser.add_argument("--only", choices=sorted(BARS), action="append")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    one_thread()
    report = {}
    for how in chosen.only or BARS:
        ratio, apart = measure(how, chosen.people, chosen.batch)
        passed = ratio.median >= BARS[how] and apart <= SAME.get(how, 1e-3)
        report[how] = {**asdict(ratio), "bar": BARS[how], "pixels_apart": apart, "passed": passed}
        if not chosen.json:
            print(
                f"{how:20} {ratio.median:6.1f}x [{ratio.low:.1f}, {ratio.high:.1f}] of CPU time"
                f" ({ratio.wall:.1f}x of wall), bar {BARS[how]}x;"
                f" {ratio.peer_ms / CHUNK:.4f} -> {ratio.ours_ms / CHUNK:.4f} ms a person;"
                f" points {apart:.1e} heatmap pixels apart"
            )
    if chosen.json:
        print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
