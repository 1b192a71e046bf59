"""What a plan would cost, for a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table

from repro.estimates.devices import SecondsRange
from repro.estimates.forecast import BytesNeeded, Forecast
from repro.report.text import counted

HOUR = 3600.0
UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def forecast(found: Forecast) -> RenderableType:
    """The networks, dearest first, then the totals."""
    table = Table(title=f"on {found.on}: {found.device}", title_justify="left", box=None)
    for name in ("paper", "network"):
        table.add_column(name)
    for name in ("trainings", "evaluations", "device hours", "share", "device memory"):
        table.add_column(name, justify="right")
    for cost in found.networks:
        short = "" if cost.fits in (None, True) else " too much"
        table.add_row(
            cost.paper,
            cost.network,
            str(cost.trainings),
            str(cost.evaluations),
            hours(cost.seconds),
            f"{cost.share:.1%}",
            f"{size(cost.memory)}{short}",
        )
    return Group(table, *lines(found))


def lines(found: Forecast) -> Iterator[str]:
    """The totals, in words."""
    runs = ", ".join(counted(count, kind) for kind, count in found.runs.items())
    yield f"runs to make: {runs or 'none'}"
    for paper, seconds in found.papers.items():
        yield f"{paper or 'of no paper'}: {hours(seconds)} device hours"
    yield f"in all: {hours(found.seconds)} device hours"
    if found.kwh is not None:
        yield f"at most {found.kwh:,.0f} kWh of the devices, at full power all the time"
    walls = " · ".join(f"{one.machines}: {days(one.seconds)}" for one in found.walls)
    yield f"wall time by machines of {found.on}: {walls}"
    yield from _bytes(found.bytes)
    if found.unsized:
        yield f"of unpublished size, and not counted: {', '.join(found.unsized)}"
    for why, count in found.left_out.items():
        yield f"not in it, {count}: {why}"
    yield from found.words


def _bytes(needed: BytesNeeded) -> Iterator[str]:
    yield (
        f"disk: weights {size(needed.weights)}, predictions about {size(needed.predictions)}, "
        f"records about {size(needed.records)}; {size(needed.meanwhile)} while the largest "
        "training is under way"
    )
    yield f"downloads: {size(needed.downloads)}, twice that while archives are unpacked"
    yield f"memory: up to {size(needed.device)} on a device, about {size(needed.host)} a process"


def hours(seconds: SecondsRange) -> str:
    """`12.3 (4 to 30)`; the figure alone where there is no interval."""
    middle = _number(seconds.mid / HOUR)
    if seconds.low == seconds.high:
        return middle
    return f"{middle} ({_number(seconds.low / HOUR)} to {_number(seconds.high / HOUR)})"


def days(seconds: SecondsRange) -> str:
    """`3.1 days`, or hours below two days."""
    if seconds.mid < 2 * 24 * HOUR:
        return f"{hours(seconds)} h"
    factor = 1 / 24
    return f"{hours(seconds.times(factor))} days"


def size(number: int) -> str:
    """`1.5 GiB`."""
    for unit, name in UNITS:
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number} B"


def _number(value: float) -> str:
    """Two or three digits; what is nearly nothing as such."""
    if 0 < value < 0.01:
        return "<0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
