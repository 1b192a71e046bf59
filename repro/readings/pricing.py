"""What a network costs: in closed form where there is one, else counted."""

import inspect
from collections.abc import Callable, Mapping

import zoo
from repro.errors import ReproError, unknown
from repro.models.outline import outline
from repro.papers.conventions import TRUE
from repro.readings import wlitepose
from repro.readings.layers import CONVENTIONS, Cost
from repro.records.runs import CountRun

CLOSED: Mapping[str, Callable[..., Cost]] = {"wlitepose_reading": wlitepose.costs}
"""builder in `zoo` -> its cost in closed form"""


def closed_form(model: str) -> Callable[..., Cost] | None:
    """What prices a network of the zoo without building it, if anything does."""
    return CLOSED.get(zoo.MODELS[model].builder)


def cost_of(run: CountRun, options: Mapping[str, object]) -> Cost:
    """The cost of a network in closed form; `options` may hold arrays of values.

    ReproError for an option that it does not have.
    """
    form, entry = CLOSED[zoo.MODELS[run.model].builder], zoo.MODELS[run.model]
    known = inspect.signature(form).parameters
    for name in options:
        if name not in known:
            raise unknown(f"option of `{run.model}`", name, known)
    return form(run.input, run.keypoints, **entry.options, **options)


class Prices:
    """Costs of networks by name, each counted once."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], tuple[int, Mapping[str, int]]] = {}

    def price(self, run: CountRun, metric: str, convention: str = TRUE) -> int:
        """The parameters of a network, or its multiply-accumulates by a convention."""
        if metric == "params" and closed_form(run.model) is None:
            convention = ""  # its forward pass, which is most of the time, tells no more of them
        key = run.key_of(""), convention
        if key not in self._counted:
            self._counted[key] = _priced(run, convention)
        params, macs = self._counted[key]
        return params if metric == "params" else macs[convention]


def _priced(run: CountRun, convention: str) -> tuple[int, Mapping[str, int]]:
    if closed_form(run.model) is not None:
        if convention not in (*CONVENTIONS, TRUE):
            raise ReproError(
                f"The cost of `{run.model}` has no closed form by `{convention}`.",
                f"It has by {', '.join(CONVENTIONS)}.",
            )
        cost = cost_of(run, run.options)
        return int(cost.params), {name: int(macs) for name, macs in cost.macs.items()}
    if not convention:
        network = outline(run.model, run.keypoints, run.options)
        return sum(parameter.numel() for parameter in network.parameters()), {}
    from repro.run import counted

    count = counted(run, (convention,))
    return count.params, count.macs
