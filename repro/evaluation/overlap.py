"""Load ahead, compute, finish behind: three stages of a run at the same time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Loaded = TypeVar("Loaded")
Computed = TypeVar("Computed")
Finished = TypeVar("Finished")


def overlapped(
    tasks: Iterable[Task],
    load: Callable[[Task], Loaded],
    compute: Callable[[Loaded], Computed],
    finish: Callable[[Computed], Finished],
    loaders: int = 2,
) -> Iterator[Finished]:
    """`finish(compute(load(task)))` of each task, in order.

    `compute` runs in the caller's thread while up to `loaders` threads load the next tasks and
    one thread finishes the last; the result does not depend on how many there are. Where a task
    fails, those before it are finished first.
    """
    waiting = iter(tasks)
    loading: deque[Future[Loaded]] = deque()
    finishing: deque[Future[Finished]] = deque()
    with ThreadPoolExecutor(loaders) as ahead, ThreadPoolExecutor(1) as behind:

        def load_more() -> None:
            while len(loading) <= loaders and (task := next(waiting, None)) is not None:
                loading.append(ahead.submit(load, task))

        failure: Exception | None = None
        try:
            load_more()
            while loading and failure is None:
                try:
                    computed = compute(loading.popleft().result())
                except Exception as error:
                    failure = error
                else:
                    load_more()
                    finishing.append(behind.submit(finish, computed))
                    if len(finishing) > 1:
                        yield finishing.popleft().result()
            while finishing:
                yield finishing.popleft().result()
            if failure is not None:
                raise failure
        finally:
            ahead.shutdown(cancel_futures=True)
            behind.shutdown(cancel_futures=True)
