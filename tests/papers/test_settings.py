"""Every combination of what a paper may leave unsaid, each once, told by how it deviates."""

import pytest

from repro.errors import ReproError
from repro.papers import protocol_choice, settings
from repro.papers.protocol import Protocol, changed

BASE = changed(protocol_choice.named("paper2/coco-val2017"), boxes="ground truth", nms=0.9)
MPII = protocol_choice.named("paper1/mpii-val")


def told(setting: Protocol, base: Protocol = BASE) -> str:
    return " · ".join(settings.deviation(base, setting).values())


def test_all_are_the_product_of_the_rules_and_the_base_comes_first() -> None:
    found = settings.every(BASE, (), None)
    decodings = len({BASE.decode, *settings.DECODINGS})
    evaluators = len(BASE.entry.tools) - 1
    # flips, geometries, person scores, suppressions
    assert len(found) == len(set(found)) == 3 * decodings * 3 * 3 * 2 + evaluators
    assert found[0] == BASE
    assert len({told(setting) for setting in found}) == len(found)


def test_what_an_option_fixes_stays_as_it_is() -> None:
    base = changed(BASE, decode="DARK", flip=False, udp=True, plain_back=True)
    fixed = ("decode", "flip", "udp", "plain_back", "evaluator")
    found = settings.every(base, fixed, None)
    assert {(one.decode, one.flip, one.geometry) for one in found} == {("DARK", False, "udp-in")}
    assert len(found) == 3 * 2  # scores of persons, suppressions
    assert settings.every(base, fixed, None)[0] == base


def test_a_rule_that_is_moot_makes_no_other_setting() -> None:
    found = settings.every(BASE, (), None)
    assert {one.shift for one in found if not one.flip} == {BASE.shift}
    assert {one.joint_score for one in found if one.rescoring == "box"} == {BASE.joint_score}
    odd = changed(BASE, nms=0.5, joint_score=0.1, decode="beta-soft-argmax(40)")
    values = settings.every(odd, (), None)
    assert {one.nms for one in values} == {0.5, None, 0.9}
    assert {one.joint_score for one in values} == {0.1, 0.2, 0.0}
    assert "beta-soft-argmax(40)" in {one.decode for one in values}


def test_a_detectors_boxes_are_tried_beside_the_annotated_ones() -> None:
    plain, found = (settings.every(BASE, (), name) for name in (None, "found.json"))
    kinds = {(one.boxes, one.box_score) for one in found}
    assert kinds == {("ground truth", 0.0), ("found.json", 0.0), ("found.json", 0.2)}
    evaluators = len(BASE.entry.tools) - 1
    assert len(found) - evaluators == 3 * (len(plain) - evaluators)


def test_persons_who_are_given_have_no_scores_to_vary() -> None:
    found = settings.every(MPII, (), None)
    assert {(one.nms, one.rescoring, one.evaluator) for one in found} == {
        (MPII.nms, MPII.rescoring, MPII.evaluator)
    }
    assert len(found) == 3 * len({MPII.decode, *settings.DECODINGS}) * 3


def test_a_setting_is_told_by_how_it_deviates() -> None:
    assert told(BASE) == ""
    assert told(changed(BASE, flip=False, decode="DARK")) == "no flip · DARK"
    assert told(changed(BASE, shift=False, nms="off")) == "flip · no NMS"
    mixed = changed(BASE, udp=True, plain_back=True, rescoring="box", padding=1.5)
    assert told(mixed) == "padding 1.5 · geometry udp-in · box scores alone"
    other = changed(BASE, joint_score=0.0, evaluator="faster-coco-eval")
    assert told(other) == "box score x mean of joints above 0 · by faster-coco-eval"


def test_networks_of_whole_images_are_refused_and_sets_of_other_persons() -> None:
    whole = protocol_choice.named("paper4/coco-val2017")
    with pytest.raises(ReproError, match="whole images"):
        settings.every(whole, (), None)
    with pytest.raises(ReproError, match="One protocol is of COCO val2017, another of"):
        settings.comparable([BASE, MPII])
    settings.comparable([BASE, changed(BASE, colour="RGB")])
