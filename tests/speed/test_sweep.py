"""Which subjects a user means."""

import pytest

from repro.errors import ReproError
from repro.records.runs import count_run
from repro.speed import backends, sweep

NET, OTHER = count_run("hwl_mobilenetv3", (64, 64)), count_run("lpn_50", (64, 64))


def test_a_sweep_is_every_combination_once() -> None:
    ways = ("eager", "graphs")
    found = sweep.sweep([NET, OTHER, NET], (1, 64), ("fp32", "fp16"), ways, "cuda", flip=True)
    assert len(found) == 16
    assert [(one.model, one.batch, one.precision, one.backend) for one in found[:5]] == [
        ("hwl_mobilenetv3", 1, "fp32", "eager"),
        ("hwl_mobilenetv3", 1, "fp32", "graphs"),
        ("hwl_mobilenetv3", 1, "fp16", "eager"),
        ("hwl_mobilenetv3", 1, "fp16", "graphs"),
        ("hwl_mobilenetv3", 64, "fp32", "eager"),
    ]
    assert all(one.flip and one.input == (64, 64) and one.keypoints == 17 for one in found)


def test_all_is_every_backend_that_is_meant_to_be_tried() -> None:
    every = [one.backend for one in sweep.sweep([NET], ways=["all"])]
    assert every == [name for name, one in backends.CPU.items() if one.default]
    assert "compiled_freezing" not in every
    assert [one.backend for one in sweep.sweep([NET], ways=["all"], device="cuda")] == list(
        backends.CUDA
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"batches": (0,)}, "A batch of `0`"),
        ({"precisions": ("fp16",)}, "precision for the CPU `fp16`"),
        ({"precisions": ("fp23",), "device": "cuda"}, "precision for CUDA `fp23`"),
        ({"ways": ("openvino",), "device": "cuda"}, "backend for CUDA `openvino`"),
        ({"ways": ("graphs",)}, "backend for the CPU `graphs`"),
        ({"device": "tpu"}, "no device `tpu`"),
    ],
)
def test_a_sweep_of_what_does_not_exist_is_an_error(given: dict[str, object], words: str) -> None:
    with pytest.raises(ReproError, match=words):
        sweep.sweep([NET], **given)  # type: ignore[arg-type]


def test_batches_are_numbers() -> None:
    assert sweep.batches_of("1, 8,16") == [1, 8, 16]
    for wrong in ("", "1,", "-1", "1.5", "²", "9" * 10):
        with pytest.raises(ReproError, match="is no batch"):
            sweep.batches_of(wrong)


def test_networks_are_those_named_or_those_that_a_paper_prints() -> None:
    assert [one.model for one in sweep.networks(["lpn_5*"], "64x64", "paper1")] == [
        "lpn_50",
        "lpn_50_nogc",
    ]
    table = sweep.networks(None, None, None)
    assert (len(table), {one.input for one in table}) == (6, {(256, 192)})
    assert {one.input for one in sweep.networks(None, "64x64", None)} == {(64, 64)}
    figure = sweep.networks(None, None, "lpn")
    assert [(one.model, one.input) for one in figure] == [
        ("lpn_50", (256, 192)),
        ("lpn_152", (256, 192)),
        ("hrnet_w48", (256, 192)),
        ("hrnet_w48", (384, 288)),
    ]
    assert len(sweep.networks(None, None, "paper4")) == 12
    with pytest.raises(ReproError, match="`paper3` prints no speeds"):
        sweep.networks(None, None, "paper3")
    with pytest.raises(ReproError, match="the sizes that it prints, not 64x64"):
        sweep.networks(None, "64x64", "paper2")
