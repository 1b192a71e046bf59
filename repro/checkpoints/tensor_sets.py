"""The sets of named tensors in a checkpoint: raw and averaged, of several networks, or nested.

A set is called by the keys that lead to it, as in `state_dict_ema` or `models.1`; the file itself,
where tensors lie in it directly, has the empty name.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from repro.errors import ReproError, listed

if TYPE_CHECKING:
    from torch import Tensor

DEEPEST = 6
"""levels below the file itself that are looked at"""
MOST_PLACES = 8
"""in which one and the same set is looked at"""
FLAT_AVERAGE = "ema_"
"""MMCV's averaging keeps `ema_backbone_conv1_weight` beside `backbone.conv1.weight`"""
AVERAGES = ("ema", "swa", "average", "avg", "teacher", "shadow")
"""words in the names of sets that are not what the training itself went on with"""


@dataclass(frozen=True, eq=False, slots=True)
class TensorSet:
    """Named tensors that lie together."""

    name: str
    tensors: "Mapping[str, Tensor]"
    others: tuple[str, ...] = ()
    """names beside them whose value is no tensor"""
    problem: str = ""
    """why they cannot be weights; empty if they can"""

    @property
    def shown(self) -> str:
        """For a sentence."""
        return f"`{self.name}`" if self.name else "the file itself"

    def described(self) -> dict[str, object]:
        """For JSON; `fit` is for a network to say."""
        return {"name": self.name, "tensors": len(self.tensors), "fit": None}


@dataclass
class Contents:
    """What a checkpoint holds."""

    sets: list[TensorSet] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    """names of what holds no set, with the number of tensors where there are any"""


def contents(content: object) -> Contents:
    """Every set of tensors in what a checkpoint holds, and what lies beside them."""
    found = Contents()
    _look("", content, found, Counter(), ())
    return found


def _look(
    name: str, node: object, found: Contents, seen: Counter[int], around: tuple[int, ...]
) -> None:
    """Add the sets in a node, which may lie in several places, and not in itself."""
    entries, depth = _entries(node), len(around)
    seen[id(node)] += 1
    if id(node) in around or seen[id(node)] > MOST_PLACES:
        return
    tensors = {key: value for key, value in entries.items() if _is_tensor(value)}
    inner = {
        key: value
        for key, value in entries.items()
        if key not in tensors and depth < DEEPEST and _holds_set(value, DEEPEST - depth, set())
    }
    others = tuple(key for key in entries if key not in tensors and key not in inner)
    flat = {key: tensors[key] for key in tensors if _is_flat(key, tensors)}
    raw = {key: _tensor(value) for key, value in tensors.items() if key not in flat}
    if raw and isinstance(node, Mapping):
        found.sets.append(TensorSet(name, raw, others))
    else:
        found.beside += [_beside(_joined(name, key), entries[key]) for key in others]
    if flat:
        average = {key: _tensor(value) for key, value in flat.items()}
        found.sets.append(TensorSet(_joined(name, FLAT_AVERAGE), average))
    for key, value in inner.items():
        _look(_joined(name, key), value, found, seen, (*around, id(node)))


def _entries(node: object) -> dict[str, object]:
    """What lies in a node, by name or place."""
    if isinstance(node, Mapping):
        return {str(key): value for key, value in node.items()}
    if isinstance(node, list | tuple):
        return {str(place): value for place, value in enumerate(node)}
    return {}


def _holds_set(node: object, deepest: int, seen: set[int]) -> bool:
    """Whether there are tensors under names in a node; an optimizer has its own by numbers."""
    if id(node) in seen or not deepest or _is_numbered(node):
        return False
    seen.add(id(node))
    values = list(_entries(node).values())
    named = isinstance(node, Mapping) and any(map(_is_tensor, values))
    return named or any(_holds_set(value, deepest - 1, seen) for value in values)


def _is_numbered(node: object) -> bool:
    """Whether the keys are numbers, as those of an optimizer's parameters are."""
    return isinstance(node, Mapping) and bool(node) and all(isinstance(key, int) for key in node)


def _is_tensor(value: object) -> bool:
    import torch

    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf" and value.dtype.isnative
    return isinstance(value, torch.Tensor)


def _tensor(value: object) -> "Tensor":
    import torch

    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    assert isinstance(value, torch.Tensor)
    return value


def _is_flat(name: str, tensors: Mapping[str, object]) -> bool:
    """Whether it is MMCV's average of another tensor."""
    return name.startswith(FLAT_AVERAGE) and "." not in name and any("." in one for one in tensors)


def _beside(name: str, value: object) -> str:
    tensors = sum(1 for _ in _loose(value, DEEPEST, set()))
    return f"{name} ({tensors:,} tensors)" if tensors > 1 else name


def _loose(node: object, deepest: int, seen: set[int]) -> Iterator[object]:
    if _is_tensor(node):
        yield node
    elif deepest and id(node) not in seen:
        seen.add(id(node))
        for value in _entries(node).values():
            yield from _loose(value, deepest - 1, seen)


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def ordered(sets: Sequence[TensorSet], wrappers: Sequence[str]) -> list[TensorSet]:
    """The sets, first the one that is meant where nothing is said.

    That is the one under the names that trainers usually save the network by; of others the raw
    weights come before averages and the larger before the smaller.
    """

    def rank(tensors: TensorSet) -> tuple[bool, list[int], bool, int]:
        keys = tensors.name.split(".") if tensors.name else []
        usual = all(key in wrappers for key in keys)
        # of usual ones the innermost: what lies around it are counters of the trainer
        places = [*map(wrappers.index, keys), len(wrappers)] if usual else []
        average = any(word in tensors.name.lower() for word in AVERAGES)
        return not usual, places, average, -len(tensors.tensors)

    return sorted(sets, key=rank)


def named(sets: Sequence[TensorSet], name: str, file: str) -> TensorSet:
    """The set of a name, or the tensors of one whose names begin so; ReproError if there is none.

    `teacher` means the tensors `teacher. ...` where no set is called so.
    """
    for one in [*sets, *joined(sets)]:
        if one.name == name:
            return one
    for one in sets:
        start = name if not one.name else name.removeprefix(f"{one.name}.")
        for group in groups(one):
            if group.name == _joined(one.name, start):
                return group
    first = [one.shown for one in sets[:8]]
    raise ReproError(
        f"`{file}` has no set of tensors called `{name}`.",
        f"It has {listed(first)}{', ...' if len(sets) > len(first) else ''}: --entry.",
    )


def groups(tensors: TensorSet, depth: int = 2) -> Iterator[TensorSet]:
    """The parts of a set whose names begin alike, as those of a teacher and a student do."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.tensors.items():
        start, dot, rest = name.partition(".")
        if dot:
            parts.setdefault(start, {})[rest] = value
    for start, part in parts.items():
        group = TensorSet(_joined(tensors.name, start), part)
        yield group
        if depth > 1:
            yield from groups(group, depth - 1)


def joined(sets: Sequence[TensorSet]) -> Iterator[TensorSet]:
    """Sets that lie side by side as one, as those of a backbone and a head may be saved."""
    parents: dict[str, list[TensorSet]] = {}
    for one in sets:
        if one.name:
            parents.setdefault(one.name.rpartition(".")[0], []).append(one)
    taken = {one.name for one in sets}
    for parent, children in parents.items():
        if len(children) > 1 and parent not in taken:
            whole = {
                f"{child.name.rpartition('.')[2]}.{name}": value
                for child in children
                for name, value in child.tensors.items()
            }
            yield TensorSet(parent, whole)
