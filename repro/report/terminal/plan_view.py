"""A plan in words and as plain data."""

from collections import Counter
from collections.abc import Iterator

from repro.plans.planned import CACHED, IMPOSSIBLE, TO_RUN, Estimate, Plan, PlannedRun
from repro.records.runs import KINDS
from repro.report.terminal.progress import duration
from repro.report.text import counted

STATES = {CACHED: "cached", TO_RUN: "to run", IMPOSSIBLE: "impossible"}
NOUNS = {"count": "count", "train": "training", "evaluate": "evaluation", "speed": "timing"}


def described(plan: Plan) -> dict[str, object]:
    """For --json."""
    lacking = [{"cells": count, "reason": why} for why, count in plan.lacking.items()]
    return {
        "cells": len(plan.wanted),
        "runs": [one.described() for one in plan.runs],
        "lacking": lacking,
        "totals": {state: sum(one.state == state for one in plan.runs) for state in STATES},
        "seconds": total(plan),
    }


def total(plan: Plan) -> float | None:
    """Seconds of all that is to be run, roughly; None where nothing tells of a run."""
    seconds = [one.estimate.seconds if one.estimate else None for one in plan.runs if to_run(one)]
    known = [one for one in seconds if one is not None]
    return None if len(known) < len(seconds) else round(sum(known), 1)


def to_run(run: PlannedRun) -> bool:
    """Whether a run is still to be made, and can be."""
    return run.state == TO_RUN


def lines(plan: Plan) -> Iterator[str]:
    """Every run that is there or can be made, then why others cannot."""
    parts = [counted(len(plan.wanted), "cell")]
    for kind in KINDS:
        states = Counter(run.state for run in plan.of(kind))
        if states:
            whole = counted(states.total(), NOUNS[kind])
            parts.append(f"{whole}, {states[CACHED]} of them cached")
    yield " · ".join(parts)
    for kind in KINDS:
        for run in plan.of(kind):
            estimate = f" · {told(run.estimate)}" if run.estimate else ""
            why = f" · {run.why}" if run.why else ""
            aside = " · beside print" if run.aside and kind == "evaluate" else ""
            yield f"  {STATES[run.state]}  {run.name}{aside}{estimate}{why}"
    for why, count in plan.lacking.items():
        yield f"  {counted(count, 'cell')} not possible here: {why}"
    seconds = total(plan)
    if seconds:
        yield f"about {duration(seconds)} in all"


def told(estimate: Estimate) -> str:
    """`about 3 s (the median of 78 counts in the store)`."""
    if estimate.seconds is None:
        return estimate.source
    return f"about {duration(estimate.seconds)} ({estimate.source})"
