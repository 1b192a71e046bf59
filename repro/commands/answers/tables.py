"""What the commands on tables answer: list, show, plan, run, explain."""

from typing import NotRequired, TypedDict

from repro.authoring.looked_over import CheckedPaper
from repro.commands.answers.downloads import FetchNeed
from repro.commands.answers.estimates import EstimateOnImages
from repro.estimates.forecast import Forecast
from repro.papers.values import Scalar, Size
from repro.plans.planned import Estimate
from repro.records.measurement import Measurement, Part
from repro.records.record import Record
from repro.records.remarks import Remark
from repro.records.runs import Resources
from repro.records.setting_rows import SettingRow
from repro.verdicts.elsewhere import ElsewhereTime

Interval = tuple[float, float]
"""low and high, 95 %"""
Digits = int | float


class ModelsAnswer(TypedDict):
    """`repro list --models`."""

    models: list[str]


class ListedStudy(TypedDict):
    """A paper."""

    name: str
    slugs: list[str]
    title: str
    year: int
    tables: list[str]


class StudiesAnswer(TypedDict):
    """`repro list`."""

    studies: list[ListedStudy]


class CheckedTablesAnswer(TypedDict):
    """`repro check tables`."""

    papers: list[CheckedPaper]
    exit: int


class NewPaperAnswer(TypedDict):
    """`repro new paper`."""

    name: str
    files: list[str]
    remarks: list[Remark]
    """every guess that was written"""
    next: list[str]
    """what to type then"""


class ListedTable(TypedDict):
    """A table of a paper."""

    name: str
    number: str
    """as printed"""
    caption: str
    rows: list[str]
    numbers: dict[str, int]
    """how many printed numbers are measured, runnable, need data, or are not re-run"""


class TablesAnswer(TypedDict):
    """`repro list PAPER`."""

    study: str
    tables: list[ListedTable]


class ShownColumn(TypedDict):
    """A printed column."""

    key: str
    label: str


class ShownRow(TypedDict):
    """A printed row."""

    label: str
    model: str | None
    """of the zoo"""
    input: Size | None
    cells: dict[str, str | None]
    """column -> printed text"""
    cites: dict[str, str]
    """column -> what the paper cites for it"""
    notes: dict[str, str]


class ShowAnswer(TypedDict):
    """`repro show PAPER TABLE`."""

    study: str
    table: str
    columns: list[ShownColumn]
    rows: list[ShownRow]


class PlannedFacts(TypedDict, total=False):
    """What a run is; which keys are there depends on its kind."""

    model: str
    networks: list[str]
    backends: list[str]
    input: Size
    keypoints: int
    options: dict[str, object]
    weights: dict[str, Scalar | None]
    data: dict[str, Scalar | None]
    protocol: dict[str, object] | str
    execution: dict[str, Scalar | None]
    evaluator: str
    recipe: dict[str, object]
    deviations: list[str]
    evaluated: dict[str, object]
    start: dict[str, Scalar]
    seed: int
    batch: int | list[int]
    precision: str | list[str]
    stage: str
    flip: bool
    device: str
    machine: str
    threads: int
    budget: float
    processes: int
    statistic: str
    interleaved: bool
    block: float
    keep_freed: bool


class PlannedAnswer(PlannedFacts):
    """A run of a plan, beside what it is."""

    kind: str
    """count, train, evaluate or speed"""
    name: str
    state: str
    """cached, to_run or impossible"""
    cached: bool
    key: str | None
    """of its record"""
    need: str | None
    """why it is impossible, and what would supply it"""
    needs: list[str]
    """keys of the runs that come before it"""
    cells: list[str]
    """the printed numbers that it is for"""
    aside: bool
    """shown beside the printed numbers, held against none"""
    estimate: Estimate | None
    resources: Resources | None


class LackingCells(TypedDict):
    """Printed numbers that cannot be measured here."""

    cells: int
    reason: str


class RehearsalPlanAnswer(TypedDict):
    """`repro rehearse --plan`."""

    cells: int
    runs: list[PlannedAnswer]
    lacking: list[LackingCells]
    totals: dict[str, int]
    """state -> runs"""
    seconds: float | None
    """that all runs take, roughly; null where nothing tells"""


class PlanAnswer(RehearsalPlanAnswer):
    """`repro plan`."""

    fetch: FetchNeed
    """what `run --fetch` would download of what evaluations lack"""


class EstimateAnswer(TypedDict):
    """`repro plan --estimate`."""

    cells: int
    forecast: Forecast


