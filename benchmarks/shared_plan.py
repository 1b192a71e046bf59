"""Processes that carry out one plan on one store at once, and `gc` beside writers.

    python benchmarks/shared_plan.py [--processes 8] [--times 1] [--rounds 1000] [--json]

`repro run` of one table whose counts are all missing is begun in so many processes together. Each
run must be measured once in all, every process must end well, and the store must end with the
records that one process alone makes, to the byte but for their times. Then `records gc` runs so
many rounds beside two writers, which make, replace and break records and hold temporary files: no
writer may fail, and no whole record nor live file may go.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from repro.files import temporary_file
from repro.records import cleanup
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.runs import count_run
from repro.records.store import Store

ROOT = Path(__file__).parent.parent
TABLE = ("paper1", "table1", "--metric", "params,macs", "--no-write", "--quiet")
DRIVER = """
import os, sys
import cli
from repro import run

real = run.counted
def counted(asked, *words):
    count = real(asked, *words)
    with open(os.environ["MEASURED"], "a") as file:
        file.write(asked.key + "\\n")
    return count
run.counted = counted
cli.main()
"""


@dataclass(frozen=True)
class Shared:
    """Processes that carried out one plan together."""

    processes: int
    runs: int
    """of the plan"""
    measurements: int
    """in all processes"""
    ended_badly: int
    differ: int
    """records that are not as one process makes them"""
    left: int
    """files of the store that are no records"""
    seconds: float


@dataclass(frozen=True)
class Beside:
    """Rounds of gc beside writers."""

    rounds: int
    written: int
    """records and temporary files, meanwhile"""
    failures: tuple[str, ...]
    """of writers, and what was lost"""
    seconds: float


def main() -> int:
    """Print what became of both; 1 where anything was doubled, lost or failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        shared = [together(Path(name), given.processes, str(turn)) for turn in range(given.times)]
        rounds = beside(Path(name) / "beside", given.rounds)
    if given.json:
        print(json.dumps({"shared": [asdict(one) for one in shared], "gc": asdict(rounds)}))
    else:
        print(*shared, rounds, sep="\n")
    good = all(
        one.measurements == one.runs and not (one.ended_badly or one.differ or one.left)
        for one in shared
    )
    return 0 if good and not rounds.failures else 1


def together(folder: Path, processes: int, name: str = "0") -> Shared:
    """Carry the plan out in so many processes at once, and hold it against one alone."""
    alone = folder / "alone"
    if not alone.exists():
        ended(begun(folder, alone, "alone"))
    store, begin = folder / f"store-{name}", time.monotonic()
    going = [begun(folder, store, f"measured-{name}") for _ in range(processes)]
    codes = [ended(one) for one in going]
    seconds = time.monotonic() - begin
    keys = (folder / f"measured-{name}.txt").read_text().split()
    mine, whole = contents(store), contents(alone)
    return Shared(
        processes,
        len(whole),
        len(keys),
        sum(code != 0 for code in codes),
        len([key for key in mine.keys() | whole.keys() if mine.get(key) != whole.get(key)]),
        len([path for path in store.rglob("*") if path.is_file() and path.suffix != ".json"]),
        round(seconds, 1),
    )


def begun(folder: Path, store: Path, name: str) -> "subprocess.Popen[bytes]":
    """A process that carries the plan out, and notes what it measures."""
    ours = {"PYTHONPATH": str(ROOT), "MEASURED": str(folder / f"{name}.txt")}
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, "run", *TABLE, "--store", str(store)],
        cwd=folder,
        env={**os.environ, **ours},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def ended(process: "subprocess.Popen[bytes]") -> int:
    """The exit code of a process; what it said, where that is not 0."""
    _, said = process.communicate()
    if process.returncode:
        print(said.decode(errors="replace"), file=sys.stderr)
    return process.returncode


def contents(store: Path) -> dict[str, object]:
    """The figures of every record by its key; a torn one has none."""
    return {
        path.stem: None if record is None else (record.measurements, record.parts)
        for path, record in Store(store).all()
    }


def beside(folder: Path, rounds: int) -> Beside:
    """Collect so many times beside two writers."""
    done, written, failures = threading.Event(), Counter[str](), list[str]()
    writers = [
        threading.Thread(target=write, args=(folder, number, done, written, failures))
        for number in range(2)
    ]
    begin = time.monotonic()
    Store(folder).check()
    for writer in writers:
        writer.start()
    try:
        for _ in range(rounds):
            cleanup.collect(Store(folder), dry_run=False)
            time.sleep(0.001)  # the writers get on
    finally:
        done.set()
        for writer in writers:
            writer.join()
    if rounds and not written.total():
        failures.append("the writers wrote nothing")
    seconds = round(time.monotonic() - begin, 1)
    return Beside(rounds, written.total(), tuple(failures), seconds)


def write(
    folder: Path,
    number: int,
    done: threading.Event,
    written: "Counter[str]",
    failures: list[str],
) -> None:
    """Write records, broken ones in their place at times, and files beside them, until `done`."""
    run = count_run("lpn_50", (64 * (number + 1), 64))
    figures = (Measurement("params", 7, "parameters"),)
    record = Record(run.key, run.described(), figures, {}, code=run.code)
    turn = 0
    while not done.is_set():
        turn += 1
        store = Store(folder)
        try:
            if not store.claims.take(run.key):
                continue
            if turn % 3 == 0:
                store.artifacts(run.key).with_suffix(".json").write_text("{")
            path = store.add(record)
            with temporary_file(store.artifacts(run.key).parent) as live:
                live.write_text("half")
                time.sleep(0.001)
                if not live.exists():
                    failures.append(f"{live.name}: a live file was removed")
            if store.at(path) is None:
                failures.append(f"{path.name}: a whole record was lost")
            written[run.key] += 2
        except Exception as error:  # whatever it is, a writer has failed
            failures.append(f"{type(error).__name__}: {error}")
        finally:
            store.claims.free_all()


if __name__ == "__main__":
    sys.exit(main())
