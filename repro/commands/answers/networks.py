"""What the commands on networks and data answer: count, parity, eval, score, predict, train ..."""

from typing import NotRequired, TypedDict

from repro.commands.answers.downloads import PublishedFile
from repro.commands.answers.tables import Digits, Interval
from repro.counting.parity import Parity
from repro.data.completeness import SplitCounts
from repro.data.own_check import FileCounts, JointCheck
from repro.papers.datasets import Fetch
from repro.papers.values import Scalar, Size
from repro.records.measurement import Part
from repro.records.record import Record
from repro.records.remarks import Remark


class CountedNetwork(TypedDict):
    """A network's costs."""

    model: str
    """a name, or that of an exported file"""
    options: NotRequired[dict[str, Scalar | tuple[Scalar, ...]]]
    """of the network, where some are given"""
    input: Size | None
    """null for a file that takes no image"""
    keypoints: int | None
    """null for a file"""
    params: int
    macs: dict[str, int]
    """convention -> multiply-accumulates"""
    by_operator: dict[str, dict[str, int]]
    uncounted: list[str]
    """operators without a rule"""
    modules: NotRequired[list[Part]]
    sha256: NotRequired[str]
    """of a file"""
    uncounted_calls: NotRequired[dict[str, int]]
    """of a file: operator without a rule -> how many there are"""
    remarks: NotRequired[list[Remark]]


class CountAnswer(CountedNetwork):
    """`repro count MODEL`."""

    records: list[Record]


class CountsAnswer(TypedDict):
    """`repro count` of several models."""

    results: list[CountedNetwork]
    records: list[Record]


class ParityAnswer(TypedDict):
    """`repro parity`."""

    results: list[Parity]
    skipped: list[str]
    records: list[Record]


class EvalAnswer(TypedDict):
    """`repro eval`; figures in per cent."""

    metrics: dict[str, Digits]
    unit: str
    intervals: dict[str, Interval]
    protocol_name: str
    model: str
    input: Size
    keypoints: int
    options: dict[str, object]
    weights: dict[str, Scalar]
    data: dict[str, Scalar]
    protocol: dict[str, object]
    execution: dict[str, Scalar]
    evaluator: str
    notes: dict[str, str]
    pixels: dict[str, str]
    """colour order and normalisation of the input, and whose each is: given, assumed ..."""
    file: dict[str, str]
    """of an exported file its head, input and layout, and who says so; empty for other models"""
    remarks: list[Remark]
    """on the inputs: what was left out, ignored or assumed"""
    record: str
    records: list[Record]


class ScoreAnswer(TypedDict):
    """`repro score`; fractions, PCKh in per cent."""

    dataset: str
    metrics: dict[str, float | None]
    intervals: dict[str, Interval]
    evaluator: str
    images: int | None
    people: int
    poses: int
    absent: dict[str, str]
    """why a figure is null"""
    notes: list[str]
    remarks: list[Remark]
    """on the annotations and the results"""
    records: list[Record]
    """in per cent"""


class PlainRecipe(TypedDict):
    """A recipe made complete."""

    name: str
    fields: dict[str, object]
    sources: dict[str, str]
    deviations: list[str]


class PlainRateSpan(TypedDict):
    """Epochs of one stage that have one learning rate; a warm-up is left out."""

    stage: int
    """counted from 0"""
    first: int
    """epochs as milestones count, the last not included"""
    last: int
    passes: int
    """how often the data was gone through before, over all stages"""
    rate: float


class RecipeAnswer(TypedDict):
    """`repro train --plan`."""

    recipe: PlainRecipe
    rates: list[PlainRateSpan]


class BestWeights(TypedDict):
    """The weights that a training keeps."""

    file: str
    sha256: str | None
    step: int | None
    metric: str
    value: float


class SmokeLoss(TypedDict):
    """The loss of one batch before and after a smoke training."""

    before: float
    after: float
    steps: int


class TrainAnswer(TypedDict):
    """`repro train`."""

    name: str
    folder: str
    recipe: PlainRecipe
    step: int
    steps: int
    loss: float | None
    best: BestWeights
    weights: str
    history: str
    page: str | None
    """losses, rates, accuracy and pictures on one HTML page; null where it cannot be written"""
    record: str
    remarks: list[Remark]
    """on the data, and on how the recipe fits them"""
    smoke: NotRequired[SmokeLoss]
    records: list[Record]


