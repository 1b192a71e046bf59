"""Every numbered equation of the four papers, and the tests that hold our code against it."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LOSSES = "pose/losses/test_losses.py"
EQUATIONS = {
    "paper1": {
        "1, 2": ["test_equations_1_and_2_are_the_cost_of_simplebaselines_head"],
        "3": ["test_equation_3_is_the_cost_of_the_light_head"],
        "4": ["test_equation_4_is_the_ratio_of_the_two_heads"],
        "5, 6, 7": ["test_equations_5_to_7_are_the_attention"],
        "8": [
            "test_equation_8_is_the_loss_with_the_square_of_the_norm",
            f"{LOSSES}::test_top_down_losses_are_the_official_ones",
        ],
    },
    "paper2": {
        "1, 2": ["test_equations_1_and_2_are_the_standard_bottleneck"],
        "3, 4": ["test_equations_3_and_4_are_the_light_bottleneck"],
        "5": [
            "test_equation_5_is_the_target_of_a_joint_and_the_weights_gaussian",
            "pose/test_top_down.py::test_targets_are_the_official_ones",
        ],
        "6, 7": [
            "test_equations_6_and_7_are_the_soft_argmax",
            "pose/test_decode.py::test_points_and_scores_are_the_official_ones",
        ],
        "Figure 3": [
            "test_figure_3_is_the_schedule_of_iterative_training",
            "training/test_optimizer.py::test_stages_restart_with_absolute_milestones",
        ],
    },
    "paper3": {
        "1": ["test_equation_1_is_the_channel_half_of_the_block"],
        "2": ["test_equation_2_is_the_block_with_m_s_where_m_c_is_printed"],
    },
    "paper4": {
        "1, 2": ["test_equations_1_2_and_4_are_the_losses"],
        "3": ["test_equation_3_is_equation_4_where_the_truth_is_0_or_1"],
        "4": [
            "test_equations_1_2_and_4_are_the_losses",
            "test_theta_is_where_both_halves_of_equation_4_weigh_the_same",
            f"{LOSSES}::test_bottom_up_heatmaps_cost_what_they_do_officially",
        ],
        "5, 6, 7": ["test_equations_5_to_7_are_the_costs_of_the_deconvolution"],
        "8": ["test_equation_8_is_both_with_one_matrix_over_all_places"],
        "9, 10": ["test_equations_9_and_10_are_the_directional_convolutions"],
        "11": ["test_equation_11_is_the_attention_of_the_literal_reading"],
        "12": [
            "test_equation_12_is_the_similarity_that_scores_use",
            "scoring/test_scoring.py::test_random_scenes_score_as_officially",
        ],
    },
}
"""paper -> numbers of equations -> tests, in the paper's own file where none is named"""
NUMBERED = {"paper1": 8, "paper2": 7, "paper3": 2, "paper4": 12}


@pytest.mark.parametrize("paper", EQUATIONS)
def test_every_equation_has_a_test_that_exists(paper: str) -> None:
    numbers = {number for key in EQUATIONS[paper] for number in key.split(", ")}
    assert {str(number) for number in range(1, NUMBERED[paper] + 1)} <= numbers
    for names in EQUATIONS[paper].values():
        for name in names:
            file, _, function = name.rpartition("::")
            source = TESTS / (file or f"equations/test_{paper}.py")
            tree = ast.parse(source.read_text(encoding="utf-8"))
            assert function in {getattr(node, "name", "") for node in tree.body}, name
