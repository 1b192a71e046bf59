"""A protocol says every rule of an evaluation, and refuses rules that do not go together."""

import dataclasses

import pytest

from repro import schema
from repro.errors import ReproError
from repro.papers import protocol_choice, study
from repro.papers.datasets import OwnDataset
from repro.papers.protocol import (
    GROUPINGS,
    HEATMAP_DECODERS,
    NORMALISATIONS,
    OFF,
    Protocol,
    changed,
)
from repro.papers.skeletons import Skeleton
from repro.records.record import plain

PLAIN = Protocol(
    dataset="coco",
    split="val2017",
    boxes="ground truth",
    colour="RGB",
    flip=True,
    shift=True,
    decode="argmax+quarter",
    evaluator="pycocotools",
    metric="AP",
    supply="images",
    source="a test",
    nms=0.9,
)


def test_a_protocol_says_its_rules() -> None:
    assert str(PLAIN) == (
        "COCO val2017 · boxes: ground truth · RGB · flip+shift · argmax+quarter · OKS-NMS 0.9"
    )
    other = changed(PLAIN, flip=False, padding=1.5, udp=True, decode="DARK-UDP", colour="BGR")
    assert str(other) == (
        "COCO val2017 · boxes: ground truth padded 1.5 times · BGR · no flip · DARK-UDP"
        " · OKS-NMS 0.9 · UDP"
    )
    assert changed(PLAIN, flip=None, nms=None) == PLAIN
    assert PLAIN.keypoints == 17 and not PLAIN.bottom_up


def test_every_rule_is_described_but_who_supplies_what() -> None:
    names = {field.name for field in dataclasses.fields(Protocol)}
    younger = {"plain_back", "rescoring", "joint_score", "box_score"}
    told = names - {"supply", "source", "metric", "own"}
    assert set(PLAIN.described()) == told - younger
    other = {"udp": True, "plain_back": True, "rescoring": "box", "joint_score": 0.1}
    unlike = changed(PLAIN, boxes="found.json", box_score=0.3, **other)
    assert set(unlike.described()) == told
    for rule in younger:  # records made before a rule was told are still found
        alone = changed(PLAIN, **{rule: getattr(unlike, rule)}, boxes="found.json", udp=True)
        assert set(alone.described()) == told - younger | {rule}


def test_a_geometry_is_one_of_three() -> None:
    names = {}
    for udp, back in ((False, False), (True, False), (True, True)):
        rules = changed(PLAIN, udp=udp, plain_back=back)
        names[rules.geometry] = rules.udp_maps, str(rules).removeprefix(str(PLAIN))
    assert names == {
        "plain": (False, ""),
        "udp": (True, " · UDP"),
        "udp-in": (False, " · UDP in, plain back"),
    }
    with pytest.raises(ReproError, match="plain geometry anyway"):
        changed(PLAIN, plain_back=True)


def test_rules_on_scores_are_told_and_in_range() -> None:
    rules = changed(PLAIN, boxes="found.json", box_score=0.3, joint_score=0.0, nms=OFF)
    assert str(rules) == (
        "COCO val2017 · boxes: found.json of 0.3 or more · RGB · flip+shift · argmax+quarter"
        " · joints above 0"
    )
    assert "scored by boxes alone" in str(changed(PLAIN, rescoring="box"))
    for wrong, said in (
        ({"rescoring": "luck"}, "no rescoring `luck`"),
        ({"joint_score": 1.0}, "score of 1 for a joint"),
        ({"box_score": -0.1}, "score of -0.1 for a box"),
        ({"box_score": float("nan")}, "score of nan"),
        ({"box_score": 0.1}, "boxes `ground truth` have no scores"),
    ):
        with pytest.raises(ReproError, match=said):
            changed(PLAIN, **wrong)


def test_only_what_can_score_a_data_set_is_its_evaluator() -> None:
    assert PLAIN.tool == "pycocotools"
    assert changed(PLAIN, evaluator="faster-coco-eval").tool == "faster-coco-eval"
    crowd = protocol_choice.named("paper4/crowdpose-test")
    assert crowd.tool == "faster-coco-eval"
    with pytest.raises(ReproError, match="pycocotools cannot score CrowdPose"):
        changed(crowd, evaluator="pycocotools")


