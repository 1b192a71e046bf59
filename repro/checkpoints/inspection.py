"""What a checkpoint file is: how it fits a network, which others it fits, who published it."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import zoo
from repro.checkpoints import placing
from repro.checkpoints.matching import Match, fitted, match, remarks
from repro.checkpoints.reading import State, read
from repro.errors import ReproError, unknown
from repro.papers import checkpoint_catalogue
from repro.papers.checkpoint_catalogue import Checkpoint
from repro.records.remarks import Remark

if TYPE_CHECKING:
    from torch import Tensor, nn

Options = Mapping[str, object]
LEAST_SHARED = 0.3
"""Share of a network's names in a checkpoint below which its family is not looked at further."""
BESIDE_JOINTS = range(3)
"""maps that a head has besides those of the joints, at most a neck and the background"""


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """A checkpoint file beside the networks of the zoo."""

    state: State
    model: str | None
    keypoints: int | None
    """those of the network it was compared with, told by the file where they were not given"""
    match: Match | None
    fits: tuple[tuple[str, int], ...]
    """networks that it fits exactly, with their number of keypoints"""
    published: tuple[Checkpoint, ...]
    """published files of the same hash, or else of the same name"""

    @property
    def genuine(self) -> bool | None:
        """Whether it is the published file; None where that cannot be told."""
        return self.published[0].is_genuine(self.state.sha256) if self.published else None

    @property
    def entry(self) -> str:
        """The set of tensors that was taken."""
        return self.state.entry if self.match is None else self.match.source.name

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was taken and what was not."""
        return remarks(self.state, self.match)

    def described(self) -> dict[str, object]:
        """For JSON."""
        sets = [] if self.match is None else self.match.sets()
        named = {one["name"] for one in sets}
        sets += [one.described() for one in self.state.sets if one.name not in named]
        return {
            **self.state.described(),
            "entry": self.entry,
            "sets": sets,
            "remarks": [asdict(remark) for remark in self.remarks],
            "model": self.model,
            "keypoints": self.keypoints,
            "match": self.match.described() if self.match else None,
            "fits": [{"model": name, "keypoints": count} for name, count in self.fits],
            "published": [one.described() for one in self.published],
            "genuine": self.genuine,
        }


def report(
    model: str | None,
    path: Path,
    keypoints: int | None = None,
    options: Options | None = None,
    tell: Callable[[str], None] = lambda name: None,
    entry: str | None = None,
) -> CheckpointReport:
    """How a file fits a network of the zoo; other networks are tried where it does not fit.

    Each network that is tried is told, since all of them together take many seconds.
    """
    if model is not None and model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    state = read(path, entry=entry)
    options = dict(options or {})
    fit = None
    if model is not None:
        try:
            keypoints = keypoints or told_keypoints(model, state, options)
            keypoints = keypoints or zoo.MODELS[model].keypoints
            fit = fitted(_network(model, keypoints, options), state)
        except ValueError as error:
            raise ReproError(str(error)) from error
    if model and keypoints and fit and fit.whole:
        fits: tuple[tuple[str, int], ...] = ((model, keypoints),)
    else:
        fits = fitting(state, tell)
    published = tuple(checkpoint_catalogue.known(state.file, state.sha256))
    return CheckpointReport(state, model, keypoints, fit, fits, published)


def fitting(
    state: State, tell: Callable[[str], None] = lambda name: None
) -> tuple[tuple[str, int], ...]:
    """The networks of the zoo that a checkpoint fits exactly, with their number of keypoints.

    Families, the networks of one builder, come in two rounds: one network of each, the name most
    like the file's first; then the others of the families with the most names in common. After a
    network with exactly the names of the checkpoint, only its family is looked at.
    """
    if state.graph is not None:
        return _fitting_by_graph(state, tell)
    families = _families(state.file)
    shares = {}
    for rank, names in enumerate(families):
        tell(names[0])
        near = _near(names[0], state)
        fits = _fits(names, state) if _is_alike(near) else ()
        if fits or _same_names(near):
            return fits
        shares[rank] = (len(near.names) + len(near.wrong_shapes)) / near.tensors
    for rank in sorted(shares, key=lambda rank: -shares[rank]):
        for name in families[rank][1:] if shares[rank] > LEAST_SHARED else ():
            tell(name)
            near = _near(name, state)
            fits = _fits(families[rank], state) if _is_alike(near) else ()
            if fits or _same_names(near):
                return fits
    return ()


def _fitting_by_graph(state: State, tell: Callable[[str], None]) -> tuple[tuple[str, int], ...]:
    """The same for a file that holds a graph: all networks of the first family that it fits."""
    for names in _families(state.file):
        fits = []
        for name in names:
            tell(name)
            keypoints = told_keypoints(name, state)
            if keypoints and fitted(_network(name, keypoints), state).whole:
                fits.append((name, keypoints))
        if fits:
            return tuple(fits)
    return ()


def _near(name: str, state: State) -> Match:
    return match(_blank(name, zoo.MODELS[name].keypoints), state)


def _same_names(near: Match) -> bool:
    return not (near.missing or near.unexpected)


def _is_alike(near: Match) -> bool:
    """Whether the names are the same but for the few that come with each keypoint."""
    return 4 * (len(near.missing) + len(near.unexpected)) < near.tensors


def _fits(names: list[str], state: State) -> tuple[tuple[str, int], ...]:
    """Those of a family that a checkpoint fits exactly, with their number of keypoints."""
    fits = []
    for name in names:
        keypoints = told_keypoints(name, state) if _is_alike(_near(name, state)) else None
        if keypoints and match(_blank(name, keypoints), state).whole:
            fits.append((name, keypoints))
    return tuple(fits)


def _families(file: str) -> list[list[str]]:
    """The networks by builder, one name for each whichever its joints, the likeliest first."""
    names = [name for name in zoo.list_models() if checkpoint_catalogue.network(name)[0] == name]
    likeness = {name: difflib.SequenceMatcher(None, name, file).ratio() for name in names}
    families: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names, key=lambda name: -likeness[name]):
        entry = zoo.MODELS[name]
        families.setdefault((entry.module, entry.builder), []).append(name)
    return list(families.values())


def told_keypoints(model: str, state: State, options: Options | None = None) -> int | None:
    """The number of keypoints that a checkpoint's shapes tell, if it is of this network.

    Every size that changes with the number is a straight line of it: two networks give the lines,
    and all sizes of the file must lie at the same place.
    """
    if state.graph is not None:
        return _keypoints_of_graph(model, state, options)
    base = zoo.MODELS[model].keypoints
    first, second = (_blank(model, base + more, options) for more in (0, 1))
    near = match(first, state)
    counts = set()
    for name in {*near.names, *near.wrong_shapes} & {*second}:
        wanted = tuple(first[name].shape)
        shape = near.wrong_shapes[name][0] if name in near.wrong_shapes else wanted
        for size, base_size, more_size in zip(shape, wanted, second[name].shape, strict=False):
            if base_size != more_size:
                counts.add(base + (size - base_size) / (more_size - base_size))
    if len(counts) != 1:
        return None
    keypoints = counts.pop()
    return int(keypoints) if keypoints >= 1 and keypoints == int(keypoints) else None


def _keypoints_of_graph(model: str, state: State, options: Options | None) -> int | None:
    """The number with which a network has the shapes of a graph's weights."""
    assert state.graph is not None
    wanted, base = placing.shapes_of_file(state.graph), zoo.MODELS[model].keypoints
    first, second = (placing.shapes(_blank(model, base + more, options)) for more in (0, 1))
    if first == wanted:
        return base
    if (first & second) - wanted:
        return None
    ends = {size for shape in wanted - (first & second) for size in shape[:2]}
    for count in sorted({size - more for size in ends for more in BESIDE_JOINTS}):
        if count > 0 and placing.shapes(_blank(model, count, options)) == wanted:
            return count
    return None


def _network(model: str, keypoints: int, options: Options | None = None) -> "nn.Module":
    """A network without values."""
    import torch

    with torch.device("meta"):
        return zoo.create_model(model, keypoints, **(options or {}))


def _blank(model: str, keypoints: int, options: Options | None = None) -> "dict[str, Tensor]":
    """A network's tensors under the official names, without values."""
    return zoo.published_state(_network(model, keypoints, options))
