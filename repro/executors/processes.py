"""Runs side by side in processes of this machine, one run at a time in each."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from repro import env
from repro.executors import worker
from repro.executors.spreading import Ended, spread
from repro.models import registry
from repro.plans.planned import Plan, PlannedRun
from repro.processes import ending
from repro.run import Attempt, Course


@dataclass(frozen=True)
class LocalProcesses:
    """Makes counts and evaluations in so many processes, which share the cores.

    Each network takes as many threads as in one process, since their number moves its last digits;
    with many workers it is faster to choose fewer, as `--threads 1`. What takes the machine or a
    GPU is made in this process, while nothing else goes on. The processes import the main module
    of this one, so that a script must run below `if __name__ == "__main__"`.
    """

    workers: int

    def __call__(self, plan: Plan, course: Course) -> None:
        """Make the runs of a plan."""
        spread(plan, course, ProcessPool(course, self.workers))


class ProcessPool:
    """Processes of this machine; each is a pool of its own, so that none dies with another."""

    def __init__(self, course: Course, workers: int) -> None:
        self.course = course
        self.context = multiprocessing.get_context("spawn")
        self.lifeline, self.held = self.context.Pipe(duplex=False)
        self.idle = [self._process() for _ in range(workers)]
        self.going: dict[Future[Attempt], tuple[PlannedRun, ProcessPoolExecutor]] = {}
        self.made: list[Ended] = []
        """in this process"""

    def has_room(self, planned: PlannedRun) -> bool:
        """Whether a process is idle; or all are, where the run takes the machine or a GPU."""
        if self.made:
            return False
        return not self.going if takes_machine(planned) else bool(self.idle)

    def begin(self, planned: PlannedRun) -> None:
        """Hand a run to an idle process, or make it here and now."""
        if takes_machine(planned):
            self.made.append(Ended(planned, self.course.made(planned)))
            return
        process = self.idle.pop()
        with ending.not_to_children():
            future = process.submit(worker.make, planned, self.course.store.folder)
        self.going[future] = planned, process

    def ended(self, seconds: float) -> Sequence[Ended]:
        """The runs that have come to an end; a process that died is replaced."""
        if self.made:
            ended, self.made = self.made, []
            return ended
        return [self._ended(future) for future in wait(self.going, seconds, FIRST_COMPLETED).done]

    def close(self) -> None:
        """Let go of the line that keeps the processes alive, and wait for their end."""
        self.held.close()
        for process in [*self.idle, *(process for _, process in self.going.values())]:
            process.shutdown(cancel_futures=True)
        self.lifeline.close()

    def _ended(self, future: "Future[Attempt]") -> Ended:
        planned, process = self.going.pop(future)
        try:
            attempt = future.result()
        except BrokenProcessPool:
            process.shutdown()
            self.idle.append(self._process())
            return Ended(planned, None)
        self.idle.append(process)
        return Ended(planned, attempt)

    def _process(self) -> ProcessPoolExecutor:
        """A process, which starts when it gets its first run."""
        variables = {**env.thread_variables(shared=True), **registry.variables()}
        asked = self.lifeline, variables
        return ProcessPoolExecutor(1, self.context, initializer=worker.start, initargs=asked)


def takes_machine(planned: PlannedRun) -> bool:
    """Whether nothing may run beside it on one machine."""
    assert planned.run is not None
    resources = planned.run.resources
    return resources.alone or resources.gpus > 0
