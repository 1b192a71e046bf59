"""The nodes of a Ray cluster: what each has, and which of them can make a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.errors import RunError
from repro.executors import node
from repro.executors.node import Home
from repro.records.runs import Run, TimingRun


@dataclass(frozen=True)
class Node:
    """What a node has in all."""

    name: str
    """Ray's own"""
    cpus: float
    gpus: float = 0.0
    memory: float = 0.0
    """bytes"""
    machine: str = ""
    """its class; empty for that of this machine"""
    shared: bool = True
    """whether it sees the store of the driver"""

    def whole(self, run: Run) -> dict[str, object]:
        """What a run asks of Ray that takes this node to itself."""
        return {**pinned(self.name), "num_cpus": self.cpus, "num_gpus": run.resources.gpus}


def share(run: Run, cpus: int, nodes: Sequence[Node]) -> dict[str, object]:
    """What a run asks of Ray that runs beside others: no more than the largest of these nodes has.

    What no node has Ray would wait for without an end.
    """
    largest = max(nodes, key=lambda one: (one.cpus, one.memory))
    asked = {"num_cpus": min(cpus, largest.cpus), "num_gpus": run.resources.gpus}
    memory = min(run.resources.memory or 0, largest.memory)
    return {**asked, "memory": memory} if memory else {**asked}


def pinned(name: str) -> dict[str, object]:
    """What a task asks of Ray that must go to one node."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(name, soft=False)}


def listed(home: Home, started: bool) -> list[Node]:
    """The nodes that are alive; the only one where Ray was started here is this machine."""
    import ray

    known: list[dict[str, object]] = ray.nodes()  # type: ignore[no-untyped-call]
    alive = [one for one in known if one["Alive"]]
    if started:
        return [_node(one, "", True) for one in alive]
    look = ray.remote(num_cpus=0, max_retries=0)(node.look)
    told = [look.options(**pinned(str(one["NodeID"]))).remote(home) for one in alive]
    found = []
    for one, reference in zip(alive, told, strict=True):
        try:
            found.append(_node(one, *ray.get(reference)))
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError:
            continue  # it has died since
    return found


def _node(facts: dict[str, object], machine: str, shared: bool) -> Node:
    has = facts["Resources"]
    assert isinstance(has, dict)
    memory = 0.0 if not machine else has.get("memory", 0.0)
    cpus, gpus = has.get("CPU", 0.0), has.get("GPU", 0.0)
    return Node(str(facts["NodeID"]), cpus, gpus, memory, machine, shared)


def fitting(run: Run, nodes: Sequence[Node]) -> list[Node]:
    """The nodes that have what a run takes: of a timing, those of the class it was planned for."""
    return [
        one
        for one in nodes
        if one.cpus >= 1
        and one.gpus >= run.resources.gpus
        and (not isinstance(run, TimingRun) or one.machine in ("", run.machine))
    ]


def lacking(run: Run, nodes: Sequence[Node]) -> RunError:
    """Why no node can make a run."""
    if isinstance(run, TimingRun):
        classes = ", ".join(f"`{name}`" for name in dict.fromkeys(one.machine for one in nodes))
        return RunError(
            f"it was planned for `{run.machine}`, and the nodes are {classes}: speeds of two "
            "classes of machines are never mixed.",
            "Plan it on a machine of the class that is to be timed.",
        )
    most = max((one.gpus for one in nodes), default=0)
    return RunError(
        f"it takes {run.resources.gpus} GPUs, and no node has more than {most:.0f}.",
        "Add such a node, or take fewer devices.",
    )