class PrintedNumber(TypedDict):
    """A printed number, in base units, with the values that print so."""

    text: str
    value: Digits
    low: Digits
    high: Digits


class OwnNumber(TypedDict):
    """A measured number, in base units."""

    value: Digits
    unit: str
    convention: str | None
    low: NotRequired[float | None]
    """of the 95 % interval, of an estimate"""
    high: NotRequired[float | None]


class GivenVerdict(TypedDict):
    """A verdict and its reason."""

    kind: str
    reason: str


class JudgedCell(TypedDict):
    """A printed number and what became of it."""

    study: str
    table: str
    row: str
    column: str
    published: PrintedNumber
    measured: OwnNumber | None
    delta: Digits | None
    """measured less published"""
    verdict: GivenVerdict
    record: str | None
    """key of the record that it rests on"""
    standing: NotRequired[str]
    """of a record that other code made: `by behaviour` or `stale`"""
    stale: NotRequired[OwnNumber]
    """measured by other code: shown, not judged"""


class PrintedStep(TypedDict):
    """A printed change, in base units, with the changes that the digits allow."""

    value: float
    low: float
    high: float


class LadderStep(TypedDict):
    """What one switch changes between two rows of a table."""

    study: str
    table: str
    column: str
    before: str
    after: str
    published: PrintedStep
    measured: float | None
    fits: bool | None


class TrainedRowAnswer(TypedDict):
    """A row whose network was trained here, beside what is printed."""

    study: str
    table: str
    label: str
    model: str
    seed: int
    network: str | None
    recipe: str | None
    deviations: list[str]
    training: str | None
    """key of its record"""
    folder: str | None
    printed: dict[str, str]
    """column -> as printed"""
    reached: dict[str, Measurement]
    """column -> what the network reaches"""
    best: Measurement | None
    on: dict[str, Scalar] | None
    """the data of the evaluation"""
    why: str | None
    """why there is no figure"""


class RunAnswer(TypedDict):
    """`repro run`."""

    cells: list[JudgedCell]
    ladder: list[LadderStep]
    summary: dict[str, int]
    """verdict -> cells"""
    train: NotRequired[str]
    trained: NotRequired[list[str]]
    """tables of which rows were trained"""
    rows: NotRequired[list[TrainedRowAnswer]]
    words: NotRequired[list[str]]
    records: list[Record]
    exit: int


class RehearseAnswer(TypedDict):
    """`repro rehearse`: figures of generated pictures, none of the paper's data."""

    study: str
    table: str
    share: float
    """of the official number of pictures"""
    folder: str
    files: list[str]
    """the documents that were written"""
    cells: list[JudgedCell]
    summary: dict[str, int]
    """verdict -> cells"""
    filled: int
    """cells that have a figure"""
    lacking: list[LackingCells]
    records: list[Record]
    exit: int


class AblationRow(TypedDict):
    """A row trained on generated figures."""

    label: str
    printed: float | None
    trained: list[float]
    """a figure a seed"""
    printed_difference: NotRequired[float | None]
    """to the first row, as all that follows"""
    difference: NotRequired[float]
    interval: NotRequired[Interval | None]
    verdict: NotRequired[str]


class AblationAnswer(TypedDict):
    """`repro run PAPER TABLE --seeds N` without --train."""

    study: str
    table: str
    seeds: int
    epochs: int
    data: str
    rows: list[AblationRow]
    words: list[str]
    records: list[Record]


class ThirdFigure(TypedDict):
    """A figure that somebody else published for the same network."""

    metric: str
    value: str
    source: str


class ExplainAnswer(JudgedCell):
    """`repro explain`: a cell, and what its record says."""

    where: str
    note: str | None
    third_party: list[ThirdFigure]
    elsewhere: list[ElsewhereTime]
    """of a speed: the same network's times that were not measured here"""
    copied: str | None
    """where a figure that looks copied stands"""
    noise: str | None
    """of an accuracy: how far the choice of images moves it and its difference to the row before"""
    spec: NotRequired[dict[str, object]]
    """of the record, as all that follows"""
    conventions: NotRequired[dict[str, Digits]]
    parts: NotRequired[list[Part]]
    env: NotRequired[dict[str, object]]
    interval: NotRequired[Interval]
    settings: NotRequired[list[SettingRow]]
    """what other settings score, where they were tried: `repro eval --protocol all`"""
    estimates: NotRequired[list[EstimateOnImages]]
    """what real images suggest, where the network was evaluated on some; no part of the verdict"""
