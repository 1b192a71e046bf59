"""Files are written whole; what is no file stays what it is; a deaf stderr stops nothing."""

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from repro.files import write_whole
from repro.report.terminal.console import listens, say


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert write_whole(pipe, "poses")
    reader.join()
    assert read == [b"poses"]
    assert pipe.is_fifo()


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, "poses")
    assert tmp_path.is_dir()


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stream", [None, Full(), io.StringIO()])
def test_nobody_needs_to_listen(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    if stream is not None and not isinstance(stream, Full):
        stream.close()
    say("done")
    assert not listens()
