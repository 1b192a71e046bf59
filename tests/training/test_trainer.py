"""Training from its first step to its weights: the same bits again, and after any interruption."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest
import torch
from safetensors import safe_open

from repro.checkpoints import reading
from repro.data import synth
from repro.data.layout import find
from repro.errors import ReproError, RunError
from repro.papers import study
from repro.pose.losses import Heatmaps
from repro.records import lock
from repro.training import choice, preparation, runs, state, trainer, validation
from repro.training.loop import StepReport
from repro.training.request import TrainingMachine, TrainingRequest
from repro.training.state import Best
from repro.training.trainer import Listeners, Training
from repro.training.validation import EpochFigure
from support.command_line import ROOT

MODEL, SIZE = "hwl_mobilenetv3", (64, 32)
WORDS = ["--input", "64x32", "--batch", "4", "--epochs", "2", "--save-every", "2", "--workers", "2"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, 7, 2, size=(96, 96))  # 24 persons to train on
    return folder


def a_run(data: Path, out: Path, workers: int = 0, **fields: object) -> TrainingRequest:
    """Two epochs of paper 1's recipe on the generated figures, not evaluated."""
    rules = choice.protocol_of(MODEL, "synth")
    given = {"batch": 4, "epochs": 2, **fields}
    found = choice.recipe_of(study.load_study("paper1"), "paper", MODEL, "synth", SIZE)
    machine = TrainingMachine("cpu", workers=workers, threads=1)
    source = find(data, "synth", "train")
    changed = found.changed("test", **given)
    return TrainingRequest(
        MODEL, SIZE, changed, rules, source, None, out, machine=machine, save_every=2
    )


def trained(
    run: TrainingRequest, fresh: bool = False, stop: int | None = None
) -> tuple[Training, list[StepReport]]:
    """The training and what it told; broken off after `stop` steps."""
    told: list[StepReport] = []

    def listen(one: StepReport) -> None:
        told.append(one)
        if one.step == stop:
            raise KeyboardInterrupt

    prepared = preparation.prepare(run, lambda text: None)
    said: list[str] = []
    training = Training.of(prepared, Listeners(said.append, listen))
    with suppress(KeyboardInterrupt):
        trainer.train(training, fresh)
    training.said = said  # type: ignore[attr-defined]
    return training, told


