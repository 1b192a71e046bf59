"""Where a training is at each step, its learning rate, and the average of its weights."""

import pytest
import torch

from repro.errors import ReproError
from repro.papers.recipe import Loss, Recipe
from repro.training.optimizer import Average
from repro.training.schedule import Moment, Schedule, rate_spans


def schedule(steps: int = 10, **fields: object) -> Schedule:
    given = {"lr": 1.0, "epochs": 150, "milestones": (90, 120), **fields}
    return Schedule(Recipe("Adam", batch=1, loss=Loss("mse"), **given), steps)  # type: ignore[arg-type]


def test_the_rate_falls_at_milestones() -> None:
    one = schedule()
    assert [one.rate(step) for step in (0, 899, 900, 1199, 1200, 1499)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )
    assert one.total == 1500


def test_the_warm_up_is_a_straight_line_over_steps() -> None:
    one = schedule(warmup_iterations=500, warmup_ratio=0.001)
    # mmcv: lr (1 - (1 - i / n) (1 - ratio))
    rates = [one.rate(step) for step in (0, 250, 499, 500)]
    assert rates == pytest.approx([0.001, 0.5005, 1 - 0.999 / 500, 1])


def test_one_stage_has_no_restart() -> None:
    one = schedule(2, epochs=1, milestones=(), stages=1, restart_epoch=60)
    assert one.total == 2 and not any(one.restarts(step) for step in range(3))
    with pytest.raises(ReproError, match="cannot restart at epoch 60 of 1") as told:
        schedule(epochs=1, milestones=(), stages=2, restart_epoch=60)
    assert "--set stages=1" in str(told.value.hint)


def test_stages_restart_with_absolute_milestones() -> None:
    one = schedule(stages=7, restart_epoch=60)
    assert one.passes == 150 + 6 * 90
    assert one.at(1499) == Moment(0, 149, 149, 9)
    assert one.at(1500) == Moment(1, 60, 150, 0)
    assert [one.rate(1500 + 10 * epochs) for epochs in (0, 29, 30, 59, 60)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01]
    )
    starts = [step for step in range(one.total + 1) if one.restarts(step)]
    assert starts == [1500 + 900 * stage for stage in range(6)]
    assert one.at(one.total - 1) == Moment(6, 149, one.passes - 1, 9)
    assert one.end_of_stage(0) == 1500
    assert one.end_of_stage(1500) == 2400


def test_spans_of_equal_rates_follow_each_other_over_all_stages() -> None:
    one = schedule(stages=3, restart_epoch=60)
    spans = list(rate_spans(one.recipe))
    assert [(span.stage, span.first, span.last, span.passes) for span in spans] == [
        (0, 0, 90, 0),
        (0, 90, 120, 90),
        (0, 120, 150, 120),
        (1, 60, 90, 150),
        (1, 90, 120, 180),
        (1, 120, 150, 210),
        (2, 60, 90, 240),
        (2, 90, 120, 270),
        (2, 120, 150, 300),
    ]
    each = [span.rate for span in spans for _ in range(span.last - span.first)]
    assert each == [one.rate(10 * epoch) for epoch in range(one.passes)]
    late = schedule(stages=2, restart_epoch=120, milestones=(90, 120, 200))
    assert [(span.first, span.last, span.rate) for span in rate_spans(late.recipe)][3:] == [
        (120, 150, pytest.approx(0.01))
    ]


def test_only_the_first_stage_warms_up() -> None:
    one = schedule(stages=2, restart_epoch=60, warmup_iterations=5, warmup_ratio=0.1)
    assert one.rate(1500) == 1


def test_evaluations_come_every_few_epochs_and_at_the_end_of_stages() -> None:
    one = schedule(2, epochs=5, milestones=(), stages=2, restart_epoch=2, evaluate_every=2)
    assert [step for step in range(one.total + 1) if one.evaluates(step)] == [4, 8, 10, 14, 16]
    # epochs 2, 4, and the last of the first stage; 4 and the last of the second


def test_the_average_follows_and_is_lent() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 0.0)
    average = Average(model, 0.75)
    torch.nn.init.constant_(model.weight, 8.0)
    average.update(model)
    average.update(model)
    with average.lent(model):
        assert model.weight.item() == pytest.approx(8 * (1 - 0.75**2))
    assert model.weight.item() == 8.0
