"""Network files at work in a process of their own.

So one that crashes its runtime, takes all memory or never ends is a sentence, and not the end of
the command; and Ctrl-C is heard meanwhile. The process starts with the first file, has all of them,
and ends with this one.
"""

import atexit
import contextlib
import functools
import os
import select
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from repro.errors import ReproError, RunError
from repro.exported import allowance, exchange, opening
from repro.exported.exchange import Answer, AskedDeed, SharedMemory
from repro.exported.form import ImageInput, Port
from repro.exported.runtime import Inputs, Runtime, Step, Values
from repro.processes import starting

KEPT = 2
"""files that stay open for the next one who wants them; commands look at a file before they run it
"""


class NetworkProcess:
    """The process that runs network files."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.memory = SharedMemory()
        self.forgotten: list[int] = []
        self.lock = threading.Lock()
        self.decoder = msgspec.msgpack.Decoder(Answer)
        ear, self.lifeline = os.pipe()
        try:
            self.process = subprocess.Popen(
                starting.command("repro.exported.serving", str(self.memory.handle), str(ear)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **starting.path_variable()},
                pass_fds=(self.memory.handle, ear),
                start_new_session=True,  # the terminal's Ctrl-C is for this process alone
                bufsize=0,
            )
        finally:
            os.close(ear)
        assert self.process.stdout is not None
        self.poll = select.poll()
        self.poll.register(self.process.stdout, select.POLLIN)

    def ask(self, asked: AskedDeed, seconds: float) -> Answer:
        """What it answers.

        TimeoutError where it does not in time, EOFError where it dies; then it is gone for good.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        until = time.monotonic() + seconds
        with self.lock:
            forgotten = tuple(self.forgotten)
            del self.forgotten[: len(forgotten)]
            asked = msgspec.structs.replace(asked, forgotten=forgotten)
            try:
                exchange.write(self.process.stdin.fileno(), asked)
                came = exchange.read_bytes(self.process.stdout.fileno(), lambda: self._wait(until))
                return self.decoder.decode(came)
            except (BrokenPipeError, msgspec.DecodeError) as error:
                self.end()
                raise EOFError from error
            except BaseException:
                self.end()
                raise

    def _wait(self, until: float) -> None:
        if not self.poll.poll(max(0.0, 1000 * (until - time.monotonic()))):
            raise TimeoutError

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self.owner == os.getpid() and self.process.poll() is None

    def end(self) -> None:
        """Kill it, unless it is another process's."""
        if self.owner != os.getpid():
            return
        atexit.unregister(self.end)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        with contextlib.suppress(OSError):
            os.close(self.lifeline)
            os.close(self.memory.handle)

    def died(self) -> str:
        """How it ended."""
        code = self.process.returncode or 0
        if code >= 0:
            return f"ended with exit code {code}"
        with contextlib.suppress(ValueError):
            why = ", as when memory runs out" if -code in (signal.SIGKILL, signal.SIGABRT) else ""
            return f"was killed by {signal.Signals(-code).name}{why}"
        return f"was killed by signal {-code}"


_processes: list[NetworkProcess] = []
"""the one at work, if there is any"""


def begin() -> NetworkProcess:
    """The process that runs files: that which is there, or a new one; ReproError for neither."""
    if not _processes or not _processes[0].alive:
        try:
            _processes[:] = [NetworkProcess()]
            atexit.register(_processes[0].end)
        except OSError as error:
            raise ReproError(
                f"The process that runs network files cannot be started: {error.strerror}.",
                "Are there limits of memory, files or processes (`ulimit -a`)?",
            ) from error
    return _processes[0]


