"""Which subjects a user means: each network in every batch, precision and backend."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from repro.errors import ReproError, unknown
from repro.exported.opening import is_network_file
from repro.papers.lookup import parse_size
from repro.plans import printed_speeds, selection
from repro.records.runs import CountRun, count_run
from repro.speed import files
from repro.speed.backends import BACKENDS
from repro.speed.files import TimedFile
from repro.speed.measure.subjects import Subject

ALL = "all"
"""in the place of backends: every one that is meant to be tried"""
TITLES = {"cpu": "the CPU", "cuda": "CUDA"}


def networks(
    models: Sequence[str] | None, size: str | None, against: str | None
) -> "list[CountRun | TimedFile]":
    """The networks that models, patterns or exported files mean, all at one input size.

    A file has its own size where it fixes one. Without them the networks whose speed a paper
    prints, at their sizes there; of the first that prints any if no paper is named. ReproError for
    what does not exist.
    """
    if models and against is None:
        return _named(models, size)
    papers = list(dict.fromkeys(one.table.study for one in printed_speeds.printed()))
    if against is None and not papers:
        raise ReproError("No paper here prints a speed.", "Name the models to time.")
    printed = printed_speeds.networks(against or papers[0])
    if not printed:
        raise ReproError(f"`{against}` prints no speeds.", f"These do: {', '.join(papers)}.")
    if models:
        return _named(models, size)
    if size is not None and against is not None:
        raise ReproError(
            f"The networks of `{against}` have the sizes that it prints, not {size}.",
            "Leave --input out, or name models.",
        )
    if size is None:
        return list(printed)
    return [replace(run, input=parse_size(size)) for run in printed]


def _named(words: Sequence[str], size: str | None) -> "list[CountRun | TimedFile]":
    """The networks that several words mean, each once."""
    return list({_content(one): one for word in words for one in _meant(word, size)}.values())


def _content(network: "CountRun | TimedFile") -> tuple[str, str]:
    """What tells two networks apart: of files of one name what is in them."""
    return network.model, network.file.sha256 if isinstance(network, TimedFile) else ""


def _meant(word: str, size: str | None) -> "list[CountRun | TimedFile]":
    """The networks that one word means."""
    if is_network_file(word):
        return [files.timed_file(word, parse_size(size) if size else None)]
    chosen = parse_size(size or "256x192")
    return [count_run(name, chosen) for name in selection.models([word])]


def sweep(
    networks: "Iterable[CountRun | TimedFile]",
    batches: Sequence[int] = (1,),
    precisions: Sequence[str] = ("fp32",),
    ways: Sequence[str] = ("eager",),
    device: str = "cpu",
    stage: str = "net",
    flip: bool = False,
) -> tuple[Subject, ...]:
    """Each network with each batch, precision and backend, the backend changing fastest.

    A file with those backends alone that can run one.

    Raise ReproError for a device, precision or backend that does not exist, and for a batch below
    1. Whether a backend has a precision or can take a network is seen when it is prepared.
    """
    if device not in TITLES:
        raise unknown("device", device, TITLES)
    known = BACKENDS[device]
    offered = dict.fromkeys(
        precision for backend in known.values() for precision in backend.precisions
    )
    if ALL in ways:
        ways = [backend.name for backend in known.values() if backend.default]
    for what, names, choice in (("precision", precisions, offered), ("backend", ways, known)):
        for name in names:
            if name not in choice:
                raise unknown(f"{what} for {TITLES[device]}", name, choice)
    for batch in batches:
        if batch < 1:
            raise ReproError(f"A batch of `{batch}` is none.", "1 is the papers'.")
    networks = list(networks)
    files.check([one for one in networks if isinstance(one, TimedFile)], ways, device, stage)
    subjects: list[Subject] = []
    for run, batch, precision, way in itertools.product(networks, batches, precisions, ways):
        network = run.model, run.input, run.keypoints
        subject = Subject(*network, batch, way, precision, stage, flip, run.options)
        if isinstance(run, TimedFile):
            if way not in files.ABLE:
                continue
            subject = replace(subject, file=run.file)
        subjects += [] if subject in subjects else [subject]
    return tuple(subjects)


def batches_of(text: str) -> list[int]:
    """`1,8,16` as numbers; ReproError for anything else."""
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not (word.isascii() and word.isdecimal() and len(word) < 10):
            raise ReproError(f"`{word}` is no batch.", "Batches are numbers, as in 1,8,16.")
    return [int(word) for word in words]
