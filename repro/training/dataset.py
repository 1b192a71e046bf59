"""The samples of a training: checked to be there, varied as the recipe says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

import zoo
from repro.data import boxes, image_files, masks, person_cache, stand_ins
from repro.data.annotations import is_official, read
from repro.data.augmentation import ImageAugmentation, PersonAugmentation
from repro.data.bottom_up_samples import ImageSamples, ImageTargets
from repro.data.people import Annotations
from repro.data.top_down_samples import PersonSamples, PersonTargets
from repro.errors import ReproError
from repro.evaluation.preparing import check_images
from repro.papers.recipe import Recipe
from repro.papers.values import Size
from repro.training.request import TrainingRequest

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainingSet:
    """What a network is trained on."""

    annotations: Annotations
    samples: PersonSamples | ImageSamples
    targets: PersonTargets | ImageTargets
    official: bool
    """whether these are the annotations of the official data set"""
    rehearsal: float | None = None
    """share of the official size, of a rehearsal's stand-ins"""

    def __len__(self) -> int:
        return len(self.samples)


def training_set(request: TrainingRequest, sizes: Sequence[Size], say: Say) -> TrainingSet:
    """The samples of a training of a network whose maps are of these sizes (height, width).

    A ReproError names what is wrong with the data; every image that is trained on must be there.
    """
    source, recipe = request.train, request.resolved.recipe
    annotations = read(source.annotations, request.protocol.chosen)
    annotations = image_files.found(annotations, source.images, request.protocol.exif)
    share = stand_ins.share_of(source.annotations)
    official = share is None and is_official(request.protocol.chosen, source.split, annotations)
    if recipe.whole:
        images = _images(request, sizes, annotations)
        check_images(source.images, annotations, images.images.tolist())
        grouping = zoo.MODELS[request.model].grouping
        targets = ImageTargets(grouping, recipe.sigma)
        return TrainingSet(annotations, images, targets, official, share)
    persons = _persons(request, annotations, say)
    rounded = recipe.centre == "nearest"
    crops = PersonTargets(
        request.size, sizes[-1], recipe.sigma, rounded, recipe.cut, request.protocol.udp_maps
    )
    return TrainingSet(annotations, persons, crops, official, share)


def _images(
    request: TrainingRequest, sizes: Sequence[Size], annotations: Annotations
) -> ImageSamples:
    return ImageSamples(
        request.train.images,
        annotations,
        masks.read(request.train.annotations, annotations),
        request.protocol,
        request.size[0],
        tuple(size[0] for size in sizes),
        _image_augmentation(request.resolved.recipe),
        request.seed,
    )


def _persons(request: TrainingRequest, annotations: Annotations, say: Say) -> PersonSamples:
    source, rules, size = request.train, request.protocol, request.size
    instances = replace(boxes.ground_truth(annotations), padding=rules.padding)
    if not len(instances):
        raise ReproError(f"`{source.annotations}` has no labelled person to train on.")
    check_images(source.images, annotations, np.unique(instances.image).tolist())
    varied = _person_augmentation(request.resolved.recipe)
    cache = None
    if request.cache is not None:
        cache = person_cache.cached(
            request.cache, source.images, annotations, instances, rules, size, varied, say
        )
    return PersonSamples(
        source.images, annotations, instances, rules, size, varied, request.seed, cache
    )


def _person_augmentation(recipe: Recipe) -> PersonAugmentation:
    return PersonAugmentation(
        recipe.flip,
        recipe.half_body,
        recipe.scale_factor,
        recipe.rotation_factor,
        recipe.rotation_chance,
        recipe.centre_shift,
        recipe.centre_chance,
    )


def _image_augmentation(recipe: Recipe) -> ImageAugmentation:
    return ImageAugmentation(recipe.flip, recipe.rotation, recipe.scale, recipe.translation)
