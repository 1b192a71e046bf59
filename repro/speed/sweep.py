"""Which subjects a user means: each network in every batch, precision and backend."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from repro.errors import ReproError, unknown
from repro.papers.lookup import parse_size
from repro.plans import printed_speeds, selection
from repro.records.runs import CountRun, count_run
from repro.speed import backends
from repro.speed.measure.subjects import Subject

DEFAULT = "paper1"
"""whose networks are timed where nobody names any"""
ALL = "all"
"""in the place of backends: every one that is meant to be tried"""
TITLES = {"cpu": "the CPU", "cuda": "CUDA"}


def networks(models: Sequence[str] | None, size: str | None, against: str | None) -> list[CountRun]:
    """The networks that models or patterns mean, all at one input size.

    Without them the networks whose speed a paper prints, at their sizes there; of paper1 if no
    paper is named. Raise ReproError for what does not exist.
    """
    own = printed_speeds.networks(against or DEFAULT)
    if not own:
        papers = sorted({one.table.study for one in printed_speeds.printed()})
        raise ReproError(f"`{against}` prints no speeds.", f"These do: {', '.join(papers)}.")
    if models:
        return [count_run(name, parse_size(size or "256x192")) for name in selection.models(models)]
    if size is not None and against is not None:
        raise ReproError(
            f"The networks of `{against}` have the sizes that it prints, not {size}.",
            "Leave --input out, or name models.",
        )
    return [replace(one, input=parse_size(size)) for one in own] if size else own


def sweep(
    networks: Iterable[CountRun],
    batches: Sequence[int] = (1,),
    precisions: Sequence[str] = ("fp32",),
    ways: Sequence[str] = ("eager",),
    device: str = "cpu",
    stage: str = "net",
    flip: bool = False,
) -> tuple[Subject, ...]:
    """Each network with each batch, precision and backend, the backend changing fastest.

    Raise ReproError for a device, precision or backend that does not exist, and for a batch below
    1. Whether a backend has a precision or can take a network is seen when it is prepared.
    """
    if device not in TITLES:
        raise unknown("device", device, TITLES)
    known = _on_cuda() if device == "cuda" else _on_the_cpu()
    if ALL in ways:
        ways = [one.name for one in backends.NAMES.values() if one.default]
        ways = ways if device == "cpu" else list(known["backend"])
    for what, names in (("precision", precisions), ("backend", ways)):
        for name in names:
            if name not in known[what]:
                raise unknown(f"{what} for {TITLES[device]}", name, known[what])
    for batch in batches:
        if batch < 1:
            raise ReproError(f"A batch of `{batch}` is none.", "1 is the papers'.")
    every = (
        Subject(
            one.model, one.input, one.keypoints, batch, way, precision, stage, flip, one.options
        )
        for one, batch, precision, way in itertools.product(networks, batches, precisions, ways)
    )
    found: list[Subject] = []
    for subject in every:
        found += [] if subject in found else [subject]
    return tuple(found)


def batches_of(text: str) -> list[int]:
    """`1,8,16` as numbers; ReproError for anything else."""
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not (word.isascii() and word.isdecimal() and len(word) < 10):
            raise ReproError(f"`{word}` is no batch.", "Batches are numbers, as in 1,8,16.")
    return [int(word) for word in words]


def _on_the_cpu() -> Mapping[str, Collection[str]]:
    offered = [one.precisions for one in backends.NAMES.values()]
    precisions = dict.fromkeys(itertools.chain.from_iterable(offered))
    return {"precision": precisions, "backend": backends.NAMES}


def _on_cuda() -> Mapping[str, Collection[str]]:
    from repro.speed.gpu import cuda

    return {"precision": cuda.PRECISIONS, "backend": cuda.BACKENDS}
