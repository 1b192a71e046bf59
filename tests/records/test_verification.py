"""`records verify` finds what is not what it says, and tells where each record is from."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from repro import run
from repro.records import plain_form
from repro.records.fingerprint import digest
from repro.records.measurement import Measurement
from repro.records.record import SCHEMA, MadeBy, Record
from repro.records.runs import CountRun, count_run
from repro.records.store import Store
from support.command_line import Run, parsed

RUN = count_run("lpn_50", (256, 192))
ENV = {
    "commit": "0123456789ab+",
    "libraries": {"torch": "2.9"},
    "processor": "a processor",
    "cores": 2,
    "system": "Linux",
}


def counted(value: int = 7, **changes: object) -> Record:
    """A record of a count by the present code."""
    measured = (Measurement("macs", value, "MACs", "hrnet"), Measurement("params", 5, "parameters"))
    made = MadeBy("2026-11-30T22:36:40.225039")
    whole = Record(RUN.key, RUN.described(), measured, ENV, code=RUN.code, made=made)
    return replace(whole, **changes)  # type: ignore[arg-type]


def edited(path: Path, edit: Callable[[dict[str, object]], None], forged: bool = True) -> None:
    """Change what a record file says, with the digest of what it says then if it is forged."""
    data = json.loads(path.read_text())
    edit(data)
    if forged:
        data["digest"] = plain_form.content_digest(data)
    path.write_text(json.dumps(data))


def verified(repro: Run, store: Path, *words: str) -> tuple[int, list[dict[str, object]]]:
    """The exit code, and what is said of each file."""
    answer = repro("records", "verify", "--store", str(store), "--json", *words)
    return answer.code, parsed(answer.out)["verified"]  # type: ignore[return-value]


def test_a_record_tells_where_it_is_from(tmp_path: Path, repro: Run) -> None:
    Store(tmp_path).add(counted())
    code, (one,) = verified(repro, tmp_path)
    assert (code, one["state"], one["why"], one["values"]) == (0, "sound", [], "not measured")
    assert one["provenance"] == {
        "commit": "0123456789ab",
        "changed": True,
        "code": RUN.code,
        "made": "2026-11-30T22:36:40.225039",
        "machine": "a processor, 2 cores, Linux",
        "libraries": {"torch": "2.9"},
        "data": {},
        "weights": "",
        "lacks": [],
    }


def test_what_a_record_should_say_and_does_not_is_named(tmp_path: Path, repro: Run) -> None:
    Store(tmp_path).add(counted(env={"python": "3.11"}))
    _, (one,) = verified(repro, tmp_path)
    lacks = ["the commit of the code", "its machine", "its libraries"]
    assert one["state"] == "sound" and one["provenance"]["lacks"] == lacks  # type: ignore[index]


def test_the_committed_records_are_sound_and_say_where_they_are_from(
    repro: Run, committed: Path
) -> None:
    code, found = verified(repro, committed)
    assert code == 0 and len(found) > 90
    assert {one["state"] for one in found} <= {"sound", "unproved"}
    assert sum(one["state"] == "unproved" for one in found) <= 1
    assert not [one["key"] for one in found if one["provenance"]["lacks"]]  # type: ignore[index]


@pytest.mark.parametrize(
    ("edit", "forged", "said"),
    [
        (lambda data: data["measurements"][0].update(value=8), False, "not what was written"),
        (lambda data: data["spec"].update(keypoints=18), True, "the key of this run is another"),
        (lambda data: data.update(key="0" * 64), True, "of another key than its file"),
        (lambda data: data.update(schema=2), True, "schema 2"),
    ],
    ids=["a value", "the run", "the key", "the schema"],
)
def test_what_was_edited_differs(
    edit: Callable[[dict[str, object]], None],
    forged: bool,
    said: str,
    tmp_path: Path,
    repro: Run,
) -> None:
    edited(Store(tmp_path).add(counted()), edit, forged)
    code, (one,) = verified(repro, tmp_path)
    assert code == 3 and one["state"] == "differs"
    assert said in " ".join(one["why"])  # type: ignore[arg-type]


def test_a_file_that_is_not_the_one_that_was_named_differs_and_one_that_is_not_here_is_none(
    tmp_path: Path, repro: Run
) -> None:
    store = Store(tmp_path)
    store.add(counted(artifacts={"weights": "0" * 64}))
    assert verified(repro, tmp_path)[0] == 0
    store.artifacts(RUN.key).mkdir()
    (store.artifacts(RUN.key) / "weights").write_text("others")
    code, (one,) = verified(repro, tmp_path)
    assert code == 3 and "is not the file that it names" in " ".join(one["why"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "state", "values", "code"),
    [
        (counted(7), "sound", "same", 0),
        (counted(8), "differs", "other", 3),
        (counted(8, key="1" * 64, code="of other code"), "unproved", "other", 0),
    ],
    ids=["the same", "another", "of older code"],
)
def test_counts_are_measured_anew(
    record: Record,
    state: str,
    values: str,
    code: int,
    tmp_path: Path,
    repro: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "counted", lambda asked: asked)
    monkeypatch.setattr(run, "count_record", lambda asked, count: counted(7))
    Store(tmp_path).add(record)
    found, (one,) = verified(repro, tmp_path, "--values")
    assert (found, one["state"], one["values"]) == (code, state, values)
    said = "macs hrnet was 8, is 7."
    assert (said in one["why"]) == (values == "other")  # type: ignore[operator]


def test_a_count_that_cannot_be_made_here_is_not_proved(
    tmp_path: Path, repro: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(asked: CountRun) -> object:
        raise MemoryError("no room")

    monkeypatch.setattr(run, "counted", refused)
    Store(tmp_path).add(counted())
    code, (one,) = verified(repro, tmp_path, "--values")
    assert (code, one["state"], one["values"]) == (0, "unproved", "not measured")


def test_the_key_of_a_timing_covers_its_samples(tmp_path: Path, repro: Run) -> None:
    from repro.speed.results import recording
    from support.planted_times import planted

    timed = planted([1.0, 2.0], processes=1, rounds=1)
    spec = {"kind": "speed", "networks": ["a"], "machine": "m"}
    key = digest({**spec, "env": ENV, "samples": timed.described(), "schema": SCHEMA})
    store = Store(tmp_path)
    store.add(Record(key, spec, (Measurement("latency", 3.0, "ms", of="a"),), ENV))
    assert "samples that are not here" in verified(repro, tmp_path)[1][0]["why"][0]  # type: ignore[index]
    recording.keep(store.artifacts(key), timed)
    assert verified(repro, tmp_path)[1][0]["state"] == "sound"
    samples = store.artifacts(key) / recording.SAMPLES
    other = planted([1.0, 2.0], seed=1, processes=1, rounds=1)
    samples.write_bytes(gzip.compress(json.dumps(other.described()).encode()))
    assert verified(repro, tmp_path)[1][0]["state"] == "unproved"


def test_a_key_is_looked_for_by_its_beginning(tmp_path: Path, repro: Run) -> None:
    Store(tmp_path).add(counted())
    assert len(verified(repro, tmp_path, RUN.key[:6])[1]) == 1
    assert verified(repro, tmp_path, "0" * 6) == (0, [])
    wrong = repro("records", "verify", "x", "--store", str(tmp_path))
    assert wrong.code == 2 and "No key begins with `x`." in wrong.err
    told = repro("records", "verify", "--store", str(tmp_path))
    assert told.out.startswith(RUN.key[:12]) and "1 sound, 0 unproved, 0 differs" in told.err
