"""The page of a training: its curves, its pictures and its recipe, in one file by itself."""

import json
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from repro.data import synth
from repro.data.annotations import read
from repro.papers.skeletons import COCO
from repro.records.store import PAGE
from repro.report.html import curves, line_chart, training_page
from repro.training import course, shown_poses, step_log
from repro.training.course import TrainingCourse
from repro.training.sheet import sheet

HOSTILE = "</title><script>alert(1)</script>"


class Elements(HTMLParser):
    """Every element with its attributes, in order, and the text between them."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(document)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [given for name, given in self.found if name == tag]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data ä")
    synth.write(folder, 1, 3, size=(96, 96))
    return folder / "synth"


def a_folder(folder: Path, data: Path | None, epochs: int = 3, total: int = 24) -> Path:
    """A training's files: 8 steps an epoch, evaluated after each."""
    files = {"dataset": "synth", "annotations": f"{folder}/a.json", "images": f"{folder}"}
    if data is not None:
        annotations = data / "annotations" / "synth_person_keypoints_val.json"
        files |= {"annotations": str(annotations), "images": str(data / "val")}
    run = {
        "name": f"net_64x64 {HOSTILE}",
        "model": "net",
        "recipe": {
            "name": "paper1/paper",
            "fields": {"lr": 0.001, "batch": 4, "milestones": [2], "clip": None},
            "sources": {"lr": "Section 4", "batch": "the command line", "milestones": HOSTILE},
            "deviations": ["batch 4 (the recipe: 64)"],
        },
        "identity": {"model": "net", "samples": 32, "lr": 0.001},
        "machine": {"devices": 1},
        "train": {"annotations": "/data/train.json"},
        "evaluated": None if data is None else files,
        "steps": total,
        "remarks": [{"about": "recipe", "text": f"The warm-up is long. {HOSTILE}"}],
    }
    history = [
        {
            **{"stage": 0, "epoch": epoch, "step": 8 * (epoch + 1), "lr": 0.001},
            **{"loss": 1.0 / (epoch + 1), "heatmaps": 1.0},
            "evaluation": {
                "AP50": {"value": 60.0, "low": None, "high": None},
                "AP": {"value": value, "low": value - 2, "high": value + 2},
            },
        }
        for epoch, value in zip(range(epochs), (10.0, 31.5, 20.0), strict=False)
    ]
    if data is None:
        for row in history:
            del row["evaluation"]
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "history.json").write_text(json.dumps(history))
    names = "step,stage,epoch,lr,loss,heatmaps,push,gradient_norm,samples_per_second"
    lines = [
        f"{step},0,{step // 8},{0.001 / (1 + step // 16)},{9 / step},{8 / step},{1 / step},3,50"
        for step in range(1, 8 * epochs + 1)
    ]
    (folder / step_log.NAME).write_text("\n".join([names, *lines]) + "\n")
    return folder


def keep_poses(folder: Path, data: Path) -> None:
    truth = read(data / "annotations" / "synth_person_keypoints_val.json", "synth")
    people = {
        place: truth.people.keypoints[truth.people.image == place].tolist()
        for place in shown_poses.positions(truth)
    }
    rows = [
        {"path": str(data / "val" / truth.images.files[place]), "truth": one, "found": one}
        for place, one in people.items()
    ]
    content = {"step": 16, "joints": COCO.joints, "limbs": COCO.limbs, "pictures": rows}
    (folder / shown_poses.NAME).write_text(json.dumps(content))


def test_a_page_holds_the_curves_the_pictures_and_the_recipe(tmp_path: Path, data: Path) -> None:
    folder = a_folder(tmp_path, data)
    keep_poses(folder, data)
    path = training_page.write(folder)
    assert path == folder / PAGE
    document = path.read_text()
    page = Elements(document)
    assert [one["role"] for one in page.of("svg") if "role" in one] == ["img"] * 5
    for title in ("Loss", "Learning rate", "AP, %", "Gradient norm", "Samples a second"):
        assert title in page.text
    lines = page.of("polyline")
    assert len(lines) == 4 + 1 + 1 + 1 + 1 and len(lines[0]["points"].split()) == 24
    places = [
        float(number)
        for one in lines
        for pair in one["points"].split()
        for number in pair.split(",")
    ]
    assert all(0 <= place <= line_chart.WIDTH for place in places)
    best = [one for one in page.of("g") if "best" in one.get("class", "")]
    assert len(best) == 1 and "best 31.5 % after epoch 2, step 16" in page.text
    assert "epoch 2: 31.5 % (29.5 to 33.5)" in page.text
    pictures = page.of("img")
    assert len(pictures) == 6 and all(
        one["src"].startswith("data:image/png;base64,") for one in pictures
    )
    assert "weights after step\n  16" in page.text and "synth_val_000000.png" in page.text
    assert "in 1 field, marked below" in page.text and "The warm-up is long." in page.text
    assert [one for one in page.of("tr") if one.get("class") == "deviates"]
    assert "It came to its end: 24 of 24 steps are done." in page.text


