"""Does a model compute what the official code computes? Golden outputs under seeded weights.

A golden holds the official names and shapes of a model's state, its parameter count, and samples
of its outputs in float64 for weights and input drawn from the names alone (fill v1), so that no
checkpoint is needed.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import isfinite, prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import zoo
from repro import env, schema
from repro.errors import ReproError
from repro.papers.values import Size
from repro.records.measurement import Measurement
from repro.records.record import Record

TOLERANCE = 1e-9
"""of the largest absolute value of the output"""


@dataclass(frozen=True, slots=True)
class GoldenOutput:
    """Samples of one output tensor."""

    shape: tuple[int, ...]
    mean: float
    std: float
    absmax: float
    values: tuple[tuple[int, float], ...]
    """flat index, value"""


@dataclass(frozen=True, slots=True)
class Golden:
    """What the official implementation gave."""

    model: str
    input: tuple[int, int, int, int]
    params: int
    state_dict: tuple[tuple[str, tuple[int, ...]], ...]
    seed: int
    fill: str
    outputs: tuple[GoldenOutput, ...]


@dataclass(frozen=True, slots=True)
class Parity:
    """How one model compares with its golden."""

    model: str
    ok: bool
    params_ok: bool
    names_ok: bool
    max_relative_error: float | None
    """of the largest absolute value of the output; None where no output could be compared"""
    problem: str = ""


def goldens(folder: Path) -> dict[Path, Golden]:
    """The model goldens of a folder; files that hold something else (functions) are left out."""
    if not folder.is_dir():
        raise ReproError(f"`{folder}` is no folder of goldens.", "Name one with --golden DIR.")
    by_path = {}
    for path in sorted(folder.glob("*.json")):
        golden = _read(path)
        if golden is not None:
            by_path[path] = golden
    if not by_path:
        raise ReproError(f"No golden in `{folder}`.", "Name a folder of them with --golden DIR.")
    return by_path


def run(golden: Golden) -> Parity:
    """Build the golden's model, fill it, and compare names, shapes, parameters and outputs."""
    model = _build(golden).double().eval()
    state = zoo.published_state(model)
    params_ok = sum(parameter.numel() for parameter in model.parameters()) == golden.params
    problem = _compare_names(golden, state)
    if problem:
        return Parity(golden.model, False, params_ok, False, None, problem)
    try:
        with torch.no_grad():
            fill(state, golden.seed)
            outputs = flatten(model(seeded_input(golden.input, golden.seed)))
    except RuntimeError as failure:
        problem = f"an input of {list(golden.input)} fails: {failure}"
        return Parity(golden.model, False, params_ok, True, None, problem)
    problem = _compare_shapes(golden.outputs, outputs)
    if problem:
        return Parity(golden.model, False, params_ok, True, None, problem)
    errors = [_error(*pair) for pair in zip(golden.outputs, outputs, strict=True)]
    if not all(isfinite(error) for error in errors):
        return Parity(golden.model, False, params_ok, True, None, "outputs are not finite")
    error = max(errors)
    if not params_ok:
        problem = f"the parameter count is not {golden.params:,}"
    elif error > TOLERANCE:
        problem = f"outputs differ by {error:.1e} of their largest value"
    return Parity(golden.model, not problem, params_ok, True, error, problem)


def golden_of(
    network: nn.Module, model: str, size: Size, seed: int = 0, samples: int = 64
) -> dict[str, object]:
    """What an official network gives for one image of a size: the content of a golden of `model`.

    Its weights are overwritten by those of fill v1, under the names that it gives them.
    """
    network = network.double().eval()
    state, shape = network.state_dict(), (1, 3, *size)
    with torch.no_grad():
        fill(state, seed)
        outputs = flatten(network(seeded_input(shape, seed)))
    return {
        "model": model,
        "input": shape,
        "params": sum(parameter.numel() for parameter in network.parameters()),
        "state_dict": [[name, tuple(tensor.shape)] for name, tensor in state.items()],
        "seed": seed,
        "fill": "v1",
        "outputs": [_sampled(output, samples, seed) for output in outputs],
    }


def _sampled(output: Tensor, samples: int, seed: int) -> dict[str, object]:
    flat = output.flatten()
    indices = np.random.default_rng(seed).integers(0, len(flat), samples)
    return {
        "shape": tuple(output.shape),
        "mean": float(flat.mean()),
        "std": float(flat.std()),
        "absmax": float(flat.abs().max()),
        "values": [(index, float(flat[index])) for index in indices.tolist()],
    }


def record(result: Parity) -> Record:
    """A comparison as a record; no store keeps it, so that it has no key."""
    spec = {"kind": "parity", "model": result.model}
    return Record("", spec, (Measurement("parity", int(result.ok), ""),), env.fingerprint())


def described(result: Parity) -> dict[str, object]:
    """A comparison as plain data; a problem only where there is one."""
    data = asdict(result)
    return data if result.problem else {k: v for k, v in data.items() if k != "problem"}


