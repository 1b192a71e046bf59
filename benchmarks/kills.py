"""Trainings and evaluations killed at random moments, and repeated: are the records the same?

    python benchmarks/kills.py [--kills 20] [--seed 0] [--writes] [--json]

Two commands on small generated pictures: `run paper1 table4 --train smoke`, trainings and then
evaluations, and `run paper1 table4 --seeds 1`, trainings with a checkpoint after every step and an
evaluation of their own. Each is carried out once without a disturbance. Then, in turn and in a new
store each time, it is begun, killed by SIGKILL at a moment drawn evenly from its time, and
repeated. With --writes it is killed instead just before and just after each file that it writes
gets its name. The store must end with the same files to the byte, and no other; $SOURCE_DATE_EPOCH
freezes the time that records keep. `repro records gc` may clear what a killed writing left.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "smoke": ("--row", "F(x)=x*", "--train", "smoke", "--no-write"),
    "ablation": ("--seeds", "1", "--epochs", "2"),
}
"""what follows `repro run paper1 table4 --data DATA --store STORE`"""
DRIVER = """
import os, signal, sys
from pathlib import Path
import cli
from repro import run
from repro.evaluation import probe
from repro.training import ablation, choice, runs, trainer

choice.SMALL, choice.SMOKE_STEPS = (64, 64), 4
trainer.PAUSE = 0.0  # a checkpoint after every step
rows = ablation.rows
ablation.rows = lambda *words: rows(*words)[:2]
when, _, number = os.environ.get("KILLED", "").partition(" ")
writes = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def renamed(name):
    real = getattr(Path, name)
    def other(path, *words):
        global writes
        ours = ".repro-" in f"{path} {words}"
        writes += ours
        if ours and when == "before" and writes == int(number):
            die()
        found = real(path, *words)
        if ours and when == "after" and writes == int(number):
            die()
        return found
    setattr(Path, name, other)

renamed("replace")
renamed("hardlink_to")
Path(os.environ["BEGUN"]).touch()
try:
    cli.main()
finally:
    Path(os.environ["BEGUN"]).write_text(str(writes))
"""


@dataclass(frozen=True)
class Kill:
    """One command that was killed, and repeated."""

    command: str
    moment: str
    during: str
    """what the store had by then"""
    same: bool
    """whether the store ended with the same files"""
    cleared: int
    """files that only `records gc` cleared"""
    seconds: float
    """of the repetition"""


def main() -> int:
    """Print what became of each kill; 1 where a store ended otherwise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--writes", action="store_true")
    parser.add_argument("--command", choices=COMMANDS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    names = [given.command] if given.command else list(COMMANDS)
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name))
        found = []
        for kill in place.kills(names, given.kills, random.Random(given.seed), given.writes):
            found.append(kill)
            if not given.json:
                print(
                    f"{len(found):3}  {kill.command:8}  {kill.moment:10}  {kill.during:42}  "
                    f"{'same' if kill.same else 'OTHER'}  {kill.cleared} cleared  "
                    f"{kill.seconds:.1f} s",
                    flush=True,
                )
    same = sum(one.same for one in found)
    if given.json:
        print(json.dumps({"kills": [asdict(one) for one in found], "same": same}))
    else:
        when = Counter(one.during for one in found)
        print(f"{same} of {len(found)} ended with the same files; killed with {dict(when)}")
    return 0 if same == len(found) else 1


@dataclass(frozen=True)
class Place:
    """A folder with generated pictures, and the stores of the commands."""

    folder: Path

    def kills(
        self, names: list[str], count: int, dice: random.Random, writes: bool
    ) -> Iterator[Kill]:
        """Each kill; the commands in turn, or write after write."""
        self.repro("data", "synth", "data", "--train", "4", "--val", "2")
        whole = {}
        for name in names:
            store = self.folder / f"{name}-whole"
            seconds, made = self.finished(name, store)
            whole[name] = (contents(store), seconds, made)
        if writes:
            moments = [
                (name, f"{when} {number + 1}")
                for name in names
                for number in range(whole[name][2])
                for when in ("before", "after")
            ]
        else:
            moments = [(names[place % len(names)], "") for place in range(count)]
        for name, moment in moments:
            yield self.kill(name, moment, *whole[name][:2], dice)

    def kill(
        self,
        name: str,
        moment: str,
        wanted: Mapping[str, str],
        seconds: float,
        dice: random.Random,
    ) -> Kill:
        """Kill a command at a moment, by default one of its time, and repeat it."""
        store = self.folder / "store"
        while True:
            shutil.rmtree(store, ignore_errors=True)
            pause = dice.uniform(0, seconds)
            if self.killed(name, store, moment, pause):
                break
        during = state_of(store)
        took, _ = self.finished(name, store)
        left = set(contents(store)) - set(wanted)
        self.repro("records", "gc", "--store", str(store))
        same = contents(store) == wanted
        return Kill(name, moment or f"{pause:.2f} s", during, same, len(left), took)

    def finished(self, name: str, store: Path) -> tuple[float, int]:
        """Carry a command out; the seconds after all imports, and how many files it wrote."""
        begun = self.folder / "begun"
        begun.unlink(missing_ok=True)
        with self.started(name, store, begun) as process:
            self.wait(process, begun)
            start = time.monotonic()
            _, error = process.communicate()
        if process.returncode:
            raise SystemExit(f"{name} ended with {process.returncode}:\n{error}")
        return time.monotonic() - start, int(begun.read_text())

    def killed(self, name: str, store: Path, moment: str, pause: float) -> bool:
        """Begin a command and kill it; False where it was at its end before."""
        begun = self.folder / "begun"
        begun.unlink(missing_ok=True)
        with self.started(name, store, begun, moment) as process:
            self.wait(process, begun)
            if not moment:
                try:
                    process.wait(pause)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
            process.communicate()
        return process.returncode == -signal.SIGKILL

    def wait(self, process: "subprocess.Popen[str]", begun: Path) -> None:
        """Until it has imported everything."""
        while not begun.exists() and process.poll() is None:
            time.sleep(0.002)

    def started(
        self, name: str, store: Path, begun: Path, moment: str = ""
    ) -> "subprocess.Popen[str]":
        """A command in a process of its own, whose time begins once everything is imported."""
        words = ("run", "paper1", "table4", "--data", "data", "--store", str(store))
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, *words, *COMMANDS[name], "--threads", "1"],
            cwd=self.folder,
            env={**self.environment, "BEGUN": str(begun), "KILLED": moment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def repro(self, *words: str) -> None:
        """Another command, to its end."""
        subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), *words],
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """One thread, a frozen clock, a cache of its own."""
        own = {"OMP_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "0", "PYTHONPATH": str(ROOT)}
        return {**os.environ, **own, "REPRO_CACHE": str(self.folder / "cache")}


def contents(store: Path) -> dict[str, str]:
    """Every file of a store, with the digest of its bytes."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def state_of(store: Path) -> str:
    """What a killed command has left, in words."""
    if not store.exists():
        return "nothing"
    found = [
        f"{len(list(store.glob('??/*.json')))} records",
        f"{len(list(store.glob('??/*/state/step-*.pt')))} checkpoints",
        f"{len(list(store.glob('??/*/shards/*.shard')))} shards",
        f"{len(list(store.rglob('.repro-*.tmp')))} halves",
    ]
    return ", ".join(one for one in found if not one.startswith("0 ")) or "no file"


if __name__ == "__main__":
    sys.exit(main())
