"""Official checkpoints: their names, and loading them whole or not at all.

Networks written here carry the official names. Where the backbone comes from a library, the model's
`official_names` maps its own state entries to the official ones (`zoo.names`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

WRAPPERS = ("state_dict", "model", "module", "model_state_dict", "net")


class WeightsError(ValueError):
    """A checkpoint does not fit the model. Nothing was loaded."""

    def __init__(
        self,
        missing: Sequence[str] = (),
        unexpected: Sequence[str] = (),
        wrong_shapes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] | None = None,
        not_tensors: Sequence[str] = (),
        not_finite: Sequence[str] = (),
    ) -> None:
        self.missing = tuple(missing)
        self.unexpected = tuple(unexpected)
        self.wrong_shapes = dict(wrong_shapes or {})
        """Name -> shape in the checkpoint, shape in the model."""
        self.not_tensors = tuple(not_tensors)
        """Entries that are no dense tensor, or hold no floats where the model does."""
        self.not_finite = tuple(not_finite)
        """Entries with NaN or infinite values, or values too large for the model's type."""
        super().__init__(self._message())

    def __reduce__(self) -> tuple[type[WeightsError], tuple[object, ...]]:
        parts = (self.missing, self.unexpected, self.wrong_shapes)
        return type(self), (*parts, self.not_tensors, self.not_finite)

    def _message(self) -> str:
        shapes = [
            f"`{name}` is {_sizes(found)} for {_sizes(wanted)}"
            for name, (found, wanted) in self.wrong_shapes.items()
        ]
        kinds = {
            "missing": _quoted(self.missing),
            "unexpected": _quoted(self.unexpected),
            "of another shape": shapes,
            "not plain tensors": _quoted(self.not_tensors),
            "not finite": _quoted(self.not_finite),
        }
        found = {kind: names for kind, names in kinds.items() if names}
        counts = ", ".join(f"{len(names)} {kind}" for kind, names in found.items())
        lists = [f"{kind}: {', '.join(names)}" for kind, names in found.items()]
        return "\n  ".join([f"The checkpoint does not fit the model: {counts}.", *lists])


def published_state(model: nn.Module) -> dict[str, Tensor]:
    """The model's own tensors under the official names, in the official order.

    They share storage with the model: filling them fills it.
    """
    names: Mapping[str, str] = getattr(model, "official_names", {})
    return {names.get(own, own): value for own, value in model.state_dict().items()}


def load_published(model: nn.Module, state_dict: Mapping[str, object]) -> None:
    """Fill the model from an official checkpoint, or raise one `WeightsError` and change nothing.

    Accepts the usual wrappings (an entry `state_dict` or `model`, names that start with `module.`)
    and MMPose 1.x, which calls `keypoint_head.` `head.`. Checkpoints older than
    `num_batches_tracked` may lack it.
    """
    own = published_state(model)
    if any(value.is_meta for value in own.values()):
        raise ValueError(
            "The model is on the `meta` device and holds no values; build it on another."
        )
    given = _rename_head(_strip_module(_unwrap(state_dict)), own)
    tensors = {name: value for name, value in given.items() if isinstance(value, Tensor)}
    error = _compare(own, given, tensors)
    if error is not None:
        raise error
    with torch.no_grad():
        for name, value in tensors.items():
            own[name].copy_(value)


def _unwrap(checkpoint: object) -> dict[str, object]:
    """The innermost state dict of a checkpoint."""
    for _ in range(4):
        if not isinstance(checkpoint, Mapping):
            kind = type(checkpoint).__name__
            raise ValueError(f"The checkpoint holds a `{kind}`, not named tensors.")
        inner = (checkpoint.get(wrapper) for wrapper in WRAPPERS)
        found = next((one for one in inner if isinstance(one, Mapping)), None)
        if found is None:
            return {str(name): value for name, value in checkpoint.items()}
        checkpoint = found
    raise ValueError("The checkpoint is wrapped more than three times; give its state dict.")


def _strip_module(given: Mapping[str, object]) -> Mapping[str, object]:
    """Without the prefix that torch's data-parallel wrapper puts before every name."""
    while given and all(name.startswith("module.") for name in given):
        given = {name.removeprefix("module."): value for name, value in given.items()}
    return given


def _rename_head(given: Mapping[str, object], own: Mapping[str, Tensor]) -> Mapping[str, object]:
    """With `keypoint_head.` for MMPose 1.x's `head.`, where only the model has the former."""
    renamed: dict[str, object] = {}
    for name, value in given.items():
        old = f"keypoint_{name}"
        renames = name.startswith("head.") and old in own and old not in given
        renamed[old if renames else name] = value
    return renamed


def _compare(
    own: Mapping[str, Tensor], given: Mapping[str, object], tensors: Mapping[str, Tensor]
) -> WeightsError | None:
    missing = [
        name for name in own if name not in given and not name.endswith("num_batches_tracked")
    ]
    unexpected = [name for name in given if name not in own]
    pairs = {name: (value, own[name]) for name, value in tensors.items() if name in own}
    plain = {name: pair for name, pair in pairs.items() if _is_plain(*pair)}
    not_tensors = [
        name for name in given if name not in tensors or (name in pairs and name not in plain)
    ]
    wrong_shapes = {
        name: (tuple(value.shape), tuple(target.shape))
        for name, (value, target) in plain.items()
        if value.shape != target.shape
    }
    not_finite = [name for name, pair in plain.items() if not _is_finite(*pair)]
    if missing or unexpected or wrong_shapes or not_tensors or not_finite:
        return WeightsError(missing, unexpected, wrong_shapes, not_tensors, not_finite)
    return None


def _is_plain(value: Tensor, target: Tensor) -> bool:
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        return False
    if target.is_floating_point():
        return value.is_floating_point()
    return not value.is_complex()


def _is_finite(value: Tensor, target: Tensor) -> bool:
    """Also in the model's type, which may be narrower."""
    return bool(value.isfinite().all()) and bool(value.to(target.dtype).isfinite().all())


def _quoted(names: Sequence[str]) -> list[str]:
    return [f"`{name}`" for name in names]


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape) or "a scalar"
