"""Published checkpoints: which there are for each network, where to get them, what is present."""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import zoo
from repro import env, schema
from repro.errors import ReproError, unknown
from repro.papers import folders
from repro.papers.catalogues import gathered
from repro.papers.datasets import REAL
from repro.papers.metrics import METRICS
from repro.papers.values import Size

FILE = "weights.toml"
EXTENSIONS = (".safetensors", ".pth", ".pt", ".pth.tar", ".tar", ".param", ".xml")
"""What a checkpoint's file name ends in, the preferred first."""


NONE_KNOWN = "No published weights of it are known here."


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes checkpoints, and on which page."""

    name: str
    page: str
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One published file. What is not certain is None; the page has it."""

    model: str
    dataset: str
    input: Size
    publisher: str
    page: str = ""
    file: str | None = None
    address: str | None = None
    """where `repro fetch` gets it; None where the page alone leads to it"""
    size: int | None = None
    """bytes"""
    sha256: str | None = None
    sha256_begins: str | None = None
    """the first digits, which MMPose writes into its file names"""
    figures: Mapping[str, str] = field(default_factory=dict)
    """metric -> percent as published"""
    protocol: str | None = None
    """how the figures were measured"""
    another_training: bool = False
    """whether no printed row quotes it, so that it never fills a printed cell"""
    licence: str | None = None

    def is_genuine(self, sha256: str) -> bool | None:
        """Whether a file of that sha256 is the published one; None where no hash is known."""
        published = self.sha256 or self.sha256_begins
        return None if published is None else sha256.startswith(published)

    def described(self) -> dict[str, object]:
        """For JSON."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "input": list(self.input),
            "file": self.file,
            "publisher": self.publisher,
            "page": self.page,
            "address": self.address,
            "licence": self.licence,
            "another_training": self.another_training,
            "size": self.size,
            "sha256": self.sha256,
            "sha256_begins": self.sha256_begins,
            "figures": dict(self.figures),
            "protocol": self.protocol,
        }


@dataclass(frozen=True, slots=True)
class Unpublished:
    """Networks without a checkpoint to fetch."""

    models: tuple[str, ...]
    """names, or shell patterns of them"""
    why: str
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The file tables/weights.toml, or that of a user, which adds to it."""

    publishers: Mapping[str, Publisher] = field(default_factory=dict)
    protocols: Mapping[str, str] = field(default_factory=dict)
    checkpoints: tuple[Checkpoint, ...] = ()
    unpublished: tuple[Unpublished, ...] = ()


def published(model: str | None = None) -> list[Checkpoint]:
    """The published checkpoints of a network of the zoo, or all of them.

    A name that ends in a data set (`litepose_s_coco`) has those of this data set only.
    """
    checkpoints = _catalogue(*folders.files(FILE)).checkpoints
    if model is None:
        return list(checkpoints)
    base, dataset = network(model)
    return [
        one
        for one in checkpoints
        if one.model == base and (dataset is None or dataset == one.dataset)
    ]


def quoted(model: str, dataset: str, size: Size) -> list[str]:
    """The files of a network that printed rows quote, for a data set and an input."""
    return [
        one.file
        for one in published(model)
        if one.file and not one.another_training and (one.dataset, one.input) == (dataset, size)
    ]


def unpublished(model: str) -> Unpublished | None:
    """Why a network of the zoo has no checkpoint to fetch; None if it has one."""
    network(model)
    for entry in _catalogue(*folders.files(FILE)).unpublished:
        if any(fnmatchcase(model, pattern) for pattern in entry.models):
            return entry
    return None if published(model) else Unpublished((model,), NONE_KNOWN)


def known(file: str, sha256: str) -> list[Checkpoint]:
    """The published checkpoints of that hash; if there is none, those of that file name."""
    by_hash = [one for one in published() if one.is_genuine(sha256)]
    return by_hash or [one for one in published() if one.file == file]


def network(model: str) -> tuple[str, str | None]:
    """A name of the zoo without the data set that it may end in, and that data set."""
    if model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    base, _, ending = model.rpartition("_")
    suffixed = base in zoo.MODELS and ending in REAL
    return (base, ending) if suffixed else (model, None)


def present(folder: Path | None = None) -> list[Path]:
    """The checkpoint files in `folder/weights`, `folder` and `$REPRO_DATA/weights`."""
    paths = (path for place in _places(folder) for path in _files(place))
    return list(dict.fromkeys(paths))


def find(
    folder: Path | None, model: str, dataset: str, size: Size, name: str | None = None
) -> Path | None:
    """The file with a network's weights, or None where there is none.

    It is called `name`; without a name as the published checkpoint, or by our convention
    `MODEL_HxW_DATASET`, anything after that, and an extension: `lpn_50_256x192_coco.pth`.
    Raise ReproError if several files fit the convention equally well.
    """
    places = _places(folder, dataset)
    if name is not None:
        return next((place / name for place in places if (place / name).is_file()), None)
    paths = (place / file for file in quoted(model, dataset, size) for place in places)
    return next((path for path in paths if path.is_file()), None) or _own(
        places, {model, network(model)[0]}, f"{size[0]}x{size[1]}_{dataset}"
    )


