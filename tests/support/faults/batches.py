"""Many cases in a process of its own, which is watched: what hangs is ended, what dies is told."""

import functools
import importlib
import json
import multiprocessing
import os
import shlex
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis import strategies as st

TESTS = Path(__file__).parents[2]
ROOT = TESTS.parent
HARD = 90.0
"""seconds by the clock after which a process is ended that does not end a case itself"""
WARM = "support.faults.warm"

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Kind:
    """One kind of file that is read: how it is mutated, and what reads it."""

    cases: "st.SearchStrategy[tuple[Files, tuple[str, ...]]]"
    """the files of a case and a command that reads them, in a folder of its own"""
    wrong: Callable[[Mapping[str, object]], str] = lambda answer: ""
    """what is wrong with an answer; empty for nothing"""
    environment: Mapping[str, str] = field(default_factory=dict)
    """what is not set is not changed"""


@dataclass
class Batch:
    """What became of the cases of a kind."""

    kind: str
    cases: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)
    """the first of each sort and place: sort, where, words, case"""


@functools.cache
def context() -> ForkServerContext:
    """Processes are forked from one that has imported everything and has no threads."""
    paths = [str(ROOT), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([WARM])
    return made


def run(kind: str, count: int, number: int, folder: Path) -> Batch:
    """So many cases of a kind, told by `module:maker` below `support.faults.kinds`."""
    beat = context().Value("d", time.monotonic(), lock=False)
    process = context().Process(target=_carry_out, args=(kind, count, number, folder, beat))
    process.start()
    ended = ""
    while process.is_alive():
        process.join(0.5)
        if process.is_alive() and time.monotonic() - beat.value > HARD:
            process.kill()
            process.join()
            ended = "hang"
    found = Batch(kind)
    for line in _lines(folder / "outcomes.jsonl"):
        found.cases += 1
        found.codes[line["sort"] or f"exit {line['code']}"] += 1
        known = {(one["sort"], one["where"][:60]) for one in found.failures}
        if line["sort"] and (line["sort"], line["where"][:60]) not in known:
            found.failures.append(line)
    if process.exitcode:
        said = _text(folder / "said")[-3000:]
        where = f"the process ended with {process.exitcode}: {said}"
        words = json.loads(_text(folder / "words.json") or "[]")
        death = {"sort": ended or "death", "where": where, "words": words}
        found.failures.append({**death, "case": str(folder / "case")})
    return found


def told(failure: Mapping[str, Any]) -> str:
    """A failure in a few lines: what, where, by which command, and where its files are."""
    return "\n".join(
        (
            f"{failure['sort']}: {failure['where']}",
            f"    repro {shlex.join(failure['words'])}",
            f"    in {failure['case']}",
        )
    )


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _carry_out(kind: str, count: int, number: int, folder: Path, beat: Any) -> None:
    """Be the process of a batch."""
    folder.mkdir(parents=True, exist_ok=True)
    sys.stderr = (folder / "said").open("w", buffering=1)
    from hypothesis import HealthCheck, Phase, configuration, given, seed, settings

    from support.faults.warm import forget, limit

    configuration.set_hypothesis_home_dir(folder / "hypothesis")
    module, _, maker = kind.partition(":")
    made: Kind = getattr(importlib.import_module(f"support.faults.kinds.{module}"), maker)(folder)
    os.environ.update({**made.environment, "HOME": str(folder)})
    from support.faults.judge import MEMORY, Judge

    case, log = folder / "case", (folder / "outcomes.jsonl").open("w", buffering=1)
    (folder / "words.json").touch()
    limit(2 * MEMORY)
    judge = Judge(made.wrong)
    failed: set[tuple[str, str]] = set()

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(made.cases)
    def one(drawn: tuple[Files, Sequence[str]]) -> None:
        files, words = drawn
        shutil.rmtree(case, ignore_errors=True)
        for name, content in files.items():
            (case / name).parent.mkdir(parents=True, exist_ok=True)
            (case / name).write_bytes(content)
        case.mkdir(exist_ok=True)
        os.chdir(case)
        (folder / "words.json").write_text(json.dumps(words))
        forget("REPRO_TABLES" in made.environment)
        beat.value, begun = time.monotonic(), time.process_time()
        outcome = judge(words)
        told = {"code": outcome.code, "sort": outcome.sort, "where": outcome.where}
        told["seconds"] = round(time.process_time() - begun, 3)
        told["said"] = outcome.err[outcome.err.find("error: ") :][:200]
        if outcome.sort and (outcome.sort, outcome.where[:60]) not in failed:
            failed.add((outcome.sort, outcome.where[:60]))
            kept = folder / "failed" / str(len(failed))
            shutil.copytree(case, kept, dirs_exist_ok=True)
            told |= {"words": list(words), "case": str(kept), "err": outcome.err[-600:]}
        log.write(json.dumps(told) + "\n")

    one()
    (folder / "spent").write_text(str(time.process_time()))
