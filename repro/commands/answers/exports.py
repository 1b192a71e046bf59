"""What the commands that write networks into files answer: export, quantise."""

from typing import NotRequired, TypedDict

from repro.papers.values import Size
from repro.quantising.deviation import GroupDeviation, TensorDeviation
from repro.records.record import Record
from repro.records.remarks import Remark


class OpenSides(TypedDict):
    """Which sides of its input a file leaves open."""

    batch: bool
    size: bool


class ExportAnswer(TypedDict):
    """`repro export`."""

    model: str
    input: Size
    keypoints: int
    options: dict[str, object]
    dynamic: OpenSides
    precision: str
    """of what is computed inside; inputs and outputs are fp32"""
    file: str
    sha256: str
    size: int
    """bytes"""
    metadata: dict[str, str]
    """as written into the file"""
    difference: float
    """largest from PyTorch's outputs, relative to the largest value of each"""
    bound: float
    """what is allowed of it"""
    checked: list[list[int]]
    """shapes of the inputs that were compared"""
    remarks: list[Remark]


class FloatFile(TypedDict):
    """The network that was made int8."""

    file: str
    sha256: str
    size: int
    """bytes"""


class CalibrationInputs(TypedDict):
    """What a network was calibrated on."""

    count: int
    total: int
    """how many there were to draw from"""
    unit: str
    """crops or pictures"""
    sha256: str
    """of the inputs in their order"""


class DeviationOfNetwork(TypedDict):
    """How far a network in int8 is off, relative to its values in floats."""

    inputs: int
    """that were compared"""
    layers: int
    """of the network"""
    compared: int
    """of them, whose outputs both networks have"""
    outputs: list[TensorDeviation]
    groups: list[GroupDeviation]


class SpeedGain(TypedDict):
    """How many times as fast int8 is as floats."""

    value: float
    low: float
    """of the 95 % interval"""
    high: float
    verdict: str
    """of int8: slower, faster, same, undecided or unstable"""
    reason: NotRequired[str]
    record: str


class AccuracyChange(TypedDict):
    """The deciding figure of both networks; per cent and points."""

    metric: str
    floats: float
    int8: float
    difference: NotRequired[float]
    low: NotRequired[float]
    """of the difference's 95 % interval, paired over images"""
    high: NotRequired[float]
    records: list[str]
    """of the evaluation in floats, and of that in int8"""


class QuantiseAnswer(TypedDict):
    """`repro quantise`."""

    file: str
    sha256: str
    size: int
    """bytes"""
    method: str
    metadata: dict[str, str]
    """as written into the file"""
    floats: FloatFile
    calibration: CalibrationInputs
    deviation: DeviationOfNetwork
    speed: SpeedGain | None
    """null where it was not timed"""
    accuracy: AccuracyChange | None
    """null where no annotations were given"""
    nobody: str | None
    """why the network in int8 is of no use; then there is no row of it, and the exit code is 3"""
    remarks: list[Remark]
    records: list[Record]
    """the row"""
    exit: int
