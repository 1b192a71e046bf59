"""What must be known of the cells and differences that a claim rests on, whatever its verdict."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from repro.papers.metrics import METRICS
from repro.papers.published import parse
from repro.verdicts import noise
from repro.verdicts.audit.copied import CellKey
from repro.verdicts.claims.places import CellPlace, PaperNames
from repro.verdicts.claims.syntax import Cells, Node, Operation, Relation, inside
from repro.verdicts.gains import noise_of
from repro.verdicts.noise import SamplingNoise

COPIED, NOISE = "copied", "noise"
ORDERS = ("<", "<=", ">", ">=")
Gap = tuple[CellPlace, float, bool]
"""where an accuracy is printed, what it is above another one in points, and whether both are of one
network whose maps are decoded in two ways"""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One thing that must be known."""

    kind: str
    """COPIED: a cell is somebody else's figure; NOISE: a difference may come from the images"""
    sentence: str


def of_claim(
    relations: Sequence[Relation], book: PaperNames, copied: Mapping[CellKey, str]
) -> tuple[Caveat, ...]:
    """What must be known of a claim's cells and differences."""
    used = (place for relation in relations for place in book.used(relation))
    return (
        *(Caveat(COPIED, said) for said in _copied(used, copied)),
        *(Caveat(NOISE, said) for said in _noise(relations, book)),
    )


def _copied(used: Iterable[CellPlace], copied: Mapping[CellKey, str]) -> Iterator[str]:
    """`paper4 table1[LitePose-S 448x448].latency looks copied from LitePose repository, ...`."""
    groups: dict[str, dict[str, None]] = {}
    for place in used:
        if place.key in copied:
            groups.setdefault(copied[place.key], {})[str(place)] = None
    for source, places in groups.items():
        verb = "look" if len(places) > 1 else "looks"
        yield f"{', '.join(places)} {verb} copied from {source}."


def _noise(relations: Sequence[Relation], book: PaperNames) -> Iterator[str]:
    """A sentence for each metric and split of which some difference is not beyond noise."""
    groups: dict[tuple[str, str, bool], tuple[SamplingNoise, list[float]]] = {}
    for relation in relations:
        for place, points, one_network in _gaps(relation, book):
            known = noise_of(place.table, place.row, place.column)
            if known is not None and known.call(points, one_network) != noise.BEYOND:
                key = known.metric, known.on, one_network
                groups.setdefault(key, (known, []))[1].append(points)
    for (_, _, one_network), (known, points_of) in groups.items():
        yield noise.told(known, points_of, one_network)


def _gaps(relation: Relation, book: PaperNames) -> Iterator[Gap]:
    """Every accuracy that is taken from another, or set above or below another."""
    if relation.sign in ORDERS:
        yield from _between(relation.left, relation.right, book)
    for side in (relation.left, relation.right):
        for node in inside(side):
            if isinstance(node, Operation) and node.sign == "-":
                yield from _between(node.left, node.right, book)
            elif isinstance(node, Cells):
                yield from ((one, _value(one), False) for one in book.cells(node) if _gain(one))


def _between(left: Node, right: Node, book: PaperNames) -> Iterator[Gap]:
    """The differences of cells with cells, row by row; those of one metric on one split."""
    if not isinstance(left, Cells) or not isinstance(right, Cells):
        return
    ones, others = book.cells(left), book.cells(right)
    rows = max(len(ones), len(others))
    ones, others = (side * rows if len(side) == 1 else side for side in (ones, others))
    for one, other in zip(ones, others, strict=True):
        settings = [noise_of(place.table, place.row, place.column) for place in (one, other)]
        first, second = ((each.metric, each.on) if each else None for each in settings)
        if first is not None and first == second and one != other and not _gain(one):
            yield one, _value(one) - _value(other), one.row is other.row


def _gain(place: CellPlace) -> bool:
    """Whether a difference is printed there."""
    return place.column.metric is not None and METRICS[place.column.metric].difference


def _value(place: CellPlace) -> float:
    number = parse(place.row.cells[place.column.key])
    assert number is not None
    return float(number.value)
