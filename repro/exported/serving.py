"""A process of its own that runs network files: `python -m repro.exported.serving MEMORY LIFELINE`.

The two are numbers of open files: the shared memory, and a pipe whose other end the parent holds,
so that this process ends with it, whatever it computes.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import msgspec
import numpy as np

from repro.errors import ReproError
from repro.exported import exchange, onnx_file, opening, openvino_file, tflite_file
from repro.exported.allowance import MemoryLimit, first_to_go
from repro.exported.exchange import Answer, AskedDeed, SharedMemory
from repro.exported.opening import ONNX, OPENVINO, TFLITE
from repro.exported.runtime import Runtime

RUNTIMES: Mapping[str, Callable[[Path, int], Runtime]] = {
    ONNX: onnx_file.opened,
    OPENVINO: openvino_file.opened,
    TFLITE: tflite_file.opened,
}
"""kind of file -> what opens it with so many threads, 0 for as many as there are"""
MEMORY = ("bad_alloc", "bad allocation", "allocate memory", "out of memory", "memory allocation")
"""words of runtimes for too little of it"""


class OpenFiles:
    """The files that this process has opened, and what it does with them."""

    def __init__(self, memory: SharedMemory) -> None:
        self.memory, self.limit = memory, MemoryLimit()
        self.files: dict[int, Runtime] = {}
        self.count = 0

    def answer(self, asked: AskedDeed) -> Answer:
        """Do what is asked; what goes wrong is an answer, too."""
        for number in asked.forgotten:
            self.files.pop(number, None)
            self.limit.largest.pop(number, None)
        if asked.folder:
            os.chdir(asked.folder)
        try:
            return DEEDS[asked.what](self, asked)
        except ReproError as error:
            return Answer(
                error=str(error),
                hint=error.hint,
                refused=True,
                out_of_memory=_lacks_memory(str(error)),
            )
        except Exception as error:  # the runtimes' own share no base
            lacks = isinstance(error, MemoryError) or _lacks_memory(str(error))
            return Answer(error=opening.reason(error), out_of_memory=lacks)

    def open(self, asked: AskedDeed) -> Answer:
        path = Path(asked.path)
        self.limit.to_open(opening.size_of(path))
        return self._kept(RUNTIMES[opening.kind_of(path)](path, asked.threads))

    def resize(self, asked: AskedDeed) -> Answer:
        assert asked.image is not None
        self.limit.to_open(opening.size_of(Path(asked.path)))
        resized = self.files[asked.number].any_size(asked.image)
        return Answer() if resized is None else self._kept(resized)

    def _kept(self, runtime: Runtime) -> Answer:
        self.limit.opened()
        self.count += 1
        self.files[self.count] = runtime
        ports = tuple(runtime.inputs), tuple(runtime.outputs)
        return Answer(self.count, *ports, dict(runtime.metadata))

    def steps(self, asked: AskedDeed) -> Answer:
        found = self.files[asked.number].first_steps()
        return Answer(steps=tuple((name, tuple(map(float, one))) for name, one in found))

    def run(self, asked: AskedDeed) -> Answer:
        given = {one.name: self.memory.get(one) for one in asked.given}
        self.limit.to_run(asked.number, sum(one.nbytes for one in given.values()))
        values = map(np.asarray, self.files[asked.number].run(given, asked.outputs))
        named = list(zip(asked.outputs, values, strict=True))
        for name, array in named:
            if array.dtype.hasobject:
                raise ReproError(f"Output `{name}` is no array of numbers.")
        end = max(map(self.memory.end, asked.given), default=0)
        return Answer(arrays=self.memory.put(named, end))


DEEDS: Mapping[str, Callable[[OpenFiles, AskedDeed], Answer]] = {
    "open": OpenFiles.open,
    "resize": OpenFiles.resize,
    "steps": OpenFiles.steps,
    "run": OpenFiles.run,
}


def _lacks_memory(said: str) -> bool:
    return any(word in said.lower() for word in MEMORY)


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)  # nothing ever comes but its end
    os._exit(1)


def main() -> NoReturn:
    """Answer until nobody asks any more."""
    memory, lifeline = map(int, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mouth = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no message
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    first_to_go()
    files, asked = OpenFiles(SharedMemory(memory)), msgspec.msgpack.Decoder(AskedDeed)
    try:
        while True:
            exchange.write(mouth, files.answer(asked.decode(exchange.read_bytes(0))))
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()
