"""Runs side by side on Ray: on a cluster that is there, or one that is started on this machine."""

import contextlib
import logging
import pickle
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro import env
from repro.errors import ReproError
from repro.executors import node, nodes
from repro.executors.node import Cores, Delivery, Files, Home
from repro.executors.spreading import Ended, spread
from repro.files import temporary_file
from repro.models import registry
from repro.plans.planned import Plan, PlannedRun
from repro.processes import ending
from repro.run import Attempt, Course

if TYPE_CHECKING:
    from ray import ObjectRef

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
"""nothing is told to Ray's makers, and what its daemons say stays in Ray's own logs"""
OBJECTS = 2**28
"""bytes that Ray may hold of results, where it is started here"""


@dataclass(frozen=True)
class RayCluster:
    """Makes every run of a plan as a task of Ray, with what it takes of a node.

    With an address on a cluster that is there, whose nodes have this version of the project, and
    the data at the same paths; else on this machine, with so many workers.
    """

    workers: int | None = None
    """runs at a time, where it is started here; one a core by default"""
    address: str | None = None

    def __call__(self, plan: Plan, course: Course) -> None:
        """Make the runs of a plan; on the cluster that this process is in already, if it is."""
        with contextlib.ExitStack() as stack:
            started = stack.enter_context(self._connected())
            home = stack.enter_context(_home(course, marked=not started))
            spread(plan, course, RayPool(course, home, started))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[bool]:
        """Whether Ray is started here; then it is stopped at the end, else left as it was."""
        env.set_variables(QUIET)
        import ray

        if ray.is_initialized():
            yield False
            return
        try:
            with ending.handled():
                self._begin()
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = f"at `{self.address}`" if self.address else "on this machine"
            raise ReproError(f"Ray cannot be had {where}: {error}", "See `ray status`.") from error
        try:
            yield self.address is None
        finally:
            ray.shutdown()

    def _begin(self) -> None:
        """Start Ray here, or find the cluster."""
        import ray

        if self.address is not None:
            ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR)
            return
        ray.init(
            "local",
            num_cpus=self.workers or env.cores(),
            object_store_memory=OBJECTS,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )


@contextlib.contextmanager
def _home(course: Course, marked: bool) -> Iterator[Home]:
    """The store as nodes may know it, marked while the plan goes on."""
    folder = course.store.folder.absolute()
    if not marked:
        yield Home(folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with temporary_file(folder) as mark:
        mark.touch()
        yield Home(folder, mark)


class RayPool:
    """The nodes of a cluster, each with so many CPUs of Ray's as runs go on there at a time."""

    def __init__(self, course: Course, home: Home, started: bool) -> None:
        import ray

        self.course, self.home, self.started = course, home, started
        self.task = ray.remote(max_retries=0)(_make)
        self.going: dict[ObjectRef[Delivery], Submitted] = {}
        self.refused: list[Ended] = []
        self.sent: dict[str, ObjectRef[Files]] = {}
        """key of a run -> the files beside its record, for nodes that do not see the store"""
        self.nodes = nodes.listed(home, started)

    def has_room(self, planned: PlannedRun) -> bool:
        """Always: Ray lets a run wait until what it takes is free."""
        return True

    def begin(self, planned: PlannedRun) -> None:
        """Hand a run to Ray; it has failed where no node has what it takes."""
        assert planned.run is not None
        fitting = nodes.fitting(planned.run, self.nodes)
        if not fitting:
            error = nodes.lacking(planned.run, self.nodes)
            self.refused.append(Ended(planned, Attempt(error=error)))
            return
        burden = Counter(submitted.node for submitted in self.going.values())
        chosen = min(fitting, key=lambda one: burden[one.name])
        alone = planned.run.resources.alone
        cores = 1 if self.started else planned.run.resources.cores
        asked = chosen.whole(planned.run) if alone else nodes.share(planned.run, cores, fitting)
        most = None if alone or self.started else cores
        variables = {**env.thread_variables(shared=not alone), **registry.variables()}
        given = Cores(variables, most)
        work = node.with_paths(planned.work, Path.absolute)
        packed = pickle.dumps(replace(planned, work=work))
        sent = {key: self._sent(key) for key in planned.needs if not self._all_shared}
        reference = self.task.options(**asked).remote(packed, self.home, given, sent)
        self.going[reference] = Submitted(planned, chosen.name if alone else "")

    def ended(self, seconds: float) -> Sequence[Ended]:
        """The runs that have come to an end."""
        import ray

        if self.refused:
            refused, self.refused = self.refused, []
            return refused
        done, _ = ray.wait(list(self.going), timeout=seconds)
        return [self._ended(reference) for reference in done]

    def close(self) -> None:
        """Cancel whatever goes on or waits."""
        import ray

        for reference in self.going:
            ray.cancel(reference, force=True)

    def _ended(self, reference: "ObjectRef[Delivery]") -> Ended:
        import ray
        from ray.exceptions import RayError, RayTaskError

        planned = self.going.pop(reference).planned
        try:
            delivery = ray.get(reference)
        except RayTaskError:
            raise
        except RayError:  # its process or its node is gone
            self.nodes = nodes.listed(self.home, self.started)
            return Ended(planned, None)
        return Ended(planned, node.received(delivery, self.course.store))

    @property
    def _all_shared(self) -> bool:
        return all(one.shared for one in self.nodes)

    def _sent(self, key: str) -> "ObjectRef[Files]":
        """The files beside the record of a run, in Ray's own store."""
        import ray

        if key not in self.sent:
            self.sent[key] = ray.put(node.files_of(key, self.course.store))
        return self.sent[key]


@dataclass(frozen=True)
class Submitted:
    """A run that Ray has."""

    planned: PlannedRun
    node: str = ""
    """that it takes as a whole; empty where Ray chooses one"""


def _make(
    packed: bytes, home: Home, cores: Cores, sent: "Mapping[str, ObjectRef[Files]]"
) -> Delivery:
    """The task that Ray carries out on a node."""
    import ray

    return node.make(packed, home, cores, lambda key: ray.get(sent[key]) if key in sent else None)
