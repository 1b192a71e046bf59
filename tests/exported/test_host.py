"""Network files run in a process of their own, which may hang, die or take all memory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from repro.errors import ReproError, RunError
from repro.exported import allowance, exchange, host, opening, runtimes, serving
from repro.exported.runtime import Values
from support.command_line import ROOT
from support.looping_files import SIZE, greedy, open_ended

pytest.importorskip("onnx")
IMAGE = np.random.default_rng(0).standard_normal((1, 3, *SIZE)).astype(np.float32)


def run(path: Path) -> Values:
    (values,) = runtimes.opened(path).run({"image": IMAGE}, ["maps"])
    return values


def test_it_gives_what_the_runtime_gives_here(tmp_path: Path) -> None:
    path = open_ended(tmp_path / "net.onnx", "few")
    here = serving.RUNTIMES[opening.ONNX](path, 0)
    file = runtimes.opened(path)
    assert (file.inputs, file.outputs) == (here.inputs, here.outputs)
    for _ in range(3):
        np.testing.assert_array_equal(run(path), here.run({"image": IMAGE}, ["maps"])[0])
    first = run(path)
    kept = first.copy()
    file.run({"image": -IMAGE}, ["maps"])
    np.testing.assert_array_equal(first, kept)  # it is nobody else's memory
    with pytest.raises(RuntimeError, match="Got invalid dimensions"):
        file.run({"image": IMAGE[:, :, :8]}, ["maps"])


def test_what_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowance.VARIABLE, "0.4")
    path = open_ended(tmp_path / "net.onnx")
    begun = time.monotonic()
    with pytest.raises(RunError, match=r"does not finish one picture in 0 s") as caught:
        run(path)
    assert allowance.VARIABLE in caught.value.hint and time.monotonic() - begun < 5
    assert run(open_ended(tmp_path / "good.onnx", "few")).shape == (1, 17, 16, 12)
    monkeypatch.setenv(allowance.VARIABLE, "long")
    with pytest.raises(ReproError, match="is `long`, not seconds"):
        run(path)


def test_a_runtime_that_dies_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = open_ended(tmp_path / "net.onnx", "few")
    file = runtimes.opened(path)
    before = file.run({"image": IMAGE}, ["maps"])[0]
    process = host.begin().process
    process.send_signal(signal.SIGSTOP)
    write = exchange.write

    def write_and_kill(handle: int, asked: exchange.AskedDeed) -> None:
        monkeypatch.undo()
        write(handle, asked)
        process.send_signal(signal.SIGSEGV)
        process.send_signal(signal.SIGCONT)

    monkeypatch.setattr(exchange, "write", write_and_kill)
    with pytest.raises(RunError, match="the process of its runtime was killed by SIGSEGV"):
        file.run({"image": IMAGE}, ["maps"])
    np.testing.assert_array_equal(file.run({"image": IMAGE}, ["maps"])[0], before)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone limits a process's memory")
def test_what_takes_all_memory_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="takes more memory than a network may"):
        run(greedy(tmp_path / "net.onnx"))
    assert run(open_ended(tmp_path / "good.onnx", "few")).size


DRIVER = """
import sys, numpy as np
from pathlib import Path
from repro.exported import host, runtimes
file = runtimes.opened(Path(sys.argv[1]))
print(host.begin().process.pid, flush=True)
file.run({"image": np.zeros((1, 3, 64, 48), np.float32)}, ["maps"])
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_the_process_that_asks(tmp_path: Path, how: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(open_ended(tmp_path / "net.onnx"))],
        env={**os.environ, "PYTHONPATH": str(ROOT), allowance.VARIABLE: "60"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    other = psutil.Process(int(process.stdout.readline()))
    time.sleep(0.3)
    begun = time.monotonic()
    process.send_signal(how)
    process.communicate(timeout=10)
    _, alive = psutil.wait_procs([other], timeout=5)
    assert not alive and time.monotonic() - begun < 3
