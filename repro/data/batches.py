"""Batches to train on: loaded by other processes, made tensors on the device.

`Order` says which samples, `PersonSamples` or `ImageSamples` load them, `PersonTargets` or
`ImageTargets` draw the targets of a batch at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from repro.data.bottom_up_samples import ImageSample, ImageSamples
from repro.data.normalising import normalised
from repro.data.sampler import EpochOrder, Place
from repro.data.top_down_samples import PersonSample, PersonSamples
from repro.errors import ReproError, RunError
from repro.pose.losses.batch import Heatmaps

Draw = Callable[[Sequence[PersonSample]], Heatmaps] | Callable[[Sequence[ImageSample]], Heatmaps]
AHEAD = 4
"""batches that each process loads ahead"""


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step of training looks at."""

    images: Tensor
    """(N, 3, H, W) float32, normalised"""
    targets: Heatmaps
    ids: tuple[str, ...]
    """of each sample the image's file, and for a person the annotation's id"""


class Batches:
    """The batches that are left of the epoch that `order` is in.

    Each is handed out on `device` and counted in `order` as it is, so that a checkpoint written
    after its step goes on with the next one. What is loaded does not depend on `workers`, and
    torch's random state is left alone. A ReproError of a sample, as for a missing image, reaches
    the caller as it is; a RunError if the system ends a loading process.
    """

    def __init__(
        self,
        samples: PersonSamples | ImageSamples,
        order: EpochOrder,
        draw: Draw,
        workers: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        self.order = order
        self.device = device
        self.normalise = samples.protocol.normalise
        self.loader: DataLoader[_Loaded | ReproError] = DataLoader(
            _Loading(samples, draw),
            batch_size=None,
            sampler=order,
            collate_fn=_as_it_is,  # type: ignore[arg-type]
            num_workers=workers,
            persistent_workers=workers > 0,
            prefetch_factor=AHEAD if workers else None,
            worker_init_fn=_one_thread,
            generator=torch.Generator(),  # else torch's own is drawn from, once an epoch
        )

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Batch]:
        try:
            for loaded in self.loader:
                if isinstance(loaded, ReproError):
                    raise loaded
                self.order.advance()
                images = normalised(loaded.pixels, self.normalise, self.device)
                yield Batch(images, loaded.targets.to(self.device), loaded.ids)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise RunError(
                "A process that loads samples was ended by the system, perhaps for its memory.",
                "Take fewer: --workers, 0 for none.",
            ) from error


class _Loaded(NamedTuple):
    """A batch as loading processes hand it over: as bytes, a quarter of what floats take."""

    pixels: Tensor
    """(N, H, W, 3) uint8"""
    targets: Heatmaps
    ids: tuple[str, ...]


class _Loading(Dataset["_Loaded | ReproError"]):
    """Whole batches by the places of their samples."""

    def __init__(self, samples: PersonSamples | ImageSamples, draw: Draw) -> None:
        self.samples = samples
        self.draw = draw

    def __getitem__(self, places: list[Place]) -> _Loaded | ReproError:
        try:
            samples = [self.samples[place] for place in places]
        except ReproError as error:  # a process that raises it would wrap it in its traceback
            return error
        pixels = torch.from_numpy(np.stack([one.pixels for one in samples]))
        ids = tuple(self.samples.name(one.index) for one in samples)
        return _Loaded(pixels, self.draw(samples), ids)  # type: ignore[arg-type]


def _as_it_is(loaded: _Loaded | ReproError) -> _Loaded | ReproError:
    return loaded


def _one_thread(worker: int) -> None:
    cv2.setNumThreads(0)