def test_a_page_asks_for_nothing_and_runs_nothing(tmp_path: Path, data: Path) -> None:
    path = training_page.write(a_folder(tmp_path, data))
    assert path is not None
    page = Elements(path.read_text())
    assert not page.of("script") and not page.of("a")
    assert {one["href"] for one in page.of("link")} == {"data:,"}
    assert HOSTILE in page.text  # as text, wherever it came from
    (policy,) = [one["content"] for one in page.of("meta") if "Policy" in one.get("http-equiv", "")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "script" not in policy


def test_an_unfinished_training_has_a_page_that_says_so(tmp_path: Path, data: Path) -> None:
    path = training_page.write(a_folder(tmp_path, data, epochs=1, total=240))
    assert path is not None
    page = Elements(path.read_text())
    assert "It is not at its end: 8 of 240 steps are done." in page.text
    assert "There are no pictures: no evaluation has come to its end yet." in page.text


def test_a_training_without_an_evaluation_says_that_there_are_no_pictures(tmp_path: Path) -> None:
    path = training_page.write(a_folder(tmp_path, None))
    assert path is not None
    page = Elements(path.read_text())
    assert "There are no pictures: the training has nothing to evaluate on." in page.text
    assert "the last weights count as the best" in page.text and "AP" not in page.text


def test_a_training_that_has_only_begun_has_an_empty_page(tmp_path: Path, data: Path) -> None:
    folder = a_folder(tmp_path, data)
    for name in ("history.json", step_log.NAME):
        (folder / name).unlink()
    path = training_page.write(folder)
    assert path is not None and "No step is done yet" in path.read_text()
    (folder / "run.json").write_text("{")
    assert training_page.write(folder) is None
    (folder / "run.json").write_text("[]")
    assert training_page.write(folder) is None and training_page.write(tmp_path / "no") is None


def test_pictures_that_are_gone_are_told(tmp_path: Path, data: Path) -> None:
    folder = a_folder(tmp_path, data)
    keep_poses(folder, data)
    kept = json.loads((folder / shown_poses.NAME).read_text())
    for row in kept["pictures"]:
        row["path"] = str(tmp_path / "elsewhere.png")
    (folder / shown_poses.NAME).write_text(json.dumps(kept))
    page = Elements(training_page.write(folder).read_text())  # type: ignore[union-attr]
    assert page.text.count("Not shown: The image") == 3 and not page.of("img")
    kept["limbs"] = [[0, 99]]
    kept["pictures"][0]["path"] = str(data / "val" / "synth_val_000000.png")
    (folder / shown_poses.NAME).write_text(json.dumps(kept))
    assert training_page.write(folder) is not None
    for content in ("{}", "[1]", '{"step": 1, "joints": ["a"], "limbs": [], "pictures": [3]}'):
        (folder / shown_poses.NAME).write_text(content)
        page = Elements(training_page.write(folder).read_text())  # type: ignore[union-attr]
        assert "There are no pictures" in page.text


def test_truth_and_what_is_found_are_drawn_apart(tmp_path: Path, data: Path) -> None:
    folder = a_folder(tmp_path, data)
    keep_poses(folder, data)
    kept = json.loads((folder / shown_poses.NAME).read_text())
    kept["pictures"][0]["found"] = []
    (folder / shown_poses.NAME).write_text(json.dumps(kept))
    found = sheet(folder)
    assert found is not None and found.step == 16 and not found.absent
    first = found.tiles[0]
    truth, bare = (
        cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
        for png in (first.truth_png, first.found_png)
    )
    assert truth.shape == bare.shape == (240, 240, 3) and (first.width, first.height) == (240, 240)
    assert (truth != bare).any() and first.found == 0 and first.annotated > 0


def test_a_constant_and_a_wide_range_have_axes() -> None:
    rows = [{"step": 1.0, "lr": 0.0, "loss": 2.0, "gradient_norm": 1e-6, "samples_per_second": 1.0}]
    rows.append({**rows[0], "step": 2.0, "gradient_norm": 1e6})
    known = TrainingCourse({"steps": 2}, [], [], rows)
    for chart in curves.charts(known):
        assert (
            1 <= len(chart.x_ticks) <= line_chart.FEW + 1
            and 1 <= len(chart.y_ticks) <= line_chart.FEW + 1
        )
    assert [chart.y.log for chart in curves.charts(known)] == [False, False, True, False]
    assert course.read(Path("nowhere")) is None
