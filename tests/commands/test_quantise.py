"""The command that makes networks int8: the file, the row, and what is told instead of one."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from repro.exported.network_file import open_file
from repro.exporting import checking
from repro.quantising import methods, row
from repro.quantising.measuring import PairedAccuracy
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.runs import QUANTISED
from repro.records.store import Store
from repro.report import quantised_rows
from repro.speed.measure import engine
from repro.speed.measure.procedures import TimingSettings, adapted
from repro.speed.measure.subjects import Preparation, Subject, TimedRun
from support.command_line import Run
from support.evaluation_scenes import Scene, onnx_file, parsed, refused
from support.planted_times import planted

FACTS = {"colour": "RGB", "normalise": "ImageNet"}
FEW = ("--pictures", "4")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network of one layer, with its metadata."""
    return onnx_file(tmp_path / "net.onnx", value=0.2, metadata=FACTS)  # type: ignore[arg-type]


def words(scene: Scene, *others: str) -> tuple[str, ...]:
    """Make `net.onnx` int8 by the pictures of a scene, without a timing."""
    calibration = ("--calibrate", str(scene.images), "--no-speed")
    return ("quantise", "net.onnx", "-o", "net.int8.onnx", *calibration, *others)


def rows(folder: Path) -> list[Record]:
    """The rows that are kept."""
    store = Store(folder / "records")
    found = (store.at(one.path) for one in store.outlines(QUANTISED, 10))
    return [one.record for one in found if one is not None]


