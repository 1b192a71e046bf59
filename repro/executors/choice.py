"""Which executor a user means."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from repro.errors import ReproError, unknown

if TYPE_CHECKING:
    from repro.run import Executor

LOCAL, RAY = "local", "ray"


def chosen(
    name: str = LOCAL, workers: int | None = None, address: str | None = None
) -> "Executor | None":
    """The executor of a name, with so many workers; None for this process alone.

    `address` is of a Ray cluster that is there; without one, Ray is started on this machine.
    """
    if name not in (LOCAL, RAY):
        raise unknown("executor", name, (LOCAL, RAY))
    if name == LOCAL and address is not None:
        raise ReproError("--address is of a Ray cluster.", "Say --executor ray, too.")
    if name == LOCAL:
        from repro.executors.processes import LocalProcesses

        return None if workers in (None, 1) else LocalProcesses(workers)
    if find_spec("ray") is None:
        raise ReproError(
            "--executor ray needs Ray, which is not installed.",
            "`pip install 'pose-repro[cluster]'`, on every node.",
        )
    if address is not None and workers is not None:
        raise ReproError(
            "A cluster that is there has its own workers.", "Leave --workers or --address out."
        )
    from repro.executors.cluster import RayCluster

    return RayCluster(workers, address)


def words(name: str, workers: int | None, address: str | None) -> tuple[str, ...]:
    """The options that mean the same on another command line; none for this process alone."""
    parts = {"--executor": name, "--workers": workers, "--address": address}
    given = {option: value for option, value in parts.items() if value not in (None, LOCAL)}
    return tuple(str(part) for pair in given.items() for part in pair)
