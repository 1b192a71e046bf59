"""What the commands that time and compare answer: speed, compare, nightly."""

from typing import NotRequired, TypedDict

from repro.comparing.change import Change
from repro.comparing.speed_columns import ColumnBeside, OrderAgreement
from repro.nightly import Done, NightStep
from repro.records.record import Record
from repro.records.remarks import Remark
from repro.speed.measure.profiler import Profile
from repro.speed.measure.subjects import Way
from repro.speed.results.ranks import TimedOrder
from repro.speed.roofline.model import Ceiling


class TimeOfCall(TypedDict):
    """Seconds of a call, with their 95 % interval."""

    median: float
    low: float
    high: float


class CallPercentile(TypedDict):
    """The seconds within which so many per cent of the calls end, where they are enough to tell."""

    percent: int
    calls: int
    """that it is told from"""
    needed: int
    """calls below which there is no figure"""
    certified: int
    """calls that LoadGen of MLPerf would ask for"""
    seconds: NotRequired[float]
    low: NotRequired[float]
    """of the 95 % interval, between two calls"""
    high: NotRequired[float]


class TimedNetwork(TypedDict):
    """A network and a way of running it; times where it was timed."""

    name: str
    model: str
    input: list[int]
    backend: str
    precision: str
    batch: int
    export_seconds: NotRequired[float]
    compile_seconds: NotRequired[float]
    cached: NotRequired[bool]
    peak_memory: NotRequired[int]
    """bytes that a process with this network alone holds at its highest; of a GPU on the device"""
    joules: NotRequired[float]
    """of an image, of everything that the counter is of"""
    difference: NotRequired[float]
    """from the outputs of eager, relative"""
    sha256: NotRequired[str]
    """of an exported file"""
    refused: NotRequired[str]
    """why it was not timed"""
    seconds: NotRequired[TimeOfCall]
    cpu_seconds: NotRequired[TimeOfCall]
    percentiles: NotRequired[list[CallPercentile]]
    calls: NotRequired[int]
    blocks: NotRequired[int]
    disturbed: NotRequired[int]
    """blocks"""


class ComparedTimes(TypedDict):
    """How many times as long one network takes as another."""

    of: str
    against: str
    value: float
    low: float
    high: float
    verdict: str
    """slower, faster, same, undecided or unstable"""
    reason: NotRequired[str]


class LimitsAnswer(TypedDict):
    """A processor's limits: multiply-adds and bytes a second."""

    one: Ceiling
    all: Ceiling
    overhead: dict[str, float]
    """seconds of an eager call, by kind of operator"""
    cache_bytes: int
    seconds: float
    load: float
    peak_one: float
    peak_all: float


class PlacedNetwork(TypedDict):
    """A network on the roofline: seconds, multiply-adds, bytes, and rates of them."""

    way: Way
    model: str
    threads: int
    batch: int
    seconds: float
    macs: int
    moved: int
    calls: int
    products: int
    peak: float
    limit: float
    compute: float
    memory: float
    overhead: float
    rate: float
    intensity: float
    share: float
    rest: float
    bound: str


class RooflineAnswer(TypedDict):
    """`repro speed --roofline`, beside the times."""

    machine: LimitsAnswer
    rows: list[PlacedNetwork]
    explained: list[str]


class SpeedAnswer(TypedDict):
    """`repro speed`; seconds, bytes and ratios."""

    timing: dict[str, object]
    """what was timed, and how"""
    subjects: list[TimedNetwork]
    ratios: list[ComparedTimes]
    """to the first network of each batch"""
    orders: list[TimedOrder]
    noise_floor: float | None
    """how far apart equals may seem, 0.02 for 2 %"""
    basis: str
    """the clock of ratios and verdicts: wall or cpu"""
    unstable: str | None
    """why nothing gets a verdict"""
    failures: list[str]
    interrupted: bool
    conditions: dict[str, object]
    record: str
    standings: list[OrderAgreement]
    remarks: list[Remark]
    against: NotRequired[list[ColumnBeside]]
    roofline: NotRequired[RooflineAnswer]
    records: list[Record]
    exit: int


class MergedMachine(TypedDict):
    """A machine whose order was merged with others'."""

    file: str
    machine: str
    threads: int
    unstable: NotRequired[str]


class RankAgreement(TypedDict):
    """Kendall's tau of two machines."""

    one: str
    other: str
    tau: float


class MachinePair(TypedDict):
    """Two networks, and on how many machines the one is surely faster than the other."""

    one: str
    other: str
    faster: int
    slower: int
    unsure: int
    swaps: bool


class MergedOrder(TypedDict):
    """The order of networks on several machines."""

    way: Way
    order: list[str]
    ranks: dict[str, list[float]]
    concordance: float
    """Kendall's W"""
    taus: list[RankAgreement]
    pairs: list[MachinePair]


class MergedOrders(TypedDict):
    """Orders of several machines, one for each way of running."""

    machines: list[MergedMachine]
    pictures: list[MergedOrder]


class MergeAnswer(TypedDict):
    """`repro speed --merge`."""

    merged: MergedOrders


class BesideImported(TypedDict):
    """A printed speed beside an imported one of the same network; no verdict."""

    column: str
    row: str
    network: str
    printed: str
    ms: float
    """as printed"""
    imported_ms: float
    ratio: float
    """how many times as long the imported one takes"""


class ImportedTimes(TypedDict):
    """Times that another tool has told; the figures are in the record."""

    timing: dict[str, object]
    """networks, device, tool, statistic, file and its sha256, facts"""
    origin: str
    beside: list[BesideImported]
    record: str


class ImportAnswer(TypedDict):
    """`repro speed --import`."""

    imported: ImportedTimes
    remarks: list[Remark]
    records: list[Record]


class ProfileAnswer(TypedDict):
    """`repro speed --profile`."""

    profile: Profile
    trace: str
    """the file"""


class ComparedMetric(TypedDict):
    """A figure of two evaluations, per cent, and its difference by the paired bootstrap."""

    a: float
    b: float
    value: float
    """B less A"""
    low: float
    high: float
    chance: float
    call: str


class PairAnswer(TypedDict):
    """`repro compare` of two evaluations, image by image."""

    a: str
    b: str
    unit: str
    metrics: dict[str, ComparedMetric]
    differing: dict[str, list[object]]
    """rule -> that of A, that of B"""
    exit: int


class CompareAnswer(TypedDict):
    """`repro compare` of two sets of results."""

    a: str
    b: str
    changes: list[Change]
    summary: dict[str, int]
    """call -> figures"""
    exit: int


class NightPlanAnswer(TypedDict):
    """`repro nightly --plan`."""

    steps: list[NightStep]


class NightAnswer(TypedDict):
    """`repro nightly`."""

    steps: list[Done]
    bad: list[str]
    again: list[str]
    exit: int
