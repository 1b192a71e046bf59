"""The samples of a run: checked to be there, varied as the recipe says, in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import zoo
from repro.data import annotations as reading
from repro.data import boxes, masks, person_cache
from repro.data.augmentation import ImageAugmentation, PersonAugmentation
from repro.data.bottom_up_samples import ImageSamples, ImageTargets
from repro.data.official_facts import is_official
from repro.data.people import Annotations
from repro.data.top_down_samples import PersonSamples, PersonTargets
from repro.errors import ReproError
from repro.papers.recipe import Recipe
from repro.papers.values import Size
from repro.training.request import TrainingRequest

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainingSupply:
    """What a run is trained on."""

    annotations: Annotations
    samples: PersonSamples | ImageSamples
    targets: PersonTargets | ImageTargets

    official: bool
    """whether these are the annotations of the official data set"""

    def __len__(self) -> int:
        return len(self.samples)


def supply(run: TrainingRequest, sizes: Sequence[Size], say: Say) -> TrainingSupply:
    """The samples of a run for a network whose maps are of these sizes (height, width).

    A ReproError names what is wrong with the data; every image that is trained on must be there.
    """
    recipe, rules = run.resolved.recipe, run.protocol
    annotations = reading.read(run.train.annotations, rules.dataset)
    official = is_official(run.train.dataset, run.train.split, annotations)
    if recipe.whole:
        samples = ImageSamples(
            run.train.images,
            annotations,
            masks.read(run.train.annotations, annotations),
            rules,
            run.size[0],
            tuple(size[0] for size in sizes),
            _of_images(recipe),
            run.seed,
        )
        check_images(run.train.images, annotations, samples.images.tolist())
        targets = ImageTargets(zoo.MODELS[run.model].grouping, recipe.sigma)
        return TrainingSupply(annotations, samples, targets, official)
    instances = replace(boxes.ground_truth(annotations), padding=rules.padding)
    if not len(instances):
        raise ReproError(f"`{run.train.annotations}` has no labelled person to train on.")
    check_images(run.train.images, annotations, np.unique(instances.image).tolist())
    varied = _of_persons(recipe)
    cache = None
    if run.cache is not None:
        cache = person_cache.cached(
            run.cache, run.train.images, annotations, instances, rules, run.size, varied, say
        )
    persons = PersonSamples(
        run.train.images, annotations, instances, rules, run.size, varied, run.seed, cache
    )
    rounded = recipe.centre == "nearest"
    return TrainingSupply(
        annotations,
        persons,
        PersonTargets(run.size, sizes[-1], recipe.sigma, rounded, recipe.cut, rules.udp),
        official,
    )


def check_images(folder: Path, annotations: Annotations, positions: Sequence[int]) -> None:
    """Raise ReproError unless each of these images is there."""
    files = [annotations.images.files[position] for position in positions]
    lacking = [file for file in files if not (folder / file).is_file()]
    if lacking:
        raise ReproError(
            f"`{folder}` lacks {len(lacking):,} of the {len(files):,} images to train on "
            f"(first: `{lacking[0]}`).",
            "Fetch the rest, or correct --images; `repro data check` counts what is there.",
        )


def _of_persons(recipe: Recipe) -> PersonAugmentation:
    return PersonAugmentation(
        recipe.flip,
        recipe.half_body,
        recipe.scale_factor,
        recipe.rotation_factor,
        recipe.rotation_chance,
        recipe.centre_shift,
        recipe.centre_chance,
    )


def _of_images(recipe: Recipe) -> ImageAugmentation:
    return ImageAugmentation(recipe.flip, recipe.rotation, recipe.scale, recipe.translation)
