"""The poses of many settings at once: each crop goes through the network once, its maps are read
by every rule while they are at hand.

Heatmaps are kept nowhere: those of a large set take many gigabytes. Poses go to disk shard by
shard, those of each way of reading to a folder of their own, just as a single evaluation keeps
them: an interrupted run goes on where it stopped, and gives the same poses to the last bit.
"""

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from repro.data.boxes import Instances
from repro.data.crops import Crops
from repro.data.layout import Source
from repro.data.people import Poses
from repro.data.pictures import Colour, Pixels
from repro.errors import StoreError
from repro.evaluation import pipeline, preparing
from repro.evaluation.inference import (
    Chosen,
    CropMaps,
    Tell,
    averaged,
    batches_of,
    crop_maps,
    decoded,
    placed,
    shard_of,
)
from repro.evaluation.loading import opened
from repro.evaluation.network import Network
from repro.evaluation.overlap import overlapped
from repro.evaluation.preparing import PreparedEvaluation
from repro.evaluation.request import TRUTH, EvaluationRequest
from repro.evaluation.shards import Arrays, Shards
from repro.papers.protocol import APPLY, OF_JOINTS, OFF, Protocol, changed
from repro.pose.decode import Joints
from repro.records.fingerprint import digest

PLAIN, UDP = "plain", "udp"
"""views: how crops are cut"""
FOLDER = "settings"
"""beside a record that is to come: the poses of every way of reading but the record's own"""


@dataclass(frozen=True, eq=False)
class SharedCrops:
    """Settings that look at the same boxes of the same pictures."""

    prepared: PreparedEvaluation
    """by a protocol that looks at all boxes that any of them looks at"""
    settings: tuple[Protocol, ...]

    @property
    def instances(self) -> Instances:
        """The boxes."""
        assert self.prepared.instances is not None
        return self.prepared.instances

    @property
    def readings(self) -> tuple[Protocol, ...]:
        """The different ways of reading the maps; see `reading_of`."""
        return tuple(dict.fromkeys(map(reading_of, self.settings)))

    def poses(self, reading: Protocol, folder: Path, base: Protocol) -> Poses:
        """What was read in one way: the pose in every box, with the score of the box."""
        shards = self._shards(reading, folder, base)
        keypoints = np.concatenate([_part(shards, number) for number in range(self._count)])
        images = self.prepared.annotations.images.ids[self.instances.image]
        return Poses(images, keypoints, self.instances.scores)

    def read(self, folder: Path, base: Protocol, tell: Tell) -> None:
        """Run the network and read its maps in every way, as far as that is not done yet."""
        request, count = self.prepared.request, len(self.instances)
        kept = {reading: self._shards(reading, folder, base) for reading in self.readings}
        waiting: list[int] = []
        for number in range(self._count):
            if all(shards.find(number) is not None for shards in kept.values()):
                tell(sum(map(len, batches_of([number], count, request.execution))))
            else:
                waiting.append(number)
        if not waiting:
            return
        work = _Work(self, self._networks(), self._crops())
        batches = batches_of(waiting, count, request.execution)
        parts = overlapped(batches, work.load, work.compute, work.finish, request.execution.loaders)
        for number in waiting:
            arrays = shard_of(parts, number, count, request.execution, tell)
            for place, shards in enumerate(kept.values()):
                shards.save(number, {"keypoints": arrays[str(place)]})

    def view_of(self, reading: Protocol) -> str:
        """Which of the geometries' crops a way of reading takes.

        Those of UDP serve both ways back. The network that stands for the truth knows the way.
        """
        if self.prepared.request.model == TRUTH:
            return reading.geometry
        return UDP if reading.udp else PLAIN

    @property
    def _count(self) -> int:
        """How many shards there are."""
        execution = self.prepared.request.execution
        return math.ceil(len(self.instances) / (execution.batch * execution.shard))

    @functools.cached_property
    def _looked_at(self) -> str:
        """A digest of the boxes."""
        return hashlib.sha256(self.instances.boxes.tobytes()).hexdigest()

    def _shards(self, reading: Protocol, folder: Path, base: Protocol) -> Shards:
        own = self.prepared.request.protocol.box_score == base.box_score
        if own and reading == reading_of(base):
            return Shards(folder / pipeline.SHARDS)
        name = digest([reading.described(), self._looked_at])
        return Shards(folder / FOLDER / name[:16])

    def _crops(self) -> Crops:
        prepared, rules = self.prepared, self.prepared.request.protocol
        colour, upright = cast(Colour, rules.colour), rules.exif == APPLY
        of = prepared.source.images, prepared.annotations, self.instances, prepared.size
        return Crops(*of, colour, upright=upright)

    def _networks(self) -> dict[str, Network]:
        """The network for each view: one and the same, but for the truth's."""
        prepared, networks = self.prepared, dict[str, Network]()
        shared: Network | None = None
        for reading in self.readings:
            if self.view_of(reading) in networks:
                continue
            if shared is None or prepared.request.model == TRUTH:
                request = replace(prepared.request, protocol=reading)
                shared = opened(request, prepared.annotations, prepared.instances, prepared.size)
            networks[self.view_of(reading)] = shared
        return networks


