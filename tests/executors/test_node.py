"""What a node does that does not see the store, and which node may make a run."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from repro import env, run
from repro.errors import RunError
from repro.executors import node
from repro.executors.node import Cores, Home
from repro.executors.nodes import Node, fitting, lacking, share
from repro.plans.planned import PlannedRun
from repro.records.record import Record
from repro.records.runs import TimingRun, TrainingRun, count_run
from repro.records.store import Store
from repro.run import Course
from support.quick_runs import QuickRun, planned

CORES = Cores(env.thread_variables(shared=False))


def timing(machine: str) -> TimingRun:
    """A timing that was planned for a class of machine."""
    return TimingRun(("lpn_50",), ("eager",), 1, "fp32", "net", False, {}, "cpu", machine)


def training(devices: int) -> TrainingRun:
    """A training on so many GPUs."""
    execution = {"device": "cuda", "devices": devices}
    return TrainingRun(
        "lpn_50", (64, 64), 17, {}, "w", {"name": "paper"}, (), {}, {}, {}, 0, execution
    )


def test_speeds_of_two_classes_never_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [Node("a", 8, machine="slow"), Node("b", 16, 4, machine="fast")]
    assert [one.name for one in fitting(timing("fast"), nodes)] == ["b"]
    assert not fitting(timing("other"), nodes)
    assert "planned for `other`, and the nodes are `slow`, `fast`" in str(
        lacking(timing("other"), nodes)
    )
    with pytest.raises(RunError, match="planned for `other`, and this is"):
        run.check_machine(timing("other"))


def test_a_run_goes_where_what_it_takes_is() -> None:
    nodes = [Node("a", 8, 1), Node("b", 16, 4)]
    assert [one.name for one in fitting(training(4), nodes)] == ["b"]
    assert training(4).resources.cores == 8 and not training(4).resources.alone
    small = [Node("a", 1, memory=2**30), Node("b", 1)]
    count = count_run("lpn_50", (64, 64))
    assert share(count, 2, small) == {"num_cpus": 1, "num_gpus": 0, "memory": 2**30}
    assert str(lacking(training(8), nodes)) == "it takes 8 GPUs, and no node has more than 4."


def test_a_node_without_the_store_gets_what_a_run_needs_and_gives_back_what_it_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.tempfile, "gettempdir", lambda: str(tmp_path))

    def make(one: PlannedRun, course: Course) -> Record:
        assert one.run is not None and isinstance(one.work, tuple)
        seen.append(one.work[0])
        folder = course.store.artifacts(one.run.key)
        (folder / "poses.json").write_bytes(one.work[0].read_bytes() + b" seen")
        (folder / "shards").mkdir()
        return Record(one.run.key, one.run.described(), (), {}, artifacts={"poses.json": ""})

    seen: list[Path] = []
    monkeypatch.setitem(run.EXECUTORS, QuickRun, make)  # type: ignore[arg-type]
    home = Home((tmp_path / "S").absolute(), tmp_path / "no mark")
    first = planned("first")
    assert first.run is not None
    weights = Store(home.folder).artifacts(first.run.key) / "best.safetensors"
    packed = pickle.dumps(replace(planned("last", first), work=(weights, "rest")))
    given = node.make(packed, home, CORES, {first.run.key: {weights.name: b"weights"}}.get)
    assert given.files == {"poses.json": b"weights seen"} and not home.folder.exists()
    assert seen[0].is_relative_to(home.stand_in) and seen[0].name == weights.name
    record = node.received(given, Store(home.folder)).record
    assert record is not None
    kept = Store(home.folder).artifacts(record.key)
    assert [path.name for path in kept.iterdir()] == ["poses.json"]
    refused = node.make(packed, home, CORES, {}.get).attempt.error
    assert "does not see the store" in str(refused)


def test_a_node_with_other_code_is_refused(tmp_path: Path) -> None:
    one = planned("one")
    assert one.run is not None
    one.run.__dict__["key"] = "0" * 64
    refused = node.make(pickle.dumps(one), Home(tmp_path), CORES, {}.get).attempt.error
    assert "other code than the driver" in str(refused)
