"""What some images suggest of a printed accuracy; an estimate, and never a verdict.

A network whose published accuracy nobody doubts is off by some points on a part of the data set,
since the part is easier or harder than the whole. Several such networks, the anchors, tell by how
much. A network without a figure of its own to be trusted is taken to be off by as much, give or
take what the anchors differ by among themselves: the prediction interval for one more value of a
normal distribution. All rules are those of tables/evidence.toml.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from repro.evidence.checks import AnchorSpread, Find, NetworkCheck, network_checks, spread
from repro.papers import evidence
from repro.papers.evidence import EstimateRule, ImageSet
from repro.papers.metrics import METRICS
from repro.papers.protocol import GROUND_TRUTH, Protocol
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.requirements import AccuracyRequirement, SubsetRequirement, Wanted

SIGN = "≙"
"""of an estimate, which no verdict has"""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where the figure on the whole set is to be expected, in per cent."""

    value: float
    low: float
    """of the 95 % prediction interval"""
    high: float


@dataclass(frozen=True, slots=True)
class SubsetEstimate:
    """A printed accuracy as some images suggest it."""

    images: ImageSet
    metric: str
    protocol: Protocol
    """by which the network was evaluated on them"""
    measured: Measurement
    record: Record
    anchors: tuple[NetworkCheck, ...]
    """other networks of its kind with a published figure, on the same images"""
    prediction: Prediction | None
    """None where the anchors are too few"""
    why: str
    """then what is lacking; else empty"""
    remarks: tuple[str, ...]
    """what must be known of it"""


def estimates(cell: Wanted, find: Find) -> list[SubsetEstimate]:
    """What each set of images suggests of a printed accuracy, where its network was evaluated.

    Nothing for a cost or a speed, nor for a network that was evaluated on none of the sets.
    """
    required, known = cell.spec, evidence.catalogue()
    if not isinstance(required, AccuracyRequirement) or required.rehearsal is not None:
        return []
    if known.estimates is None or METRICS[cell.column.metric or ""].difference:
        return []
    printed = required.protocol
    found = (
        _estimate(required, cell.column.metric or "", images, known.estimates, find)
        for images in known.sets
        if (images.dataset, images.split) == (printed.dataset, printed.split)
    )
    return [one for one in found if one is not None]


def subset_rules(printed: Protocol, rule: EstimateRule) -> Protocol:
    """The protocol by which a printed network is evaluated on some images, fixed beforehand."""
    if printed.bottom_up or printed.boxes == GROUND_TRUTH:
        return printed
    return replace(printed, boxes=rule.boxes)


def predicted(measured: float, differences: AnchorSpread) -> Prediction:
    """Measured plus the mean of two or more differences, with a 95 % prediction interval.

    t(n - 1) times their standard deviation times sqrt(1 + 1/n) to both sides, from 0 to 100 %.
    """
    from scipy import special

    count = len(differences.differences)
    quantile = float(special.stdtrit(count - 1, 0.975))
    reach = quantile * differences.deviation * math.sqrt(1 + 1 / count)
    value = measured + differences.mean
    return Prediction(value, max(0.0, value - reach), min(100.0, value + reach))


def _estimate(
    required: AccuracyRequirement, metric: str, images: ImageSet, rule: EstimateRule, find: Find
) -> SubsetEstimate | None:
    """What one set suggests; None where the network was not evaluated on it by present code."""
    rules = subset_rules(required.protocol, rule)
    record = find(
        SubsetRequirement(
            required.model,
            required.input,
            required.options,
            {"name": required.weights},
            images.sha256,
            rules,
        )
    )
    measured = None if record is None or record.stale else record.measurement(metric)
    if record is None or measured is None:
        return None
    on_it = (check for check in network_checks(find) if check.images == images)
    anchors = tuple(check for check in on_it if _is_anchor(check, metric, rules, record))
    enough = len(anchors) >= rule.least
    prediction = predicted(measured.value, spread(anchors)) if enough else None
    why = (
        ""
        if enough
        else f"No estimate: it takes {rule.least} other networks with a published {metric}, "
        f"evaluated on these images with boxes: {rules.boxes}; there are {len(anchors)}."
    )
    remarks = _remarks(required.protocol, rules, anchors, images) if enough else ()
    return SubsetEstimate(
        images, metric, rules, measured, record, anchors, prediction, why, remarks
    )


def _is_anchor(check: NetworkCheck, metric: str, rules: Protocol, record: Record) -> bool:
    """Whether a check tells how hard its images are for another network, found in such boxes."""
    network, weights = check.network, record.spec["weights"]
    assert isinstance(weights, Mapping)
    return (
        network.anchor
        and network.metric == metric
        and check.delta is not None
        and check.protocol.boxes == rules.boxes
        and network.sha256 != weights.get("sha256")
    )


def _remarks(
    printed: Protocol, rules: Protocol, anchors: Sequence[NetworkCheck], images: ImageSet
) -> tuple[str, ...]:
    """What must be known of an estimate."""
    said = [f"The images are no random sample: {images.chosen}"]
    if printed.boxes != rules.boxes:
        said.append(
            f"The paper's protocol takes the boxes of {printed.boxes}; with {rules.boxes} boxes, "
            "as here, a network reaches more than is printed."
        )
    shared = Counter(check.network.architecture for check in anchors)
    for name, count in shared.items():
        if count > 1:
            said.append(
                f"{count} of the {len(anchors)} anchors are of one architecture ({name}) and not "
                "independent of each other, so that the interval is too narrow."
            )
    return tuple(said)


def described(estimate: SubsetEstimate) -> dict[str, object]:
    """An estimate as plain data; figures in per cent, differences in points."""
    return {
        "set": estimate.images.name,
        "images": len(estimate.images.images),
        "metric": estimate.metric,
        "rules": str(estimate.protocol),
        "measured": {
            "value": estimate.measured.value,
            "unit": estimate.measured.unit,
            "low": estimate.measured.low,
            "high": estimate.measured.high,
        },
        "record": estimate.record.key,
        "prediction": estimate.prediction and asdict(estimate.prediction),
        "anchors": [
            {
                "network": check.network.label,
                "architecture": check.network.architecture,
                "published": check.network.published,
                "measured": check.measured and check.measured.value,
                "record": check.record and check.record.key,
            }
            for check in estimate.anchors
        ],
        "why": estimate.why,
        "remarks": list(estimate.remarks),
    }
