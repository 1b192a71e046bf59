"""The page of errors of poses: one HTML file that needs nothing else."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from repro.diagnosis import kinds
from repro.diagnosis.cases import FoundCase
from repro.diagnosis.findings import ErrorFindings
from repro.diagnosis.joint_curves import PCK, SIMILARITY
from repro.diagnosis.kinds import GOOD, JOINT_KINDS, KINDS
from repro.env import __version__
from repro.errors import StoreError
from repro.files import write_whole
from repro.records.remarks import Remark
from repro.report.html import error_curves
from repro.report.html.assets import STYLES, environment, joined, policy

GROUPS = {
    "joint": "By joint",
    "size": "By size of the person or pose",
    "overlap": "By other persons beside",
    "crowding": "By crowding of the image",
}
DrawnCase = tuple[FoundCase, bytes | None]
"""a case and its picture as JPEG"""


def write(
    path: Path, found: ErrorFindings, cases: Sequence[DrawnCase], remarks: Sequence[Remark]
) -> None:
    """Write the page; a StoreError where that is refused."""
    try:
        write_whole(path, render(found, cases, remarks))
    except OSError as error:
        raise StoreError(
            f"`{path}` cannot be written: {error.strerror}.", "Choose another --html."
        ) from error


def render(found: ErrorFindings, cases: Sequence[DrawnCase], remarks: Sequence[Remark]) -> str:
    """The page of one evaluation or of two, with pictures of the worst cases."""
    style = joined((*STYLES, "media.css", "errors.css"))
    templates = environment()
    templates.filters["base64"] = lambda content: base64.b64encode(content).decode()
    templates.filters["signed"] = lambda value: f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")
    return templates.get_template("errors.html").render(
        title=" and ".join(side.name for side in found.sides),
        found=found,
        two=len(found.sides) == 2,
        kinds=KINDS,
        limits=kinds,
        rows=(GOOD, *KINDS),
        joint_kinds=(GOOD, *reversed(JOINT_KINDS)),
        groups=_groups(found),
        charts={one: error_curves.charts(found, one) for one in (SIMILARITY, PCK)},
        cases=_by_kind(cases),
        remarks=[str(remark) for remark in remarks],
        style=Markup(style),  # our own files
        policy=policy(style),
        version=__version__,
    )


def _groups(found: ErrorFindings) -> dict[str, tuple[str, list[str], list[str]]]:
    """Group -> its title, its parts, and the kinds of errors that are told by it."""
    known: dict[str, tuple[str, list[str], list[str]]] = {}
    for group, title in GROUPS.items():
        shares = [one for one in found.shares if one.group == group]
        parts = list(dict.fromkeys(one.of for one in shares))
        told = {one.kind for one in shares}
        if parts:
            known[group] = title, parts, [kind for kind in (GOOD, *KINDS) if kind in told]
    return known


def _by_kind(cases: Sequence[DrawnCase]) -> Mapping[str, list[DrawnCase]]:
    """The cases of each kind, of which there is one."""
    found = {kind: [one for one in cases if one[0].kind == kind] for kind in KINDS}
    return {kind: of for kind, of in found.items() if of}
