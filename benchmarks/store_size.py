"""What a store of 100,000 records costs, beside one of 1,000.

    python benchmarks/store_size.py [--folder DIR] [--small 1000] [--large 100000] [--rounds 9]
                                    [--json]

Both stores hold the committed records, and generated ones with right digests: 80 % counts (one in
ten of a network that no zoo knows), 12 % evaluations, 4 % trainings and 4 % timings, of the
networks and protocols of all tables. A third of the evaluations is of the code at the time of
writing; the stale ones hold no probe, since a probe runs a network, which takes as long at any
size. Commands are timed as whole
processes, in turn in the two stores, by wall clock and by CPU time; what is reported is the median
of the rounds' ratios, with its bootstrap interval. Then come the building of the index, its size,
a record added to each store, and what the plain ways of looking at a folder cost.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from repro.plans import selection
from repro.records import plain_form
from repro.records.index import FILE
from repro.records.record import SCHEMA, MadeBy, file_of
from repro.records.requirements import AccuracyRequirement
from repro.records.runs import CountRun, EvaluationRun, network_name
from repro.records.store import Store

ROOT = Path(__file__).parent.parent
BAR = 2.0
COMMANDS = {
    "run paper1 table1": ("run", "paper1", "table1", "--no-write", "--quiet"),
    "records ls": ("records", "ls"),
    "report paper1": ("report", "paper1", "-o", "{out}/paper1.html"),
    "report": ("report", "-o", "{out}/all.html"),
    "plan all": ("plan", "all"),
}
ADDED = 50


@dataclass(frozen=True)
class SizeRatio:
    """The large store's time in multiples of the small one's."""

    command: str
    small_ms: float
    large_ms: float
    """medians of the wall clock"""
    wall: tuple[float, float, float]
    """median, low and high of the rounds' ratios, 95 %"""
    cpu: tuple[float, float, float]


