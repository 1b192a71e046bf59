"""PCKh of one row on MPII: the mean against the joints, and the order of the joints."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from repro.papers.datasets import PCKH
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quotes
from repro.verdicts.audit.span import ZERO, Span, between, short, span

COUNTS: Mapping[str, tuple[int, ...]] = {
    "Head": (2932,),
    "Neck": (2932,),
    "Shoulder": (2944, 2944),
    "Elbow": (2935, 2932),
    "Wrist": (2928, 2909),
    "Hip": (2889, 2888),
    "Knee": (2485, 2478),
    "Ankle": (2115, 2119),
}
"""annotated joints of the 2958 validation persons (`jnt_missing` of mpii_gt_valid.mat in the HRNet
repository), right and left: PCKh averages the sides, the mean weights each joint by its number"""
CHAINS = (("Head", "Shoulder", "Elbow", "Wrist"), ("Hip", "Knee", "Ankle"), ("Hip", "Wrist"))
"""from the trunk outwards: each joint moves more and is found less often than the one before"""
ABOVE: Mapping[str, tuple[str, int]] = {
    "Elbow": ("Wrist", 2),
    "Shoulder": ("Elbow", 4),
    "Neck": ("Elbow", 4),
}
"""how many points a joint is above another at least, with room to spare: in the HRNet repository's
rows of MPII elbows are 3.9 points above wrists or more and shoulders 5.6 above elbows, in Table III
of paper1 5.6 and 7.7"""


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """The rows whose protocol is PCKh as HRNet counts it."""
    for line in evidence.lines:
        if line.protocol.evaluator == PCKH:
            yield from _order(line)
            if "Mean" in line.figures and len(set(line.figures) & set(COUNTS)) > 1:
                yield from _mean(line)


def _order(line: PrintedLine) -> Iterator[AuditCheck]:
    for chain in CHAINS:
        for inner, outer in pairwise([name for name in chain if name in line.figures]):
            near, far = line.figures[inner], line.figures[outer]
            wrong = far.printed.low >= near.printed.high
            yield AuditCheck(
                "joints",
                "implausible",
                quotes((far, near)),
                f"{outer} {far.printed.text} <= {inner} {near.printed.text}",
                f"{outer}s are found less often than {inner.lower()}s by every known network; here "
                f"they are {short(far.printed.value - near.printed.value)} points "
                "above."
                if wrong
                else "",
            )


def _mean(line: PrintedLine) -> Iterator[AuditCheck]:
    mean = line.figures["Mean"]
    joints = {name: one for name, one in line.figures.items() if name in COUNTS}
    absent = [name for name in COUNTS if name not in joints]
    rest = _rest(mean, joints)
    names = _listed(absent)
    share = Span(max(rest.low, Fraction(0)), min(rest.high, Fraction(100)))
    quoted = quotes((mean, *joints.values()))
    impossible = rest.low >= 100 or rest.high <= 0
    yield AuditCheck(
        "joints",
        "contradiction",
        quoted,
        f"{names} average {between(rest)} by the mean {mean.printed.text}",
        f"For the mean of {mean.printed.text} the joints that are not printed ({names}) would "
        f"have to average {between(rest)} per cent."
        if impossible
        else "",
    )
    least = _least(absent, joints)
    if not impossible and least is not None:
        yield AuditCheck(
            "joints",
            "implausible",
            quoted,
            f"{names} average {between(share)}, at least {short(least)} by the other joints",
            f"For the mean of {mean.printed.text} the joints that are not printed ({names}) "
            f"average {between(share)}; beside the other joints known networks have "
            f"{short(least)} at least."
            if share.high <= least
            else "",
        )


def _rest(mean: PrintedFigure, joints: Mapping[str, PrintedFigure]) -> Span:
    """What the joints that are not printed average."""
    rest = span(mean.printed).times(sum(map(sum, COUNTS.values())))
    weight = 0
    for name, counts in COUNTS.items():
        if name in joints:
            rest += _sum(joints[name], counts).times(-1)
        else:
            weight += sum(counts)
    return rest.times(Fraction(1, weight)) if weight else ZERO


def _sum(joint: PrintedFigure, counts: tuple[int, ...]) -> Span:
    """Hits in hundredths: the sides may differ, as far as their plain mean allows."""
    share = span(joint.printed)
    apart = min(2 * share.high, 2 * (100 - share.low), Fraction(100))
    slack = max(apart, Fraction(0)) * (max(counts) - min(counts)) / 2
    return share.times(sum(counts)) + Span(-slack, slack)


def _least(absent: list[str], joints: Mapping[str, PrintedFigure]) -> Fraction | None:
    """What the absent joints average at least, by the joints outward of them."""
    lows: dict[str, Fraction] = {name: one.printed.low for name, one in joints.items()}
    weights = {name: sum(COUNTS[name]) for name in absent}
    for name, (outer, points) in ABOVE.items():
        if name in absent and outer in lows:
            lows[name] = min(lows[outer] + points, Fraction(100))
    if not absent or not set(absent) <= set(lows):
        return None
    return sum((lows[name] * weights[name] for name in absent), Fraction(0)) / sum(weights.values())


def _listed(names: list[str]) -> str:
    return ", ".join(name.lower() for name in names) or "none"