def weights(folder: Path) -> str:
    return hashlib.sha256((folder / "last.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[StepReport]]:
    """A training that nobody interrupted."""
    out = tmp_path_factory.mktemp("whole")
    _, told = trained(a_run(data, out))
    return out, told


def course_of(told: list[StepReport]) -> list[tuple[int, float, float]]:
    return [(one.step, one.rate, one.loss) for one in told]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_interrupted_training_goes_on_bit_for_bit(
    data: Path, whole: tuple[Path, list[StepReport]], tmp_path: Path, workers: int
) -> None:
    out, told = whole
    steps = told[-1].total
    assert [one.step for one in told] == list(range(1, steps + 1)) and steps >= 8
    run = a_run(data, tmp_path, workers)
    _, before = trained(run, stop=5)  # in the first epoch; the last checkpoint is of step 4
    training, after = trained(run)
    assert training.said[0] == f"goes on from step 4 of {steps:,}"  # type: ignore[attr-defined]
    assert course_of(before[:4]) + course_of(after) == course_of(told)
    assert weights(tmp_path) == weights(out)
    assert (tmp_path / "history.json").read_text() == (out / "history.json").read_text()


@pytest.mark.thorough
def test_a_killed_training_goes_on_bit_for_bit(
    data: Path, whole: tuple[Path, list[StepReport]], tmp_path: Path
) -> None:
    source = find(data, "synth", "train")
    own = ["--annotations", str(source.annotations), "--images", str(source.images)]
    words = ["train", "paper1", MODEL, "--dataset", "synth", *own, *WORDS, "--out", str(tmp_path)]
    words += ["--store", str(tmp_path / "store"), "--hold-out", "0"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *words, "--device", "cpu", "--threads", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    states = tmp_path / "state"
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if [step for step, _ in state.checkpoints(states) if step >= 4]:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    assert process.wait() == -signal.SIGKILL
    training, after = trained(a_run(data, tmp_path))
    assert after[0].step in (5, 7) and training.state.step == whole[1][-1].total
    assert course_of(after) == course_of(whole[1])[after[0].step - 1 :]
    assert weights(tmp_path) == weights(whole[0])


def test_a_torn_checkpoint_falls_back_and_says_so(
    data: Path, whole: tuple[Path, list[StepReport]], tmp_path: Path
) -> None:
    run = a_run(data, tmp_path)
    trained(run, stop=6)
    (_, older), (_, newer) = state.checkpoints(tmp_path / "state")
    newer.write_bytes(newer.read_bytes()[:-50])
    training, after = trained(run)
    assert newer.name in training.said[0] and "cut short" in training.said[0]  # type: ignore[attr-defined]
    assert "step-00000004" in older.name and after[0].step == 5
    assert weights(tmp_path) == weights(whole[0])


def test_two_trainings_do_not_share_a_folder(data: Path, tmp_path: Path) -> None:
    with (
        lock.held(tmp_path / "lock", "", ""),
        pytest.raises(ReproError, match="Another training is under way in") as told,
    ):
        trained(a_run(data, tmp_path))
    assert "--out" in str(told.value.hint)
    assert [one.name for one in tmp_path.iterdir()] == ["lock"]


def test_a_resume_with_another_recipe_is_refused(data: Path, tmp_path: Path) -> None:
    trained(a_run(data, tmp_path), stop=2)
    with pytest.raises(ReproError, match=r"another training: lr was 0.0005, is 0.001\."):
        trained(a_run(data, tmp_path, lr=1e-3))
    with pytest.raises(ReproError, match="model was hwl_mobilenetv3, is hwl_mobilenetv3_attn_se"):
        trained(replace(a_run(data, tmp_path), model="hwl_mobilenetv3_attn_se"))
    _, told = trained(a_run(data, tmp_path, lr=1e-3), fresh=True, stop=1)
    assert told[0].step == 1


def test_stages_begin_with_the_best_weights_of_the_one_before(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([50.0, 10.0, 20.0, 30.0])

    def evaluate(*_: object) -> dict[str, EpochFigure]:
        return {"AP": EpochFigure(next(values), None, None)}

    monkeypatch.setattr(validation, "evaluate", evaluate)
    fields = {"stages": 3, "restart_epoch": 1, "evaluate_every": 1, "warmup_iterations": 0}
    run = a_run(data, tmp_path, **fields)
    run = replace(run, evaluated=run.train)
    steps = preparation.prepare(run, lambda text: None).schedule.steps
    trained(run, stop=2 * steps)  # the first stage is complete
    training, told = trained(run)
    assert [(one.moment.stage, one.moment.epoch) for one in told] == [
        *[(1, 1)] * steps,
        *[(2, 1)] * steps,
    ]
    assert training.state.best == Best("best.safetensors", ANY, steps, "AP", 50.0)
    assert training.state.stage_best == Best(
        "stage-3.safetensors", ANY, 3 * steps + steps, "AP", 30.0
    )
    with safe_open(tmp_path / "stage-1.safetensors", "pt") as file:
        assert json.loads(file.metadata()["repro"])["step"] == str(steps)  # not of its last epoch
        name = "keypoint_head.final_layer.weight"
        wanted = file.get_tensor(name)
    sha256 = hashlib.sha256((tmp_path / "stage-1.safetensors").read_bytes()).hexdigest()
    training.state.stage_best = Best("stage-1.safetensors", sha256, steps, "AP", 50.0)
    training.begin_stage()
    assert torch.equal(training.network.model.state_dict()[name], wanted)
    assert not training.network.optimizer.state
    training.state.stage_best = Best("stage-1.safetensors", "other", steps, "AP", 50.0)
    with pytest.raises(ReproError, match="stage before"):
        training.begin_stage()


def test_a_loss_that_is_no_number_stops_with_the_samples(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(data, tmp_path)
    prepared = preparation.prepare(run, lambda text: None)
    network = preparation.network(prepared)
    seen: list[int] = []

    def broken(outputs: list[torch.Tensor], targets: Heatmaps) -> dict[str, torch.Tensor]:
        seen.append(1)
        value = outputs[0].mean()
        return {"heatmaps": value, "push": value * (float("nan") if len(seen) == 5 else 1)}

    network.criterion = broken  # type: ignore[assignment]
    training = Training(
        prepared, network, *preparation.batches(prepared), Listeners(lambda text: None)
    )
    with pytest.raises(
        RunError, match=r"The loss \(push\) is nan\. The samples: synth_train_"
    ) as e:
        trainer.train(training)
    assert str(e.value).count("synth_train_") == 4 and "--lr" in e.value.hint
    assert [step for step, _ in state.checkpoints(tmp_path / "state")] == [2, 4]
    assert all(bool(one.isfinite().all()) for one in network.model.state_dict().values())


def test_memory_that_runs_out_says_what_would_fit(data: Path, tmp_path: Path) -> None:
    prepared = preparation.prepare(a_run(data, tmp_path), lambda text: None)
    network = preparation.network(prepared)

    def small(module: object, inputs: tuple[torch.Tensor, ...]) -> None:
        if len(inputs[0]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    network.model.register_forward_pre_hook(small)
    training = Training(
        prepared, network, *preparation.batches(prepared), Listeners(lambda text: None)
    )
    network.model.eval()
    with pytest.raises(RunError, match="4 samples at a time do not fit into memory; 1 fits") as e:
        trainer.train(training)
    assert "--accumulate 4" in e.value.hint


def test_images_that_are_not_there_are_named_before_the_start(data: Path, tmp_path: Path) -> None:
    run = a_run(data, tmp_path)
    empty = replace(run, train=replace(run.train, images=tmp_path))
    with pytest.raises(ReproError, match=r"lacks 6 of the 6 images .*synth_train_000000\.png"):
        preparation.prepare(empty, lambda text: None)


def test_batches_are_shared_or_refused(data: Path, tmp_path: Path) -> None:
    run = a_run(data, tmp_path, batch=1000)
    prepared = preparation.prepare(run, lambda text: None)
    samples = len(prepared.data)
    assert prepared.request.resolved.recipe.batch == samples and prepared.schedule.steps == 1
    assert any(
        f"batch {samples} (the recipe: 64)" in str(one)
        for one in prepared.request.resolved.deviations
    )
    machine = TrainingMachine("cpu", accumulate=3)
    with pytest.raises(ReproError, match="batch of 4 cannot be seen in 3 equal parts"):
        preparation.prepare(replace(a_run(data, tmp_path), machine=machine), lambda text: None)


def test_other_weights_to_begin_with_than_the_recipes_are_a_deviation(
    data: Path, whole: tuple[Path, list[StepReport]], tmp_path: Path
) -> None:
    run = replace(a_run(data, tmp_path), weights=whole[0] / "best.safetensors")
    found = preparation.checked(run).request.resolved
    assert "pretraining other weights (the recipe: none)" in map(str, found.deviations)


def test_smoke_fails_where_the_loss_rises(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = replace(a_run(data, tmp_path, epochs=100), steps=8)
    prepared = preparation.prepare(run, lambda text: None)
    training = Training.of(prepared, Listeners(lambda text: None))
    found = runs.smoke(training)
    assert found.after < found.before and training.state.step == 8
    losses = iter([1.0, 2.0])
    monkeypatch.setattr(runs, "loss_of", lambda *_: next(losses))
    with pytest.raises(RunError, match="did not fall"):
        runs.smoke(training)


def test_the_weights_carry_where_they_are_from(whole: tuple[Path, list[StepReport]]) -> None:
    with safe_open(whole[0] / "best.safetensors", "pt") as file:
        facts = json.loads(file.metadata()["repro"])
    assert (facts["model"], facts["recipe"]) == (MODEL, "paper1/paper")
    assert facts["official"] == "no" and reading.facts(whole[0] / "best.safetensors") == facts
    assert reading.facts(whole[0] / "run.json") == {}
    assert "batch 4 (the recipe: 64)" in facts["deviations"]
    record = json.loads((whole[0] / "run.json").read_text())
    assert record["recipe"]["sources"]["lr"] == "Section IV-A4"
    assert record["identity"]["samples"] > 0