def fill(state: Mapping[str, Tensor], seed: int) -> None:
    """Overwrite a state dict under official names, in place, by the rules of fill v1."""
    for name, tensor in state.items():
        shape = tuple(tensor.shape)
        rng = np.random.default_rng(zlib.crc32(f"{seed}:{name}".encode()))
        if name.endswith("num_batches_tracked"):
            values = np.zeros(shape)
        elif name.endswith("running_mean"):
            values = 0.1 * rng.standard_normal(shape)
        elif name.endswith("running_var"):
            values = rng.uniform(0.5, 1.5, shape)
        elif len(shape) > 1:
            values = rng.standard_normal(shape) * np.sqrt(1 / prod(shape[1:]))
        elif name.endswith("weight"):
            values = rng.uniform(0.5, 1.5, shape)
        else:
            values = 0.1 * rng.standard_normal(shape)
        tensor.copy_(torch.from_numpy(np.asarray(values)))


def seeded_input(shape: Sequence[int], seed: int) -> Tensor:
    """The input image batch of fill v1, float64."""
    rng = np.random.default_rng(zlib.crc32(f"{seed}:input".encode()))
    return torch.from_numpy(rng.standard_normal(tuple(shape)))


def flatten(output: object) -> list[Tensor]:
    """A model's outputs in the official order: lists in order, dict keys sorted."""
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, Mapping):
        return flatten([output[key] for key in sorted(output)])
    if isinstance(output, Iterable):
        return [tensor for item in output for tensor in flatten(item)]
    raise TypeError(f"a model returned a {type(output).__name__}")


def _build(golden: Golden) -> nn.Module:
    """The golden's model, with as many keypoints as its outputs have if that is not the default."""
    if golden.model in zoo.BLOCKS:
        return zoo.create_block(golden.model)
    model = zoo.create_model(golden.model)
    if _compare_names(golden, zoo.published_state(model)):
        return zoo.create_model(golden.model, golden.outputs[-1].shape[1])
    return model


def _read(path: Path) -> Golden | None:
    try:
        data = schema.json_file(path)
    except (OSError, ValueError) as error:
        raise ReproError(f"`{path}` is no golden: {error}.") from error
    if not isinstance(data, dict) or "kind" in data or "state_dict" not in data:
        return None
    known = {field.name for field in fields(Golden)}
    samples = {field.name for field in fields(GoldenOutput)}
    chosen = {key: value for key, value in data.items() if key in known}
    outputs = chosen.get("outputs")
    if isinstance(outputs, list):
        chosen["outputs"] = [
            {key: value for key, value in output.items() if key in samples}
            if isinstance(output, dict)
            else output
            for output in outputs
        ]
    golden = schema.read(Golden, chosen, str(path))
    if golden.fill != "v1":
        raise ReproError(f"{path}: `fill` is `{golden.fill}`; this version knows v1.")
    if not golden.outputs or any(len(output.shape) < 2 for output in golden.outputs):
        raise ReproError(f"{path}: `outputs` should be shapes of (N, K, ...) with samples.")
    for output in golden.outputs:
        numbers = (output.mean, output.std, output.absmax, *(value for _, value in output.values))
        if not output.values or not all(map(isfinite, numbers)) or output.absmax <= 0:
            raise ReproError(f"{path}: an output has no samples, or impossible ones.")
        if min(output.shape) < 1 or prod(output.shape) > 2**30:
            raise ReproError(f"{path}: an output of {list(output.shape)} is no batch of maps.")
        if any(not 0 <= index < prod(output.shape) for index, _ in output.values):
            raise ReproError(f"{path}: a sample lies outside an output of {list(output.shape)}.")
    if min(golden.input) < 1 or prod(golden.input) > 3 * 4096 * 4096:
        raise ReproError(f"{path}: `input` {list(golden.input)} is no image batch.")
    return golden


def _compare_names(golden: Golden, state: Mapping[str, Tensor]) -> str:
    theirs = dict(golden.state_dict)
    ours = {name: tuple(tensor.shape) for name, tensor in state.items()}
    lacking = [name for name in theirs if name not in ours]
    extra = [name for name in ours if name not in theirs]
    reshaped = [name for name in theirs if name in ours and theirs[name] != ours[name]]
    parts = [
        f"{len(names)} {what} (first: `{names[0]}`)"
        for what, names in (
            ("official names missing", lacking),
            ("names of ours unknown", extra),
            ("shapes differ", reshaped),
        )
        if names
    ]
    return ", ".join(parts)


def _compare_shapes(golden: Sequence[GoldenOutput], outputs: Sequence[Tensor]) -> str:
    theirs = [list(output.shape) for output in golden]
    ours = [list(output.shape) for output in outputs]
    return "" if theirs == ours else f"outputs are {ours}, the golden has {theirs}"


def _error(golden: GoldenOutput, output: Tensor) -> float:
    """The largest deviation of samples, mean and largest value, relative to the latter."""
    flat = output.flatten()
    indices = torch.tensor([index for index, _ in golden.values], dtype=torch.long)
    values = torch.tensor([value for _, value in golden.values], dtype=torch.float64)
    deviations = [
        *(flat[indices] - values).abs().tolist(),
        abs(float(flat.mean()) - golden.mean),
        abs(float(flat.std()) - golden.std),
        abs(float(flat.abs().max()) - golden.absmax),
    ]
    worst = float(torch.tensor(deviations, dtype=torch.float64).max())  # NaN stays NaN
    return worst / golden.absmax
