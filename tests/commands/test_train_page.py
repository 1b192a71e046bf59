"""`repro train` on little data: what is said, held out and drawn, and what is left when it ends."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from repro.data import synth
from repro.records.cleanup import collect
from repro.records.store import Store
from repro.report.html import training_page
from repro.training.loop import StepReport
from repro.training.sheet import sheet
from repro.training.step_log import StepLog
from support.command_line import Outcome, Run

MODEL = ("train", "paper1", "hwl_mobilenetv3")
ORIENTATION, HALF_TURN = 274, 3
"""of EXIF"""
SHORT = ("--input", "64x32", "--batch", "4", "--workers", "0", "--device", "cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, 5, 2, size=(96, 96))
    return folder


def trained(repro: Run, data: Path, *words: str) -> Outcome:
    where = ("--dataset", "synth", "--data", str(data))
    return repro(*MODEL, *where, *SHORT, "--epochs", "2", "--out", "out ü", *words)


def record_of(key: str) -> dict[str, object]:
    (path,) = [path for path in Path("records").glob("??/*.json") if path.stem == key]
    return dict(json.loads(path.read_text()))


def test_a_scaled_training_leaves_its_page_and_says_what_was_scaled(repro: Run, data: Path) -> None:
    done = trained(repro, data, "--scale-schedule", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["recipe"]["fields"]["milestones"] == [1]
    texts = [one["text"] for one in found["remarks"]]
    assert any(text.startswith("The schedule of 210 epochs is scaled to 2: ") for text in texts)
    assert any("is the recipe's for batches of 64; these are of 4" in text for text in texts)
    record = record_of(found["record"])
    assert [one["text"] for one in record["remarks"]] == texts  # type: ignore[attr-defined, index]
    assert any("milestones 1 (the recipe: " in one for one in record["spec"]["deviations"])  # type: ignore[index]
    page = Path(found["page"])
    assert page == Path("out ü/training.html") and page.is_file()
    document = page.read_text()
    for title in ("Loss", "Learning rate", "AP, %", "Gradient norm", "Samples a second"):
        assert f">{title}" in document
    assert document.count("<polyline") == 6 and document.count("data:image/png;base64,") == 4
    assert "It came to its end" in document and "is scaled to 2" in document
    rows = Path("out ü/steps.csv").read_text().splitlines()
    assert len(rows) == 1 + found["steps"]
    assert repro("report", "-o", "report.html").code == 0
    key = found["record"]
    link = f'<a href="records/{key[:2]}/{key}/training.html">hwl_mobilenetv3_64x32_synth</a>'
    assert link in Path("report.html").read_text()
    assert Path(f"records/{key[:2]}/{key}/training.html").read_text() == document
    again = trained(repro, data, "--scale-schedule")
    assert again.code == 0 and "out ü/training.html shows how it went" in again.out
    assert "note: The schedule of 210 epochs is scaled to 2" in again.err
    assert Path("out ü/steps.csv").read_text().splitlines() == rows
    assert collect(Store(Path("records")), dry_run=True) == []


def test_a_recipe_that_does_not_fit_is_said_before_it_starts(repro: Run, data: Path) -> None:
    done = trained(repro, data)
    assert done.code == 0, done.err
    assert "note: The milestones 170, 200 are not before the end of 2 epochs" in done.err
    assert "note: Evaluations are 10 epochs apart and the training has 2" in done.err
    plain = json.loads(repro(*MODEL, "--plan", "--epochs", "2", "--json").out)
    scaled = repro(*MODEL, "--plan", "--epochs", "2", "--scale-schedule", "--json")
    fields = json.loads(scaled.out)["recipe"]["fields"]
    assert plain["recipe"]["fields"]["milestones"] == [170, 200] and fields["milestones"] == [1]
    refused = repro(*MODEL, "--smoke", "--scale-schedule")
    assert refused.code == 2 and "has a schedule of its own" in refused.err


def test_an_interrupted_training_leaves_a_page_and_goes_on_to_another(
    repro: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = StepLog.add

    def interrupted(log: StepLog, report: StepReport) -> None:
        if report.step == 3:
            raise KeyboardInterrupt
        add(log, report)

    words = ("--save-every", "1")
    with monkeypatch.context() as patch:
        patch.setattr(StepLog, "add", interrupted)
        done = trained(repro, data, *words)
    assert done.code == 130 and "out ü/training.html shows how far it came" in done.err
    page = Path("out ü/training.html")
    assert "It is not at its end: 2 of " in page.read_text()
    assert "no evaluation has come to its end yet" in page.read_text()
    done = trained(repro, data, *words)
    assert done.code == 0 and "goes on from step 2" in done.err
    assert "It came to its end" in page.read_text()


def test_pictures_of_ones_own_are_held_out_where_nothing_else_is_given(
    repro: Run, data: Path
) -> None:
    annotations = data / "synth" / "annotations" / "synth_person_keypoints_train.json"
    own = ("--annotations", str(annotations), "--images", str(data / "synth" / "train"))
    words = (*MODEL, "--dataset", "synth", *own, *SHORT, "--epochs", "1", "--out", "out")
    done = repro(*words, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["remarks"][0]["text"].startswith("1 of 4 pictures are held out of the training")
    assert found["remarks"][0]["count"] == 1 and found["best"]["metric"] == "AP"
    whole = json.loads(annotations.read_text())
    parts = [json.loads(path.read_text()) for path in sorted(Path("out/held-out").iterdir())]
    assert sorted(len(part["images"]) for part in parts) == [1, 4]
    assert sum(len(part["annotations"]) for part in parts) == len(whole["annotations"])
    all_of_it = repro(*words, "--hold-out", "0", "--json", "--fresh")
    found = json.loads(all_of_it.out)
    assert found["best"]["metric"] == "" and not any("held" in str(one) for one in found["remarks"])
    assert "the training has nothing to evaluate on" in Path(found["page"]).read_text()
    assert repro(*words, "--hold-out", "1.5").code == 2


def test_pictures_are_turned_where_that_is_asked(repro: Run, data: Path, tmp_path: Path) -> None:
    turned = Path(shutil.copytree(data, tmp_path / "turned"))
    for path in sorted((turned / "synth" / "val").iterdir()):
        asked = Image.Exif()
        asked[ORIENTATION] = HALF_TURN
        Image.open(path).rotate(180).save(path, exif=asked)
    records = []
    for words in (("--exif", "apply"), ("--fresh",)):
        done = trained(repro, turned, *words, "--json")
        assert done.code == 0, done.err
        kept = json.loads(Path("out ü/best-poses.json").read_text())
        records.append((json.loads(done.out)["record"], kept["upright"]))
        tile = sheet(Path("out ü")).tiles[0]  # type: ignore[union-attr]
        shown = cv2.imdecode(np.frombuffer(tile.found_png, np.uint8), cv2.IMREAD_COLOR)
        plain = cv2.imread(str(data / "synth" / "val" / tile.name))
        apart = shown.astype(int) - cv2.resize(plain, shown.shape[1::-1])
        assert (abs(apart).mean() < 20) == kept["upright"]
    (first, upright), (second, stored) = records
    assert first != second and (upright, stored) == (True, False)
    refused = trained(repro, turned, "--exif", "turn")
    assert refused.code == 2 and "turn" in refused.err


def test_a_page_that_cannot_be_written_stops_nothing(
    repro: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training_page, "write_whole", full)
    done = trained(repro, data, "--json")
    assert done.code == 0 and json.loads(done.out)["page"] is None
    assert "warning: `out ü/training.html` cannot be written: No space left" in done.err
