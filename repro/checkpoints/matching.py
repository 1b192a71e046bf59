"""Match the names and shapes of a checkpoint to a network, and load it: whole, or in part if asked.

Beside the official names these are understood: a component before every name (`module.` of
data-parallel training, `_orig_mod.` of compiled networks), MMPose 1.x's `head.` for
`keypoint_head.`, and MMPose's `backbone.` and `keypoint_head.` before the names of the HRNet and
LPN repositories. Of several sets of tensors in a file that one is taken which fits best.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import zoo
from repro.checkpoints import graph_files
from repro.checkpoints.placing import Placing, placed
from repro.checkpoints.reading import State
from repro.checkpoints.tensor_sets import FLAT_AVERAGE, TensorSet, groups, joined
from repro.errors import ReproError, listed
from repro.records.remarks import Remark, counted

if TYPE_CHECKING:
    from torch import Tensor, nn

COUNTERS = "num_batches_tracked"
"""What checkpoints older than PyTorch 0.4.1 lack, and nothing needs."""
COUNTERS_OF_OTHERS = ("total_ops", "total_params", "n_averaged", "num_updates", "steps")
"""single numbers that profilers and averaging leave among the tensors"""
NOTHING = TensorSet("", {})
SHOWN = 8
"""names in a sentence"""

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
    surplus: tuple[str, ...] = ()
    """those of the unexpected names that a network could have: not counters, numbers or texts"""
    source: TensorSet = NOTHING
    """the set of tensors that they are in"""
    rivals: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """other set of the file -> its tensors, and how many of them fit"""
    placed: Placing | None = None
    """where not names but the graph of the file tells which tensor is which"""
    unplaced: str = ""
    """why the graph does not tell it, without the file's name; empty where it does"""

    @property
    def exact(self) -> bool:
        """Whether nothing is left out on either side."""
        return self.whole and not self.unexpected

    @property
    def whole(self) -> bool:
        """Whether the network has all its tensors from the file, which has no others to give."""
        return not (self.missing or self.surplus or self.wrong_shapes or self.wrong_kinds)

    def sets(self) -> list[dict[str, object]]:
        """The sets of tensors of the file for JSON, the one that was taken first."""
        taken = {self.source.name: (len(self.source.tensors), len(self.names))}
        return [
            {"name": name, "tensors": tensors, "fit": fit}
            for name, (tensors, fit) in {**taken, **self.rivals}.items()
        ]

    @property
    def summary(self) -> str:
        """What does not fit, with the first of each kind."""
        shapes = [
            f"`{name}` is {_sizes(found)} for {_sizes(wanted)}"
            for name, (found, wanted) in self.wrong_shapes.items()
        ]
        kinds = {
            "missing": [f"`{name}`" for name in self.missing],
            "unexpected": [f"`{name}`" for name in self.surplus],
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
            "whole": self.whole,
            "fit": len(self.names),
            "tensors": self.tensors,
            "rules": list(self.rules),
            "graph": self.placed.described() if self.placed else None,
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
    given = {name: fit.source.tensors[file] for name, file in fit.names.items()}
    try:
        zoo.load_published(model, given if fit.whole else {**published, **given})
    except WeightsError as error:
        raise ReproError(f"`{state.file}`: {error}") from error
    return fit


def matched(model: "nn.Module", state: State, allow_partial: bool = False) -> Match:
    """How a checkpoint fits a model, which may be on the meta device; ReproError if it may not."""
    fit = fitted(model, state)
    if fit.unplaced:
        raise ReproError(
            f"`{state.file}` {fit.unplaced}.",
            f"Its graph is taken whole or not at all; `repro weights --check {state.file}` tells "
            "which networks it fits.",
        )
    if not fit.names:
        raise ReproError(
            f"`{state.file}` is of another network: none of its {len(fit.source.tensors)} tensors "
            "fits.",
            f"`repro weights --check {state.file}` tells which networks it fits.",
        )
    if not (fit.whole or allow_partial):
        raise ReproError(
            f"`{state.file}` does not fit the network: {fit.summary}.",
            f"`--allow-partial` loads the other {len(fit.names)} tensors and the record says "
            "so; `repro weights --check` lists all.",
        )
    return fit


def fitted(model: "nn.Module", state: State) -> Match:
    """How a checkpoint fits a model: by its names, or by its graph where they do not tell it."""
    fit = match(zoo.published_state(model), state)
    if fit.whole or state.graph is None:
        return fit
    try:
        found = placed(model, state.graph)
    except ReproError as error:
        return replace(fit, unplaced=str(error))
    source = TensorSet("", found.tensors)
    return Match({name: name for name in found.tensors}, fit.tensors, source=source, placed=found)


def match(expected: "Mapping[str, Tensor]", state: State) -> Match:
    """How a checkpoint fits a network's tensors, which may be on the meta device.

    Of the sets that fit whole the first is taken, else the one with most tensors that fit.
    """
    fits = [_match(expected, one) for one in state.choices]
    if not state.asked:
        fits += list(_parts(expected, fits))
    best = max(fits, key=lambda fit: (fit.whole, len(fit.names)))
    rivals = {
        fit.source.name: (len(fit.source.tensors), len(fit.names))
        for fit in fits
        if fit is not best and len(fit.source.tensors) > 1
    }
    return replace(best, rivals=rivals)


def _parts(expected: "Mapping[str, Tensor]", fits: Iterable[Match]) -> Iterator[Match]:
    """The parts of sets that fit whole, where the sets do not; or sets that do so together."""
    least = sum(not name.endswith(COUNTERS) for name in expected)
    sets = [fit.source for fit in fits if not fit.whole]
    parts = [part for one in sets for part in groups(one)]
    for part in [*parts, *joined(sets)]:
        if len(part.tensors) >= least:
            fit = _match(expected, part)
            if fit.whole:
                yield fit


def _match(expected: "Mapping[str, Tensor]", source: TensorSet) -> Match:
    """How one set of tensors fits."""
    official, rules = rename(source.tensors, expected)
    names, wrong_shapes = {}, {}
    wrong_kinds = [name for name in source.others if name in expected]
    for file, name in official.items():
        if name in expected:
            value, target = source.tensors[file], expected[name]
            if target.is_floating_point() and not value.is_floating_point():
                wrong_kinds.append(name)
            elif value.shape != target.shape:
                wrong_shapes[name] = (tuple(value.shape), tuple(target.shape))
            else:
                names[name] = file
    given = {*official.values(), *wrong_kinds}
    unexpected = [file for file, name in official.items() if name not in expected]
    surplus = [file for file in unexpected if not _is_counter(file, source.tensors[file])]
    return Match(
        names,
        len(expected),
        rules,
        tuple(name for name in expected if name not in given and not name.endswith(COUNTERS)),
        (*unexpected, *(name for name in source.others if name not in expected)),
        wrong_shapes,
        tuple(wrong_kinds),
        tuple(surplus),
        source,
    )


def _is_counter(name: str, value: "Tensor") -> bool:
    return value.numel() <= 1 and name.rpartition(".")[2] in COUNTERS_OF_OTHERS


def remarks(state: State, fit: Match | None = None) -> tuple[Remark, ...]:
    """What of a file was taken, where there was a choice, and what was not."""
    told: list[Remark] = []
    if fit is None and len(state.sets) > 1 and not state.asked:
        sizes = [f"{one.shown} ({len(one.tensors):,})" for one in state.sets[:SHOWN]]
        many = f"{', '.join(sizes)}, ..." if len(state.sets) > SHOWN else listed(sizes)
        held = f"`{state.file}` holds {len(state.sets)} sets of tensors: {many}; --entry NAME"
        told.append(Remark("checkpoint", f"{held} chooses one.", len(state.sets)))
    elif fit is not None:
        told += _sets(state, fit)
        ignored = [name for name in fit.unexpected if name not in fit.surplus]
        if ignored:
            left = f"entries among the tensors of `{state.file}` are no weights and were left out"
            total = len(fit.source.tensors) + len(fit.source.others)
            what = f"{left} ({_names(ignored)})"
            told.append(counted("checkpoint", len(ignored), total, what))
    if state.graph is not None:
        told += _of_graph(state, fit)
        told += graph_files.remarks(state.file, state.graph)
    bad = [one for one in state.sets if one.problem]
    told += [Remark("checkpoint", f"{one.problem[:-1]}; {one.shown} was left out.") for one in bad]
    taken = state.entry if fit is None else fit.source.name
    beside = [*state.beside]
    for one in state.sets:
        if one.name != taken and len(one.tensors) == 1:
            beside += [f"{one.name}.{key}".strip(".") for key in (*one.tensors, *one.others)]
    if beside:
        held = f"`{state.file}` also holds {_names(beside)}: no weights, not read."
        told.append(Remark("checkpoint", held, len(beside)))
    return tuple(told)


def _of_graph(state: State, fit: Match | None) -> Iterator[Remark]:
    """How the layers of a graph were told from each other."""
    found = None if fit is None else fit.placed
    if found is None:
        return
    parts = [
        f"{found.layers:,} of {found.layers:,} layers of `{state.file}` were found by its graph"
    ]
    if found.norms:
        parts.append(f"{found.norms:,} batch norms are folded into them and change nothing more")
    yield Remark("checkpoint", f"{'; '.join(parts)}.", found.layers, found.layers)


def _sets(state: State, fit: Match) -> Iterator[Remark]:
    """Which set was taken of several, and why."""
    if state.asked or not fit.rivals:
        return
    rivals = list(fit.rivals.items())
    others = [
        f"`{name or 'the file itself'}` ({fits:,} of its {size:,} fit)"
        for name, (size, fits) in rivals[:SHOWN]
    ]
    alike = fit.whole and any(fits >= fit.tensors for _, (_, fits) in rivals)
    why = "it comes first of those that fit" if alike else "it fits best"
    taken = f"{len(fit.names):,} of its {len(fit.source.tensors):,} tensors fit"
    yield Remark(
        "checkpoint",
        f"`{state.file}` holds {len(rivals) + 1} sets of tensors: {fit.source.shown} was taken, "
        f"as {why} ({taken}), and not {listed(others)}"
        f"{', ...' if len(rivals) > SHOWN else ''}; --entry NAME takes another.",
        1,
        len(rivals) + 1,
    )


def _names(names: Collection[str]) -> str:
    shown = [f"`{name:.60}`" for name in list(names)[:SHOWN]]
    return f"{', '.join(shown)}, ..." if len(names) > len(shown) else listed(shown)


def rename(
    names: Iterable[str], expected: Collection[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The official name of each name in a file, and in words how they differ."""
    rules = []
    names = list(names)
    if names and all(name.startswith(FLAT_AVERAGE) and "." not in name for name in names):
        dotted = {FLAT_AVERAGE + name.replace(".", "_"): name for name in expected}
        rules = [f"`{FLAT_AVERAGE}a_b` for `a.b`"]
        return {name: dotted.get(name, name) for name in names}, tuple(rules)
    stripped = {name: name for name in names}
    alone = {name for name in names if "." not in name and name not in expected}
    alone = set() if len(alone) == len(names) else alone  # counters beside a wrapped network
    while (prefix := _common(stripped[file] for file in names if file not in alone)) and not any(
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