class PredictAnswer(TypedDict):
    """`repro predict`."""

    people: int
    poses: str
    """the file of all poses"""
    overlays: list[str]
    """annotated pictures and videos"""
    failed: dict[str, str]
    """name of a picture or video that cannot be read -> why"""
    remarks: list[Remark]
    """on the inputs: what was left out, ignored or assumed"""
    pixels: dict[str, str]
    """colour order and normalisation of the input, and whose each is: given, assumed ..."""
    file: dict[str, str]
    """of an exported file its head, input and layout, and who says so; empty for other models"""


class BoxesAnswer(TypedDict):
    """`repro boxes`."""

    boxes: int
    pictures: int
    """that were looked at"""
    empty: int
    """pictures on which nobody was found"""
    file: str
    failed: dict[str, str]
    """name of a picture that cannot be read -> why"""
    remarks: list[Remark]
    """on the detector, the ids and the pictures"""


class CheckedSplit(TypedDict):
    """A split of a data set in a folder."""

    dataset: str
    split: str
    complete: bool
    official: bool | None
    counts: SplitCounts | None
    files: dict[str, str | None] | None
    notes: list[str]
    fetch: list[Fetch]
    """what is to be fetched by hand"""


class DataCheckAnswer(TypedDict):
    """`repro data check FOLDER`."""

    splits: list[CheckedSplit]


class FileCheckAnswer(TypedDict):
    """`repro data check FILE --images DIR`."""

    file: str
    title: str
    category: str
    counts: FileCounts
    sha256: str
    joints: list[JointCheck]
    remarks: list[Remark]
    evaluation: list[str]
    """why nothing can be evaluated on it"""
    training: list[str]
    """why nothing can be trained on it"""
    fit_for_evaluation: bool
    fit_for_training: bool
    sheet: str | None
    """a picture of a few annotated persons"""


class DataSynthAnswer(TypedDict):
    """`repro data synth`."""

    folder: str
    train: int
    val: int
    seed: int


class NamedTensors(TypedDict):
    """How many tensors, and the first names."""

    count: int
    names: list[str]


class FileAndNetwork(TypedDict):
    """A shape in a file and in a network."""

    file: list[int]
    network: list[int]


class ReshapedTensors(TypedDict):
    """How many tensors, and the first with their shapes."""

    count: int
    names: dict[str, FileAndNetwork]


class GraphLayers(TypedDict):
    """How the layers of a file's graph were told from each other."""

    layers: int
    folded_norms: int
    """batch norms of the network that are folded into them"""


class CheckpointFit(TypedDict):
    """How a checkpoint fits a network."""

    exact: bool
    """whether nothing is left out on either side"""
    whole: bool
    """whether the network has all its tensors; counters and settings may be left out of the file"""
    fit: int
    tensors: int
    rules: list[str]
    """how names of the file were read"""
    graph: GraphLayers | None
    """where not names but the graph of the file tells which tensor is which"""
    missing: NamedTensors
    unexpected: NamedTensors
    wrong_shapes: ReshapedTensors
    wrong_kinds: NamedTensors


class FittingNetwork(TypedDict):
    """A network that a checkpoint fits exactly."""

    model: str
    keypoints: int


class SetOfTensors(TypedDict):
    """Named tensors of a checkpoint that lie together."""

    name: str
    """the keys that lead to it; empty for the file itself"""
    tensors: int
    fit: int | None
    """how many fit the network; null where none is named"""


class WeightsCheckAnswer(TypedDict):
    """`repro weights --check FILE`."""

    file: str
    format: str
    size: int
    """bytes"""
    sha256: str
    tensors: int
    values: int
    entry: str
    """the set of tensors that was taken"""
    sets: list[SetOfTensors]
    remarks: list[Remark]
    model: str | None
    keypoints: int | None
    match: CheckpointFit | None
    fits: list[FittingNetwork]
    published: list[PublishedFile]
    genuine: bool | None
    """whether it is the published file; null where that cannot be told"""