def test_a_data_set_of_a_users_own_is_described_with_its_joints() -> None:
    hands = Skeleton("hands", ("thumb", "tip"), ((0, 1),), (0, 1), (0.1, 0.1), (0, 1))
    own = OwnDataset("hands", "hands.json", hands, "hand", 3, ("No pairs.",))
    rules = changed(PLAIN, dataset="hands", own=own, split="")
    assert str(rules).startswith("hands.json · boxes: ground truth") and rules.keypoints == 2
    described = rules.described()
    stated = schema.read(OwnDataset, plain(described["own"]), "record")
    assert stated == dataclasses.replace(own, told=())
    assert set(described) == {*PLAIN.described(), "own"}
    with pytest.raises(ReproError, match="no dataset `coco`"):
        changed(PLAIN, own=own)


@pytest.mark.parametrize(
    ("decode", "decoder", "beta"),
    [
        ("beta-soft-argmax(160)", "beta-soft-argmax", 160),
        ("beta-soft-argmax(40)+quarter", "beta-soft-argmax+quarter", 40),
        ("beta-soft-argmax+quarter", "beta-soft-argmax+quarter", 160),
        ("DARK", "DARK", 160),
    ],
)
def test_a_decoding_has_a_name_and_a_beta(decode: str, decoder: str, beta: float) -> None:
    found = changed(PLAIN, decode=decode)
    assert (found.decoder, found.beta) == (decoder, beta)
    assert found.decoder in HEATMAP_DECODERS


@pytest.mark.parametrize("decode", GROUPINGS)
def test_groupings_take_no_boxes(decode: str) -> None:
    assert changed(PLAIN, decode=decode, boxes="none").bottom_up
    with pytest.raises(ReproError, match="does not go with"):
        changed(PLAIN, decode=decode)
    with pytest.raises(ReproError, match="does not go with"):
        changed(PLAIN, boxes="none")


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("dataset", "cocoa"),
        ("colour", "rgb"),
        ("normalise", "imagenet"),
        ("decode", "dark"),
        ("decode", "beta-soft-argmax()"),
        ("decode", "beta-soft-argmax(-3)"),
        ("decode", "beta-soft-argmax(0)"),
        ("decode", "beta-soft-argmax(12345)"),
        ("evaluator", "mine"),
        ("boxes", "boxes.txt"),
        ("boxes", ""),
        ("padding", 0.0),
        ("padding", float("nan")),
        ("padding", float("inf")),
        ("nms", 0.0),
        ("nms", 1.1),
        ("nms", float("nan")),
    ],
)
def test_a_rule_that_does_not_exist_is_named(rule: str, value: object) -> None:
    with pytest.raises(ReproError) as caught:
        changed(PLAIN, **{rule: value})
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    assert shown in str(caught.value) and caught.value.hint


def test_every_printed_protocol_can_be_found_by_its_name() -> None:
    for paper in study.study_names():
        for name, protocol in study.load_study(paper).protocols.items():
            assert protocol_choice.named(f"{paper}/{name}") == protocol
            assert protocol.normalise in NORMALISATIONS
    for wrong in ("paper2", "paper2/coco", "/", "", "nobody/coco-val2017"):
        with pytest.raises(ReproError, match="There is no"):
            protocol_choice.named(wrong)


def test_a_model_is_evaluated_as_its_paper_did() -> None:
    name, found = protocol_choice.chosen("lpn_50", None, None)
    assert name.startswith("paper2/") and (found.dataset, found.colour) == ("coco", "BGR")
    name, found = protocol_choice.chosen("litepose_s_crowdpose", None, None)
    assert name.startswith("paper4/") and found.evaluator == "crowdposetools" and found.bottom_up
    _, found = protocol_choice.chosen("hwl_mobilenetv3", "mpii", None)
    assert found.dataset == "mpii" and found.nms is None


def test_a_protocol_can_be_moved_to_another_data_set() -> None:
    name, found = protocol_choice.chosen("lpn_50", "synth-crowdpose", "paper2/coco-val2017")
    assert name.startswith("paper2/coco-val2017, on generated")
    assert (found.keypoints, found.boxes, found.evaluator) == (14, "ground truth", "crowdposetools")
    _, own = protocol_choice.chosen("lpn_50", "coco", "paper2/coco-val2017")
    assert own == protocol_choice.named("paper2/coco-val2017")
    with pytest.raises(ReproError, match="`cocoa`"):
        protocol_choice.chosen("lpn_50", "cocoa", None)
