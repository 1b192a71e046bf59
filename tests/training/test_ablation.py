"""Ablations trained on generated figures: rows alike but for their switch, and what they tell."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import study
from repro.training import ablation
from repro.training.ablation import Against, Budget, Trained
from repro.training.request import TrainingMachine


@pytest.mark.parametrize(
    ("paper", "table"),
    [("paper1", "table4"), ("paper1", "table6"), ("paper4", "table6"), ("paper4", "table8")],
)
def test_rows_differ_in_their_switch_alone(
    paper: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ablation, "find", lambda *words: None)
    found = study.load_study(paper), study.load_table(paper, table)
    planned = ablation.runs(*found, Path(), Path("out"), 2, Budget(), TrainingMachine("cpu"))
    assert len(planned) == len(found[1].rows) and all(len(own) == 2 for _, own in planned)
    first = planned[0][1][0]
    switches = set()
    for _, (one, other) in planned:
        assert (one.seed, other.seed) == (0, 1) and one.out != other.out
        switches.add((one.model, str(one.options), str(one.resolved.recipe.loss)))
        recipe, wanted = (run.resolved.recipe.described() for run in (one, first))
        assert {**recipe, "loss": 0} == {**wanted, "loss": 0}
        assert (one.size, one.protocol) == (first.size, first.protocol)
        assert recipe["epochs"] == recipe["evaluate_every"] == Budget().epochs
    assert len(switches) == len(planned)
    assert len({run.out for _, own in planned for run in own}) == 2 * len(planned)


def test_every_loss_of_paper_1_table_4_is_trained() -> None:
    found = ablation.rows(study.load_study("paper1"), study.load_table("paper1", "table4"))
    assert [loss for _, loss in found] == [
        "mse",
        *(f"heatmap-weighting:function={name}" for name in ("x", "2x", "x^2", "e^x")),
    ]


def test_what_is_no_ablation_is_refused() -> None:
    with pytest.raises(ReproError, match="paper1 table1 is no ablation") as error:
        ablation.rows(study.load_study("paper1"), study.load_table("paper1", "table1"))
    assert "table4, table6" in error.value.hint


def against(printed: float | None, *values: float) -> Against:
    first = Trained("a", 65.0, (10.0,) * len(values))
    (found,) = ablation.against_first([first, Trained("b", printed, values)])
    return found


def test_differences_come_with_students_interval() -> None:
    found = against(65.27, 11.0, 12.0, 13.0)
    assert found.printed == pytest.approx(0.27)
    # t(2, 0.975) = 4.3027; deviation 1, three seeds
    assert (found.value, found.low) == (2.0, pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-4))
    assert found.verdict == "cannot be told"
    assert against(65.27, 11.9, 12.0, 12.1).verdict == "shows"
    assert against(64.0, 11.9, 12.0, 12.1).verdict == "is the other way round"
    assert against(None, 11.9, 12.0, 12.1).verdict == "cannot be told"
    assert against(65.27, 12.0).verdict == "cannot be told"  # one seed tells nothing
    rows = ablation.described([Trained("a", None, (1.0,)), Trained("b", None, (2.0,))])
    assert rows[1]["interval"] is None and rows[1]["difference"] == 1.0
