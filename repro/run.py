"""Make the records that a plan needs: take what the store has, run the rest."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from repro import env
from repro.errors import RunError
from repro.spec import Spec
from repro.store import Record, Store

if TYPE_CHECKING:
    from repro.runners.count import Count

Tell = Callable[[Spec, str], None]
"""called with each spec and what became of it: cached, done, failed"""


def fill(specs: Sequence[Spec], store: Store, tell: Tell, fresh: bool = False) -> list[RunError]:
    """Run what is missing and write each record as soon as it is there.

    A run that fails does not stop the others; its error is returned.
    """
    failures = []
    if fresh or any(store.find(spec) is None for spec in specs):
        store.check()
    for spec in specs:
        if not fresh and store.find(spec) is not None:
            tell(spec, "cached")
            continue
        try:
            store.add(measure(spec), again=fresh)
        except RunError as error:
            failures.append(error)
            tell(spec, "failed")
        else:
            tell(spec, "done")
    return failures


def counted(spec: Spec, conventions: tuple[str, ...] | None = None) -> "Count":
    """Count one model; raise RunError if it cannot be run."""
    from repro.runners import count

    try:
        return count.run(spec, conventions)
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise RunError(f"{spec} failed: {error or type(error).__name__}") from error


def measure(spec: Spec) -> Record:
    """Run one spec and describe what it gave; raise RunError if the model cannot do it."""
    from repro.runners import count

    found = counted(spec)
    return Record(
        key=spec.key,
        spec=spec.described(),
        measurements=count.measurements(found),
        env=env.fingerprint(),
        parts=tuple(count.outline(found)),
        uncounted=found.uncounted,
    )
