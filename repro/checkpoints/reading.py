"""Read a checkpoint file, whoever made it: tensors and nothing else, within bounds, or one error.

Files of torch.save, zipped or of the older kind, are walked first, see `screening`, and then pass
its weights-only reader, which calls nothing that the file names; safetensors files hold nothing to
call.
"""

import hashlib
import io
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro import schema
from repro.checkpoints import containers, graph_files, screening, tensor_sets
from repro.checkpoints.file_layers import FileLayers
from repro.checkpoints.screening import LEGACY, LIMIT, SAFETENSORS
from repro.checkpoints.stand_ins import StandIn, safe_globals
from repro.checkpoints.tensor_sets import TensorSet
from repro.errors import ReproError

if TYPE_CHECKING:
    from torch import Tensor

ONLY_TENSORS = "Save a state dict: `torch.save(model.state_dict(), ...)`."

LATER_PROTOCOLS = {0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x91, 0x93, 0x94, 0x95, *b"BC", 0x96, 0x97, 0x98}
"""opcodes of pickle protocols above 2"""
BROKEN_PICKLE = (pickle.UnpicklingError, ValueError, LookupError, TypeError, AttributeError)
"""What the unpickler trips over; the text of such an error says nothing to a user."""


@dataclass(frozen=True, slots=True)
class State:
    """The named tensors of a checkpoint file, on the CPU, all of finite numbers."""

    file: str
    """the file's name"""
    format: str
    """torch, torch-legacy, safetensors, ncnn, openvino or onnx"""
    size: int
    """bytes"""
    sha256: str
    tensors: "Mapping[str, Tensor]"
    others: tuple[str, ...] = ()
    """names beside the tensors whose value is none"""
    entry: str = ""
    """which of the file's sets of tensors these are, see `repro.checkpoints.tensor_sets`"""
    asked: bool = False
    """whether the user named the set"""
    sets: tuple[TensorSet, ...] = ()
    """all sets of the file, in the order in which they are meant where nothing is said"""
    beside: tuple[str, ...] = ()
    """what else the file holds"""
    graph: FileLayers | None = None
    """the layers of a file that holds a graph with its weights"""

    @property
    def choices(self) -> tuple[TensorSet, ...]:
        """The sets that a network may be filled from, the one that is meant first."""
        meant = TensorSet(self.entry, self.tensors, self.others)
        if self.asked:
            return (meant,)
        rest = (one for one in self.sets if one.name != self.entry and not one.problem)
        return (meant, *rest)

    def described(self) -> dict[str, object]:
        """For JSON."""
        return {
            "file": self.file,
            "format": self.format,
            "size": self.size,
            "sha256": self.sha256,
            "tensors": len(self.tensors),
            "values": sum(tensor.numel() for tensor in self.tensors.values()),
        }


def read(path: Path, limit: int = LIMIT, entry: str | None = None) -> State:
    """The tensors of a checkpoint file; raise ReproError for anything else.

    Of several sets `entry` names one; without it the innermost of the names that trainers use is
    meant, and all of them are in `State.sets`.
    """
    try:
        size = screening.checked_size(path, limit)
        with path.open("rb") as file:
            start = file.read(512)
            graph = containers.kind_of(path, start)
            if graph is not None:
                return _of_graph(path, graph, entry, limit)
            kind = screening.kind_of(path, start, size)
            sha256 = _sha256(file)
            content = _content(path, kind, file, size)
    except OSError as error:
        raise screening.unreadable(path, error) from error
    from zoo.weights import WRAPPERS

    found = tensor_sets.contents(content)
    if not found.sets:
        raise _without_tensors(path, content)
    problems = [_problem(path, one, size, limit) for one in found.sets]
    pairs = zip(found.sets, problems, strict=True)
    sets = tensor_sets.ordered([replace(one, problem=problem) for one, problem in pairs], WRAPPERS)
    if entry is None:
        chosen = next((one for one in sets if not one.problem), sets[0])
    else:
        chosen = tensor_sets.named(sets, entry, path.name)
        chosen = replace(chosen, problem=_problem(path, chosen, size, limit))
    if chosen.problem:
        diverged = "NaN" in chosen.problem
        raise ReproError(
            chosen.problem, "Training has diverged; take an earlier checkpoint." if diverged else ""
        )
    tensors = {name: value.detach() for name, value in chosen.tensors.items()}
    asked, all_sets, beside = entry is not None, tuple(sets), tuple(found.beside)
    return State(
        *(path.name, kind, size, sha256, tensors, chosen.others),
        *(chosen.name, asked, all_sets, beside),
    )


