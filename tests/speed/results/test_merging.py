"""Results of several machines, from files that may be anything."""

import json
from pathlib import Path

import pytest

from repro.errors import IncomparableError, ReproError
from repro.records.measurement import Measurement
from repro.records.plain_form import written
from repro.records.record import Record
from repro.speed.measure.subjects import Way
from repro.speed.results import merging

EAGER, AHEAD = ({"backend": name, "precision": "fp32", "batch": 1} for name in ("eager", "ahead"))


def result(path: Path, *orders: dict[str, object], **timing: object) -> Path:
    """A file as `repro speed --json` writes it, as far as merging reads it."""
    known = {"machine": path.stem, "threads": 2, "stage": "net", "flip": False, "protocol": "repro"}
    path.write_text(content(known | timing, *orders))
    return path


def content(timing: dict[str, object], *orders: dict[str, object]) -> str:
    """What is in such a file."""
    floor = Measurement("noise_floor", 1.0, "%")
    record = written(Record("", {"kind": "speed", **timing}, (floor,), {}))
    data = {"schema": 1, "command": "speed", "orders": list(orders), "records": [record]}
    return json.dumps(data)


def order(way: dict[str, object], sure: bool = True, **seconds: float) -> dict[str, object]:
    """An order of two networks."""
    ranked = sorted(seconds, key=lambda name: seconds[name])
    return {"way": way, "seconds": seconds, "faster": [ranked[:2]] if sure else []}


def test_each_way_that_all_machines_know_has_a_picture(tmp_path: Path) -> None:
    laptop = result(tmp_path / "laptop.json", order(EAGER, a=1.0, b=2.0), order(AHEAD, a=1, b=2))
    phone = result(tmp_path / "phone.json", order(EAGER, a=30.0, b=20.0), order(AHEAD, c=1, b=2))
    found = merging.merged([laptop, phone])
    assert [one.machine for one in found.outputs] == ["laptop", "phone"]
    assert list(found.pictures) == [Way("eager", "fp32", 1)]
    (picture,) = found.pictures.values()
    (pair,) = picture.pairs
    assert pair.swaps and (pair.faster, pair.slower) == (1, 1)
    assert picture.taus[str(laptop), str(phone)] == -1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no JSON"),
        ("[1", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "holds no timing"),
        ('{"command": "count", "orders": [], "timing": {}}', "holds no timing"),
        ('{"command": "speed", "profile": {}}', "holds no timing"),
        ('{"command": "speed", "orders": [1], "timing": {}}', "`orders` should be a table"),
        ('{"command": "speed", "orders": [{"way": 1}], "timing": {}}', "`orders.way`"),
        ('{"command": "speed", "orders": [], "timing": {}}', "has no records"),
        (content({}), "on which machine"),
    ],
)
def test_a_file_that_is_no_result_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(ReproError, match=words) as caught:
        merging.read(path)
    assert "file.json" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (order(EAGER, sure=False, a=float("nan"), b=1.0), "it has `NaN`, which is no JSON"),
        (order(EAGER, sure=False, a=-1.0, b=1.0), "`a` takes -1.0 seconds"),
        (order(EAGER, a=1.0, b=2.0) | {"faster": [["b", "a"]]}, "`b` is said to be faster"),
        (order(EAGER, a=1.0, b=2.0) | {"faster": [["a", "z"]]}, "`a` is said to be faster"),
    ],
)
def test_impossible_orders_are_named(tmp_path: Path, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ReproError, match=words):
        merging.read(result(tmp_path / "one.json", wrong))


def test_what_cannot_be_merged_says_why(tmp_path: Path) -> None:
    one = result(tmp_path / "one.json", order(EAGER, a=1.0, b=2.0))
    for others, words in (
        ([], "One machine says nothing"),
        ([one], "given twice"),
        ([tmp_path / "none.json"], "none.json` cannot be read: No such file"),
        ([tmp_path], "is no JSON: not a regular file"),
        ([result(tmp_path / "two.json", order(EAGER, a=1.0, c=2.0))], "No two networks"),
        ([result(tmp_path / "three.json", order(AHEAD, a=1.0, b=2.0))], "No two networks"),
    ):
        with pytest.raises(ReproError, match=words):
            merging.merged([one, *others])
    full = result(tmp_path / "full.json", order(EAGER, a=1.0, b=2.0), stage="full")
    with pytest.raises(IncomparableError, match="stage is net in "):
        merging.merged([one, full])
