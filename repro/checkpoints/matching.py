"""Match the names and shapes of a checkpoint to a network, and load it: whole, or in part if asked.

Beside the official names these are understood: a component before every name (`module.` of
data-parallel training, `_orig_mod.` of compiled networks), MMPose 1.x's `head.` for
`keypoint_head.`, and MMPose's `backbone.` and `keypoint_head.` before the names of the HRNet and
LPN repositories.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import zoo
from repro.checkpoints.reading import State
from repro.errors import ReproError

if TYPE_CHECKING:
    from torch import Tensor, nn

COUNTERS = "num_batches_tracked"
"""What checkpoints older than PyTorch 0.4.1 lack, and nothing needs."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """How a checkpoint fits a network; names are the official ones where both sides have them."""

    names: Mapping[str, str]
    """tensors that fit: official name -> name in the file"""
    tensors: int
    """how many the network has"""
    rules: tuple[str, ...] = ()
    """how names of the file were read"""
    missing: tuple[str, ...] = ()
    """tensors of the network that the file lacks"""
    unexpected: tuple[str, ...] = ()
    """names in the file that the network lacks"""
    wrong_shapes: Mapping[str, tuple[Shape, Shape]] = field(default_factory=dict)
    """name -> shape in the file, shape in the network"""
    wrong_kinds: tuple[str, ...] = ()
    """whole numbers where the network has fractions, or no tensor at all"""

    @property
    def exact(self) -> bool:
        """Whether nothing is left out on either side."""
        return not (self.missing or self.unexpected or self.wrong_shapes or self.wrong_kinds)

    @property
    def summary(self) -> str:
        """What does not fit, with the first of each kind."""
        shapes = [
            f"`{name}` is {_sizes(found)} for {_sizes(wanted)}"
            for name, (found, wanted) in self.wrong_shapes.items()
        ]
        kinds = {
            "missing": [f"`{name}`" for name in self.missing],
            "unexpected": [f"`{name}`" for name in self.unexpected],
            "of another shape": shapes,
            "of another kind": [f"`{name}`" for name in self.wrong_kinds],
        }
        parts = [
            f"{len(names)} {kind} (first: {names[0]})" for kind, names in kinds.items() if names
        ]
        return ", ".join(parts) or "everything fits"

    def described(self, first: int | None = 10) -> dict[str, object]:
        """For JSON: counts, and the first names of each kind; all of them for None."""
        shapes = {
            name: {"file": list(found), "network": list(wanted)}
            for name, (found, wanted) in list(self.wrong_shapes.items())[:first]
        }
        return {
            "exact": self.exact,
            "fit": len(self.names),
            "tensors": self.tensors,
            "rules": list(self.rules),
            "missing": {"count": len(self.missing), "names": list(self.missing[:first])},
            "unexpected": {"count": len(self.unexpected), "names": list(self.unexpected[:first])},
            "wrong_shapes": {"count": len(self.wrong_shapes), "names": shapes},
            "wrong_kinds": {
                "count": len(self.wrong_kinds),
                "names": list(self.wrong_kinds[:first]),
            },
        }


def load(model: "nn.Module", state: State, allow_partial: bool = False) -> Match:
    """Fill the model from a checkpoint and say how it fitted; raise ReproError, nothing changed.

    All of both must fit, unless `allow_partial`: then what fits is loaded, the rest of the model
    keeps its values, and the match says what was left out.
    """
    from zoo.weights import WeightsError

    fit = matched(model, state, allow_partial)
    published = zoo.published_state(model)
    given = {name: state.tensors[file] for name, file in fit.names.items()}
    try:
        zoo.load_published(model, given if fit.exact else {**published, **given})
    except WeightsError as error:
        raise ReproError(f"`{state.file}`: {error}") from error
    return fit


def matched(model: "nn.Module", state: State, allow_partial: bool = False) -> Match:
    """How a checkpoint fits a model, which may be on the meta device; ReproError if it may not."""
    fit = match(zoo.published_state(model), state)
    if not fit.names:
        raise ReproError(
            f"`{state.file}` is of another network: none of its {len(state.tensors)} tensors fits.",
            f"`repro weights --check {state.file}` tells which networks it fits.",
        )
    if not (fit.exact or allow_partial):
        raise ReproError(
            f"`{state.file}` does not fit the network: {fit.summary}.",
            f"`--allow-partial` loads the other {len(fit.names)} tensors and the record says "
            "so; `repro weights --check` lists all.",
        )
    return fit


def match(expected: "Mapping[str, Tensor]", state: State) -> Match:
    """How a checkpoint fits a network's tensors, which may be on the meta device."""
    official, rules = rename(state.tensors, expected)
    names, wrong_shapes = {}, {}
    wrong_kinds = [name for name in state.others if name in expected]
    for file, name in official.items():
        if name in expected:
            value, target = state.tensors[file], expected[name]
            if target.is_floating_point() and not value.is_floating_point():
                wrong_kinds.append(name)
            elif value.shape != target.shape:
                wrong_shapes[name] = (tuple(value.shape), tuple(target.shape))
            else:
                names[name] = file
    given = {*official.values(), *wrong_kinds}
    unexpected = [file for file, name in official.items() if name not in expected]
    return Match(
        names,
        len(expected),
        rules,
        tuple(name for name in expected if name not in given and not name.endswith(COUNTERS)),
        (*unexpected, *(name for name in state.others if name not in expected)),
        wrong_shapes,
        tuple(wrong_kinds),
    )


def rename(
    names: Iterable[str], expected: Collection[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The official name of each name in a file, and in words how they differ."""
    rules = []
    stripped = {name: name for name in names}
    while (prefix := _common(stripped.values())) and not any(
        n.startswith(prefix) for n in expected
    ):
        stripped = {file: name.removeprefix(prefix) for file, name in stripped.items()}
        rules.append(f"without `{prefix}`")
    given = set(stripped.values())
    official = {}
    for file, name in stripped.items():
        official[file] = name
        for start, instead in (
            ("head.", "keypoint_head."),
            ("backbone.", ""),
            ("keypoint_head.", ""),
            ("head.", ""),
        ):
            other = instead + name.removeprefix(start)
            if (
                name.startswith(start)
                and name not in expected
                and other in expected
                and other not in given
            ):
                official[file] = other
                rules.append(f"`{instead}` for `{start}`" if instead else f"without `{start}`")
                given.add(other)
                break
    return official, tuple(dict.fromkeys(rules))


def _common(names: Iterable[str]) -> str:
    """The first component, with its dot, that all names share before another one."""
    first = {name.partition(".")[0] if "." in name else "" for name in names}
    return f"{first.pop()}." if len(first) == 1 and first != {""} else ""


def _sizes(shape: Shape) -> str:
    return "×".join(str(size) for size in shape) or "a scalar"
