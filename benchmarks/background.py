"""Other programs on the machine, for benchmarks that must hold beside them."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

WORK = """
import os, random, sys, time
import numpy as np
random.seed(int(sys.argv[1]))
matrix, stream = np.random.rand(256, 256), np.zeros(2**23)
while os.getppid() == int(sys.argv[2]):
    end = time.monotonic() + random.uniform(0.02, 0.8)
    while time.monotonic() < end:
        matrix @ matrix if random.random() < 0.7 else stream.sum()
    time.sleep(random.uniform(0, 0.5))
"""
"""spells of arithmetic and of reading memory, with pauses, two thirds of the time"""


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that work by fits and starts, until the end of the block."""
    import os

    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(number), str(os.getpid())], env=os.environ | threads
        )
        for number in range(processes)
    ]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()
