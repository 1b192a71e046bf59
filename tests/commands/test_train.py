"""`repro train`: what it shows, what it refuses, and that `repro eval` takes its weights."""

import hashlib
import json
from pathlib import Path

import pytest

from repro.data import synth
from repro.errors import RunError
from repro.training import runs
from support.command_line import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, 4, 3, size=(96, 96))
    return folder


def test_a_plan_shows_every_field_with_its_source(repro: Run) -> None:
    done = repro("train", "paper2", "lpn_50", "--plan", "--batch", "8", "--set", "flip=0")
    assert done.code == 0
    assert "stages" in done.out and "Figure 3" in done.out
    assert "official: zhang943/lpn-pytorch" in done.out
    assert "deviation: batch 8 (the recipe: 32)" in done.out
    assert "deviation: flip 0 (the recipe: 0.5)" in done.out
    assert "differs: stages 1, restart_epoch 0, init network" in done.err
    found = json.loads(repro("train", "paper2", "lpn_50", "--plan", "--json").out)
    assert found["recipe"]["fields"]["restart_epoch"] == 60
    assert found["recipe"]["deviations"] == []


def test_a_plan_shows_the_course_of_the_learning_rate(repro: Run) -> None:
    lines = repro("train", "paper2", "lpn_50", "--plan").out.splitlines()
    later = "0.001 to epoch 90, 0.0001 to epoch 120, 1e-05 to epoch 150"
    assert f"learning rate, stage 1: {later}" in lines
    assert f"learning rate, stages 2 to 7, from epoch 60: {later}" in lines
    found = json.loads(repro("train", "paper2", "lpn_50", "--plan", "--json").out)["rates"]
    assert len(found) == 21
    assert found[3] == {"stage": 1, "first": 60, "last": 90, "passes": 150, "rate": 0.001}
    single = repro("train", "paper1", "hwl_mobilenetv3", "--plan").out
    assert "learning rate: 0.0005 to epoch 170, 5e-05 to epoch 200" in single
    assert "in a straight line from 0.001 of it, over 500 steps" in single


def test_a_network_gets_a_loss_that_fits_its_outputs(repro: Run) -> None:
    found = json.loads(repro("train", "paper4", "dekr_w48", "--plan", "--json").out)["recipe"]
    assert found["fields"]["loss"] == "centre-offsets"
    assert found["deviations"][0].startswith("loss centre-offsets (the recipe: weight-adaptive")
    chosen = ("--loss", "heatmap-weighting:function=2x")
    found = json.loads(repro("train", "paper1", "lpn_50", *chosen, "--plan", "--json").out)
    assert found["recipe"]["fields"]["loss"] == "heatmap-weighting (function 2x)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["paper1", "hwl_mobilenet"], "There is no model `hwl_mobilenet`"),
        (["paper1", "hwl_mobilenetv3", "--recipe", "papr"], "no recipe of paper1 `papr`"),
        (["paper1", "litepose_xs"], "`litepose_xs` looks at whole images"),
        (["paper1", "hwl_mobilenetv3"], "nothing to train on"),
        (["paper1", "hwl_mobilenetv3", "--smoke", "--resume"], "always begins anew"),
        (["paper1", "hwl_mobilenetv3", "--loss", "part-fields"], "does not have"),
        (["paper1", "hwl_mobilenetv3", "--loss", "mse:function=x"], "no setting `function`"),
        (["paper1", "hwl_mobilenetv3", "--set", "flp=0"], "no field of a recipe `flp`"),
        (["paper1", "hwl_mobilenetv3", "--set", "flip=2"], "`flip` of a recipe is 2"),
        (["paper1", "hwl_mobilenetv3", "--input", "100x100"], "cannot take an input of 100x100"),
        (["paper4", "litepose_xs", "--input", "256x192"], "trained on squares"),
        (
            ["paper4", "litepose_xs_crowdpose", "--dataset", "synth"],
            "finds 14 joints; generated has 17",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(repro: Run, words: list[str], said: str) -> None:
    done = repro("train", *words)
    assert done.code == 2 and said in done.err


def test_another_number_of_joints_is_refused(repro: Run, data: Path) -> None:
    file = data / "synth" / "annotations" / "synth_crowdpose_train.json"
    own = ("--annotations", str(file), "--images", str(data / "synth" / "train"))
    done = repro("train", "paper1", "hwl_mobilenetv3", "--dataset", "synth", *own)
    assert done.code == 2 and "has the joints of crowdpose, not of coco" in done.err


def test_what_is_trained_can_be_evaluated(repro: Run, data: Path, tmp_path: Path) -> None:
    where = ("--dataset", "synth", "--data", str(data), "--input", "64x32")
    short = ("--epochs", "1", "--batch", "4", "--workers", "0", "--device", "cpu")
    done = repro("train", "paper1", "hwl_mobilenetv3", *where, *short, "--out", "out", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["best"]["metric"] == "AP" and found["step"] == found["steps"] >= 1
    scored = repro(
        *("eval", "hwl_mobilenetv3", "--weights", found["weights"], *where, "--boxes", "gt"),
        "--json",
    )
    assert scored.code == 0, scored.err
    history = json.loads(Path(found["history"]).read_text())
    figures = history[-1]["evaluation"]
    found_there = {name: figure["value"] for name, figure in figures.items()}
    assert found_there == json.loads(scored.out)["metrics"]
    assert any((tmp_path / "out" / "tensorboard").iterdir())
    (path,) = [path for path in Path("records").glob("??/*.json") if path.stem == found["record"]]
    record = json.loads(path.read_text())
    assert record["spec"]["kind"] == "train" and record["spec"]["data"]["official"] is False
    assert record["artifacts"] == {
        name: hashlib.sha256((path.with_suffix("") / name).read_bytes()).hexdigest()
        for name in ("best.safetensors", "history.json")
    }
    assert record["artifacts"]["best.safetensors"] == found["best"]["sha256"]
    again = repro("train", "paper1", "hwl_mobilenetv3", *where, *short, "--out", "out", "--resume")
    assert again.code == 0 and "goes on from step" in again.err
    assert len(list(Path("records").glob("??/*.json"))) == 2  # the training and its evaluation


def test_only_the_first_of_several_processes_speaks_and_each_tells_its_failure(
    repro: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    where = ("--dataset", "synth", "--data", str(data), "--input", "64x32", "--device", "cpu")
    monkeypatch.setattr(runs, "execute", lambda *words: None)
    done = repro("train", "paper1", "hwl_mobilenetv3", *where)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert not list(Path("records").glob("??/*.json"))

    def failing(*words: object) -> None:
        raise RunError("The loss (heatmaps) is nan.", "Look at these samples.")

    monkeypatch.setattr(runs, "execute", failing)
    done = repro("train", "paper1", "hwl_mobilenetv3", *where)
    assert done.code == 6 and "is nan" in done.err and "Look at" in done.err and not done.out