def _own(places: Iterable[Path], models: Iterable[str], ending: str) -> Path | None:
    """The file that our convention names, in the first folder that has one."""
    names = "|".join(re.escape(model) for model in models)
    pattern = re.compile(rf"({names})_{re.escape(ending)}([^0-9A-Za-z].*)?")
    for place in places:
        fitting = [(path, _stem(path)) for path in _files(place) if pattern.fullmatch(_stem(path))]
        plain = [path for path, stem in fitting if stem.endswith(ending)]
        if plain:
            return min(plain, key=lambda path: EXTENSIONS.index(_extension(path) or ""))
        if len(fitting) > 1:
            raise ReproError(
                f"Several files in `{place}` fit: "
                f"{', '.join(f'`{path.name}`' for path, _ in fitting[:4])}.",
                f"Name one, or rename it to end in `{ending}`.",
            )
        if fitting:
            return fitting[0][0]
    return None


def _places(folder: Path | None, dataset: str = "*") -> list[Path]:
    """Existing folders to look in; the HRNet repositories keep files by data set: `pose_coco`."""
    if folder is not None and not folder.is_dir():
        raise ReproError(f"`{folder}` is not a folder.", "Give the folder that holds the weights.")
    data = env.variable("REPRO_DATA")
    roots = [] if folder is None else [folder / "weights", folder]
    roots += [Path(data) / "weights"] if data else []
    places = (place for root in roots for place in (*sorted(root.glob(f"pose_{dataset}")), root))
    return [place for place in dict.fromkeys(places) if place.is_dir()]


def _files(place: Path) -> Iterator[Path]:
    try:
        yield from (path for path in sorted(place.iterdir()) if _extension(path) and path.is_file())
    except OSError as error:
        raise ReproError(f"`{place}` cannot be listed: {error.strerror}.") from error


def _extension(path: Path) -> str | None:
    fitting = [extension for extension in EXTENSIONS if path.name.lower().endswith(extension)]
    return max(fitting, key=len, default=None)


def _stem(path: Path) -> str:
    return path.name[: -len(_extension(path) or "")]


@functools.cache
def _catalogue(*paths: Path) -> Catalogue:
    """Ours with what those of a user add; one of theirs that is wrong is left out."""
    return gathered(paths, Catalogue(), _added)


def wrong(path: Path) -> list[ReproError]:
    """What is wrong with the entries of a user's catalogue, beside ours."""
    first, *_ = folders.files(FILE)
    try:
        _added(Catalogue() if path == first else _catalogue(first), path)
    except ReproError as error:
        return [ReproError(str(error).removeprefix(f"{folders.shown(path)}: "), error.hint)]
    return []


def _added(before: Catalogue, path: Path) -> Catalogue:
    """A catalogue with what a file adds to it."""
    file = folders.shown(path)
    read = schema.read(Catalogue, schema.toml(path, file), file)
    for what in ("publishers", "protocols"):
        twice = set(getattr(before, what)) & set(getattr(read, what))
        if twice:
            raise ReproError(f"{file}: the name `{min(twice)}` among {what} is taken.")
    publishers = {**before.publishers, **read.publishers}
    known = replace(read, publishers=publishers, protocols={**before.protocols, **read.protocols})
    checkpoints = (_resolved(one, known, file) for one in read.checkpoints)
    return replace(
        known,
        checkpoints=(*before.checkpoints, *checkpoints),
        unpublished=(*before.unpublished, *read.unpublished),
    )


def _resolved(checkpoint: Checkpoint, catalogue: Catalogue, file: str) -> Checkpoint:
    """With the publisher's name and page, and the protocol's text, instead of their keys."""
    try:
        network(checkpoint.model)
        for what, word, valid in (
            ("data set", checkpoint.dataset, REAL),
            ("publisher", checkpoint.publisher, catalogue.publishers),
            ("protocol", checkpoint.protocol, (*catalogue.protocols, None)),
        ):
            if word not in valid:
                raise unknown(what, str(word), filter(None, valid))
        for metric in checkpoint.figures:
            if metric not in METRICS:
                raise unknown("metric", metric, METRICS)
    except ReproError as error:
        raise ReproError(f"{file}: {error}", error.hint) from error
    publisher = catalogue.publishers[checkpoint.publisher]
    return replace(
        checkpoint,
        publisher=publisher.name,
        page=checkpoint.page or publisher.page,
        licence=publisher.licence,
        protocol=catalogue.protocols.get(checkpoint.protocol or ""),
    )
