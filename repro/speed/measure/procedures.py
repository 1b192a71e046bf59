"""How a timing run goes: its settings, the papers' own procedures, and what one process does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from repro.errors import ReproError, unknown
from repro.papers.values import Scalar
from repro.records.remarks import Remark
from repro.speed.backends import artifacts
from repro.speed.measure.subjects import STAGES, Subject

LEAST_ROUNDS = 3
"""of a process, whatever the budget"""
LEAST_CALLS = 2
"""of a warm-up, whatever the budget"""
LEAST_PROCESSES = 3
"""without which nothing gets a verdict"""
START, PREPARATION, CALL = 4.0, 0.5, 0.05
"""seconds, roughly, for which a plan takes the start of a process, a subject, a 256x192 image"""
PLAIN = 256 * 192
TWIN = "A/A twin"
"""alias of a subject's second self"""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One way of timing; what is None is up to the settings."""

    source: str
    interleaved: bool = False
    """blocks of all subjects in rotated order; else one subject after the other"""
    statistic: str = "mean"
    """of the calls: mean or median"""
    warmup: int | None = None
    """calls; None is until they are steady"""
    calls: int | None = None
    """that count; None is what the budget allows"""
    threads: int | None = None
    batch: int | None = None
    flip: bool | None = None


PROCEDURES: Mapping[str, Procedure] = {
    "repro": Procedure("interleaved blocks in fresh processes", True, "median"),
    "paper1": Procedure(
        "paper1, Section IV-D: the mean of 50 rounds of inference with each model after 5 that are "
        "not included, without pre-processing; one image is taken as the batch",
        warmup=5,
        calls=50,
        batch=1,
    ),
    "paper2": Procedure(
        "paper2, Section 4.3: six threads, and the flip test that its repository has on; number of "
        "rounds and batch are not stated, those of paper1 are taken",
        warmup=5,
        calls=50,
        threads=6,
        batch=1,
        flip=True,
    ),
}


@dataclass(frozen=True, slots=True)
class TimingSettings:
    """What a user chooses of a timing run."""

    protocol: str = "repro"
    threads: int = 1
    budget: float = 60.0
    """seconds of the whole run, without what it takes to export or compile something anew"""
    processes: int = 5
    """one after the other; the sets of experiments of a paper's procedure"""
    block: float = 0.05
    """seconds that a subject runs before the next one's turn"""
    rounds: int | None = None
    """of a process at most; None is as many as the budget allows"""
    twin: bool = True
    """time one subject as two, to see how far equals seem apart here"""
    keep_freed: bool = True
    """see repro.speed.measure.memory"""
    seed: int = 0
    """of weights and inputs"""
    cache: Path = field(default_factory=artifacts.folder)
    """folder of exported networks"""
    builder: str = "repro.speed.measure.building:ready"
    """module and function that make a subject runnable in a worker process"""
    lock: Path | None = None
    """file that lets one run at a time; None is the machine's own"""
    rehearsal: float | None = None
    """share of the rehearsal that it is for"""
    remarks: tuple[Remark, ...] = ()
    """on what is timed, which the record keeps"""

    @property
    def procedure(self) -> Procedure:
        """How the run goes; raise ReproError for an unknown protocol."""
        if self.protocol not in PROCEDURES:
            raise unknown("timing protocol", self.protocol, PROCEDURES)
        return PROCEDURES[self.protocol]

    def described(self) -> dict[str, Scalar]:
        """What a record keeps."""
        procedure = self.procedure
        return {
            "protocol": self.protocol,
            "statistic": procedure.statistic,
            "interleaved": procedure.interleaved,
            "threads": self.threads,
            "budget": self.budget,
            "processes": self.processes,
            "block": self.block,
            "keep_freed": self.keep_freed,
            "seed": self.seed,
            **({} if self.rehearsal is None else {"rehearsal": self.rehearsal}),
        }


@dataclass(frozen=True, slots=True)
class WorkerJob:
    """What one worker process does."""

    process: int
    subjects: tuple[Subject, ...]
    rows: tuple[tuple[int, ...], ...]
    """orders of the subjects, one a round, from the first again after the last"""
    until: float
    """seconds of the epoch at which the last round should be over"""
    threads: int
    block: float
    rounds: int | None
    interleaved: bool
    warmup: int | None
    calls: int | None
    keep_freed: bool
    seed: int
    cache: str
    builder: str