def test_a_file_is_made_compared_and_kept_as_a_row(
    repro: Run, scene: Scene, network: Path, tmp_path: Path
) -> None:
    annotated = ("--annotations", str(scene.annotations))
    data = parsed(repro(*words(scene, *FEW, *annotated, "--json")))
    made = tmp_path / "net.int8.onnx"
    assert data["size"] == made.stat().st_size and data["nobody"] is None and data["speed"] is None
    kinds = {node.op_type for node in onnx.load(made).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear", "Conv"} <= kinds
    file = open_file(made)
    assert (file.stated.colour, file.stated.normalise) == ("RGB", "ImageNet")
    metadata = dict(file.runtime.metadata)
    assert metadata == data["metadata"] and metadata["precision"] == "int8"
    assert metadata["quantised_from"] == data["floats"]["sha256"]  # type: ignore[index]
    assert metadata["calibrated_on"].startswith("4 crops of ")
    (output,) = data["deviation"]["outputs"]  # type: ignore[index]
    assert 1e-5 < output["rms"] < 0.05 and output["name"] == "maps"
    accuracy = data["accuracy"]
    assert isinstance(accuracy, dict) and accuracy["metric"] == "AP"
    assert accuracy["difference"] == pytest.approx(accuracy["int8"] - accuracy["floats"])
    (kept,) = rows(tmp_path)
    assert kept.key == data["records"][0]["key"]  # type: ignore[index]
    assert kept.value("AP_difference") == accuracy["difference"]
    evaluated = repro("eval", str(made), *scene.named(), "--boxes", "gt", "--json")
    assert parsed(evaluated)["record"] == accuracy["records"][1]  # the same run, from the store


def test_the_same_seed_gives_the_same_file(
    repro: Run, scene: Scene, network: Path, tmp_path: Path
) -> None:
    people = ("--calibrate-annotations", str(scene.annotations))
    digests = [
        parsed(repro(*words(scene, *FEW, *people, "--force", "--seed", seed, "--json")))
        for seed in ("1", "1", "2")
    ]
    first, again, other = (one["calibration"] for one in digests)
    assert first == again != other
    assert digests[0]["sha256"] == digests[1]["sha256"]
    assert digests[0]["accuracy"] is None


def test_the_row_is_shown_by_the_report_and_outlives_the_code(
    repro: Run, scene: Scene, network: Path, tmp_path: Path
) -> None:
    outcome = repro(*words(scene, *FEW))
    assert outcome.code == 0, outcome.err
    for text in ("net.onnx → net.int8.onnx", "smaller", "off by", "group of layers", "head"):
        assert text in outcome.out
    assert "accuracy" not in outcome.out and "speed" not in outcome.out
    assert repro("records", "gc").code == 0
    assert "net.onnx as net.int8.onnx, int8" in repro("records", "ls").out
    assert repro("report", "-o", "page.html").code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'id="int8"' in page and "net.onnx → net.int8.onnx" in page
    (kept,) = rows(tmp_path)
    assert quantised_rows.row(kept).groups[0].layers == 1
    layers = [["stem", 1], ["stages 1/4", 2], ["stages 1/16", 3], ["head", 1]]
    several = quantised_rows.row(replace(kept, spec={**kept.spec, "layers": layers}))
    assert [one.name for one in several.groups] == [name for name, _ in layers]
    assert repro("report", "-o", "all.json").code == 0
    assert len(json.loads((tmp_path / "all.json").read_text())["quantised"]) == 1


def test_whole_pictures_are_taken_where_nobody_is_annotated(
    repro: Run, scene: Scene, network: Path, tmp_path: Path
) -> None:
    data = parsed(repro(*words(scene, "--json")))
    said = " ".join(str(one["text"]) for one in data["remarks"])  # type: ignore[attr-defined]
    assert "calibrated on whole, each as one person" in said
    assert "There are 6 pictures, not 100" in said
    assert "compared on 6 of the pictures that calibrate" in said
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    onlooker = min(scene.images.iterdir())
    (elsewhere / "another name.png").write_bytes(onlooker.read_bytes())
    asked = ("--calibrate-annotations", str(scene.annotations), "--no-speed", "--force", "--json")
    data = parsed(
        repro("quantise", "net.onnx", "-o", "b.onnx", "--calibrate", str(elsewhere), *asked)
    )
    said = " ".join(str(one["text"]) for one in data["remarks"])  # type: ignore[attr-defined]
    assert "None of the annotated pictures is in `elsewhere`" in said
    assert data["calibration"]["unit"] == "pictures"  # type: ignore[index]


def by(change: Callable[[np.ndarray], np.ndarray]) -> methods.QuantisingMethod:
    """A method that makes nothing int8, and changes the weights instead."""

    def quantise(network: Path, output: Path, name: str, inputs: Sequence[Path]) -> None:
        model = onnx.load(network)
        for value in model.graph.initializer:
            changed = change(numpy_helper.to_array(value)).astype(np.float32)
            value.CopyFrom(numpy_helper.from_array(changed, value.name))
        onnx.save(model, output)

    return methods.QuantisingMethod("A test", ("onnx",), "by hand", quantise)


def test_a_network_that_finds_nobody_is_told_and_not_tabled(
    repro: Run, scene: Scene, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(methods.METHODS, "onnxruntime", by(lambda values: 0 * values))
    outcome = repro(*words(scene, *FEW))
    assert outcome.code == 3
    assert "`net.int8.onnx` finds nobody: no joint scores 0.2" in outcome.err
    assert "smaller" not in outcome.out and "head" in outcome.out
    data = parsed(repro(*words(scene, *FEW, "--force", "--json")))
    assert data["exit"] == 3 and data["nobody"] and data["records"] == []
    assert rows(tmp_path) == [] and (tmp_path / "net.int8.onnx").is_file()


def evaluated(value: float) -> Record:
    return Record("0" * 64, {}, (Measurement("AP", value, "%"),), {})


def test_accuracy_decides_who_finds_nobody(
    repro: Run, scene: Scene, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    monkeypatch.setattr(row, "nobody", lambda file, pair: kept.append(file) or "")
    repro(*words(scene, *FEW))
    monkeypatch.undo()
    (file,) = kept
    blind = replace(file, seen=(3, 0))
    assert row.nobody(file, None) == "" and "finds nobody" in row.nobody(blind, None)
    for floats, int8, told in ((50, 0.4, True), (50, 30, False), (1.5, 0, False)):
        pair = PairedAccuracy(evaluated(floats), evaluated(int8), "AP", None)
        assert bool(row.nobody(blind, pair)) == told


def test_a_file_that_does_not_compute_is_not_kept(
    repro: Run, scene: Scene, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(methods.METHODS, "onnxruntime", by(lambda values: values + np.nan))
    refused(repro(*words(scene, *FEW)), "NaN or infinity", "--method", code=6)

    def fail(*given: object) -> None:
        raise KeyError("a tensor")

    broken = replace(by(abs), quantise=fail)
    monkeypatch.setitem(methods.METHODS, "onnxruntime", broken)
    refused(repro(*words(scene, *FEW)), "A test cannot make `net.onnx` int8: KeyError", code=6)
    assert not (tmp_path / "net.int8.onnx").exists() and rows(tmp_path) == []


def test_a_model_is_exported_first(
    repro: Run, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(request: object, model: object, path: Path, *rest: object) -> None:
        onnx_file(path, metadata=FACTS)  # type: ignore[arg-type]

    monkeypatch.setattr("repro.exporting.writing._write", write)  # which takes long
    monkeypatch.setitem(checking.BOUNDS, "fp32", float("inf"))
    model = ("lpn_50", "--input", "64x48", "--calibrate", str(scene.images), *FEW, "--no-speed")
    data = parsed(repro("quantise", *model, "-o", "lpn.onnx", "--json"))
    assert data["floats"]["file"] == "lpn_50.onnx"  # type: ignore[index]
    said = " ".join(str(one["text"]) for one in data["remarks"])  # type: ignore[attr-defined]
    assert "No weights were given" in said and (tmp_path / "lpn.onnx").is_file()
    refused(repro("quantise", *model, "-o", "no.onnx", "--weights", "absent.pth"), "absent.pth")


def test_both_are_timed_against_each_other(
    repro: Run, scene: Scene, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(subjects: Sequence[Subject], settings: TimingSettings, tell: object) -> TimedRun:
        chosen, settings = adapted(subjects, settings)
        known = {**settings.described(), "finished": 6}
        times = {"processes": 6, "within": 0.01, "subjects": chosen, "settings": known}
        run = planted((20.0, 10.0, 20.0), **times)  # type: ignore[arg-type]
        return replace(run, preparations=tuple(map(Preparation, range(3))))

    monkeypatch.setattr(engine, "measure", measure)
    timed = [word for word in words(scene, *FEW) if word != "--no-speed"]
    data = parsed(repro(*timed, "--json"))
    speed = data["speed"]
    assert isinstance(speed, dict)
    assert speed["verdict"] == "faster" and speed["value"] == pytest.approx(2, rel=0.02)
    assert speed["low"] <= speed["value"] <= speed["high"]
    shown = repro(*timed, "--force")
    assert "2.0" in shown.out and "int8 is faster" in shown.out


def test_an_unsure_ratio_is_shown_as_such(
    repro: Run, scene: Scene, network: Path, tmp_path: Path
) -> None:
    repro(*words(scene, *FEW))
    (kept,) = rows(tmp_path)
    speed = Measurement("speed_ratio", 1.3, "x", low=1.0, high=1.6)
    notes = {**kept.notes, "speed": "no verdict: 2 processes finished, 3 are needed"}
    timed = replace(kept, measurements=(*kept.measurements, speed), notes=notes)
    row_of_it = quantised_rows.row(timed)
    assert row_of_it.cells[2] == "1.30x [1.00, 1.60] no verdict"
    assert any("2 processes finished" in fact for fact in row_of_it.facts)


def test_nncf_makes_one_too(repro: Run, scene: Scene, network: Path) -> None:
    pytest.importorskip("nncf", reason="nncf is not installed")
    data = parsed(repro(*words(scene, *FEW, "--method", "nncf", "--json")))
    assert "nncf" in data["metadata"]["quantised_with"]  # type: ignore[index]
    assert data["deviation"]["outputs"][0]["rms"] < 0.05  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("net.onnx -o a.onnx --calibrate nowhere", "no folder `nowhere`"),
        ("net.onnx -o a.onnx --calibrate empty", "no pictures in `empty`"),
        ("net.onnx -o a.pt --calibrate empty", "does not end in .onnx"),
        ("net.onnx -o net.onnx --calibrate empty", "exists already"),
        ("net.onnx -o a.onnx --calibrate empty --method tflite", "no method `tflite`"),
        ("absent.onnx -o a.onnx --calibrate empty", "no file `absent.onnx`"),
        ("net.onnx -o a.onnx --calibrate empty --weights w.pth", "is what it is"),
        ("net.onnx -o a.onnx --calibrate empty --input 32x32", "is built for 64x48"),
        ("net.onnx -o a.onnx --calibrate empty --annotations none.json", "no file `none.json`"),
        ("net.onnx -o a.onnx --calibrate text", "cannot be decoded"),
        ("done.onnx -o a.onnx --calibrate text", "is quantised already"),
        ("half.onnx -o a.onnx --calibrate text", "has values of 16 bits"),
        ("lpn_51 -o a.onnx --calibrate text", "Did you mean `lpn_50`"),
    ],
)
def test_a_mistake_is_one_sentence(
    repro: Run, network: Path, tmp_path: Path, given: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text/a.png").write_text("no picture")
    model = onnx.load(network)
    model.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(numpy_helper.to_array(model.graph.initializer[0]), "weights")
    )
    unused = numpy_helper.from_array(np.zeros(1, np.float16), "unused")
    model.graph.initializer.append(unused)
    onnx.save(model, tmp_path / "half.onnx")
    methods.by_onnxruntime(network, tmp_path / "done.onnx", "image", [saved(tmp_path)])
    refused(repro("quantise", *given.split(), "--no-speed"), said)
    assert not (tmp_path / "a.onnx").exists()


def saved(folder: Path) -> Path:
    """One input of `net.onnx`."""
    np.save(folder / "input.npy", np.ones((1, 3, 64, 48), np.float32))
    return folder / "input.npy"


def test_a_method_says_what_it_lacks(
    repro: Run, scene: Scene, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.env.version", lambda name: None if name == "nncf" else "1")
    refused(repro(*words(scene, "--method", "nncf")), "not installed: nncf", "quantise")
