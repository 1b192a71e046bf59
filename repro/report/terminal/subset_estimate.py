"""What real images suggest of a printed accuracy; it stands below the chain to the verdict."""

from collections.abc import Iterator, Sequence

from rich.table import Table as Lines
from rich.text import Text

from repro.evidence import estimates
from repro.evidence.estimates import SIGN, SubsetEstimate
from repro.verdicts.digits import signed


def described(suggested: Sequence[SubsetEstimate]) -> dict[str, object]:
    """The same as plain data; nothing where nothing is suggested."""
    return {"estimates": [estimates.described(one) for one in suggested]} if suggested else {}


def shown(suggested: Sequence[SubsetEstimate]) -> Lines:
    """The estimates with a sign of their own, what they rest on, and what must be known of them."""
    grid = Lines(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column(width=9, style="dim")
    grid.add_column(overflow="fold")
    for estimate in suggested:
        for heading, text in _lines(estimate):
            grid.add_row(heading, Text(text))
    return grid


def _lines(estimate: SubsetEstimate) -> Iterator[tuple[str, str]]:
    """Heading and text of each line."""
    measured, prediction = estimate.measured, estimate.prediction
    bounds = (
        ""
        if measured.low is None or measured.high is None
        else f", 95 % interval {measured.low:.1f} to {measured.high:.1f}"
    )
    here = f"{measured.value:.2f} % on {estimate.images.title}{bounds}"
    if prediction is None:
        yield "estimate", f"{here}. {estimate.why}"
        return
    yield (
        "estimate",
        f"{SIGN} {estimate.metric} {prediction.value:.1f} on all of {estimate.images.whole}, 95 % "
        f"prediction interval {prediction.low:.1f} to {prediction.high:.1f}; no verdict",
    )
    yield "", f"{here}: {estimate.protocol}, record {estimate.record.key[:12]}"
    yield "", "published less ours there, of other networks:"
    for check in estimate.anchors:
        figure = check.measured
        if figure is not None and check.delta is not None:
            change = signed(f"{-check.delta:.2f}")
            both = f"{check.network.published} less {figure.value:.2f}"
            yield "", f"{change}  {check.network.label}, {both}"
    for remark in estimate.remarks:
        yield "", remark