def main() -> int:
    """Print all figures; 1 if a command takes more than twice as long in the large store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="keeps the stores, and takes them if they are")
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        small, large = (_store(folder / str(size), size) for size in (given.small, given.large))
        built = {str(store): _built(store) for store in (small, large)}
        ratios = [
            _compared(name, words, (small, large), given.rounds, Path(temporary))
            for name, words in COMMANDS.items()
        ]
        added = {str(store): _added(store) for store in (small, large)}
        looks = _looks(large)
    found = {
        "ratios": [asdict(ratio) for ratio in ratios],
        "index": built,
        "add_ms": added,
        "looks_seconds": looks,
        "ok": all(ratio.wall[0] <= BAR for ratio in ratios),
    }
    print(json.dumps(found) if given.json else _words(found))
    return 0 if found["ok"] else 1


def _words(found: dict[str, object]) -> str:
    lines = []
    for one in found["ratios"]:
        wall, cpu = ("{:.2f} [{:.2f}, {:.2f}]".format(*one[name]) for name in ("wall", "cpu"))
        times = f"{one['small_ms']:.0f} -> {one['large_ms']:.0f} ms"
        lines.append(f"{one['command']:18} {times:>16}   x {wall}   CPU x {cpu}")
    lines += [f"index of {store}: {facts}" for store, facts in found["index"].items()]
    lines += [f"adding to {store}: {facts} ms" for store, facts in found["add_ms"].items()]
    lines += [f"{look}: {seconds:.2f} s" for look, seconds in found["looks_seconds"].items()]
    return "\n".join(lines)


def _store(folder: Path, size: int) -> Path:
    """A store of so many records, unless it is there."""
    if folder.is_dir():
        return folder
    dice = random.Random(0)
    committed = [json.loads(path.read_text()) for path in Store(ROOT / "records").files()]
    for data in committed:
        _write(folder, data)
    drafts = _drafts(committed, dice)
    for _ in range(size - len(committed)):
        data = next(drafts)
        day, second = dice.randrange(700), dice.randrange(86_400)
        moment = np.datetime64("2025-01-01T00:00:00.000001") + np.timedelta64(day, "D")
        data["made"] = asdict(MadeBy(str(moment + np.timedelta64(second, "s")), 1.5, 2**29))
        data["digest"] = plain_form.content_digest(data)
        _write(folder, data)
    time.sleep(3)  # what is younger is looked at again
    return folder


def _write(folder: Path, data: dict[str, object]) -> None:
    path = folder / file_of(str(data["key"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, sort_keys=True, ensure_ascii=False) + "\n")


def _drafts(committed: list[dict[str, object]], dice: random.Random) -> Iterator[dict[str, object]]:
    """Records of mixed kinds, without the moment that they were made."""
    wanted = selection.select(selection.tables())
    accuracies, speeds = selection.accuracies(wanted), selection.speeds(wanted)
    counts = [data for data in committed if data["spec"]["kind"] == CountRun.kind]
    timings = [data for data in committed if data["spec"]["kind"] == "speed"]
    while True:
        kind, key = dice.random(), f"{dice.getrandbits(256):064x}"
        code = {"key": key, "code": hashlib.sha256(key.encode()).hexdigest()}
        if kind < 0.8:
            data = dice.choice(counts)
            model = f"net_{dice.randrange(50)}" if kind < 0.08 else data["spec"]["model"]
            yield {**data, **code, "spec": {**data["spec"], "model": model}}
        elif kind < 0.92:
            yield _evaluation(dice.choice(accuracies), code, dice, stale=kind < 0.88)
        elif kind < 0.96:
            yield _training(dice.choice(accuracies), code, dice)
        else:
            speed, data = dice.choice(speeds), dice.choice(timings)
            names = [network_name(one) for one in speed.networks]
            spec = {**data["spec"], "networks": names, "machine": f"box {dice.randrange(20)}"}
            yield {**data, "key": key, "spec": spec}


def _measured(spec: dict[str, object], code: dict[str, str], ap: float) -> dict[str, object]:
    names = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
    figure = {"value": ap, "unit": "%", "convention": None, "low": ap - 1, "high": ap + 1}
    return {
        **code,
        "spec": spec,
        "measurements": [{"metric": name, "of": None, **figure} for name in names],
        "env": {"commit": "0123456789ab", "python": "3.11.7", "system": "Linux", "cores": 8},
        "parts": [],
        "uncounted": {},
        "notes": {},
        "artifacts": {"predictions.json.gz": "a" * 64},
        "probe": {},
        "schema": SCHEMA,
    }


def _evaluation(
    wanted: AccuracyRequirement, code: dict[str, str], dice: random.Random, stale: bool
) -> dict[str, object]:
    rules = wanted.protocol
    run = EvaluationRun(
        wanted.model,
        wanted.input,
        wanted.keypoints,
        wanted.options,
        {"name": wanted.weights, "sha256": f"{dice.getrandbits(256):064x}"},
        {"name": rules.on, "dataset": rules.dataset, "images": 5000, "official": True},
        rules.described(),
        {"device": "cuda", "batch": 32, "precision": "float32"},
        "pycocotools 2",
    )
    present = code if stale else {"key": run.key, "code": run.code}
    return _measured(run.plain, present, round(dice.uniform(40, 80), 2))


def _training(
    wanted: AccuracyRequirement, code: dict[str, str], dice: random.Random
) -> dict[str, object]:
    recipe = {f"field {number}": number for number in range(30)}
    spec = {
        "kind": "train",
        "model": wanted.model,
        "input": list(wanted.input),
        "keypoints": wanted.keypoints,
        "options": dict(wanted.options),
        "name": wanted.weights,
        "recipe": {"name": "paper", "epochs": 210, "batch": 32, **recipe},
        "deviations": [],
        "data": {"name": wanted.protocol.on, "samples": 149_813, "official": True},
        "evaluated": wanted.protocol.described(),
        "start": {},
        "seed": dice.randrange(100),
        "execution": {"device": "cuda", "devices": 1, "precision": "float32"},
    }
    return _measured(spec, code, round(dice.uniform(40, 80), 2))


def _built(store: Path) -> dict[str, float]:
    """Seconds and bytes of an index that is made anew, and seconds of the next process."""
    (store / FILE).unlink(missing_ok=True)
    first, again = (_seconds(lambda: Store(store, say=print).index.total()) for _ in range(2))
    size = (store / FILE).stat().st_size if (store / FILE).exists() else 0
    return {"seconds": round(first, 2), "bytes": size, "again_ms": round(again * 1000, 1)}


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _compared(
    name: str, words: tuple[str, ...], stores: tuple[Path, Path], rounds: int, out: Path
) -> SizeRatio:
    times = np.empty((rounds, 2, 2))  # round, small or large, wall or CPU
    told = [word.format(out=out) for word in words]
    for number in range(-1, rounds):  # the round that does not count is overwritten as last
        for which in (0, 1) if number % 2 else (1, 0):
            times[number, which] = _process([*told, "--store", str(stores[which])], out)
    ratios = times[:, 1] / times[:, 0]
    drawn = np.random.default_rng(0).integers(0, rounds, (4000, rounds))
    ends = np.percentile(np.median(ratios[drawn], axis=1), (2.5, 97.5), axis=0)
    wall, cpu = np.round(np.vstack([np.median(ratios, axis=0), ends]), 3).T.tolist()
    small_ms, large_ms = (np.median(times[:, :, 0], axis=0) * 1000).tolist()
    return SizeRatio(name, small_ms, large_ms, tuple(wall), tuple(cpu))


def _process(words: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one command."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "cli", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}: {said.decode()}")
    return took, used.ru_utime + used.ru_stime


def _added(folder: Path) -> dict[str, float]:
    """Milliseconds to add a record, and then to find one by the index."""
    source = Store(folder)
    template = next(one for one in source.stored() if one.record.spec["kind"] == "count").record
    wanted = selection.accuracies(selection.select(selection.tables("paper1", "table1")))[0]
    source.find(wanted)
    store, adds, finds, paths = Store(folder), [], [], []
    store.find(wanted)
    for number in range(ADDED):
        key = hashlib.sha256(f"added {number}".encode()).hexdigest()
        record = plain_form.read(
            _digested({**json.loads(json.dumps(asdict(template))), "key": key})
        )
        begun = time.perf_counter()
        paths.append(store.add(record))
        between = time.perf_counter()
        store.find(wanted)
        adds.append(between - begun)
        finds.append(time.perf_counter() - between)
    for path in paths:
        store.remove(path)
    return {
        "add": round(float(np.median(adds)) * 1000, 2),
        "find after it": round(float(np.median(finds)) * 1000, 2),
    }


def _digested(data: dict[str, object]) -> dict[str, object]:
    kept = {name: value for name, value in data.items() if name not in plain_form.UNWRITTEN}
    return {**kept, "digest": plain_form.content_digest(kept)}


def _looks(folder: Path) -> dict[str, float]:
    """What it takes to list every record file, to ask each for its time, and to read each whole."""
    paths: list[Path] = []
    looks = {
        "listing every file": lambda: paths.extend(Store(folder).files()),
        "the time of every file": lambda: [path.stat() for path in paths],
        "every file read as JSON": lambda: [json.loads(path.read_bytes()) for path in paths],
        "every record read and checked": lambda: Store(folder).stored(),
    }
    return {name: round(_seconds(work), 2) for name, work in looks.items()}


if __name__ == "__main__":
    sys.exit(main())
