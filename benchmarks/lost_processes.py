"""Plans that lose their driver, or a worker, at a random moment: are the records the same?

    python benchmarks/lost_processes.py [--kills 60] [--seed 0] [--executor local,ray] [--json]

A plan like that of `benchmarks/executors.py`, 60 counts and evaluations, by two workers. Its
network is two convolutions, so that most of the time goes to what a plan does between them.
It is made once by one process without a disturbance. Then, in turn and in a new store each time, it
is begun by an executor, and the driver or a worker is killed by SIGKILL within half a second after
one of its records, drawn evenly. A driver that is left goes on by itself; then the plan is carried
out once more. The store must end with the same named files to the byte, and no other, and every
record must be whole; $SOURCE_DATE_EPOCH freezes the time that records keep. No process of the
killed driver may be left that has still a run to make.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import executors
import psutil
from executors import RUNS

from repro.executors.choice import chosen
from repro.files import TEMPORARY
from repro.models import registry
from repro.records.runs import count_run
from repro.records.store import Store
from repro.run import carry_out

ROOT = Path(__file__).parent.parent
SIZE = (64, 48)
"""of the evaluations"""
SIDES = tuple(itertools.product(range(16, 112, 16), repeat=2))
"""of the counts"""
NETWORK = """
import torch


class TwoConvolutions(torch.nn.Module):
    def __init__(self, num_keypoints: int) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 8, 3, stride=4, padding=1)
        self.head = torch.nn.Conv2d(8, num_keypoints, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.stem(image).relu())


MODELS = {"two_convolutions": {"builder": "TwoConvolutions", "keypoints": 17, "stride": 4}}
"""
MOMENT = 0.5
"""seconds, the most between a record and what follows it"""
PATIENCE = 30.0
"""seconds in which the workers of a killed driver must end"""


@dataclass(frozen=True)
class Loss:
    """A process that was killed, and what the store was in the end."""

    executor: str
    who: str
    seconds: float
    """after the plan was begun"""
    records: int
    """that were there by then"""
    left: int
    """workers that did not end with their driver"""
    differ: tuple[str, ...]
    """files of the store that are not as they should be, or should not be"""
    stray: int
    """half-written files without a name of their own, which `repro records gc` removes"""


def main() -> int:
    """Print what became of each; 1 where a store ended otherwise or a worker was left."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--executor", default="local,ray")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        return carried_out(given.one[0], Path(given.one[1]), Path(given.one[2]))
    names, dice = given.executor.split(","), random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name))
        place.network.write_text(NETWORK)
        place.finish("one", "whole")
        for executor in names:
            place.finish(executor, executor)
        whole = contents(place.folder / "whole")
        ours = all(contents(place.folder / executor) == whole for executor in names)
        found = []
        for number in range(given.kills):
            executor, who = names[number % len(names)], dice.choice(("driver", "worker"))
            loss = None
            while loss is None:  # a plan that has come to its end is no loss
                loss = place.lose(executor, who, dice, whole)
            found.append(loss)
            if not given.json:
                print(f"{number + 1:3}  {found[-1]}", flush=True)
    good = sum(not one.differ and not one.left for one in found)
    if given.json:
        print(json.dumps({"losses": [asdict(one) for one in found], "good": good, "same": ours}))
    else:
        print(f"{good} of {len(found)} ended with the same records and no process left")
        print(f"{sum(one.stray for one in found)} half-written files are left")
        print(f"undisturbed, all executors give the same files: {ours}")
    return 0 if good == len(found) and ours else 1


@dataclass(frozen=True)
class Place:
    """A folder with the stores."""

    folder: Path

    @property
    def network(self) -> Path:
        """The file with the network."""
        return self.folder / "two_convolutions.py"

    def begin(self, executor: str, store: str) -> "subprocess.Popen[str]":
        """A driver, whose plan is begun once the file `begun` is there."""
        (self.folder / "begun").unlink(missing_ok=True)
        words = ("--one", executor, str(self.folder / store), str(self.folder))
        ours = {
            "SOURCE_DATE_EPOCH": "0",
            "PYTHONPATH": str(ROOT),
            "REPRO_MODULES": str(self.network),
        }
        process = subprocess.Popen(
            [sys.executable, __file__, *words],
            env={**os.environ, **ours},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not (self.folder / "begun").exists() and process.poll() is None:
            time.sleep(0.01)
        return process

    def finish(self, executor: str, store: str) -> float:
        """Carry the plan out to its end; the seconds that it took."""
        process, begun = self.begin(executor, store), time.monotonic()
        self.ended(process)
        return time.monotonic() - begun

    def ended(self, process: "subprocess.Popen[str]") -> None:
        """Wait for a driver that must end well."""
        _, said = process.communicate()
        if process.returncode:
            raise SystemExit(f"a driver ended with {process.returncode}:\n{said}")

    def lose(
        self, executor: str, who: str, dice: random.Random, whole: Mapping[str, str]
    ) -> Loss | None:
        """Begin a plan, kill a process at some moment, and carry the plan out to the end."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            store = Path(name)
            process = self.begin(executor, name)
            begun, enough = time.monotonic(), dice.randrange(RUNS)
            while process.poll() is None and (made(store) < enough or not workers_of(process.pid)):
                time.sleep(0.01)
            time.sleep(dice.uniform(0, MOMENT))
            workers, seconds = workers_of(process.pid), time.monotonic() - begun
            if not workers:
                self.ended(process)
                return None
            victim = psutil.Process(process.pid) if who == "driver" else dice.choice(workers)
            records, left = made(store), 0
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
            if who == "driver":
                process.communicate()
                left = remaining(workers)
            else:
                self.ended(process)
            self.finish(executor, name)
            torn = [str(path) for path, record in Store(store).all() if record is None]
            stray = len(list(store.glob(f"**/{TEMPORARY}")))
            found = contents(store).items() ^ whole.items()
            differ = tuple(sorted({name for name, _ in found} | set(torn)))
            return Loss(executor, who, round(seconds, 1), records, left, differ, stray)


def made(store: Path) -> int:
    """How many records are there."""
    return len(list(store.glob("??/*.json")))


def workers_of(driver: int) -> list[psutil.Process]:
    """The processes that make the runs of a driver."""
    found: list[psutil.Process] = []
    try:
        children = psutil.Process(driver).children(recursive=True)
    except psutil.NoSuchProcess:
        return found
    for process in children:
        try:
            words = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "spawn_main" in words or words.startswith(("ray::_make", "ray::IDLE")):
            found.append(process)
    return found


def remaining(workers: list[psutil.Process]) -> int:
    """How many workers do not end in time; a dead one that nobody has asked for has ended."""
    deadline = time.monotonic() + PATIENCE
    while True:
        alive = [one for one in workers if one.is_running() and one.status() != "zombie"]
        if not alive or time.monotonic() > deadline:
            return len(alive)
        time.sleep(0.1)


def contents(store: Path) -> dict[str, str]:
    """Every named file of a store with the digest of its bytes, but not the index."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.glob("??/**/*"))
        if path.is_file() and not path.match(TEMPORARY)
    }


def carried_out(executor: str, store: Path, folder: Path) -> int:
    """Be a driver."""
    registry.load()
    records, model = Store(store), "two_convolutions"
    counts = [count_run(model, size) for size in SIDES]
    plan = executors.sixty(folder, records, counts, SIZE, model)
    (folder / "begun").touch()
    outcome = carry_out(plan, records, executor=None if executor == "one" else chosen(executor, 2))
    for failure in outcome.failures:
        print(f"{failure} {failure.hint}", file=sys.stderr)
    return 6 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
