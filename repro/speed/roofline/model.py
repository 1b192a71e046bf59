"""How far a network is from what its machine can do, and what holds it back.

The roofline model (Williams, Waterman and Patterson, CACM 2009): a network that does I
multiply-adds for each byte it moves reaches at most min(peak, I x bandwidth). Time beyond that is
looked for in the fixed cost of the operator calls. Everything here is arithmetic on measured
numbers; `repro.speed.roofline.calibration` measures the machine, `repro.speed.roofline.traffic`
the network.

Rates are multiply-adds of float32 a second and bytes, read and written, a second.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from repro.errors import listed
from repro.speed import backends

KINDS = ("conv", "grouped", "transposed", "matmul", "norm", "other", "view")
"""of operators; `grouped`: convolutions of several groups, depthwise ones above all"""
PRODUCTS = KINDS[:4]
NOTHING: Mapping[str, float] = MappingProxyType({})
BRANCHED = "hrnet"
"""part of the name of every network with parallel branches"""


@dataclass(frozen=True)
class Ceiling:
    """What so many threads can do at most, as measured."""

    threads: int
    matmul: float
    """multiply-adds of a product of square matrices"""
    convolution: float
    """multiply-adds of a dense 3x3 convolution through oneDNN"""
    memory: float
    """copy of arrays that no cache holds"""
    cache: float
    """copy of arrays that the last-level cache holds"""

    @property
    def peak(self) -> float:
        """The highest rate of multiply-adds that was seen."""
        return max(self.matmul, self.convolution)


@dataclass(frozen=True)
class MachineLimits:
    """A processor's limits for float32, with one thread and with all that a run uses."""

    one: Ceiling
    all: Ceiling
    overhead: Mapping[str, float]
    """seconds of an eager call that has nearly nothing to compute, by kind of operator"""
    cache_bytes: int
    """of the last-level cache"""
    seconds: float = 0.0
    """that the measurement took"""
    load: float = 0.0
    """programs waiting for a core, one minute's average, when it began"""

    def at(self, threads: int) -> Ceiling:
        """The limits for a number of threads that was measured; ValueError for another."""
        for ceiling in (self.one, self.all):
            if ceiling.threads == threads:
                return ceiling
        raise ValueError(f"measured with 1 and {self.all.threads} threads, not with {threads}")


@dataclass(frozen=True)
class Operator:
    """One call of an operator: its multiply-adds and the bytes it moves."""

    name: str
    """of the aten operator"""
    kind: str
    """one of KINDS"""
    macs: int
    read: int
    """bytes of activations"""
    weights: int
    """bytes of parameters and buffers"""
    written: int
    beside: int = 0
    """bytes that stay to be moved if the call is merged into the one that made its largest input"""

    @property
    def moved(self) -> int:
        """All bytes in and out."""
        return self.read + self.weights + self.written


@dataclass(frozen=True)
class Work:
    """Every operator call of one forward pass, in order."""

    operators: tuple[Operator, ...]
    batch: int = 1

    @property
    def macs(self) -> int:
        """Multiply-adds, by the `conv` convention."""
        return sum(operator.macs for operator in self.operators)

    @property
    def moved(self) -> int:
        """Bytes in and out of every operator."""
        return sum(operator.moved for operator in self.operators)

    @property
    def calls(self) -> Counter[str]:
        """Operator calls by kind."""
        return Counter(operator.kind for operator in self.operators)

    def merged(self) -> "Work":
        """The least a compiler can move: normalisations and elementwise calls cost no pass."""
        return replace(
            self,
            operators=tuple(
                replace(operator, read=operator.beside, weights=0, written=0)
                if operator.beside < operator.moved and operator.kind in ("norm", "other")
                else operator
                for operator in self.operators
            ),
        )


@dataclass(frozen=True)
class RooflineRow:
    """One network on the roofline of one machine."""

    model: str
    threads: int
    batch: int
    seconds: float
    macs: int
    moved: int
    calls: int
    """of operators, views left out"""
    products: int
    """convolutions and matrix products among them"""
    peak: float
    limit: float
    """multiply-adds a second: min(peak, intensity x memory bandwidth)"""
    compute: float
    """seconds at the peak of the calls that arithmetic holds back"""
    memory: float
    """seconds at full bandwidth of the calls that moving bytes holds back"""
    overhead: float
    """seconds of fixed cost of all calls; 0 for a backend whose fixed cost is not known"""

    @property
    def rate(self) -> float:
        """Multiply-adds a second that were achieved."""
        return self.macs / self.seconds

    @property
    def intensity(self) -> float:
        """Multiply-adds for each byte moved."""
        return self.macs / self.moved

    @property
    def share(self) -> float:
        """Achieved of the limit."""
        return self.rate / self.limit

    @property
    def rest(self) -> float:
        """Seconds that neither limit nor fixed cost explains: kernels that run below both.

        Negative where the three overlap or the caches do better than assumed.
        """
        return self.seconds - self.compute - self.memory - self.overhead

    @property
    def bound(self) -> str:
        """What most of the time goes to: `compute`, `memory`, `overhead` or `kernels`."""
        parts = {"compute": self.compute, "memory": self.memory, "overhead": self.overhead}
        parts["kernels"] = self.rest
        return max(parts, key=lambda name: parts[name])


