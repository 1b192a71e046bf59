"""Samples to train on: pixels, joints, masks and targets together, and the batches of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from repro.data import masks
from repro.data.annotations import read
from repro.data.augmentation import ImageAugmentation, PersonAugmentation
from repro.data.batches import Batch, Batches
from repro.data.bottom_up_samples import EMBEDDING, FIELDS, OFFSETS, ImageSamples, ImageTargets
from repro.data.boxes import ground_truth
from repro.data.people import Annotations
from repro.data.sampler import EpochOrder
from repro.data.top_down_samples import PersonSamples, PersonTargets
from repro.errors import ReproError
from repro.papers.protocol import NORMALISATIONS
from repro.papers.skeletons import CROWDPOSE
from support.data_files import COCO_RULES, document, person, saved

WHOLE_RULES = replace(COCO_RULES, boxes="none", decode="associative embedding")
VARIED = PersonAugmentation(0.5, 0.3, 0.35, 45, 0.6)
MIRRORED = PersonAugmentation(flip=1)
WHOLE_VARIED = ImageAugmentation(0.5, 30, (0.75, 1.5), 40)
SIZE = (64, 48)
LEFT_EYE, RIGHT_EYE = 1, 2


def scene(folder: Path) -> tuple[Path, Annotations]:
    """Two pictures; on the second a person with a white left eye, a crowd, one without joints."""
    points = [0.0] * 51
    points[3:6], points[6:9] = [40, 40, 2], [70, 60, 0]
    crowd = {"size": [90, 80], "counts": [0, 90 * 10, 90 * 70]}  # the first ten columns
    content = document()
    content["annotations"] = [
        person(1, 5, bbox=[10, 10, 50, 60], keypoints=points, num_keypoints=1),
        person(2, 5, iscrowd=1, keypoints=[0] * 51, num_keypoints=0, segmentation=crowd),
        person(
            *(3, 5),
            keypoints=[0] * 51,
            num_keypoints=0,
            segmentation=[[60, 70, 80, 70, 80, 90, 60, 90]],
        ),
        person(4, 7),
    ]
    for file, size in (("a.png", (90, 80)), ("b.png", (100, 120))):
        picture = np.random.default_rng(0).integers(0, 60, (*size, 3), np.uint8)
        cv2.circle(picture, (40, 40), 2, (255, 255, 255), -1)
        cv2.imwrite(str(folder / file), picture)
    path = saved(folder, content)
    return path, read(path)


def persons(folder: Path, rules: PersonAugmentation = VARIED, seed: int = 0) -> PersonSamples:
    _, annotations = scene(folder)
    what = (annotations, ground_truth(annotations), COCO_RULES, SIZE)
    return PersonSamples(folder, *what, rules, seed)


def wholes(folder: Path, rules: ImageAugmentation = WHOLE_VARIED) -> ImageSamples:
    path, annotations = scene(folder)
    masked = masks.read(path, annotations)
    return ImageSamples(folder, annotations, masked, WHOLE_RULES, 64, (16, 32), rules, 0)


def brightest(pixels: np.ndarray) -> tuple[float, float]:
    """x, y of the middle of what is white."""
    rows, columns = np.nonzero(pixels[..., 0] > 150)
    return float(columns.mean()), float(rows.mean())


def test_a_mirrored_person_has_its_joints_on_the_other_side(tmp_path: Path) -> None:
    for rules, eye in ((PersonAugmentation(), LEFT_EYE), (MIRRORED, RIGHT_EYE)):
        samples = persons(tmp_path, rules)
        index = int(np.flatnonzero(samples.instances.person == 0)[0])
        sample = samples[0, index]
        assert np.flatnonzero(sample.labelled).tolist() == [eye]
        assert sample.joints[eye] == pytest.approx(brightest(sample.pixels), abs=0.5)
        assert samples.name(index) == "a.png · 1"
        found = PersonTargets(SIZE, (16, 12))([sample])
        y, x = np.unravel_index(int(found.maps[0][0, eye].argmax()), (16, 12))
        assert (x, y) == tuple((sample.joints[eye] / 4 + 0.5).astype(int))
        assert found.weights is not None and found.weights.sum() == 1


def test_targets_of_udp_count_intervals(tmp_path: Path) -> None:
    sample = replace(persons(tmp_path)[0, 0], joints=np.full((17, 2), (47.0, 63)))
    sample = replace(sample, labelled=np.ones(17, np.bool_))
    for udp, last in ((False, (11.75, 15.75)), (True, (11.0, 15.0))):
        draw = PersonTargets(SIZE, (16, 12), rounded=False, cut=np.inf, udp=udp)
        rows, columns = np.mgrid[:16, :12]
        expected = np.exp(-((columns - last[0]) ** 2 + (rows - last[1]) ** 2) / 8)
        assert draw([sample]).maps[0][0, 0].numpy() == pytest.approx(expected, abs=1e-6)


def test_all_of_a_whole_image_moves_together(tmp_path: Path) -> None:
    samples = wholes(tmp_path)
    seen = 0
    for epoch in range(20):
        sample = samples[epoch, 0 if samples.name(0) == "a.png" else 1]
        view = samples.view(epoch, sample.index, (90, 80))
        eye = RIGHT_EYE if view.mirrored else LEFT_EYE
        assert [np.flatnonzero(row).tolist() for row in sample.labelled] == [[eye], []]
        if (np.abs(sample.joints[0, eye] - 32) < 29).all():
            seen += 1
            assert sample.joints[0, eye] == pytest.approx(brightest(sample.pixels), abs=0.7)
        for side, places in zip((16, 32), sample.places, strict=True):
            shrunk = sample.joints[0, eye] * side / 64
            if view.mirrored:  # each map is mirrored for itself, as officially
                shrunk[0] += side / 64 - 1
            assert places[0, eye] == pytest.approx(shrunk)
    assert seen > 8


def test_crowds_people_without_joints_and_what_is_beyond_the_image_are_masked(
    tmp_path: Path,
) -> None:
    path, annotations = scene(tmp_path)
    mask = masks.read(path, annotations).of(1, (90, 80))
    expected = np.full((90, 80), 255)
    expected[:, :10] = 0
    expected[70:, 60:] = 0
    assert np.array_equal(mask, expected)
    assert masks.read(path, annotations).of(0, (100, 120)).all()
    still = ImageAugmentation()
    sample = wholes(tmp_path, still)[0, 1]
    assert sample.pixels.shape == (64, 64, 3)  # the middle 80 x 80 of a.png
    assert sample.masks[1][20].tolist() == [0.0] * 4 + [1.0] * 28
    assert sample.masks[1][31, 24:].tolist() == [0.0] * 8
    wide = wholes(tmp_path, ImageAugmentation(scale=(2, 2)))[0, 1].masks[0]
    assert not wide[:, :4].any() and not wide[:3].any() and wide[6, 6] == 1


def test_crowdpose_masks_nothing_and_coco_needs_segments(tmp_path: Path) -> None:
    crowded = saved(tmp_path, document(CROWDPOSE), "crowdpose.json")
    assert masks.read(crowded, read(crowded)).runs == {}
    plain = saved(tmp_path, document(), "plain.json")
    with pytest.raises(ReproError, match="no usable `segmentation` for annotation 2, a crowd"):
        masks.read(plain, read(plain))


def all_batches(batches: Batches, order: EpochOrder, epochs: int) -> Iterator[Batch]:
    for epoch in range(epochs):
        order.set_epoch(epoch)
        yield from batches


@pytest.mark.parametrize("whole", [False, True])
def test_processes_that_load_change_nothing(whole: bool, tmp_path: Path) -> None:
    samples = wholes(tmp_path) if whole else persons(tmp_path)
    draw = ImageTargets() if whole else PersonTargets(SIZE, (16, 12))
    state = torch.get_rng_state()
    found = []
    for workers in (0, 2):
        order = EpochOrder(len(samples), 1, 0)
        found.append(list(all_batches(Batches(samples, order, draw, workers), order, 3)))
    assert torch.equal(state, torch.get_rng_state())
    assert [len(batches) for batches in found] == [6, 6]
    for one, other in zip(*found, strict=True):
        assert one.ids == other.ids and torch.equal(one.images, other.images)
        pairs = list(zip(one.targets.maps + one.targets.masks, other.targets.maps, strict=False))
        assert pairs and all(torch.equal(*pair) for pair in pairs)
    images = [batch.images for batch in found[0] if batch.ids == found[0][0].ids]
    assert len(images) == 3 and not torch.equal(images[0], images[1])  # epochs differ


def test_batches_are_normalised_and_go_on_where_the_order_is(tmp_path: Path) -> None:
    samples = persons(tmp_path)
    order = EpochOrder(2, 1, 0)
    batches = Batches(samples, order, PersonTargets(SIZE, (16, 12)))
    first = next(iter(batches))
    assert (order.position, len(batches)) == (1, 1)
    (second,) = batches
    assert order.position == 2 and {*first.ids, *second.ids} == {"a.png · 1", "b.png · 4"}
    sample = next(samples[0, n] for n in (0, 1) if samples.name(n) == first.ids[0])
    mean, deviation = (np.array(part, np.float32) for part in NORMALISATIONS["ImageNet"])
    expected = (sample.pixels.astype(np.float32) - mean) / deviation
    assert np.array_equal(first.images[0].permute(1, 2, 0).numpy(), expected)
    assert first.images.is_contiguous()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_missing_image_is_an_error_of_one_sentence(workers: int, tmp_path: Path) -> None:
    samples = persons(tmp_path)
    (tmp_path / "a.png").unlink()
    batches = Batches(samples, EpochOrder(2, 2, 0), PersonTargets(SIZE, (16, 12)), workers)
    with pytest.raises(ReproError, match=r"^The image `.*a\.png` does not exist\.$"):
        list(batches)


def test_each_way_of_grouping_gets_its_targets(tmp_path: Path) -> None:
    samples = wholes(tmp_path, ImageAugmentation())
    both = [samples[0, 0], samples[0, 1]]
    tags = ImageTargets(EMBEDDING)(both)
    assert [tuple(one.shape) for one in (*tags.maps, *tags.masks)] == [
        *((2, 17, 16, 16), (2, 17, 32, 32), (2, 16, 16), (2, 32, 32)),
    ]
    assert tags.joints is not None and tags.joints[..., 1].sum(dim=(1, 2)).tolist() == [3, 1]
    x, y = both[1].places[0][0, LEFT_EYE].astype(int).tolist()
    assert tags.joints[1, 0, LEFT_EYE].tolist() == [(LEFT_EYE * 16 + y) * 16 + x, 1]
    assert tags.maps[0][1, LEFT_EYE, y, x] == 1
    centres = ImageTargets(OFFSETS)(both)
    assert centres.maps[0].shape == (2, 18, 16, 16) and len(centres.masks) == 1
    assert centres.offsets is not None and centres.offsets.shape == (2, 34, 16, 16)
    parts = ImageTargets(FIELDS)(both)
    assert parts.maps[0].shape == (2, 19, 8, 8)
    assert parts.fields is not None and parts.fields.shape == (2, 38, 8, 8)