def _of_graph(path: Path, kind: str, entry: str | None, limit: int) -> State:
    """The weights of a file that holds a network's graph, with those beside it."""
    if entry is not None:
        raise ReproError(f"`{path}` has one set of weights.", "Leave --entry out.")
    sizes = [screening.checked_size(path, limit)]
    if kind != containers.ONNX:
        sizes.append(screening.checked_size(containers.values_beside(path), limit))
    tensors, layers = graph_files.read(path, kind)
    digest = containers.digest(path)
    return State(path.name, kind, sum(sizes), digest, tensors, graph=layers)


def facts(path: Path) -> Mapping[str, str]:
    """What a training of this program wrote into its file of weights; nothing of any other file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            written = schema.json_value((file.metadata() or {}).get("repro", "{}"))
    except (SafetensorError, OSError, ValueError):
        return {}
    if not isinstance(written, dict):
        return {}
    return {str(name): value for name, value in written.items() if isinstance(value, str)}


def _sha256(file: io.BufferedReader) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


def _content(path: Path, kind: str, file: io.BufferedReader, size: int) -> object:
    walks = screening.screened(path, kind, file, size)
    file.seek(0)
    try:
        if kind == SAFETENSORS:
            from safetensors.torch import load_file

            return load_file(path)
        import torch

        with warnings.catch_warnings(), torch.serialization.safe_globals(safe_globals(walks)):
            warnings.simplefilter("ignore")  # of the pickle's protocol, of old storages
            loaded: object = torch.load(file, map_location="cpu", weights_only=True)
        return loaded
    # A broken pickle ends in an error of any kind.
    except Exception as error:
        raise _explained(path, kind, error) from error


def _explained(path: Path, kind: str, error: Exception) -> ReproError:
    """What is wrong with a file that the library did not read."""
    unsafe = re.search(r"GLOBAL ([\w.]+)", str(error))
    if unsafe:
        return screening.refused(path, unsafe[1])
    if kind == LEGACY and isinstance(error, pickle.UnpicklingError):
        return screening.foreign_pickle(path)
    operand = re.search(r"Unsupported operand (\d+)", str(error))
    if operand and int(operand[1]) in LATER_PROTOCOLS:
        return ReproError(
            f"`{path}` was saved with a pickle protocol that PyTorch's reader of weights refuses.",
            "Where you trust it: `torch.save(torch.load(FILE, weights_only=False), OTHER)`.",
        )
    reason = (str(error).strip().splitlines() or ["it ends early"])[0].rstrip(".")
    if isinstance(error, BROKEN_PICKLE):
        reason = "its pickle does not hold together"
    return screening.damaged(path, reason)


def _without_tensors(path: Path, content: object) -> ReproError:
    """What a file holds that has no named tensors."""
    from zoo.weights import WRAPPERS

    for _ in range(4):
        if isinstance(content, StandIn):
            return _whole_network(path, content)
        if not isinstance(content, Mapping):
            kind = type(content).__name__
            return ReproError(f"`{path}` holds a `{kind}`, not named tensors.", ONLY_TENSORS)
        inner = (content.get(wrapper) for wrapper in WRAPPERS)
        innermost = next((one for one in inner if isinstance(one, Mapping | StandIn)), None)
        if innermost is None:
            names = ", ".join(f"`{name!s:.40}`" for name in list(content)[:5]) or "nothing"
            return ReproError(f"`{path}` holds no tensors, but {names}.", ONLY_TENSORS)
        content = innermost
    return ReproError(f"`{path}` is wrapped more than three times.", "Save its state dict alone.")


def _whole_network(path: Path, network: StandIn) -> ReproError:
    """An object of a class whose code would have to run."""
    trusted = "torch.save(torch.load(FILE, weights_only=False).state_dict(), OTHER)"
    return ReproError(
        f"`{path}` calls for `{network.maker}`, which tensors do not need; nothing of it was run.",
        f"It is a whole network, saved as an object. Where you trust it and have its code, this "
        f"runs it and keeps the tensors: `{trusted}`.",
    )


def _problem(path: Path, tensors: TensorSet, size: int, limit: int) -> str:
    """Why tensors are no weights; empty where each is dense, finite and no larger than its data."""
    import torch

    kinds = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}
    kinds |= {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
    total = 0
    for name, value in tensors.tensors.items():
        plain = value.layout == torch.strided and not (value.is_meta or value.is_nested)
        if not plain or value.dtype not in kinds:
            return f"`{path}`: `{name}` is no plain tensor of numbers."
        needed, there = value.numel() * value.element_size(), value.untyped_storage().nbytes()
        total += needed
        if needed > there or there > max(size, 64) or total > limit:
            return f"`{path}`: `{name}` claims {needed:,} bytes that are not there."
        if value.is_floating_point() and not value.isfinite().all():
            return f"`{path}`: `{name}` holds values that are NaN or infinite."
    return ""
