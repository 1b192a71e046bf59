"""All rules, and what they find."""

from collections.abc import Callable, Iterable, Iterator

from repro.errors import unknown
from repro.verdicts.audit import (
    agreement,
    area,
    borrowed,
    counted,
    dominated,
    headings,
    joints,
    order,
    splits,
    sums,
    weight_costs,
)
from repro.verdicts.audit.check import SEVERITIES, AuditCheck
from repro.verdicts.audit.evidence import Evidence

Rule = Callable[[Evidence], Iterator[AuditCheck]]

RULES: dict[str, tuple[Rule, str]] = {
    "order": (order.check, "AP, AP50, AP75, AR, APM and APL of a row bound each other"),
    "joints": (joints.check, "the mean PCKh against its joints, and the order of the joints"),
    "area": (area.check, "one network at two input sizes: cost and accuracy"),
    "agreement": (agreement.check, "what is printed twice, or elsewhere, is the same"),
    "elsewhere": (borrowed.check, "figures that others print for another split, size or device"),
    "splits": (splits.check, "figures of another split; what captions say"),
    "sums": (sums.check, "gains and their cells; switches alone and together"),
    "weights": (weight_costs.check, "what added weights cost at least, or a module at most"),
    "dominated": (dominated.check, "own networks that another row beats in everything"),
    "headings": (headings.check, "units, suffixes, counting rules and sizes in print"),
    "counted": (counted.check, "costs of another data set or input, by our counts"),
}


def named(names: Iterable[str]) -> list[str]:
    """Names of rules, checked; all of them for none."""
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        if name not in RULES:
            raise unknown("rule", name, RULES)
    return chosen or list(RULES)


def run(evidence: Evidence, names: Iterable[str], paper: str = "") -> list[AuditCheck]:
    """The checks of some rules that concern a paper, or any: findings first, the gravest at the
    head."""
    checks = [check for name in names for check in RULES[name][0](evidence)]
    if paper:
        checks = [check for check in checks if paper in check.papers]
    severity = list(SEVERITIES)
    return sorted(checks, key=lambda check: (not check.finding, severity.index(check.severity)))
