"""The tables of docs/scale.md: what all four papers would cost, by devices, seeds and machines.

    python benchmarks/scale_table.py [--store FOLDER] [--on 1xA100 ...]

Every speed that FOLDER does not hold yet is measured on this machine, which takes 40 minutes on two
cores the first time and wants the machine to itself. Printed is Markdown.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from repro.estimates import devices, measuring, tasks
from repro.estimates.calibrations import LIMITS, Calibrations
from repro.estimates.forecast import Forecast, forecast
from repro.estimates.tasks import Tasks
from repro.plan import planned
from repro.plans import selection
from repro.plans.planned import RunSettings
from repro.records.store import Store
from repro.report.terminal.forecast_view import days, hours, size
from repro.report.terminal.progress import Steps

SEEDS = (1, 3, 5)
DEAREST = 8


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--store", type=Path, default=Path("records"))
    parser.add_argument("--on", nargs="*", default=["1xA100", "1xH100", "1xV100", "1xRTX3090"])
    given = parser.parse_args()
    calibrations = Calibrations(given.store)
    with tempfile.TemporaryDirectory() as folder:
        known = all_tasks(Path(folder), given.store)
        waiting = measuring.missing(known.trials, calibrations)
        with Steps(len(waiting), "speeds measured", show=True) as progress:
            failed = measuring.measure(known.trials, calibrations, progress)
    for key, why in failed.items():
        print(f"not measured: {key}: {why}", file=sys.stderr)
    here = measuring.rates_of(calibrations.find(LIMITS) or measuring.limits())
    found = {
        name: forecast(known, calibrations, devices.hardware(name), here)
        for name in (*given.on, devices.HERE)
    }
    seeded = [
        forecast(seeds(known, count), calibrations, devices.hardware(given.on[0]), here)
        for count in SEEDS
    ]
    for line in (*by_paper(found), "", *by_network(found[given.on[0]]), "", *by_seeds(seeded)):
        print(line)
    return 0


def all_tasks(folder: Path, store: Path) -> Tasks:
    """The tasks of all papers, trained by their own recipes."""
    tasks.write(folder)
    wanted = selection.select(selection.tables())
    settings = RunSettings(data=folder, train="paper")
    return tasks.of_plan(planned(wanted, Store(store), settings), folder)


def seeds(known: Tasks, count: int) -> Tasks:
    """Every training and what follows from it so many times."""
    return Tasks(
        [
            replace(task, chain=f"{task.chain} {seed}")
            for seed in range(count)
            for task in known.tasks
        ]
    )


def by_paper(found: dict[str, Forecast]) -> Iterator[str]:
    """Device hours of each paper on each device."""
    papers = list(next(iter(found.values())).papers)
    yield f"| device hours on | {' | '.join(papers)} | all | kWh at most |"
    yield f"|:--|{'--:|' * (len(papers) + 2)}"
    for name, one in found.items():
        cells = [hours(one.papers[paper]) for paper in papers]
        energy = "–" if one.kwh is None else f"{one.kwh:,.0f}"
        yield f"| {name} | {' | '.join(cells)} | {hours(one.seconds)} | {energy} |"


def by_network(one: Forecast) -> Iterator[str]:
    """The dearest networks on one device."""
    yield f"| on {one.on} | trainings | evaluations | device hours | share | device memory |"
    yield "|:--|--:|--:|--:|--:|--:|"
    for cost in one.networks[:DEAREST]:
        yield (
            f"| {cost.paper} {cost.network} | {cost.trainings} | {cost.evaluations} "
            f"| {hours(cost.seconds)} | {cost.share:.0%} | {size(cost.memory)} |"
        )


def by_seeds(found: Sequence[Forecast]) -> Iterator[str]:
    """Wall time by machines, and what is kept, with more seeds."""
    machines = [str(wall.machines) for wall in found[0].walls]
    yield f"| machines of {found[0].on} | {' | '.join(machines)} | weights | predictions |"
    yield f"|:--|{'--:|' * (len(machines) + 2)}"
    for count, one in zip(SEEDS, found, strict=True):
        walls = [days(wall.seconds) for wall in one.walls]
        kept = f"{size(one.bytes.weights)} | {size(one.bytes.predictions)}"
        label = f"{count} seed{'s' * (count > 1)}"
        yield f"| {label} | {' | '.join(walls)} | {kept} |"


if __name__ == "__main__":
    sys.exit(main())