@dataclass(eq=False)
class HostedFile:
    """A network file that was opened in the process; see Runtime."""

    path: Path
    threads: int
    size: int
    """bytes, with what lies beside it"""
    loops: bool = False
    """whether it has a loop whose end hangs on what it computes"""
    resized_from: "HostedFile | None" = None
    image: ImageInput | None = None
    """of the file that it was resized from"""
    inputs: Sequence[Port] = ()
    outputs: Sequence[Port] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    _process: NetworkProcess | None = None
    _number: int = 0

    def number(self) -> int:
        """Its number in the process of now, where it is opened if it is not.

        ReproError for whatever is no network, 0 where it cannot be resized.
        """
        if self._process is not None and self._process.alive:
            return self._number
        asked = AskedDeed("open", 0, str(self.path), str(Path.cwd()), self.threads)
        if self.resized_from is not None:
            number = self.resized_from.number()
            asked = AskedDeed("resize", number, str(self.path), str(Path.cwd()), 0, self.image)
        process = begin()
        answer = self._answer(process, asked)
        if answer.number:
            self._process, self._number = process, answer.number
            self.inputs, self.outputs = answer.inputs, answer.outputs
            self.metadata = answer.metadata
            weakref.finalize(self, process.forgotten.append, answer.number).atexit = False
        return answer.number

    def _answer(self, process: NetworkProcess, asked: AskedDeed) -> Answer:
        """What comes of opening the file; whatever goes wrong is the file's fault."""
        limit = allowance.seconds_to_open(self.size)
        said = f"`{self.path}` cannot be opened:"
        try:
            answer = process.ask(asked, limit)
        except TimeoutError:
            raise ReproError(
                f"{said} it takes more than {limit:.0f} s.",
                f"{allowance.VARIABLE}=SECONDS gives it longer.",
            ) from None
        except EOFError:
            text = f"{said} the process of its runtime {process.died()}."
            raise ReproError(text, "Export it again.") from None
        if answer.out_of_memory:
            raise ReproError(f"{said} it takes more memory than a network of its size may.")
        if answer.error is not None:
            raise ReproError(f"{answer.error}", answer.hint)
        return answer

    def run(self, given: Inputs, outputs: Sequence[str]) -> Sequence[Values]:
        """See Runtime; a RunError where it dies, takes too much memory or is not done in time."""
        number, images = self.number(), max(len(one) if one.ndim else 1 for one in given.values())
        process, limit = begin(), allowance.seconds(images, self.loops)
        placed = process.memory.put(list(given.items()))
        asked = AskedDeed("run", number, given=placed, outputs=tuple(outputs))
        try:
            answer = process.ask(asked, limit)
        except TimeoutError:
            raise RunError(
                f"`{self.path}` does not finish {_pictures(images)} in {limit:.0f} s.",
                f"Does it loop without end? Else {allowance.VARIABLE}=SECONDS gives it longer.",
            ) from None
        except EOFError:
            text = f"`{self.path}` fails: the process of its runtime {process.died()}."
            raise RunError(text, "What was finished before is kept.") from None
        if answer.out_of_memory:
            raise RunError(
                f"`{self.path}` takes more memory than a network may for {_pictures(images)}.",
                "A smaller --batch may do, down to 1.",
            )
        if answer.error is not None:
            raise RuntimeError(answer.error)
        return [np.array(process.memory.get(one)) for one in answer.arrays]

    def first_steps(self) -> Sequence[Step]:
        """See Runtime."""
        number = self.number()
        asked = AskedDeed("steps", number, folder=str(Path.cwd()))
        try:
            answer = begin().ask(asked, allowance.seconds_to_open(self.size))
        except (TimeoutError, EOFError):
            raise ReproError("its graph cannot be looked at") from None
        if answer.error is not None:
            raise ReproError(answer.error, answer.hint)
        return [(name, np.array(numbers, np.float64)) for name, numbers in answer.steps]

    def any_size(self, image: ImageInput) -> Runtime | None:
        """See Runtime."""
        parts = self.path, self.threads, self.size, self.loops
        resized = HostedFile(*parts, resized_from=self, image=image)
        return resized if resized.number() else None


def _pictures(count: int) -> str:
    return "one picture" if count == 1 else f"{count} pictures"


def opened(path: Path, threads: int, loops: bool) -> Runtime:
    """A file, ready to run; raise ReproError for whatever is no network that can be run."""
    return _opened(path, Path.cwd(), threads, loops, opening.stamps(path))


@functools.lru_cache(KEPT)
def _opened(
    path: Path, folder: Path, threads: int, loops: bool, stamps: tuple[tuple[int, ...], ...]
) -> HostedFile:
    """A file as it was when it had these stamps."""
    file = HostedFile(path, threads, opening.size_of(path), loops)
    file.number()
    return file