def place(
    model: str,
    work: Work,
    seconds: float,
    machine: MachineLimits,
    threads: int,
    backend: str = "eager",
) -> RooflineRow:
    """Where one measured time of one forward pass lies; ValueError for no time or no work.

    Backends that merge operators are held against the bytes of the merged work, and their fixed
    cost is not known: it counts among what the limits leave open.
    """
    if not (seconds > 0 and work.macs and work.moved):
        raise ValueError(f"`{model}`: {seconds} s for {work.macs} multiply-adds")
    merges = backends.CPU[backend].merges
    work = work.merged() if merges else work
    ceiling = machine.at(threads)
    compute = memory = 0.0
    for operator in work.operators:
        inside = operator.moved <= machine.cache_bytes / 2
        arithmetic = operator.macs / ceiling.peak
        transfer = operator.moved / (ceiling.cache if inside else ceiling.memory)
        if arithmetic >= transfer:
            compute += arithmetic
        else:
            memory += transfer
    calls = work.calls
    fixed = sum(number * machine.overhead.get(kind, 0.0) for kind, number in calls.items())
    return RooflineRow(
        model=model,
        threads=threads,
        batch=work.batch,
        seconds=seconds,
        macs=work.macs,
        moved=work.moved,
        calls=calls.total() - calls["view"],
        products=sum(calls[kind] for kind in PRODUCTS),
        peak=ceiling.peak,
        limit=min(ceiling.peak, work.macs / work.moved * ceiling.memory),
        compute=compute,
        memory=memory,
        overhead=0.0 if merges else fixed,
    )


def explain(
    row: RooflineRow, beside: RooflineRow | None = None, elsewhere: Mapping[str, float] = NOTHING
) -> str:
    """Two sentences: what the network's time goes to, and what the papers say about it.

    `beside` is another network on the same machine, to compare sizes with; `elsewhere` are the
    seconds of the same network with other backends.
    """
    sizes = f"its {row.products} products are of {_size(row)} each" if row.products else ""
    if sizes and beside and beside.products:
        sizes += f" ({beside.model}: {beside.products} of {_size(beside)})"
    parts = {
        row.rest: "to kernels that run below these limits",
        row.overhead: f"to the fixed cost of {row.calls:,} operator calls",
        row.compute: "to arithmetic at full speed",
        row.memory: f"to moving {row.moved / 1e6:.0f} MB",
    }
    shown = sorted((part for part in parts.items() if part[0] > 0), reverse=True)
    numbers = (
        f"{row.model} takes {_ms(row.seconds)} for {row.macs / 1e9:.2f} G multiply-adds, "
        f"{_ms(row.macs / row.peak)} at this machine's peak of {row.peak / 1e9:.0f} G a second: "
        f"{sizes}{'; ' if sizes else ''}of the time "
        + listed([f"{_ms(seconds)} go {what}" for seconds, what in shown])
    )
    faster = [name for name, seconds in elsewhere.items() if seconds < row.seconds]
    if faster:
        best = min(faster, key=lambda name: elsewhere[name])
        numbers += f", and {_ms(row.seconds - elsewhere[best])} are not needed with {best}"
    if row.bound == "compute":
        return f"{numbers}. Fewer multiply-adds would mean less time here."
    words = QUOTES["branches" if BRANCHED in row.model else row.bound]
    return f"{numbers}. In the papers' words, {words}."


def _size(row: RooflineRow) -> str:
    return f"{row.macs / row.products / 1e6:.1f} M"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


QUOTES = {
    "branches": (
        "“the theoretical lightweight does not always mean fast in practice. The parallelism of "
        "the multi-branch structure does not reach the theoretical efficiency” (paper1, Section I)"
    ),
    "memory": (
        "speed is “not only affected by the amount of computation, but also by many factors such "
        "as the amount of memory access” (paper1, Section IV-D)"
    ),
    "overhead": "“FLOPs do not fully respond to inference speed” (paper1, Section IV-D)",
    "kernels": (
        "“a network doesn't necessarily run faster even if it has fewer FLOPs” "
        "(paper2, Section 4.3)"
    ),
}
"""what the papers say of each cause of slowness, and where"""
