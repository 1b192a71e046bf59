"""Loading persons to train on: repro.data.batches beside a plain reading of the official code.

    python benchmarks/loader.py [--annotations FILE --images DIR] [--rounds 12] [--json]

On one core, in one process, batches of 64 persons at 256x192 with paper 1's augmentation. Both
sides make the same samples, from files to normalised tensors with their targets; once out of the
images and once, on our side, out of the crop cache, whose building is timed by itself. The process
keeps freed memory, as `repro train` has it, which serves both sides. Without files, figures are
generated, and saved as JPEGs as large as COCO's.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from plain_loading import Person, plain_batch
from sidebyside import Ratio, compare, one_thread
from torch import Tensor

from repro.data import synth
from repro.data.annotations import read
from repro.data.augmentation import PersonAugmentation
from repro.data.batches import Batch, Batches
from repro.data.boxes import ground_truth
from repro.data.person_cache import cached
from repro.data.sampler import EpochOrder, Place
from repro.data.top_down_samples import PersonSamples, PersonTargets
from repro.papers.protocol import NORMALISATIONS, Protocol
from repro.speed.measure.memory import keep_freed

SIZE, MAPS = (256, 192), (64, 48)
BATCH = 64
BARS = {"images": 1.3, "crop cache": 4.0}
"""how many times as many samples a second each has to load"""
LEVEL = 1.0
"""of 255 grey levels: how far apart the crops of both sides may be in the mean"""
IMAGES, QUALITY, GRAIN = 60, 92, 12
"""generated pictures, and the JPEG quality and noise that make files of 160 kB, as COCO's"""
PAPER1 = PersonAugmentation(0.5, 0.3, 0.5, 40, 0.6, 0.2, 0.3)


def generated(folder: Path) -> tuple[Path, Path]:
    """An annotation file and its folder of JPEGs of 480 x 640."""
    root = synth.write(folder, IMAGES, 1, size=(480, 640))
    path = root / "annotations" / "synth_person_keypoints_train.json"
    document = json.loads(path.read_text())
    random = np.random.default_rng(0)
    for row in document["images"]:
        picture = cv2.imread(str(root / "train" / row["file_name"])).astype(np.int16)
        picture += random.normal(0, GRAIN, picture.shape).astype(np.int16)
        row["file_name"] = f"{Path(row['file_name']).stem}.jpg"
        file = str(root / "train" / row["file_name"])
        cv2.imwrite(
            file, picture.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        )
    path.write_text(json.dumps(document))
    return path, root / "train"


@dataclass
class Work:
    """The batches that both sides load, and how far apart theirs were."""

    samples: PersonSamples
    batch: int
    levels: list[NDArray[np.float32]] = field(default_factory=list)
    """mean distance of each pair of crops, in grey levels"""
    mirrored: list[bool] = field(default_factory=list)
    targets: float = 0.0
    """largest distance of heatmaps"""

    def __post_init__(self) -> None:
        """Begin with the first epoch."""
        mirrored = self.samples.protocol.skeleton.mirrored
        self.pairs = [(one, other) for one, other in enumerate(mirrored) if one < other]
        self.batches, self.places = self._batches(), self._places()
        self.people: list[Person] = []
        self.found: tuple[Batch, list[Tensor]] | None = None

    def _order(self) -> EpochOrder:
        return EpochOrder(len(self.samples), self.batch, seed=0, drop_last=True)

    def _places(self) -> Iterator[list[Place]]:
        order = self._order()
        while True:
            yield from order
            order.set_epoch(order.epoch + 1)

    def _batches(self) -> Iterator[Batch]:
        order = self._order()
        loaded = Batches(self.samples, order, PersonTargets(SIZE, MAPS))
        while True:
            yield from loaded
            order.set_epoch(order.epoch + 1)

    def renew(self) -> None:
        """Compare what was loaded, and draw the next batch for the peer."""
        self.check()
        self.people = [self._person(place) for place in next(self.places)]

    def _person(self, place: Place) -> Person:
        samples, view = self.samples, self.samples.view(*place)
        image = samples.instances.image[place[1]]
        return Person(
            samples.folder / samples.annotations.images.files[image],
            samples.annotations.people.keypoints[samples.instances.person[place[1]]],
            view.centre,
            view.extent / 200,
            view.rotation,
            view.mirrored,
        )

    def peer(self) -> None:
        """Load the batch as the official code does."""
        self.theirs = plain_batch(self.people, self.pairs, SIZE)

    def ours(self) -> None:
        """Load the batch as training here does."""
        self.own = next(self.batches)

    def check(self) -> None:
        """Note how far apart both sides are."""
        if not self.people:
            return
        deviation = np.array(NORMALISATIONS["ImageNet"][1], np.float32)[:, None, None]
        apart = np.abs((self.own.images - self.theirs[0]).numpy() * deviation)
        self.levels.extend(apart.mean((1, 2, 3)))
        self.mirrored.extend(person.mirrored for person in self.people)
        maps = float((self.own.targets.maps[0] - self.theirs[1]).abs().max())
        self.targets = max(self.targets, maps)


