"""What the equations say, in figures that can be checked by hand, and how they are asked for."""

import math

import pytest

from repro.equations import facts, soft_argmax, weights
from repro.errors import ReproError


@pytest.mark.parametrize(
    ("function", "peak"), [("x", 2.0), ("2x", 3.0), ("x^2", 2.0), ("e^x", (math.e + 1) / 2)]
)
def test_paper1_equation_8_weighs_the_joint_more_than_the_background(
    function: str, peak: float
) -> None:
    heights = [step / 10 for step in range(11)]
    found = [facts.value("paper1", "8", "relative", {"H": h, "F": function}) for h in heights]
    assert found[0] == 1 and found == sorted(set(found))
    assert found[-1] == pytest.approx(peak)


def test_paper4_equation_4_forgets_the_joint_once_the_prediction_is_right() -> None:
    truth = (1, 0.9, 0.5, 0.1, 0.01)
    right = [facts.at("paper4", "equation4", f"P=H, H={h}", "weight") for h in truth]
    assert right == pytest.approx([0, 0.10, 0.50, 0.88, 0.95], abs=0.005)
    begun = [facts.at("paper4", "equation4", f"P=0, H={h}", "weight") for h in truth]
    assert begun == pytest.approx([1.00, 1.00, 0.99, 0.98, 0.96], abs=0.006)
    assert facts.value("paper4", "4", "largest", {"tau": 1}) == 0.5


def test_every_pixel_of_the_window_lies_above_the_threshold_of_paper4() -> None:
    theta = facts.at("paper4", "equation4", "", "boundary")
    assert theta == 2.0**-100
    assert 1 - theta**0.01 == pytest.approx(theta**0.01)
    reach = weights.SIGMA * math.sqrt(200 * math.log(2))
    assert weights.gaussian(reach * 0.999) > theta > weights.gaussian(reach * 1.001)
    assert facts.at("paper4", "equation4", "", "above") == 1
    inside = sum(x * x + y * y < 8 * math.log(2) for x in range(-7, 8) for y in range(-7, 8))
    assert facts.at("paper4", "equation4", "tau=1", "above") == inside / 225


def test_ratios_of_costs_are_the_printed_ones() -> None:
    assert facts.at("paper1", "equation4", "", "ratio") == 17 / 256
    assert facts.at("paper4", "equation7", "", "ratio") == 3 / 32
    wide = [facts.at("paper2", "equation4", f"M={m}", "ratio") * 17 for m in (64, 128, 256, 512)]
    assert wide == sorted(wide, reverse=True)
    assert wide == pytest.approx([2 + 9 / m for m in (64, 128, 256, 512)])


def test_a_centre_on_a_pixel_is_found_there_and_a_flat_softmax_finds_the_middle() -> None:
    assert soft_argmax.expected((20, 30), 160) == pytest.approx((20, 30))
    x, y = soft_argmax.expected((20, 30), 0.1)
    assert math.dist((x, y), (23.5, 31.5)) < 0.1 < math.dist((x, y), (20, 30))


@pytest.mark.parametrize(
    ("paper", "place", "point", "name", "sentence"),
    [
        ("paper4", "equation5", "", "weight", "no fact of an equation of paper4, `equation5 wei"),
        ("paper9", "equation1", "", "ratio", "paper9"),
        ("paper4", "equation4", "Q=1", "weight", "`Q`"),
        ("paper4", "equation4", "H=2", "weight", "`H` of an equation is `2.0`"),
        ("paper4", "equation4", "H=nan", "weight", "`nan`"),
        ("paper4", "equation4", "H=Q", "weight", "`H` of an equation is `Q`"),
        ("paper4", "equation4", "P=H, H=P", "weight", "`P` of an equation is `P`"),
        ("paper4", "equation4", "H", "weight", "`H` is no argument"),
        ("paper4", "equation4", "side=1.5", "above", "`side` of an equation is `1.5`"),
        ("paper1", "equation8", "F=3x", "weight", "`3x`"),
    ],
)
def test_a_fact_that_there_is_not_is_refused_by_name(
    paper: str, place: str, point: str, name: str, sentence: str
) -> None:
    with pytest.raises(ReproError, match=sentence) as error:
        facts.at(paper, place, point, name)
    assert error.value.hint
