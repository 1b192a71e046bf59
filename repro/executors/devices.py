"""A training on several devices of a node: one process for each, which torchrun starts."""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

from repro.errors import RunError
from repro.files import temporary_folder
from repro.models import registry
from repro.plans.planned import PlannedRun
from repro.plans.watch import Silent
from repro.records.runs import TrainingRun
from repro.records.store import Store
from repro.run import Attempt, Course


def count(planned: PlannedRun) -> int:
    """How many devices a run is made on at once."""
    run = planned.run
    return int(run.execution["devices"]) if isinstance(run, TrainingRun) else 1


def made(planned: PlannedRun, folder: Path, processes: int) -> Attempt:
    """Make a run by several processes whose files go to the store in a folder."""
    with temporary_folder() as place:
        asked, answer = place / "asked", place / "answer"
        asked.write_bytes(pickle.dumps((planned, folder, os.getpid())))
        torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node")
        words = (*torchrun, str(processes), "-m", __name__, str(asked), str(answer))
        around = {**os.environ, **registry.variables()}
        code = subprocess.run((sys.executable, *words), env=around, check=False).returncode
        if answer.is_file():
            attempt = pickle.loads(answer.read_bytes())
            assert isinstance(attempt, Attempt)
            return attempt
    return Attempt(error=RunError(f"torchrun ended with {code}, and no process gave a result."))


def take_part(asked: Path, answer: Path) -> None:
    """Be one of these processes, and the one that answers if it is the first."""
    registry.load()
    planned, folder, asker = pickle.loads(asked.read_bytes())
    threading.Thread(target=_end_with, args=(asker,), daemon=True).start()
    attempt = Course(Store(folder), Silent()).made(planned)
    if os.environ["RANK"] == "0":
        answer.write_bytes(pickle.dumps(attempt))


def _end_with(asker: int) -> None:
    """End this process with the one that asked for it, which torchrun does not watch."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(asker).wait()
    os._exit(1)


if __name__ == "__main__":
    take_part(Path(sys.argv[1]), Path(sys.argv[2]))
