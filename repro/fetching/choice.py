"""What a user's words, or printed cells, need of the official files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import zoo
from repro.errors import ReproError, unknown
from repro.fetching.wanted_file import WantedFile, data_file, weights_file
from repro.papers import checkpoint_catalogue, downloads
from repro.papers.checkpoint_catalogue import Checkpoint
from repro.papers.datasets import REAL
from repro.papers.downloads import PARTS, OfficialFile
from repro.papers.protocol import GROUND_TRUTH, NO_BOXES
from repro.plans import selection
from repro.plans.planned import IMPOSSIBLE, Plan
from repro.records.requirements import AccuracyRequirement
from repro.records.runs import weights_name

WEIGHTS = "weights"


@dataclass(frozen=True, slots=True)
class Choice:
    """Files that are meant, and what has none."""

    files: tuple[WantedFile, ...]
    unpublished: tuple[str, ...] = ()
    """names of weights that cells need and nobody publishes: they are to be trained"""

    def lacking(self) -> list[WantedFile]:
        """The files that are not here."""
        return [one for one in self.files if not one.here]


def every(data: Path) -> list[WantedFile]:
    """All files that are known, of data sets and of networks."""
    files = [data_file(entry, data) for entry in downloads.catalogue().file]
    return files + [weights_file(entry, data) for entry in checkpoint_catalogue.published()]


def chosen(words: Sequence[str], data: Path) -> Choice:
    """The files that words mean: a data set and its parts, weights, or a paper and its table."""
    first, *rest = words
    if first in REAL:
        return Choice(tuple(data_file(entry, data) for entry in _data(first, rest)))
    if first == WEIGHTS:
        return Choice(tuple(weights_file(entry, data) for entry in _weights(rest)))
    try:
        if len(rest) > 1:
            raise ReproError(f"`{rest[1]}` is one word too many.", "Name a paper and a table.")
        tables = selection.tables(first, rest[0] if rest else None)
    except ReproError as error:
        hint = f"Name {', '.join(REAL)}, {WEIGHTS} or a paper. {error.hint}"
        raise ReproError(str(error), hint) from error
    specs = (cell.spec for cell in selection.select(tables))
    choice = of_requirements((one for one in specs if isinstance(one, AccuracyRequirement)), data)
    if not choice.files:
        raise ReproError(f"No number of `{' '.join(words)}` needs an official file to be measured.")
    return choice


def _data(dataset: str, words: Sequence[str]) -> list[OfficialFile]:
    """The files of a data set, of the splits and of the parts that are named, by file name too."""
    entries = [entry for entry in downloads.catalogue().file if entry.dataset == dataset]
    if not entries:
        raise ReproError(f"No official file of {dataset} is known.", "See `repro fetch --list`.")
    splits = list(dict.fromkeys(split for entry in entries for split in entry.feeds))
    meant = {word: split for split in splits for word in (split, split.removesuffix("2017"))}
    names = {entry.name for entry in entries}
    for word in words:
        if word not in meant and word not in PARTS and word not in names:
            raise unknown(f"split, part or file of {dataset}", word, (*splits, *PARTS, *names))
    named = {word for word in words if word in names}
    feeding = {meant[word] for word in words if word in meant}
    parts = {word for word in words if word in PARTS}
    return [
        entry
        for entry in entries
        if entry.name in named
        or (
            (feeding or parts or not named)
            and (not feeding or feeding & set(entry.feeds))
            and (not parts or entry.part in parts)
        )
    ]


def _weights(words: Sequence[str]) -> list[Checkpoint]:
    """The published files of networks, or those whose own names match."""
    if not words:
        raise ReproError("Whose weights?", "Name models or patterns, as in `fetch weights lpn_*`.")
    found: list[Checkpoint] = []
    entries = checkpoint_catalogue.published()
    for word in words:
        models = zoo.list_models(word)
        fitting = [one for model in models for one in checkpoint_catalogue.published(model)]
        fitting = fitting or [one for one in entries if one.file and fnmatchcase(one.file, word)]
        if not fitting and not models:
            raise unknown("model or file of weights", word, zoo.list_models())
        if not fitting:
            reason = checkpoint_catalogue.unpublished(models[0])
            why = reason.why if reason else checkpoint_catalogue.NONE_KNOWN
            raise ReproError(f"There are no weights of `{word}` to fetch. {why}")
        found += fitting
    return [one for number, one in enumerate(found) if one not in found[:number]]


def of_plan(plan: Plan, data: Path) -> Choice:
    """What the evaluations lack that cannot be made here; not what is trained in their place."""
    runs = (run.asks for run in plan.runs if run.state == IMPOSSIBLE and not run.aside)
    return of_requirements((one for one in runs if one is not None), data)


def of_requirements(requirements: Iterable[AccuracyRequirement], data: Path) -> Choice:
    """The files that evaluations need: data, and the weights that printed rows quote."""
    entries: dict[OfficialFile, None] = {}
    weights: dict[tuple[str, str], WantedFile] = {}
    unpublished: dict[str, None] = {}
    for one in requirements:
        entries |= dict.fromkeys(_needed(one))
        if _own_weights(one, data):
            continue
        checkpoints = _quoted(one)
        if not checkpoints:
            unpublished[one.weights] = None
        for checkpoint in checkpoints:
            file = weights_file(checkpoint, data)
            weights[file.what, file.page] = file
    files = [*(data_file(entry, data) for entry in entries), *weights.values()]
    return Choice(tuple(files), tuple(unpublished))


def _own_weights(requirement: AccuracyRequirement, data: Path) -> bool:
    """Whether weights of the name that a cell asks for lie there, trained by whomever."""
    model, dataset, size = requirement.model, requirement.protocol.dataset, requirement.input
    names = (f"{requirement.weights}{ending}" for ending in checkpoint_catalogue.EXTENSIONS)
    return data.is_dir() and any(
        checkpoint_catalogue.find(data, model, dataset, size, name) for name in names
    )


def _needed(requirement: AccuracyRequirement) -> list[OfficialFile]:
    rules = requirement.protocol
    detected = rules.boxes not in (NO_BOXES, GROUND_TRUTH)
    parts = [part for part in PARTS if detected or part != "boxes"]
    return [
        entry
        for entry in downloads.catalogue().file
        if entry.dataset == rules.dataset and rules.split in entry.feeds and entry.part in parts
    ]


def _quoted(requirement: AccuracyRequirement) -> list[Checkpoint]:
    """The published files that would fill a cell: those with an address, if there are any."""
    model, dataset, size = requirement.model, requirement.protocol.dataset, requirement.input
    usual = weights_name(model, size, dataset, requirement.options)
    if requirement.options or requirement.weights != usual:
        return []
    quoted = [
        one
        for one in checkpoint_catalogue.published(model)
        if not one.another_training and (one.dataset, one.input) == (dataset, size)
    ]
    return [one for one in quoted if one.address] or quoted
