"""What is timed, and what a timing run gives."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePath

from repro import schema
from repro.exported.form import ImageInput
from repro.papers.values import Options, Scalar, Size

STAGES = ("net", "pre", "post", "full")


class RefusedError(Exception):
    """A subject gets no speed, for the reason that this says."""


@dataclass(frozen=True)
class Way:
    """How networks are run: only those that are run in the same way have an order."""

    backend: str
    precision: str
    batch: int

    def __str__(self) -> str:
        parts = [self.backend]
        parts += [self.precision] if self.precision != "fp32" else []
        parts += [f"batch {self.batch}"] if self.batch != 1 else []
        return " ".join(parts)


@dataclass(frozen=True)
class SubjectFile:
    """The exported file that a subject is."""

    path: str
    sha256: str
    """of its content, with what lies beside it"""
    image: ImageInput


@dataclass(frozen=True)
class Subject:
    """One network, run in one way."""

    model: str
    """a name of the zoo, or that of a file"""
    input: Size
    keypoints: int
    batch: int = 1
    backend: str = "eager"
    precision: str = "fp32"
    stage: str = "net"
    """net: the network alone; pre, post: what comes before and after; full: image file to poses"""
    flip: bool = False
    """two passes, plain and mirrored"""
    options: Options = field(default_factory=dict)
    alias: str = ""
    """tells subjects apart that are otherwise the same, for an A/A test"""
    slowed: float = 1.0
    """every call is made to take so many times as long, to see that a timing finds it"""
    file: SubjectFile | None = None
    """None for a network of the zoo"""

    @property
    def way(self) -> Way:
        """How it is run."""
        return Way(self.backend, self.precision, self.batch)

    def __str__(self) -> str:
        size = "x".join(map(str, self.input))
        parts = [f"{self.model} {size}", self.backend]
        parts += [f"batch {self.batch}"] if self.batch != 1 else []
        parts += [self.precision] if self.precision != "fp32" else []
        parts += [self.stage] if self.stage != "net" else []
        parts += ["flip"] if self.flip else []
        parts += [f"{name}={value}" for name, value in self.options.items()]
        parts += [f"slowed {self.slowed:g}"] if self.slowed != 1 else []
        parts += [f"({self.alias})"] if self.alias else []
        return " ".join(parts)


@dataclass(frozen=True)
class Block:
    """Calls of one subject, one straight after the other."""

    subject: int
    """position among the run's subjects"""
    process: int
    round: int
    wall: tuple[float, ...]
    """seconds of each call"""
    cpu: tuple[float, ...]
    """seconds of the process's CPU time in each call, all threads together"""
    switches: int
    """involuntary context switches in the block"""
    steal: float = 0.0
    """share of the machine's time that a hypervisor took"""
    disturbed: str = ""
    """why the block is not trusted; empty if it is"""
    settling: int = 0
    """how many of the first calls do not count: they fill the caches after another subject"""


@dataclass(frozen=True)
class Preparation:
    """What it took to make a subject runnable, and whether it computes the right thing."""

    subject: int
    export_seconds: float = 0.0
    compile_seconds: float = 0.0
    cached: bool = False
    difference: float | None = None
    """largest difference from eager, relative to the largest output; None for eager itself"""
    refused: str = ""
    """why the subject gets no speed; empty if it does"""
    peak_memory: int = 0
    """bytes that a process with this subject alone holds at its highest while it runs"""
    joules: float | None = None
    """of a call, of everything that the counter is of; None where `no_energy` says why"""
    no_energy: str = ""
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    """of the backend: threads, versions ..."""
    warmup: int = 0
    """calls before the first that counts"""
    steady: bool = True
    """whether the calls took the same time by then"""


@dataclass(frozen=True)
class TimedRun:
    """Everything that a timing run gave."""

    subjects: tuple[Subject, ...]
    blocks: tuple[Block, ...]
    preparations: tuple[Preparation, ...]
    settings: Mapping[str, Scalar]
    """protocol, threads, budget, processes ..."""
    conditions: Mapping[str, object]
    """of the machine: load, frequency, throttling, before and after"""
    failures: tuple[str, ...] = ()
    """what became of processes that gave nothing"""
    interrupted: bool = False
    """whether the user ended it early"""

    @property
    def timed(self) -> tuple[int, ...]:
        """The positions of the subjects that have times."""
        return tuple(sorted({block.subject for block in self.blocks}))

    def described(self) -> dict[str, object]:
        """The run as plain data, which `read` takes; of files their names without a folder."""
        subjects = [
            one
            if one.file is None
            else replace(one, file=replace(one.file, path=PurePath(one.file.path).name))
            for one in self.subjects
        ]
        return asdict(replace(self, subjects=tuple(subjects)))


def read(data: object, file: str) -> TimedRun:
    """A run from plain data; raise ReproError naming `file` for anything else."""
    return schema.read(TimedRun, data, file)
