"""A probe's digest: the same wherever it is made, another for every rule and every changed line."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from repro.checkpoints import matching
from repro.data import annotations, boxes, crops, pictures
from repro.errors import ReproError, RunError
from repro.evaluation import grouping, inference, probe_set
from repro.evaluation.probe import network_probe, probe
from repro.evaluation.request import Execution
from repro.papers.datasets import PCKH
from repro.papers.protocol import (
    GROUND_TRUTH,
    GROUPINGS,
    HEATMAP_DECODERS,
    NO_BOXES,
    ROWS,
    Protocol,
)
from repro.papers.study import load_study
from repro.pose import dark, decode, embedding, fields, flip, limbs, nms, offsets, transforms
from repro.scoring import oks, pckh
from repro.scoring.matches import Matches
from zoo import lpn

ROOT = Path(__file__).parents[2]
TOP_DOWN = Protocol(
    dataset="coco",
    split="val2017",
    boxes="boxes.json",
    colour="RGB",
    flip=True,
    shift=True,
    decode="argmax+quarter",
    evaluator="pycocotools",
    metric="AP",
    supply="boxes",
    source="a paper",
    nms=0.9,
)
TAGS = replace(
    TOP_DOWN, boxes=NO_BOXES, shift=False, decode="associative embedding", nms=None, supply=""
)
OFFSETS = replace(TAGS, decode="centre offsets")
FIELDS = replace(TAGS, decode="part affinity fields", colour="BGR", flip=False)
BINS = replace(TOP_DOWN, shift=False, decode="SimCC")
POINTS = replace(BINS, flip=False, decode="points")
PERSONS = replace(TAGS, flip=False, decode=ROWS)
CROWDPOSE = {"dataset": "crowdpose", "evaluator": "crowdposetools"}
HEADS = replace(TOP_DOWN, dataset="mpii", boxes=GROUND_TRUTH, nms=None, evaluator=PCKH)
DARK = replace(TOP_DOWN, decode="DARK")
DECODINGS = [word.replace("soft-argmax", "soft-argmax(160)") for word in HEATMAP_DECODERS]
STUDIES = ("paper1", "paper2", "paper3", "paper4")

Patch = pytest.MonkeyPatch
Change = Callable[[Patch], None]


@functools.cache
def usual(rules: Protocol) -> str:
    """The digest of the code as it is."""
    return probe(rules)


@pytest.fixture
def anew() -> Iterator[None]:
    """What was probed before is forgotten, and so is what the test probes."""
    probe.cache_clear()
    yield
    probe.cache_clear()


@pytest.mark.thorough
def test_it_is_the_same_in_another_process_with_other_threads_and_batches() -> None:
    rules = [TOP_DOWN, DARK, TAGS, OFFSETS, FIELDS, replace(HEADS, decode="DARK")]
    rules += [BINS, POINTS, PERSONS]
    code = (
        "import sys, torch\n"
        "from repro.evaluation.probe import Execution, network_probe, probe\n"
        "from repro.papers.protocol import Protocol\n"
        "torch.set_num_threads(2)\n"
        f"for rules in {rules}:\n    print(probe(rules, Execution(batch=32, loaders=4)))\n"
        "print(network_probe('litepose_xs', 14))\n"
    )
    others = {
        "ATEN_CPU_CAPABILITY": "default",
        "OMP_NUM_THREADS": "2",
        "OMP_WAIT_POLICY": "PASSIVE",
        "OPENBLAS_CORETYPE": "Nehalem",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **others},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [*map(usual, rules), network_probe("litepose_xs", 14)]


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize("rules", [TOP_DOWN, FIELDS], ids=lambda rules: rules.decode)
def test_it_is_the_same_twice_in_one_process(rules: Protocol) -> None:
    first = usual(rules)
    probe.cache_clear()
    assert probe(rules) == first and len(first) == 64
    for execution in (Execution(batch=1, loaders=1), Execution(batch=7, loaders=3, shard=1)):
        assert probe(rules, execution) == first


def test_what_only_names_things_does_not_enter_it() -> None:
    others = {
        "split": "test",
        "boxes": "better.json",
        "dataset": "synth",
        "metric": "AP50",
        "evaluator": "COCO evaluation server",
        "supply": "",
        "source": "another paper",
    }
    assert usual(replace(TOP_DOWN, **others)) == usual(TOP_DOWN)


@pytest.mark.parametrize(
    "rules",
    [
        {"colour": "BGR"},
        {"flip": False},
        {"shift": False},
        {"padding": 1.3},
        {"udp": True},
        {"nms": None},
        {"nms": 0.7},
        {"normalise": "128/256"},
        {"boxes": GROUND_TRUTH},
        CROWDPOSE,
        {"dataset": "mpii", "boxes": GROUND_TRUTH, "evaluator": PCKH},
        {"boxes": NO_BOXES, "decode": "centre offsets"},
        {"decode": "beta-soft-argmax(10)"},
    ],
    ids=str,
)
def test_every_rule_of_a_top_down_protocol_changes_it(rules: dict[str, object]) -> None:
    assert usual(replace(TOP_DOWN, **rules)) != usual(TOP_DOWN)


@pytest.mark.parametrize("rules", [TAGS, OFFSETS, FIELDS], ids=lambda rules: rules.decode)
def test_every_rule_of_a_bottom_up_protocol_changes_it(rules: Protocol) -> None:
    others = [{"colour": "RGB" if rules.colour == "BGR" else "BGR"}, {"normalise": "0..1"}]
    if rules is not FIELDS:  # which looks at no mirror image and knows COCO alone
        others += [{"flip": False}, CROWDPOSE]
    digests = {usual(rules), *(usual(replace(rules, **other)) for other in others)}
    assert len(digests) == 1 + len(others)


def test_no_two_decodings_give_the_same() -> None:
    heatmaps = {usual(replace(TOP_DOWN, decode=word)) for word in DECODINGS}
    whole = {usual(replace(TAGS, decode=word)) for word in GROUPINGS}
    assert len(heatmaps) == len(HEATMAP_DECODERS) and len(whole) == len(GROUPINGS)
    assert len({usual(replace(DARK, normalise=how)) for how in ("ImageNet", "0..255")}) == 2


def test_what_exported_files_give_is_probed_too() -> None:
    for rules in (BINS, POINTS, PERSONS):
        others = [{"colour": "BGR"}, {"normalise": "0..1"}, CROWDPOSE]
        others += [{"flip": False}] if rules.flip else []
        digests = {usual(rules), *(usual(replace(rules, **other)) for other in others)}
        assert len(digests) == 1 + len(others)


def test_every_protocol_of_every_study_can_be_probed() -> None:
    digests = {
        (study, name): usual(rules)
        for study in STUDIES
        for name, rules in load_study(study).protocols.items()
    }
    assert len(set(digests.values())) == 11
    assert digests["paper1", "coco-val2017"] == digests["paper4", "coco-val2017-boxes"]
    assert digests["paper1", "coco-val2017"] != digests["paper2", "coco-val2017"]


def test_part_affinity_fields_of_other_joints_are_refused() -> None:
    with pytest.raises(ReproError, match="limbs of COCO, not of crowdpose"):
        probe(replace(FIELDS, **CROWDPOSE))


def around(module: object, name: str, change: Callable[[object], object]) -> Change:
    """Plant a change of what a function answers."""

    def plant(patch: Patch) -> None:
        known = getattr(module, name)
        patch.setattr(module, name, lambda *words, **named: change(known(*words, **named)))

    return plant


def constant(module: object, name: str, value: object) -> Change:
    """Plant another constant."""
    return lambda patch: patch.setattr(module, name, value)


def on_two(change: Callable[[object], object]) -> Callable[[object], object]:
    """A change of the second of two arrays."""
    return lambda pair: (pair[0], change(pair[1]))  # type: ignore[index]


PLANTED: dict[str, tuple[Protocol, Change]] = {
    "a picture's grey levels": (TOP_DOWN, around(pictures, "decoded", lambda image: image | 1)),
    "the size of boxes": (
        TOP_DOWN,
        around(boxes, "centres_and_extents", on_two(lambda extents: extents * 1.002)),
    ),
    "who has a box": (
        replace(TOP_DOWN, boxes=GROUND_TRUTH),
        around(boxes, "_cleaned", on_two(lambda whole: whole & (np.arange(len(whole)) > 0))),
    ),
    "where a crop is": (TOP_DOWN, around(crops, "crop", lambda crop: np.roll(crop, 1, axis=1))),
    "a channel's mean": (
        TOP_DOWN,
        around(inference, "normalised", lambda images: images + torch.tensor(0.01)),
    ),
    "the shift": (TOP_DOWN, around(flip, "mirror_maps", lambda maps: np.roll(maps, -1, axis=3))),
    "a fifth for a quarter": (
        TOP_DOWN,
        around(decode, "_quarter", lambda points: np.round(points * 5) / 5),
    ),
    "what a softmax leaves out": (
        replace(TOP_DOWN, decode="beta-soft-argmax(10)"),
        constant(decode, "NEGLIGIBLE", 1.0),
    ),
    "DARK's step": (DARK, around(dark, "_newton", lambda steps: steps * 0.99)),
    "DARK's kernel": (DARK, around(dark, "_gaussian", lambda kernel: kernel**1.05)),
    "Gaussians of large inputs": (DARK, constant(inference, "sigma_of", lambda size: 2.0)),
    "a hundredth of a pixel": (
        TOP_DOWN,
        around(transforms, "to_image", lambda points: points + 0.01),
    ),
    "a person's score": (TOP_DOWN, around(nms, "rescore", lambda scores: scores * 0.99)),
    "who is alike": (TOP_DOWN, around(nms, "oks", lambda likeness: likeness * 0.95)),
    "intervals": (
        TOP_DOWN,
        around(Matches, "resampled", lambda figures: {**figures, "AP": figures["AP"] * 0.99}),
    ),
    "PCKh's bound": (HEADS, constant(pckh, "BOUND", 0.45)),
    "whose a tag is": (TAGS, constant(embedding, "TAG_LIMIT", 15.0)),
    "joints that are missing": (TAGS, constant(embedding, "fill", lambda *words: None)),
    "windows of centres": (OFFSETS, constant(offsets, "WINDOWS", ((200, 5),))),
    "bicubic enlarging": (FIELDS, constant(fields, "SHARPNESS", -0.5)),
    "limbs to the ears": (FIELDS, constant(limbs, "CLOSING", ())),
    "mirrored maps": (OFFSETS, around(grouping, "_flipped", lambda images: images.flip(2))),
}


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize("where", PLANTED)
def test_a_planted_change_changes_it(where: str, monkeypatch: Patch) -> None:
    rules, plant = PLANTED[where]
    before = usual(rules)
    probe.cache_clear()
    plant(monkeypatch)
    assert probe(rules) != before


@pytest.mark.usefixtures("anew")
def test_scoring_that_departs_from_the_official_one_ends_it(monkeypatch: Patch) -> None:
    monkeypatch.setattr(oks, "REACHED", oks.REACHED - 0.05)
    with pytest.raises(RunError, match="official evaluator"):
        probe(TOP_DOWN)


def test_the_set_has_what_evaluations_stumble_over(tmp_path: Path) -> None:
    source = probe_set.write(tmp_path, "coco")
    truth = annotations.read(source.annotations, "coco")
    assert source.boxes is not None
    own, found = boxes.ground_truth(truth), boxes.detected(source.boxes, truth)
    assert own.left_out == boxes.LeftOut(crowd=1, unlabelled=1, empty=1)
    assert (found.left_out.other, found.left_out.unknown) == (1, 1)
    assert set(truth.people.keypoints[..., 2].flat) == {0, 1, 2}
    assert boxes.outside(truth, own, (128, 96)).any()
    persons = np.bincount(truth.people.image, minlength=len(truth.images))
    assert persons.min() == 0 and persons.max() > 3


def test_joints_and_options_of_a_network_change_it() -> None:
    first = network_probe("wlitepose_xs", 14)
    assert network_probe("wlitepose_xs", 17) != first
    assert network_probe("wlitepose_xs", 14, {"dfc": (1, 2), "deconv": False}) != first


@pytest.mark.parametrize(
    "plant",
    [
        around(lpn.GlobalContext, "forward", lambda maps: maps * 1.0001),
        constant(matching, "load", lambda network, state: None),
    ],
    ids=["a block", "loading"],
)
def test_a_planted_change_of_a_network_changes_it(plant: Change, monkeypatch: Patch) -> None:
    before = network_probe("lpn_50", 17)
    plant(monkeypatch)
    assert network_probe("lpn_50", 17) != before
