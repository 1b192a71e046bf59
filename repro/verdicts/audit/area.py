"""One network at two input sizes: parameters stay, MACs follow the area, accuracy does not fall."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from repro.papers.published import Published
from repro.papers.values import Size
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, quotes
from repro.verdicts.audit.span import amount, short, span

STEP = 32
"""input sizes of which the coarsest map is a whole number of pixels"""
HEADS = Fraction(105, 100)
"""what the heads of two data sets, with 14 to 19 joints, may differ by"""
FIXED = Fraction(95, 100)
"""the share of a network's MACs that grows with the input, at least: pooled branches do not"""
RULES = 4
"""two ways of counting differ most in a transposed convolution of stride 2: four times"""
ATTENTION = "tokenpose"
"""the networks whose cost grows faster than the area begin so"""
LOSS = 5
"""points that a larger input may cost a network"""


@dataclass(frozen=True, slots=True)
class PrintedCost:
    """The MACs of a network at one size, wherever they are printed."""

    input: Size
    figures: list[PrintedFigure]
    joints: set[int | None]
    """of its heads; None where it was published elsewhere"""

    @property
    def area(self) -> int:
        return self.input[0] * self.input[1]

    @property
    def size(self) -> str:
        return f"{self.input[0]}x{self.input[1]}"

    @property
    def printed(self) -> Published:
        return self.figures[0].printed


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """Each network at each pair of its input sizes."""
    costs: dict[str, dict[str, dict[tuple[object, ...], PrintedCost]]] = {}

    def add(network: str, size: Size, keypoints: int | None, figure: PrintedFigure) -> None:
        rules = costs.setdefault(network, {}).setdefault(figure.convention or "unknown", {})
        cost = rules.setdefault((size, figure.printed.text), PrintedCost(size, [], set()))
        cost.figures.append(figure)
        cost.joints.add(keypoints)

    for line in evidence.lines:
        if line.input is not None and min(line.input) > 0 and "macs" in line.figures:
            add(line.network, line.input, line.protocol.keypoints, line.figures["macs"])
    for theirs in evidence.third_party:
        size = theirs.third.input
        if theirs.third.metric == "macs" and size is not None and min(size) > 0:
            add(theirs.third.model, size, None, theirs.figure)
    for network, rules in costs.items():
        if not network.startswith(ATTENTION):
            yield from _costs([list(found.values()) for found in rules.values()])
    yield from _accuracies(evidence)


def _costs(by_rules: list[list[PrintedCost]]) -> Iterator[AuditCheck]:
    """By one way of counting in proportion; by two, near each other."""
    for same in by_rules:
        for small, large in combinations(sorted(same, key=lambda cost: cost.area), 2):
            elsewhere = small.joints == large.joints == {None}
            if small.area != large.area and not elsewhere and _whole(small) and _whole(large):
                yield _proportion(small, large)
    for one_rule, other_rule in combinations(by_rules, 2):
        pairs = [(one, other) for one in one_rule for other in other_rule]
        yield _rules(*min(pairs, key=_apart))


def _whole(cost: PrintedCost) -> bool:
    return all(side % STEP == 0 for side in cost.input)


def _apart(pair: tuple[PrintedCost, PrintedCost]) -> Fraction:
    areas = sorted(cost.area for cost in pair)
    return Fraction(areas[1], areas[0])


def _proportion(small: PrintedCost, large: PrintedCost) -> AuditCheck:
    factor = Fraction(large.area, small.area)
    heads = 1 if len(small.joints | large.joints) == 1 else HEADS
    base = span(small.printed).times(factor)
    wrong = large.printed.low >= base.high * heads or (
        large.printed.high <= base.low * FIXED / heads
    )
    less, more = small.figures[0], large.figures[0]
    expected = (
        f"{amount(base.low, more.printed, more.scale)} to "
        f"{amount(base.high, more.printed, more.scale)}"
    )
    times = f"{less.printed.text} times {short(factor)}"
    return AuditCheck(
        "area",
        "contradiction",
        quotes((*large.figures, *small.figures)),
        f"{times} from {small.size} to {large.size} is {expected}, printed {more.printed.text}",
        f"From {small.size} to {large.size} the area grows {short(factor)} times, and {times} is "
        f"{expected}, not {more.printed.text}: convolutions cost in proportion to the area, "
        "pooled branches less."
        if wrong
        else "",
    )


def _rules(cost: PrintedCost, rival: PrintedCost) -> AuditCheck:
    """Costs by different rules, each for a pixel of its input."""
    cheap, dear = sorted((cost, rival), key=lambda each: each.printed.value / each.area)
    ratio = dear.printed.value * cheap.area / cheap.printed.value / dear.area
    least = dear.printed.low * cheap.area / cheap.printed.high / dear.area
    wrong = least >= RULES * HEADS
    rules = [each.figures[0].convention or "unknown" for each in (dear, cheap)]
    return AuditCheck(
        "area",
        "implausible",
        quotes((*dear.figures, *cheap.figures)),
        f"{dear.printed.text} at {dear.size} by the {rules[0]} rules, {cheap.printed.text} at "
        f"{cheap.size} by the {rules[1]} rules: {short(ratio)} times for the same area",
        f"For the same area one network costs {short(ratio)} times as much here as there; two "
        f"ways of counting differ by {RULES} at most, and that in transposed convolutions alone."
        if wrong
        else "",
    )


def _accuracies(evidence: Evidence) -> Iterator[AuditCheck]:
    """AP of one network on one split at two sizes."""
    groups: dict[tuple[str, ...], dict[Size, list[PrintedFigure]]] = {}
    for line in evidence.lines:
        figure = line.figures.get("AP")
        if figure is not None and line.input is not None:
            key = line.network, line.protocol.on, line.row.variant, line.protocol.decode
            groups.setdefault(key, {}).setdefault(line.input, []).append(figure)
    for theirs in evidence.third_party:
        third = theirs.third
        for (network, on, variant, decode), sizes in groups.items():
            alike = (network, on, variant) == (third.model, third.on, "")
            usual = third.decode in (None, decode)
            if alike and usual and third.metric == "AP" and third.input is not None:
                sizes.setdefault(third.input, []).append(theirs.figure)
    for sizes in groups.values():
        for small, large in combinations(sorted(sizes), 2):
            if small[1] <= large[1]:
                low = min(sizes[small], key=lambda figure: figure.printed.value)
                high = max(sizes[large], key=lambda figure: figure.printed.value)
                yield _accuracy(f"{small[0]}x{small[1]}", low, f"{large[0]}x{large[1]}", high)


def _accuracy(small: str, low: PrintedFigure, large: str, high: PrintedFigure) -> AuditCheck:
    wrong = high.printed.high + LOSS <= low.printed.low
    drop = short(low.printed.value - high.printed.value)
    return AuditCheck(
        "area",
        "implausible",
        quotes((high, low)),
        f"AP {low.printed.text} at {small}, {high.printed.text} at {large}",
        f"At {large} the network has {drop} points less than at {small} on the same images; a "
        "larger input costs no known network so much."
        if wrong
        else "",
    )
