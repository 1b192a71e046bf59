"""Commands that only read, again and again in one process, while others write what they read."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.faults.batches import context
from support.faults.kills import Command

PATIENCE = 60.0
"""seconds after which a reader hangs that should have stopped"""


@dataclass
class Reader:
    """A process that reads until it is told to stop."""

    command: Command
    folder: Path
    log: Path
    stopped: Any = field(default_factory=lambda: context().Event())

    def __post_init__(self) -> None:
        words = (self.command, self.folder, self.log, self.stopped)
        self.process = context().Process(target=_read, args=words)
        self.process.start()

    def stop(self) -> tuple[int, Sequence[str]]:
        """How often it read, and what went wrong."""
        self.stopped.set()
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            return 0, ["it hangs"]
        wrong = [f"it ended with {self.process.exitcode}"] if self.process.exitcode else []
        told = json.loads(self.log.read_text())
        return told["times"], [*wrong, *told["wrong"]]


def _read(command: Command, folder: Path, log: Path, stopped: Any) -> None:
    """Be the process of a reader."""
    import os

    from support.faults.judge import Judge
    from support.faults.warm import forget

    os.chdir(folder)
    os.environ.update(command.environment)
    judge, times, wrong = Judge(), 0, Counter[str]()
    while not stopped.is_set():
        forget("REPRO_TABLES" in command.environment)
        outcome = judge(command.words)
        times += 1
        if outcome.sort:
            wrong[f"{outcome.sort}: {outcome.where} {outcome.err[-500:]}"] += 1
        elif "not a whole record" in outcome.err:
            wrong[f"torn: {outcome.err[-500:]}"] += 1
        time.sleep(0.01)
    log.write_text(json.dumps({"times": times, "wrong": list(wrong)}))
