"""Tell what a plan would cost: what `plan` does with --estimate."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands.common import console, emit, warn
from repro.files import temporary_folder
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.commands.run_request import RunRequest
    from repro.estimates.forecast import Forecast
    from repro.plans.planned import Plan
    from repro.records.store import Store


def tell(request: "RunRequest", on: str, as_json: bool) -> None:
    """Print what the plan of a request would cost on some devices.

    Without data it is planned on a few generated pictures and reckoned with the official numbers.
    """
    from repro.estimates import devices, tasks
    from repro.plan import planned
    from repro.records.store import Store
    from repro.report.terminal import forecast_view

    devices.hardware(on)
    records = Store(request.store)
    wanted, settings = request.selected()
    with temporary_folder() as folder:
        pictures = None
        if settings.data is None and settings.train != "smoke":
            pictures = folder
            say("no --data: planned on a few generated pictures, with the official numbers")
            tasks.write(pictures)
            settings = replace(settings, data=pictures)
        graph = planned(wanted, records, settings)
        forecast = forecast_of(graph, records, on, pictures, show=not as_json)
    warn(records)
    if as_json:
        emit("plan", cells=len(wanted), forecast=asdict(forecast))
    else:
        console().print(forecast_view.forecast(forecast))


def forecast_of(
    graph: "Plan",
    store: "Store",
    on: str = "here",
    pictures: Path | None = None,
    show: bool = True,
) -> "Forecast":
    """What a plan would cost; what is not calibrated yet is measured, and kept beside the store.

    `pictures` is the folder of what was generated for a plan without data; see
    `repro.estimates.tasks`.
    """
    from repro.estimates import devices, forecast, measuring, tasks
    from repro.estimates.calibrations import LIMITS, Calibrations
    from repro.report.terminal.progress import Steps

    known, calibrations = tasks.of_plan(graph, pictures), Calibrations(store.folder)
    waiting = measuring.missing(known.trials, calibrations)
    if waiting and measuring.disturbed():
        say("warning: other programs are at work, so that speeds come out too low; to measure")
        say(f"         them again remove {calibrations.path}")
    with Steps(len(waiting), "speeds measured", show) as progress:
        failed = measuring.measure(known.trials, calibrations, progress)
    for key, why in failed.items():
        say(f"warning: not measured: {key}: {why}")
    limits = calibrations.find(LIMITS) or measuring.limits()
    here = measuring.rates_of(limits)
    return forecast.forecast(known, calibrations, devices.hardware(on), here)
