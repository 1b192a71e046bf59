"""Every backend that is here computes what eager computes, and what does not is refused."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from repro import env
from repro.speed import backends
from repro.speed.backends import artifacts, base, compiled, equivalence, exporting

torch.set_num_threads(1)

QUICK = [name for name in backends.CPU if not name.startswith(("compiled", "ahead"))]


class Head(nn.Module):
    """Convolutions, transposed ones as many channels in as out, and two outputs of maps."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.Hardswish(),
            nn.ConvTranspose2d(8, 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 8, 4, 2, 1, groups=4),
            nn.BatchNorm2d(8),
        )
        self.last = nn.Conv2d(8, 5, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = self.last(self.body(x))
        return [maps, nn.functional.avg_pool2d(maps, 2)]


def head(example: Tensor) -> nn.Module:
    torch.manual_seed(0)
    return equivalence.calibrated(Head(), example)


@pytest.fixture
def example() -> Tensor:
    return equivalence.picture((1, 3, 32, 24), seed=1)


def here(name: str) -> backends.Backend:
    backend = backends.CPU[name]
    if backend.why_not():
        pytest.skip(backend.why_not())
    return backend


def test_names_can_be_listed_without_torch() -> None:
    code = "import sys; from repro.speed import backends; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert all(name == backend.name for name, backend in backends.CPU.items())


@pytest.mark.parametrize("name", QUICK)
def test_a_backend_computes_what_eager_computes(name: str, example: Tensor, tmp_path: Path) -> None:
    model = head(example)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    prepared = here(name).prepare(model, example, 1, tmp_path)
    found = equivalence.compare(model, prepared.run, example)
    assert found.ok, found.reason
    assert found.difference < 1e-4 and found.peaks > 0
    assert prepared.settings["threads"] == 1
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    changed = prepared.settings.get("folded"), prepared.settings.get("split")
    assert changed == ((None, None) if name == "eager" else (3, 2))


@pytest.mark.thorough
def test_an_ahead_compiled_package_agrees_and_is_found_again(
    example: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # compiled headers pay where more than one package is made
    monkeypatch.setattr("torch._inductor.config.aot_inductor.precompile_headers", False)
    torch.manual_seed(0)
    layers = nn.Sequential(nn.ConvTranspose2d(3, 3, 4, 2, 1, groups=3), nn.BatchNorm2d(3))
    model = equivalence.calibrated(layers, example)
    first, second = (here("ahead").prepare(model, example, 1, tmp_path) for _ in range(2))
    assert equivalence.compare(model, first.run, example).ok
    assert equivalence.compare(model, second.run, example).ok
    assert not first.cached and second.cached
    assert second.export_seconds == first.export_seconds > 0
    assert second.settings == first.settings and first.settings["split"] == 1


@pytest.mark.thorough
def test_the_inductors_own_folding_is_caught_where_it_is_wrong(
    example: Tensor, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.ConvTranspose2d(3, 3, 4, 2, 1, bias=False), nn.BatchNorm2d(3))
    model = equivalence.calibrated(layers, example)
    own = here("compiled").prepare(model, example, 1, tmp_path)
    assert equivalence.compare(model, own.run, example).difference < 1e-5
    frozen = here("compiled_freezing").prepare(model, example, 1, tmp_path)
    found = equivalence.compare(model, frozen.run, example)
    if found.ok:
        assert found.difference < 1e-5
        pytest.skip(f"torch {torch.__version__} folds transposed convolutions right")
    assert found.difference > 0.05
    assert f"differs from eager's by {found.difference:.1e}" in found.reason


def test_a_second_export_comes_from_the_cache(example: Tensor, tmp_path: Path) -> None:
    model = head(example)
    first, second = (here("onnx_runtime").prepare(model, example, 1, tmp_path) for _ in range(2))
    assert not first.cached and second.cached
    assert second.export_seconds == first.export_seconds
    assert second.settings == first.settings
    third = here("onnx_runtime").prepare(head(example), example[..., :16], 1, tmp_path)
    assert not third.cached


@pytest.mark.parametrize("variable, spinning", [("PASSIVE", False), ("", True)])
def test_waiting_threads_follow_the_process(
    variable: str,
    spinning: bool,
    example: Tensor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", variable)
    prepared = here("onnx_runtime").prepare(head(example), example, 2, tmp_path)
    torch.set_num_threads(1)
    assert prepared.settings["spinning"] is spinning


def test_bf16_is_another_precision(example: Tensor, tmp_path: Path) -> None:
    model = head(example)
    try:
        prepared = here("openvino").prepare(model, example, 1, tmp_path, "bf16")
    except backends.BackendError as error:
        assert "bf16" in str(error)
        pytest.skip(str(error))
    found = equivalence.compare(model, prepared.run, example)
    assert not found.ok and found.difference > equivalence.DIFFERENCE
    with pytest.raises(backends.BackendError, match="no precision `bf16`"):
        backends.CPU["onnx_runtime"].prepare(model, example, 1, tmp_path, "bf16")


def test_a_network_in_training_mode_is_not_taken(example: Tensor, tmp_path: Path) -> None:
    with pytest.raises(backends.BackendError, match="training mode"):
        backends.CPU["eager"].prepare(head(example).train(), example, 1, tmp_path)


def test_a_network_that_cannot_be_exported_says_why(example: Tensor, tmp_path: Path) -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.linalg.eigvals(x[0, 0, :8, :8] + x.new_ones(8, 8)).real

    with pytest.raises(backends.BackendError, match=r"by tracing: .*; by torch\.export: ") as error:
        here("onnx_runtime").prepare(Odd().eval(), example, 1, tmp_path)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "onnx").iterdir())


def test_exporters_print_nothing(
    example: Tensor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def loud(model: nn.Module, example: Tensor, path: Path) -> None:
        print("a graph")
        subprocess.run(["echo", "another"], check=True)
        path.write_bytes(b"network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "EXPORTERS", {"loud": loud})
        made = exporting.onnx(head(example), example, tmp_path)
    print("after")
    assert made.facts["exporter"] == "loud"
    assert capfd.readouterr().out == "after\n"


def test_the_second_exporter_takes_what_the_first_cannot(
    example: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(model: nn.Module, example: Tensor, path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("no")

    def works(model: nn.Module, example: Tensor, path: Path) -> None:
        assert not path.exists()
        path.write_bytes(b"whole")

    monkeypatch.setattr(exporting, "EXPORTERS", {"first": fails, "second": works})
    made = exporting.onnx(head(example), example, tmp_path)
    assert made.facts["exporter"] == "second" and made.path.read_bytes() == b"whole"


def test_what_is_absent_is_said_in_one_line(
    example: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env, "version", lambda library: None)
    monkeypatch.setenv("CXX", "no-such-compiler")
    for name, words in {
        "onnx_runtime": "not installed: onnxruntime, onnx (pip install onnxruntime onnx)",
        "openvino": "not installed: openvino, onnx",
        "ahead": "no C++ compiler: there is no `no-such-compiler`",
        "compiled": "no C++ compiler",
    }.items():
        assert words in backends.CPU[name].why_not()
        with pytest.raises(backends.BackendError, match="no"):
            backends.CPU[name].prepare(head(example), example, 1, tmp_path)
    assert not backends.CPU["eager"].why_not()


def test_reasons_fit_a_line() -> None:
    compiler = "C++ compile error\nCommand: g++\n/home/me/x.cpp:3:1: error: no such type\nmore"
    assert base.reason(RuntimeError(compiler)) == "RuntimeError: x.cpp:3:1: error: no such type"
    assert base.reason(ValueError("bad. [Caused by\na graph]")) == "ValueError: bad"
    assert base.reason(ValueError("\x1b[96mstep 3\x1b[0m of 3")) == "ValueError: step 3 of 3"
    assert base.reason(OSError("see C:\\Users\\me\\x or a/b")) == "OSError: see x or a/b"
    assert base.reason(KeyError()) == "KeyError"
    assert base.reason(OSError("it raised:\nthe cause\nmore")) == "OSError: it raised: the cause"
    log = "Check failed\nlog:\n-- Conv: no rank\nSummary:\n-- No rule for: DeformConv\n"
    assert base.reason(RuntimeError(log)) == "RuntimeError: No rule for: DeformConv"
    assert len(base.reason(ValueError("x" * 999))) == 240


def test_every_network_is_compiled_by_a_function_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = []
    monkeypatch.setattr(torch, "compile", lambda call, **options: taken.append(call) or call)
    doubled, tripled = (
        compiled.compiled_call(nn.Upsample(scale_factor=factor)) for factor in (2, 3)
    )
    assert doubled(torch.ones(1, 1, 2, 2)).shape == (1, 1, 4, 4)
    assert tripled(torch.ones(1, 1, 2, 2)).shape == (1, 1, 6, 6)
    assert taken[0].__code__ is not taken[1].__code__


def test_the_inductors_folder_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(compiled.FOLDER, "before")
    with compiled.inductor_files(tmp_path):
        assert env.variable(compiled.FOLDER) == str(tmp_path)
    assert env.variable(compiled.FOLDER) == "before"
    monkeypatch.delenv(compiled.FOLDER)
    with compiled.inductor_files(tmp_path):
        pass
    assert env.variable(compiled.FOLDER) is None


def test_a_damaged_export_is_made_again(example: Tensor, tmp_path: Path) -> None:
    model = head(example)
    here("onnx_runtime").prepare(model, example, 1, tmp_path)
    (file,) = (tmp_path / "onnx").glob("*.onnx")
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    prepared = here("onnx_runtime").prepare(model, example, 1, tmp_path)
    assert not prepared.cached
    assert equivalence.compare(model, prepared.run, example).ok


def test_threads_and_machine_are_in_the_key_of_compiled_files(example: Tensor) -> None:
    model = head(example)
    one, two = (artifacts.key(model, example, {"cpp.threads": n}) for n in (1, 2))
    assert one != two
    assert {"processor", "instructions"} <= set(artifacts.machine())


def test_outputs_of_a_later_call_do_not_change_earlier_ones(
    example: Tensor, tmp_path: Path
) -> None:
    model = head(example)
    for name in QUICK:
        if not backends.CPU[name].why_not():
            run = backends.CPU[name].prepare(model, example, 1, tmp_path).run
            first = torch.as_tensor(run(example)[0])
            kept = first.clone()
            run(example + 1)
            assert torch.equal(kept, first), name
