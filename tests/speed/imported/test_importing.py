"""`repro speed --import`: a log becomes a record of its device, and decides nothing."""

import json
from pathlib import Path

import pytest

from repro.records.record import CURRENT
from repro.records.store import Store
from support.command_line import Run
from support.evaluation_scenes import parsed, refused
from support.timing_logs import AI_HUB, NCNN, OPENVINO, TFLITE

PHONE = ("--device-name", "Snapdragon 855 GPU")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name, text in {
        "ncnn.txt": NCNN,
        "app.log": OPENVINO,
        "lite.txt": TFLITE,
        "hub.json": json.dumps(AI_HUB),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_networks_of_ours_stand_beside_print_without_a_verdict(repro: Run, logs: Path) -> None:
    words = ("speed", "wlitepose_s_coco", "--input", "448x448", "--import", "lite.txt", *PHONE)
    data = parsed(repro(*words, "--against", "paper4", "--json"))
    imported = data["imported"]
    assert isinstance(imported, dict)
    assert imported["origin"].startswith("imported from lite.txt (sha256 ")
    assert imported["timing"]["statistic"] == "median"
    rows = [(one["column"], one["printed"], one["imported_ms"]) for one in imported["beside"]]
    assert rows == [
        ("paper4 Table I Latency (ms)", "81", 78.65),
        ("paper4 Table II Latency (ms)", "81", 78.65),
    ]
    assert imported["beside"][0]["ratio"] == pytest.approx(78.65 / 81)
    outcome = repro(*words, "--against", "paper4")
    assert outcome.code == 0 and "not measured here, and held against nothing" in outcome.out
    assert "No 95th percentile of `wlitepose_s_coco 448x448`: 50 calls" in outcome.err
    assert "59 are needed" in outcome.err


def test_a_record_stays_and_is_kept_once(repro: Run, logs: Path) -> None:
    for _ in range(2):
        assert repro("speed", "--import", "ncnn.txt", "--device-name", " A  phone ").code == 0
    store = Store(logs / "records")
    (stored,) = store.stored()
    record = stored.record
    assert record.standing == CURRENT and record.spec["device"] == "A phone"
    assert record.spec["kind"] == "imported" and record.made is not None
    figures = [record.measurement("latency", of=name) for name in ("squeezenet", "lite18", "hr32")]
    assert [one.value for one in figures if one] == [2.64, 42.5, 32.5]
    assert parsed(repro("records", "gc", "--dry-run", "--json"))["removed"] == []
    (line,) = repro("records", "ls").out.splitlines()
    assert "times of 3 on A phone by benchncnn (ncnn), imported from ncnn.txt" in line
    assert repro("speed", "lite=lite18", "--import", "ncnn.txt", "--device-name", "B").code == 0
    assert len(Store(logs / "records").stored()) == 2


def test_percentiles_come_from_the_calls_where_the_tool_tells_them(repro: Run, logs: Path) -> None:
    words = ("speed", "litehrnet_18", "--import", "hub.json", "--device-name", "A phone's NPU")
    data = parsed(repro(*words, "--json"))
    ((record,),) = (data["records"],)
    figures = {one["metric"]: one for one in record["measurements"]}
    assert figures["latency_p50"]["low"] == 7.934 and figures["latency_p50"]["high"] == 9.044
    assert {"latency_p90", "latency_p99"}.isdisjoint(figures)
    assert figures["peak_memory"]["value"] == 12_595_200
    assert {one["of"] for one in figures.values()} == {"litehrnet_18 256x192"}
    said = [one["text"] for one in data["remarks"]]
    assert any("taken as 256x192: --input" in text for text in said)
    assert any("No 90th and 99th percentile" in text for text in said)


def test_what_is_said_of_the_way_of_timing_is_told(repro: Run, logs: Path) -> None:
    outcome = repro("speed", "net", "--import", "app.log", "--device-name", "a laptop")
    assert outcome.code == 0, outcome.err
    assert "`4` inferences ran at a time" in outcome.err
    assert "A time is of a batch of 2 images" in outcome.err
    assert "`net` is no network of the zoo" in outcome.err


def test_an_imported_time_fills_no_cell_and_is_named_beside_it(repro: Run, logs: Path) -> None:
    words = ("speed", "wlitepose_s_coco", "--input", "448x448", "--import", "lite.txt", *PHONE)
    assert repro(*words).code == 0
    place = ("explain", "paper4", "table1", "WLitePose-S", "latency")
    data = parsed(repro(*place, "--json"))
    assert data["measured"] is None and data["verdict"]["kind"] == "missing"
    (time,) = data["elsewhere"]
    assert (time["ms"], time["on"], time["origin"]) == (78.65, "Snapdragon 855 GPU", "imported")
    assert "not measured here" in repro(*place).out
    other = ("explain", "paper4", "table1", "WLitePose-XS", "latency", "--json")
    assert parsed(repro(*other))["elsewhere"] == []


def test_wrong_words_are_refused(repro: Run, logs: Path) -> None:
    base = ("speed", "--import", "ncnn.txt")
    refused(repro(*base), "on which device", "--device-name")
    refused(repro("speed", *PHONE), "names no log", "--import")
    refused(repro(*base, "--device-name", " "), "is no name of a device")
    refused(repro(*base, "--device-name", "a\x1b[31m"), "is no name of a device")
    refused(repro("speed", "a", *base[1:], *PHONE), "has 3 networks", "`a=NAME`")
    refused(repro("speed", "a=lite81", *base[1:], *PHONE), "lite81", "lite18")
    refused(repro("speed", "a=hr32", "a=lite18", *base[1:], *PHONE), "is named twice")
    refused(repro("speed", "=hr32", *base[1:], *PHONE), "is no name of a network")
    refused(repro(*base[:2], "none.txt", *PHONE), "does not exist")
    wrong = ("speed", "litehrnet_18=lite18", "--input", "100x100", *base[1:], *PHONE)
    refused(repro(*wrong), "cannot take an input of 100x100")
    assert not (logs / "records").exists()
