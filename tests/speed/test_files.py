"""Exported files beside networks of the zoo: which backends run them, with which input."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType

import pytest

from repro import schema
from repro.errors import ReproError
from repro.speed import backends, files, sweep
from repro.speed.files import TimedFile, timed_file
from repro.speed.measure.building import ready
from repro.speed.measure.subjects import RefusedError, Subject, TimedRun, read
from repro.speed.results import recording
from support.evaluation_scenes import onnx_file

METADATA = MappingProxyType({"input": "64x48", "keypoints": "17"})


@pytest.fixture
def net(tmp_path: Path) -> str:
    (tmp_path / "a folder ä").mkdir()
    return str(onnx_file(tmp_path / "a folder ä" / "net.onnx"))


def subject_of(word: str, **others: object) -> Subject:
    networks = sweep.networks([word], None, None)
    (subject,) = sweep.sweep(networks, ways=["onnx_runtime"])
    return replace(subject, **others)  # type: ignore[arg-type]


def test_a_file_is_swept_with_what_can_run_it(net: str) -> None:
    networks = sweep.networks(["lpn_50", net, net], "64x48", None)
    assert [one.model for one in networks] == ["lpn_50", "net.onnx"]
    subjects = sweep.sweep(networks[1:], (1, 8), ways=("eager", "openvino", "onnx_runtime"))
    found = [(one.batch, one.backend) for one in subjects]
    assert found == [(1, "openvino"), (1, "onnx_runtime"), (8, "openvino"), (8, "onnx_runtime")]
    every = sweep.sweep(networks[1:], ways=["all"])
    assert {one.backend for one in every} == {"onnx_runtime", "openvino"} == set(files.ABLE)
    ways = ["eager", "onnx_runtime"]
    (said,) = files.remarks(networks[1:], ways)
    assert str(said) == "`eager` runs no exported files: without `net.onnx`."


def test_the_input_is_the_files_or_the_users(net: str, tmp_path: Path) -> None:
    assert timed_file(net, None).input == (64, 48)
    with pytest.raises(ReproError, match="built for 64x48, not 64x64"):
        timed_file(net, (64, 64))
    path = str(onnx_file(tmp_path / "open.onnx", size=None))
    with pytest.raises(ReproError, match="does not fix its input size"):
        timed_file(path, None)
    assert timed_file(path, (96, 96)).input == (96, 96)
    path = str(onnx_file(tmp_path / "stated.onnx", size=None, metadata=METADATA))
    assert timed_file(path, None).input == (64, 48)
    other = timed_file(path, (128, 96))
    assert other.input == (128, 96) and "states an input of 64x48" in str(other.remarks[0])
    sizes = files.remarks(sweep.networks([net, "lpn_50"], None, None), ["onnx_runtime"])
    assert str(sizes[-1]) == "The networks have inputs of 64x48 and 256x192."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"device": "cuda", "ways": ["eager"]}, "timed on the CPU"),
        ({"ways": ["onnx_runtime"], "stage": "full"}, "around a file is not known"),
        ({"ways": ["eager", "ahead"]}, "cannot be run by `eager` and `ahead`"),
    ],
)
def test_what_files_are_not_timed_by(net: str, given: dict[str, object], said: str) -> None:
    with pytest.raises(ReproError, match=said) as caught:
        sweep.sweep(sweep.networks([net], None, None), **given)  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_what_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ReproError, match="is no ONNX file"):
        timed_file(str(tmp_path / "net.onnx"), None)
    with pytest.raises(ReproError, match="no file"):
        timed_file("absent.onnx", None)


@pytest.mark.parametrize("backend", files.ABLE)
@pytest.mark.parametrize("flip", [False, True])
def test_each_call_runs_the_file(net: str, tmp_path: Path, backend: str, flip: bool) -> None:
    if why := backends.CPU[backend].why_not():
        pytest.skip(why)
    subject = subject_of(net, backend=backend, batch=2, flip=flip)
    made = ready(subject, 1, tmp_path, 0)
    outputs = made.run()
    assert [len(one) for one in outputs] == [1] * (1 + flip)  # type: ignore[attr-defined]
    assert outputs[0][0].shape == (2, 17, 16, 12)  # type: ignore[index]
    reference = backend == "onnx_runtime"
    assert made.difference is None if reference else (made.difference or 0) < 1e-3


def test_a_file_that_changed_or_has_another_batch_gets_no_speed(net: str, tmp_path: Path) -> None:
    subject = subject_of(net)
    onnx_file(Path(net), value=0.1)
    with pytest.raises(RefusedError, match="has changed since"):
        ready(subject, 1, tmp_path, 0)
    fixed = subject_of(str(onnx_file(tmp_path / "fixed.onnx", batch=4)))
    with pytest.raises(RefusedError, match="built for a batch of 4"):
        ready(fixed, 1, tmp_path, 0)
    assert ready(replace(fixed, batch=4), 1, tmp_path, 0).run


def test_a_record_names_files_by_what_is_in_them(net: str, tmp_path: Path) -> None:
    other = str(onnx_file(tmp_path / "net.onnx", value=0.1))
    subjects = tuple(map(subject_of, (net, other)))
    names = recording.named(subjects)
    assert len(set(names.values())) == 2
    digests = [one.file.sha256 for one in subjects if one.file]
    assert names[0] == f"net.onnx@{digests[0][:8]} 64x48 [onnx_runtime]"
    assert list(recording.asked(subjects)["files"].values()) == digests  # type: ignore[attr-defined]
    run = TimedRun(subjects, (), (), {}, {})
    described = run.described()
    assert str(tmp_path) not in str(described)
    again = read(described, "a file")
    assert again.subjects[0].file and again.subjects[0].file.path == "net.onnx"
    assert "files" not in recording.asked([Subject("lpn_50", (64, 48), 17)])


def test_a_worker_reads_the_subject_that_it_is_sent(net: str) -> None:
    subject = subject_of(net)
    assert schema.read(Subject, json.loads(json.dumps(asdict(subject))), "job") == subject
    assert isinstance(sweep.networks([net], None, None)[0], TimedFile)