def adapted(
    subjects: Sequence[Subject], settings: TimingSettings
) -> tuple[tuple[Subject, ...], TimingSettings]:
    """Subjects and settings as the procedure has them, and as the last subject an A/A twin.

    It is that of the first eager subject, which nothing refuses, else of the first. Raise
    ReproError for what cannot be timed.
    """
    procedure = settings.procedure
    _check(subjects, settings)
    if procedure.threads is not None:
        settings = replace(settings, threads=procedure.threads)
    chosen = [
        replace(
            subject,
            batch=procedure.batch or subject.batch,
            flip=subject.flip if procedure.flip is None else procedure.flip,
        )
        for subject in subjects
    ]
    if not procedure.interleaved:
        return tuple(chosen), replace(settings, twin=False, keep_freed=False)
    if settings.twin:
        first = next((one for one in chosen if one.backend == "eager"), chosen[0])
        chosen.append(replace(first, alias=TWIN))
    return tuple(chosen), settings


def _check(subjects: Sequence[Subject], settings: TimingSettings) -> None:
    if not subjects:
        raise ReproError("There is nothing to time.", "Name a model.")
    for subject in subjects:
        if subject.stage not in STAGES:
            raise unknown("stage", subject.stage, STAGES)
        if subject.batch < 1:
            raise ReproError(f"A batch of `{subject.batch}` is none.", "1 is the papers'.")
    for name in ("threads", "processes", "budget", "block"):
        if getattr(settings, name) <= 0:
            raise ReproError(f"`{name}` is `{getattr(settings, name)}`.", "It must be above 0.")


def agreed(
    subjects: Sequence[Subject], settings: TimingSettings, batch: bool, threads: bool
) -> TimingSettings:
    """The settings as the procedure has them; ReproError where the user wants something else.

    `batch` and `threads` tell whether the user chose them.
    """
    procedure = settings.procedure
    for name, fixed, values in (
        ("batch", procedure.batch if batch else None, {one.batch for one in subjects}),
        ("threads", procedure.threads if threads else None, {settings.threads}),
    ):
        if fixed is not None and values != {fixed}:
            wanted = ", ".join(map(str, sorted(values)))
            raise ReproError(
                f"Protocol `{settings.protocol}` has {name} {fixed}, not {wanted}.",
                f"Leave --{name} out, or take --protocol repro.",
            )
    return replace(settings, threads=procedure.threads or settings.threads)


def rows(count: int) -> tuple[tuple[int, ...], ...]:
    """Orders in which each subject is equally often at each place and after each other one.

    Williams, Australian Journal of Scientific Research A 2 (1949): 149-168. As many orders as
    subjects where their number is even, else twice as many.
    """
    first = [place // 2 if place % 2 == 0 else count - (place + 1) // 2 for place in range(count)]
    orders = [tuple((one + shift) % count for one in first) for shift in range(count)]
    if count % 2 and count > 1:
        orders += [row[::-1] for row in orders]
    return tuple(orders)


def job(
    process: int, subjects: Sequence[Subject], settings: TimingSettings, until: float
) -> WorkerJob:
    """What the worker process of that number does, in orders that begin elsewhere in each."""
    procedure = settings.procedure
    orders = rows(len(subjects)) if procedure.interleaved else (tuple(range(len(subjects))),)
    start = process * len(orders) // settings.processes % len(orders)
    return WorkerJob(
        process=process,
        subjects=tuple(subjects),
        rows=orders[start:] + orders[:start],
        until=until,
        threads=settings.threads,
        block=settings.block,
        rounds=settings.rounds,
        interleaved=procedure.interleaved,
        warmup=procedure.warmup,
        calls=procedure.calls,
        keep_freed=settings.keep_freed,
        seed=settings.seed,
        cache=str(settings.cache),
        builder=settings.builder,
    )


def planned(subjects: Sequence[Subject], settings: TimingSettings) -> float:
    """Seconds that a run takes, roughly; the first export of a network comes on top.

    The budget, or what the least rounds of one process take if that is more. A paper's procedure
    has no budget: its calls are counted.
    """
    chosen, settings = adapted(subjects, settings)
    procedure = settings.procedure
    if procedure.calls is not None:
        counted = procedure.calls + (procedure.warmup or 0)
        start = START + PREPARATION * len(chosen)
        return settings.processes * (start + counted * sum(map(_call, chosen)))
    return max(settings.budget, least(chosen, settings))


def needed(subjects: Sequence[Subject], settings: TimingSettings) -> float:
    """Seconds, roughly, of as many processes as a verdict needs; 0 where calls are counted."""
    chosen, settings = adapted(subjects, settings)
    if not settings.procedure.interleaved:
        return 0.0
    return LEAST_PROCESSES * least(chosen, settings)


def least(subjects: Sequence[Subject], settings: TimingSettings) -> float:
    """Seconds that one process takes at least, roughly."""
    calls = [_call(subject) for subject in subjects]
    rounds = LEAST_ROUNDS * sum(max(one, settings.block) for one in calls)
    return START + PREPARATION * len(subjects) + LEAST_CALLS * sum(calls) + rounds


def _call(subject: Subject) -> float:
    height, width = subject.input
    return CALL * subject.batch * (2 if subject.flip else 1) * height * width / PLAIN
