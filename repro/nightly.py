"""A night of checks, step by step: each is a command of repro that anyone can run by hand.

A night is bad where a gate caught something or a step failed; what noise forbids to judge makes it
not bad. The records of a night that is not bad are the baseline of the next one; after a bad one
the former baseline stays, so that what became slower is not soon taken for normal. It stays after
an unstable timing, too, which would leave the next night nothing to compare with.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from repro import schema
from repro.errors import ReproError, unknown
from repro.files import write_whole
from repro.models import registry
from repro.papers.datasets import SYNTH

RESULT, BASELINE, RECORDS = "nightly.json", "baseline", "records"
ROOT = Path(__file__).parent.parent
SECONDS = 3600.0
"""that a step may take at most, beside the budget of the timing"""
SMOKE = ("paper1", "hwl_mobilenetv3")
REHEARSED = ("paper1", "table1", "--row", "Small HRNet 256*", "--share", "0.0001", "--steps", "1")
STATES = {
    "good": "nothing found",
    "bad": "a gate caught something",
    "failed": "the step could not be done",
    "unstable": "too noisy, or of another machine: informs, and is no gate",
    "skipped": "not asked for, or there is nothing to do it with",
}
BY_CODE = {0: "good", 3: "bad", 4: "bad", 5: "unstable"}
"""exit code of a step -> its state; any other is `failed`"""
CAUGHT = {"exact": ("changed", "missing", "incomparable"), "drift": ("worse", "missing")}
"""step -> the calls that are its faults; speeds of another machine are nobody's"""


@dataclass(frozen=True, slots=True)
class Night:
    """What a user chose."""

    out: Path
    budget: float = 600.0
    """seconds of the timing"""
    previous: Path | None = None
    """the folder of an earlier night"""
    committed: Path = Path(RECORDS)
    """the records that counts must equal"""
    summary: Path | None = None
    """a GitHub step summary to append to"""
    processes: int = 5
    """of the timing"""
    executor: tuple[str, ...] = ()
    """the options of `repro run` that say who makes the runs of a plan"""