def measure(samples: PersonSamples, rounds: int) -> tuple[Ratio, dict[str, float]]:
    """The ratio, and how far apart the samples of both sides are."""
    work = Work(samples, min(BATCH, len(samples)))
    ratio = compare(work.peer, work.ours, rounds, before=work.renew)
    work.check()
    levels, mirrored = np.array(work.levels), np.array(work.mirrored)
    return ratio, {
        "samples_a_second": 1000 * work.batch / ratio.ours_ms,
        "peer_samples_a_second": 1000 * work.batch / ratio.peer_ms,
        "levels_apart": float(levels.mean()),
        "levels_apart_unmirrored": float(levels[~mirrored].mean()),
        "levels_apart_at_most": float(levels.max()),
        "targets_apart": work.targets,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotations", type=Path, help="of COCO's form; needs --images")
    parser.add_argument("--images", type=Path)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    one_thread()
    keep_freed()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if chosen.annotations and chosen.images:
            path, images = chosen.annotations, chosen.images
        else:
            path, images = generated(folder)
        annotations = read(path)
        protocol = Protocol(
            dataset=annotations.dataset,
            split="train",
            boxes="ground truth",
            colour="RGB",
            flip=True,
            shift=True,
            decode="argmax+quarter",
            evaluator="pycocotools",
            metric="AP",
            supply="",
            source="",
        )
        what = (images, annotations, ground_truth(annotations), protocol, SIZE, PAPER1)
        start = time.process_time()
        cache = cached(folder, *what, say=lambda sentence: None)
        built = time.process_time() - start
        report: dict[str, object] = {
            "persons": len(cache),
            "cache_ms_a_person": 1000 * built / len(cache),
            "cache_bytes_a_person": cache.path.stat().st_size / len(cache),
        }
        for way, bar in BARS.items():
            samples = PersonSamples(*what, seed=0, cache=cache if way == "crop cache" else None)
            ratio, facts = measure(samples, chosen.rounds)
            passed = ratio.median >= bar and facts["levels_apart"] <= LEVEL
            report[way] = {**asdict(ratio), **facts, "bar": bar, "passed": passed}
            if not chosen.json:
                rates = f"{facts['peer_samples_a_second']:.0f} -> {facts['samples_a_second']:.0f}"
                print(
                    f"{way:10} {ratio.median:5.2f}x [{ratio.low:.2f}, {ratio.high:.2f}] of CPU time"
                    f" ({ratio.wall:.2f}x of wall), bar {bar}x; {rates} samples/s; crops"
                    f" {facts['levels_apart']:.3f} grey levels apart, targets"
                    f" {facts['targets_apart']:.1e}"
                )
    if chosen.json:
        print(json.dumps(report, indent=2))
    else:
        print(
            f"cache: {report['cache_ms_a_person']:.2f} ms and"
            f" {report['cache_bytes_a_person'] / 1000:.0f} kB a person, {len(cache):,} persons"
        )


if __name__ == "__main__":
    main()
