"""Orders of networks: by our times, beside print, and on several machines."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.report.printed_table import new_grid
from repro.verdicts.kinds import KINDS

if TYPE_CHECKING:
    from repro.comparing.speed_columns import ColumnBeside, OrderAgreement
    from repro.speed.results.merging import Merged
    from repro.speed.results.ranks import Correlation, OrderStability, TimedOrder


def fastest_first(order: "TimedOrder") -> Text:
    """`eager, fastest first: a < b ~ c`."""
    names = list(order.seconds)
    text = names[0]
    for name, other in pairwise(names):
        text += f" {'<' if (name, other) in order.faster else '~'} {other}"
    return Text(f"{order.way}, fastest first (~ cannot be told apart): {text}")


def standing(order: "OrderAgreement") -> Text:
    """How an order agrees with another, in one line."""
    words = f"{order.measure} of our times with {order.beside} {agreement(order.agreement)}"
    return Text(f"{order.way}: {words}")


def agreement(correlation: "Correlation") -> str:
    """`0.87 [0.60, 1.00] over 6 networks`."""
    interval = f"[{correlation.low:.2f}, {correlation.high:.2f}]"
    return f"{correlation.value:.2f} {interval} over {correlation.subjects} networks"


def threads(count: object) -> str:
    """`1 thread`, `2 threads`."""
    return f"{count} thread{'' if count == 1 else 's'}"


def beside(sides: "Sequence[ColumnBeside]") -> RenderableType:
    """Printed speeds beside ours, as ratios."""
    parts: list[RenderableType] = []
    for side in sides:
        grid = new_grid()
        grid.add_column("", no_wrap=True)
        for heading in ("printed", "ratio", "here", "95 % interval", "verdict"):
            grid.add_column(heading, justify="left" if heading == "verdict" else "right")
        for network in side.held:
            grid.add_row(
                Text(network.row),
                network.printed,
                f"{network.ratio:.2f}",
                f"{network.value:.2f}",
                f"{network.low:.2f} to {network.high:.2f}",
                Text(f"{network.verdict} {network.reason}".strip(), _colour(network.verdict)),
            )
        head = f"{side.title} · {side.way} · times as long as {side.reference}"
        tau = "" if side.tau is None else f"Kendall's tau {agreement(side.tau)}"
        parts += [Text(), Text(head, "bold"), grid, *([Text(tau)] if tau else [])]
    return Group(*parts)


def _colour(verdict: str) -> str:
    """Of a speed's verdict; a column of another kind of device has none."""
    return KINDS[verdict].colour if verdict else "dim"


def merged(runs: "Merged") -> RenderableType:
    """The picture of several machines."""
    parts: list[RenderableType] = [
        Text(
            f"{one.file}: {one.machine}, {threads(one.threads)}"
            + (f" · UNSTABLE: {one.unstable}" if one.unstable else "")
        )
        for one in runs.outputs
    ]
    for way, picture in runs.pictures.items():
        grid = new_grid()
        grid.add_column("time and rank", no_wrap=True)
        for file in picture.machines:
            grid.add_column(Text(file), justify="right")
        for name in picture.order:
            ranks = zip(runs.outputs, picture.ranks[name], strict=True)
            grid.add_row(
                Text(name),
                *(f"{1e3 * one.orders[way].seconds[name]:.2f} ms {rank:g}" for one, rank in ranks),
            )
        head = (
            f"{way} · {len(picture.order)} networks on {len(picture.machines)} machines · "
            f"Kendall's W {picture.concordance:.2f}"
        )
        taus = [
            Text(f"Kendall's tau of {one} and {other}: {tau:.2f}")
            for (one, other), tau in picture.taus.items()
        ]
        parts += [Text(), Text(head, "bold"), grid, *taus, *_pairs(picture)]
    return Group(*parts)


def _pairs(picture: "OrderStability") -> list[Text]:
    lines = [
        Text(
            f"swapped: {one.one} is faster than {one.other} on {one.faster} machines, "
            f"slower on {one.slower}",
            "yellow",
        )
        for one in picture.pairs
        if one.swaps
    ]
    open_ones = sum(not (one.faster or one.slower) for one in picture.pairs)
    firm = len(picture.pairs) - len(lines) - open_ones
    counts = f"{firm} of {len(picture.pairs)} pairs have one order wherever they can be told apart"
    return [*lines, Text(f"{counts}, {len(lines)} swap, {open_ones} can nowhere be told apart")]


def described(runs: "Merged") -> dict[str, object]:
    """The picture of several machines as plain data."""
    return {
        "machines": [
            {"file": one.file, "machine": one.machine, "threads": one.threads}
            | ({"unstable": one.unstable} if one.unstable else {})
            for one in runs.outputs
        ],
        "pictures": [
            {"way": asdict(way)} | _picture(picture) for way, picture in runs.pictures.items()
        ],
    }


def _picture(picture: "OrderStability") -> dict[str, object]:
    taus = [{"one": one, "other": other, "tau": tau} for (one, other), tau in picture.taus.items()]
    return {
        "order": picture.order,
        "ranks": dict(picture.ranks),
        "concordance": picture.concordance,
        "taus": taus,
        "pairs": [asdict(pair) | {"swaps": pair.swaps} for pair in picture.pairs],
    }
