"""What makes a subject runnable: its network, its backend, its stage, or the reason why not."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from repro.speed import backends
from repro.speed.backends import RunnableNetwork, equivalence
from repro.speed.measure import building
from repro.speed.measure.building import ready, seeded
from repro.speed.measure.subjects import RefusedError, Subject

SUBJECT = Subject("hwl_mobilenetv3", (64, 64), 17)


def test_a_network_is_the_same_in_every_process(tmp_path: Path) -> None:
    one, other = seeded(SUBJECT, 3, tmp_path), seeded(SUBJECT, 3, tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert not one.training
    another = seeded(SUBJECT, 4, tmp_path)
    assert not torch.equal(next(one.parameters()), next(another.parameters()))


def test_its_statistics_are_those_of_what_it_sees(tmp_path: Path) -> None:
    model = seeded(SUBJECT, 0, tmp_path)
    seen: list[torch.Tensor] = []
    norm = next(one for one in model.modules() if isinstance(one, torch.nn.BatchNorm2d))
    norm.register_forward_hook(lambda module, given, output: seen.append(given[0]))
    with torch.no_grad():
        model(equivalence.picture((4, 3, 64, 64), 0))
    means = seen[0].mean(dim=(0, 2, 3))
    assert norm.running_mean is not None
    assert torch.allclose(norm.running_mean, means, atol=1e-4)


def test_each_call_runs_the_network_once_or_with_the_flip_test_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[torch.Tensor] = []

    class Counting:
        def why_not(self) -> str:
            return ""

        def prepare(self, *given: object) -> RunnableNetwork:
            assert given[2:] == (1, tmp_path, "fp32")
            return RunnableNetwork(lambda images: batches.append(images) or [], settings={"a": 1})  # type: ignore[func-returns-value]

    monkeypatch.setattr(backends, "CPU", {"eager": Counting()})
    found = ready(replace(SUBJECT, batch=2), 1, tmp_path, 0)
    found.run()
    assert [batch.shape for batch in batches] == [(2, 3, 64, 64)]
    assert (found.difference, found.settings) == (None, {"a": 1})
    ready(replace(SUBJECT, flip=True), 1, tmp_path, 0).run()
    assert torch.equal(batches[2], batches[1].flip(3))
    ready(replace(SUBJECT, stage="full"), 1, tmp_path, 0).run()
    assert len(batches) == 4
    for stage in ("pre", "post"):
        ready(replace(SUBJECT, stage=stage), 1, tmp_path, 0).run()
    assert len(batches) == 4


def test_a_backend_that_computes_something_else_gets_no_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong:
        def why_not(self) -> str:
            return ""

        def prepare(self, model: torch.nn.Module, *given: object) -> RunnableNetwork:
            def run(images: torch.Tensor) -> list[torch.Tensor]:
                with torch.no_grad():
                    return [1.05 * model(images)]

            return RunnableNetwork(run)

    monkeypatch.setattr(backends, "CPU", {"wrong": Wrong()})
    with pytest.raises(RefusedError, match="differs from eager's by"):
        ready(replace(SUBJECT, backend="wrong"), 1, tmp_path, 0)
    rough = replace(SUBJECT, backend="wrong", precision="bf16")
    assert ready(rough, 1, tmp_path, 0).difference == pytest.approx(0.05, rel=0.01)


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (replace(SUBJECT, backend="tensorflow"), "no backend `tensorflow`"),
        (replace(SUBJECT, precision="fp8"), "no precision `fp8`"),
        (replace(SUBJECT, model="hwl_mobilenetv9"), "No model `hwl_mobilenetv9`"),
        (replace(SUBJECT, options={"depth": 3}), "does not take"),
        (Subject("litepose_xs", (96, 96), 17, stage="full"), "the nearest is 128x128"),
    ],
)
def test_what_cannot_run_has_its_reason(subject: Subject, reason: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=reason):
        ready(subject, 1, tmp_path, 0)


def test_every_precision_of_a_backend_has_its_tolerance() -> None:
    offered = {precision for one in backends.CPU.values() for precision in one.precisions}
    assert offered <= set(building.TOLERANCE)
