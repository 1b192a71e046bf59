"""A timing as a run: what is timed and how, before it is begun."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repro import env
from repro.records.requirements import SpeedRequirement
from repro.records.runs import TimingRun
from repro.speed.measure.procedures import TimingSettings, adapted
from repro.speed.measure.subjects import Subject
from repro.speed.results import recording

if TYPE_CHECKING:
    from repro.plans.planned import RunSettings


def run_of(subjects: Sequence[Subject], settings: TimingSettings, device: str = "cpu") -> TimingRun:
    """The run that times subjects on a device of this machine."""
    chosen, settings = adapted(subjects, settings)
    facts = recording.asked(chosen) | {"device": device, "machine": recording.machine()}
    return TimingRun.read({**facts, "settings": settings.described()})


def of_column(
    wanted: SpeedRequirement, settings: "RunSettings"
) -> tuple[TimingRun, tuple[tuple[Subject, ...], TimingSettings]]:
    """The timing that a printed column asks for, each network run in the plain way."""
    subjects = tuple(
        Subject(
            network.model, network.input, network.keypoints, wanted.batch, options=network.options
        )
        for network in wanted.networks
    )
    chosen = TimingSettings(
        threads=settings.threads or env.cores(),
        budget=settings.budget,
        rehearsal=wanted.rehearsal,
    )
    return run_of(subjects, chosen), (subjects, chosen)
