"""What a node of a cluster does: it makes a run in the driver's store, or in one of its own.

Where a node does not see the folder of the store, what a run needs comes with it, and what it gives
goes back; the files of a run that was lost there are found again by the next one on that node. The
data sets lie at the same path on every node.
"""

import functools
import hashlib
import pickle
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path

from repro import env
from repro.errors import RunError
from repro.executors import worker
from repro.files import write_whole
from repro.models import registry
from repro.plans.planned import PlannedRun
from repro.records.record import Record
from repro.records.store import Store
from repro.run import LOG, Attempt

Files = Mapping[str, bytes]
"""name of a file beside a record -> what is in it"""


@dataclass(frozen=True)
class Home:
    """The store of the driver, as a node may know it."""

    folder: Path
    """absolute"""
    mark: Path | None = None
    """a file there, by which a node knows the folder; None where every node sees it"""

    @property
    def shared(self) -> bool:
        """Whether this node sees it."""
        return self.mark is None or self.mark.is_file()

    @property
    def stand_in(self) -> Path:
        """The folder of this node that does instead, the same for every run of the store."""
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"repro-store-{name}"


@dataclass(frozen=True)
class Delivery:
    """What came of a run, and the files beside its record that the driver does not see."""

    attempt: Attempt
    files: Files = field(default_factory=dict)


@dataclass(frozen=True)
class Cores:
    """How many threads a run takes of its node."""

    variables: Mapping[str, str | None]
    """of the environment, see `repro.env.thread_variables`; Ray sets some of its own"""
    most: int | None = None
    """None for as many as torch likes"""

    def take(self) -> None:
        """Make it so in this process, and in those that it starts."""
        env.set_variables(self.variables)
        import torch

        usual = _usual_threads()
        torch.set_num_threads(usual if self.most is None else min(self.most, usual))


@functools.cache
def _usual_threads() -> int:
    import torch

    return torch.get_num_threads()


def look(home: Home) -> tuple[str, bool]:
    """The class of this machine, and whether it sees the store of the driver."""
    from repro.speed.results import recording

    return recording.machine(), home.shared


def make(packed: bytes, home: Home, cores: Cores, fetch: Callable[[str], Files | None]) -> Delivery:
    """Make a run, which is unpacked once the threads are set.

    `fetch` gives the files of a run that it needs, None where the driver did not send them.
    """
    cores.take()
    registry.load()
    planned = pickle.loads(packed)
    assert isinstance(planned, PlannedRun) and planned.run is not None
    if replace(planned.run).key != planned.run.key:
        return _refused("its node has other code than the driver.", "Install the same everywhere.")
    if home.shared:
        return Delivery(worker.make(planned, home.folder))
    store = Store(home.stand_in)
    for key in planned.needs:
        files = fetch(key)
        if files is None:
            return _refused("its node came late, and does not see the store.", "Run it again.")
        _write(store.artifacts(key), files)
    work = with_paths(planned.work, lambda path: _below(path, home.folder, store.folder))
    attempt = worker.make(replace(planned, work=work), store.folder)
    if attempt.record is None:
        return Delivery(attempt)
    beside = store.artifacts(attempt.record.key)  # of a timing it is another one than the run's
    files = {name: (beside / name).read_bytes() for name in _kept(attempt.record, beside)}
    for folder in {beside, store.artifacts(planned.run.key)}:
        shutil.rmtree(folder, ignore_errors=True)
    return Delivery(attempt, files)


def _refused(reason: str, hint: str) -> Delivery:
    return Delivery(Attempt(error=RunError(reason, hint)))


def _kept(record: Record, folder: Path) -> list[str]:
    """The files that a record names; all that lie beside one that names none."""
    if record.artifacts or not folder.is_dir():
        return list(record.artifacts)
    return [path.name for path in folder.iterdir() if path.is_file() and path.name != LOG]


def received(delivery: Delivery, store: Store) -> Attempt:
    """What came of a run, its files put where the driver's store has them."""
    if delivery.attempt.record is not None:
        _write(store.artifacts(delivery.attempt.record.key), delivery.files)
    return delivery.attempt


def files_of(key: str, store: Store) -> Files:
    """The files beside the record of a run."""
    return {path.name: path.read_bytes() for path in store.artifacts(key).glob("*.*")}


def with_paths(value: object, change: Callable[[Path], Path]) -> object:
    """A value of dataclasses and tuples with every path in it changed."""
    if isinstance(value, Path):
        return change(value)
    if isinstance(value, tuple):
        return tuple(with_paths(part, change) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in fields(value) if part.init}
        changed = {name: with_paths(part, change) for name, part in parts.items()}
        return replace(value, **changed) if changed != parts else value
    return value


def _below(path: Path, old: Path, new: Path) -> Path:
    return new / path.relative_to(old) if path.is_relative_to(old) else path


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        write_whole(folder / name, content)
