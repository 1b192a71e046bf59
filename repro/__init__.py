"""Reproduce, cell by cell, the tables of papers on lightweight human pose estimation.

What is offered here lies in `repro.api` and is imported when it is first asked for, so that
`import repro` takes no time and no torch.
"""

from typing import TYPE_CHECKING

from repro.env import __version__ as __version__

if TYPE_CHECKING:
    from repro.api import (
        count_model,
        evaluate_model,
        execute,
        judge_cells,
        load_table,
        make_plan,
        time_models,
        train_model,
    )
    from repro.plans.planned import RunSettings
    from repro.records.store import Store

__all__ = [
    "RunSettings",
    "Store",
    "count_model",
    "evaluate_model",
    "execute",
    "judge_cells",
    "load_table",
    "make_plan",
    "time_models",
    "train_model",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module `repro` has no attribute `{name}`")
    from repro import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