@dataclass(frozen=True, slots=True)
class NightStep:
    """One command."""

    name: str
    words: tuple[str, ...]
    """after `repro`; --json comes on top"""
    lacking: str = ""
    """why it is skipped; empty if it is not"""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step."""

    name: str
    state: str
    """one of STATES"""
    command: str
    code: int | None = None
    seconds: float = 0.0
    said: str = ""
    """the last of what it said, where it is not good"""
    bad: tuple[str, ...] = ()
    """what its gate caught, cell by cell"""


@dataclass(frozen=True, slots=True)
class Result:
    """A whole night, as its file keeps it."""

    steps: tuple[Done, ...]
    bad: tuple[str, ...]
    """steps that failed, and cells that a gate caught"""
    again: tuple[str, ...]
    """of those, what was bad in the earlier night too"""
    exit: int


def steps(night: Night) -> list[NightStep]:
    """The steps, in order."""
    out, records = str(night.out), str(night.out / RECORDS)
    store, data = ("--store", records), str(night.out / "data")
    summary = () if night.summary is None else ("--summary", str(night.summary))
    baseline = (night.previous or Path("PREVIOUS")) / BASELINE
    budget = ("--budget", f"{night.budget:g}", "--processes", str(night.processes))
    smoke = ("--out", f"{out}/smoke", "--smoke")
    unwritten = (*store, "--no-write", "--quiet")
    rehearsed = ("--out", f"{out}/rehearsal")
    return [
        NightStep("doctor", ("doctor", *store)),
        NightStep("count", ("run", "all", "--metric", "params,macs", *night.executor, *unwritten)),
        NightStep(
            "exact",
            (
                *("compare", str(night.committed), records, "--only", "exact"),
                *(
                    "--fail-on",
                    "changed,missing,incomparable",
                    "--junit",
                    f"{out}/exact.xml",
                    *summary,
                ),
            ),
        ),
        NightStep("parity", ("parity",)),
        NightStep("speed", ("speed", *budget, *store)),
        NightStep("data", ("data", "synth", data, "--train", "48", "--val", "40")),
        NightStep("evaluation", ("eval", "truth", "--dataset", SYNTH, "--data", data, *store)),
        NightStep("smoke", ("train", *SMOKE, *smoke, *store)),
        NightStep("rehearsal", ("rehearse", *REHEARSED, *rehearsed, *night.executor)),
        NightStep(
            "drift",
            (
                *("compare", str(baseline), records, "--only", "accuracy,speed", "--data", data),
                *("--fail-on", "worse,missing,incomparable", "--junit", f"{out}/drift.xml"),
                *("--markdown", f"{out}/drift.md", *summary),
            ),
            _no_baseline(night.previous),
        ),
        NightStep("report", ("report", "-o", f"{out}/report.html", *store)),
    ]


def _no_baseline(previous: Path | None) -> str:
    """Why there is nothing to compare with; empty if there is."""
    if previous is None:
        return "there is no earlier night"
    return "" if (previous / BASELINE).is_dir() else "no night up to the earlier one was good"


def chosen(night: Night, names: Sequence[str]) -> list[NightStep]:
    """The named steps, or all of them; ReproError for an unknown name or no earlier night."""
    before(night)
    by_name = {step.name: step for step in steps(night)}
    for name in names:
        if name not in by_name:
            raise unknown("step", name, by_name)
    return [step for name, step in by_name.items() if name in (names or by_name)]


def before(night: Night) -> tuple[str, ...]:
    """What was bad in the earlier night; ReproError where that is none."""
    if night.previous is None:
        return ()
    if night.previous.resolve() == night.out.resolve():
        raise ReproError(f"`{night.out}` is the earlier night.", "Choose another --out.")
    path = night.previous / RESULT
    try:
        data = schema.json_file(path)
        known = {key: data[key] for key in data if key not in ("schema", "command")}
        return schema.read(Result, known, str(path)).bad
    except (OSError, ValueError, TypeError, ReproError) as error:
        raise ReproError(
            f"`{night.previous}` holds no whole night: its `{RESULT}` is absent or broken.",
            "Give the --out folder of an earlier one, or leave --previous out.",
        ) from error


def begin(night: Night) -> None:
    """A folder for a night; of an earlier one there its files go, and nothing else."""
    out = night.out
    try:
        if (out / RESULT).is_file():
            for path in map(out.joinpath, _files(night)):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        elif out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ReproError(
                f"`{out}` is not empty, and no night is in it.", "Choose another folder with --out."
            )
        (out / RECORDS).mkdir(parents=True, exist_ok=True)  # a gate on none of them must say so
        write_whole(out / RESULT, "{}\n")  # from here on the folder is a night's
    except OSError as error:
        raise ReproError(f"`{out}` cannot be used: {error.strerror}.") from error


def _files(night: Night) -> list[str]:
    """What a night writes into its folder; the mark that it is one goes last."""
    of_steps = [f"{step.name}.{ending}" for step in steps(night) for ending in ("json", "log")]
    documents = ["exact.xml", "drift.xml", "drift.md", "nightly.xml", "nightly.md", "report.html"]
    return [RECORDS, BASELINE, "data", "smoke", "rehearsal", *of_steps, *documents, RESULT]


def spend(
    night: Night, todo: Sequence[NightStep], tell: Callable[[Done], None], limit: float = SECONDS
) -> Result:
    """Take the steps, and keep the result and the baseline; the folder must be there."""
    done = []
    for step in todo:
        done.append(take(step, night.out, night.budget + limit))
        tell(done[-1])
    bad = tuple(cell for step in done for cell in step.bad)
    earlier = before(night)
    again = tuple(cell for cell in bad if cell in earlier)
    result = Result(tuple(done), bad, again, exit_code(done))
    former = night.out if night.previous is None else night.previous
    noisy = any((step.name, step.state) == ("speed", "unstable") for step in done)
    stays = bad or (noisy and (former / BASELINE).is_dir())
    _keep(former / BASELINE if stays else night.out / RECORDS, night.out / BASELINE)
    data = {"schema": 1, "command": "nightly", **asdict(result)}
    write_whole(night.out / RESULT, json.dumps(data, indent=1) + "\n")
    return result


def exit_code(done: Sequence[Done]) -> int:
    """6 where a step failed, 3 where a gate caught something, 5 where noise forbade to judge.

    4 where nothing was done.
    """
    states = [step.state for step in done]
    codes = {"failed": 6, "bad": 3, "unstable": 5, "good": 0}
    return next((code for state, code in codes.items() if state in states), 4)


def take(step: NightStep, out: Path, limit: float) -> Done:
    """One step: its object goes to NAME.json, what it says to NAME.log."""
    words = (*step.words, "--json")
    command = shlex.join(("repro", *words))
    if step.lacking:
        return Done(step.name, "skipped", command, said=step.lacking)
    result, log, start = out / f"{step.name}.json", out / f"{step.name}.log", time.monotonic()
    with result.open("wb") as stdout, log.open("wb") as stderr:
        try:
            code = subprocess.run(
                (sys.executable, "-P", "-m", "cli", *words),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=_environment(),
                timeout=limit,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            stderr.write(f"it took more than {limit:.0f} s\n".encode())
            code = 124
    seconds = round(time.monotonic() - start, 1)
    # a figure that cannot be counted any more is no noise
    state = "bad" if (step.name, code) == ("exact", 5) else BY_CODE.get(code, "failed")
    data = {} if state == "good" else _object(result)
    said = "" if state == "good" else str(data.get("unstable") or _last(log))
    bad = caught_cells(step.name, data) if state in ("bad", "failed") else ()
    return Done(step.name, state, command, code, seconds, said, bad)


def _environment() -> Mapping[str, str]:
    known = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **registry.variables(), "PYTHONPATH": os.pathsep.join(known)}


def _last(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return " ".join(line.strip() for line in lines[-3:] if line.strip())[:300]


def _object(result: Path) -> Mapping[str, object]:
    """What a step wrote; empty where it did not come so far."""
    try:
        data = schema.json_file(result)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def caught_cells(name: str, data: Mapping[str, object]) -> tuple[str, ...]:
    """The cells of a comparison that its gate caught; else the step as a whole.

    Of a speed it is the network: which rival is in the middle is another one every night.
    """
    changes = data.get("changes")
    rows = [row for row in changes if isinstance(row, dict)] if isinstance(changes, list) else []
    caught = [row for row in rows if row.get("call") in CAUGHT.get(name, ())]
    cells = [
        str(row["cell"]).partition(" / ")[0] if row["kind"] == "speed" else row["cell"]
        for row in caught
    ]
    return tuple(f"{name}: {cell}" for cell in cells) or (name,)


def _keep(records: Path, baseline: Path) -> None:
    """Copy the records of a folder, and the poses beside them; no link, which may lead anywhere."""

    def others(folder: str, names: list[str]) -> list[str]:
        paths = [Path(folder, name) for name in names]
        return [
            path.name
            for path in paths
            if path.is_symlink() or not (path.is_file() or path.is_dir())
        ]

    if records.is_dir() and not records.is_symlink():
        shutil.copytree(records, baseline, ignore=others)