@dataclass(frozen=True, eq=False)
class _Work:
    """What is done with a batch of crops, in the three stages of `overlapped`."""

    shared: SharedCrops
    networks: Mapping[str, Network]
    crops: Crops

    def load(self, chosen: Chosen) -> tuple[Chosen, dict[str, Pixels]]:
        """The crops of each view; a picture is decoded once for all."""
        views = list(self.networks)
        cuts = [[self.crops.cut(int(one), view != PLAIN) for view in views] for one in chosen]
        return chosen, {
            view: np.stack(cut) for view, cut in zip(views, zip(*cuts, strict=True), strict=True)
        }

    def compute(self, loaded: tuple[Chosen, dict[str, Pixels]]) -> dict[str, CropMaps]:
        """The maps of each view, and those of the mirrored crops where any setting flips."""
        chosen, pixels = loaded
        request, readings = self.shared.prepared.request, self.shared.readings
        flipped = {self.shared.view_of(one) for one in readings if one.flip}
        return {
            view: crop_maps(
                network,
                chosen,
                pixels[view],
                request.protocol,
                view in flipped,
                request.execution.device,
            )
            for view, network in self.networks.items()
        }

    def finish(self, maps: dict[str, CropMaps]) -> Arrays:
        """The joints by each way of reading, under its place among them.

        Maps are averaged once for all that flip alike, and decoded once for all ways back.
        """
        shared, size = self.shared, self.shared.prepared.size
        means: dict[tuple[object, ...], NDArray[np.float32]] = {}
        found: dict[tuple[object, ...], Joints] = {}
        arrays: dict[str, NDArray[np.float64]] = {}
        for place, reading in enumerate(shared.readings):
            view = shared.view_of(reading)
            flips = view, reading.flip, reading.shift
            if flips not in means:
                means[flips] = averaged(maps[view], reading)
            mean, decodes = means[flips], (*flips, reading.decode)
            if decodes not in found:
                found[decodes] = decoded(mean, size, reading)
            joints, sides = found[decodes], (mean.shape[2], mean.shape[3])
            where = maps[view].chosen, shared.instances, size, sides
            arrays[str(place)] = placed(joints, *where, reading)
        return arrays


def shared(
    request: EvaluationRequest, source: Source, settings: Sequence[Protocol]
) -> list[SharedCrops]:
    """The settings in groups that look at the same boxes of the same pictures, read from files."""
    groups: dict[Protocol, list[Protocol]] = {}
    for setting in settings:
        plain = changed(reading_of(setting), decode="argmax", flip=False, shift=False)
        groups.setdefault(changed(plain, udp=False, plain_back=False), []).append(setting)
    made = []
    for group in groups.values():
        least = min(setting.box_score for setting in group)
        rules = changed(group[0], box_score=least)
        prepared = preparing.prepare(replace(request, protocol=rules), source)
        made.append(SharedCrops(prepared, tuple(group)))
    return made


def reading_of(setting: Protocol) -> Protocol:
    """A setting without what makes persons of poses: those alike read the same from maps."""
    return changed(
        setting,
        shift=setting.flip and setting.shift,
        rescoring=OF_JOINTS,
        joint_score=0.2,
        box_score=0.0,
        nms=OFF,
        evaluator=setting.entry.evaluator,
        metric="",
        supply="",
        source="",
    )


def _part(shards: Shards, number: int) -> NDArray[np.float64]:
    arrays = shards.find(number)
    if arrays is None:
        raise StoreError(
            f"Poses in `{shards.folder}` are gone or broken since they were written.",
            "Say the same again: what is lacking is made anew.",
        )
    return arrays["keypoints"].astype(np.float64)
