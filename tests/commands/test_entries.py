"""Which of a checkpoint's sets of tensors is taken: told, chosen with --entry, kept."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import zoo
from support.command_line import Run
from support.evaluation_scenes import Scene, parsed, refused

TAKEN = "`both.pth` holds 2 sets of tensors: `state_dict` was taken"


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """Raw weights with their average beside them, as timm's trainer saves them."""
    torch.manual_seed(0)
    raw = zoo.published_state(zoo.create_model("lpn_50"))
    average = {
        name: value / 2 if value.is_floating_point() else value for name, value in raw.items()
    }
    content = {"state_dict": raw, "state_dict_ema": average, "metric": np.float64(0.7)}
    torch.save(content, tmp_path / "both.pth")
    return tmp_path / "both.pth"


def test_a_check_names_all_sets(repro: Run, both: Path) -> None:
    outcome = repro("weights", "lpn_50", "--check", str(both), "--json")
    found = parsed(outcome)
    assert found["entry"] == "state_dict"
    assert found["sets"] == [
        {"name": "state_dict", "tensors": 466, "fit": 466},
        {"name": "state_dict_ema", "tensors": 466, "fit": 466},
    ]
    assert found["match"]["whole"] and TAKEN in outcome.err
    texts = [remark["text"] for remark in found["remarks"]]
    assert texts[0].startswith(TAKEN) and "`metric`" in texts[1]
    other = parsed(
        repro("weights", "lpn_50", "--check", str(both), "--json", "--entry", "state_dict_ema")
    )
    assert other["entry"] == "state_dict_ema"
    refused(
        repro("weights", "--check", str(both), "--entry", "ema"), "no set of tensors called `ema`"
    )


def test_an_evaluation_keeps_what_was_taken(repro: Run, scene: Scene, both: Path) -> None:
    words = ("eval", "lpn_50", "--weights", str(both), *scene.named(), "--boxes", "gt")
    outcome = repro(*words, "--input", "64x64", "--json")
    plain = parsed(outcome)
    assert plain["weights"]["entry"] == "state_dict" and TAKEN in outcome.err
    (record,) = plain["records"]
    assert record["remarks"][0]["text"].startswith(TAKEN)
    chosen = parsed(repro(*words, "--input", "64x64", "--json", "--entry", "state_dict_ema"))
    assert chosen["weights"]["entry"] == "state_dict_ema"
    assert chosen["record"] != plain["record"]
    refused(
        repro("eval", "truth", *scene.named(), "--boxes", "gt", "--entry", "a"), "no checkpoint"
    )


def test_a_prediction_tells_what_was_taken(
    repro: Run, scene: Scene, both: Path, tmp_path: Path
) -> None:
    picture = str(next(scene.images.iterdir()))
    words = ("predict", "lpn_50", picture, "--weights", str(both), "--output", str(tmp_path / "o"))
    assert TAKEN in repro(*words).err
    outcome = repro(*words, "--entry", "state_dict_ema")
    assert outcome.code == 0 and TAKEN not in outcome.err


def test_a_training_begins_with_the_set_that_is_named(
    repro: Run, scene: Scene, tmp_path: Path
) -> None:
    own = zoo.published_state(zoo.create_model("hwl_mobilenetv3"))
    torch.save({"model": own, "model_ema": own, "args": {"lr": 1}}, tmp_path / "both.pth")
    where = ("--dataset", "synth", "--data", str(scene.data), "--input", "64x32")
    short = ("--epochs", "1", "--batch", "2", "--workers", "0", "--device", "cpu", "--out", "out")
    words = ("train", "paper1", "hwl_mobilenetv3", *where, *short, "--weights", "both.pth")
    refused(repro(*words, "--entry", "average"), "no set of tensors called `average`")
    outcome = repro(*words, "--entry", "model_ema", "--json")
    assert outcome.code == 0, outcome.err
    assert "`args`" in outcome.err
    (record,) = json.loads(outcome.out)["records"]
    assert record["spec"]["start"]["entry"] == "model_ema"
    assert any("`args`" in remark["text"] for remark in record["remarks"])
