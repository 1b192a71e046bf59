"""What is timed, and what a timing run gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from repro.study import Options, Scalar, Size


@dataclass(frozen=True)
class Subject:
    """One network, run in one way."""

    model: str
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
    """bytes of the process, at its highest while the subject ran"""


@dataclass(frozen=True)
class Run:
    """Everything that a timing run gave."""

    subjects: tuple[Subject, ...]
    blocks: tuple[Block, ...]
    preparations: tuple[Preparation, ...]
    settings: Mapping[str, Scalar]
    """protocol, threads, budget, processes ..."""
    conditions: Mapping[str, object]
    """of the machine: load, frequency, throttling, before and after"""
