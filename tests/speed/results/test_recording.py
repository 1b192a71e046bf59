"""Raw samples beside a record are read as far as they are samples."""

import gzip
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.speed.results import recording

BROKEN = {
    "nested": (b"[" * 100_000, "nested too deeply"),
    "NaN": (b"[NaN]", "no JSON"),
    "another": (b"[]", "should be a table"),
    "large": (b" " * 2000, "more than 1,000 bytes"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_samples_are_told(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, reason = BROKEN[kind]
    if kind == "large":
        monkeypatch.setattr(recording, "MOST_BYTES", 1000)
    (tmp_path / recording.SAMPLES).write_bytes(gzip.compress(content))
    with pytest.raises(ReproError, match=reason):
        recording.kept(tmp_path)
    (tmp_path / recording.SAMPLES).write_bytes(b"no archive")
    with pytest.raises(ReproError, match="cannot be read"):
        recording.kept(tmp_path)
