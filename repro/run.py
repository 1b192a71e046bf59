"""Make the records that a plan needs: take what the store has, run the rest."""

from collections.abc import Callable, Sequence

from repro import env
from repro.errors import RunError
from repro.spec import Spec
from repro.store import Record, Store

Tell = Callable[[Spec, str], None]
"""called with each spec and what became of it: cached, done, failed"""


def fill(specs: Sequence[Spec], store: Store, tell: Tell, fresh: bool = False) -> list[RunError]:
    """Run what is missing and write each record as soon as it is there.

    A run that fails does not stop the others; its error is returned.
    """
    failures = []
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


def measure(spec: Spec) -> Record:
    """Run one spec and describe what it gave; raise RunError if the model cannot do it."""
    from repro.runners import count

    try:
        counted = count.run(spec)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise RunError(f"{spec} failed: {error}") from error
    return Record(
        key=spec.key,
        spec=spec.described(),
        measurements=count.measurements(counted),
        env=env.fingerprint(),
        parts=tuple(count.outline(counted)),
        uncounted=counted.uncounted,
    )
