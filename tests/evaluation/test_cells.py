"""`repro run --data` fills the cells that data and weights are there for, and says what is not."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from repro.evaluation.request import Execution
from repro.papers.datasets import OfficialFacts
from support import evaluation_scenes
from support.command_line import Run
from support.evaluation_scenes import Scene, parsed, refused
from support.official import set_facts

CELLS = ("run", "paper2", "table1", "--row", "LPN-50*", "--metric", "AP,AR", "--no-write")


@pytest.fixture
def data(scene: Scene, tmp_path: Path) -> Path:
    """A data folder of a test's own, with the weights of LPN-50, and a box on two images."""
    folder = Path(shutil.copytree(scene.data, tmp_path / "data"))
    boxes = sorted(json.loads(scene.boxes.read_text()), key=lambda one: one["image_id"])
    (folder / scene.boxes.relative_to(scene.data)).write_text(json.dumps([boxes[0], boxes[-1]]))
    (folder / "weights").mkdir()
    shutil.copy(scene.checkpoint("lpn_50"), folder / "weights" / "lpn_50_256x192_coco.pth")
    return folder


@pytest.fixture
def official(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the generated files were the official ones."""
    people = json.loads(scene.annotations.read_text())["annotations"]
    labelled = sum(one["num_keypoints"] > 0 for one in people)
    facts = OfficialFacts(evaluation_scenes.IMAGES, len(people), labelled, boxes=2)
    set_facts(monkeypatch, "coco", "val2017", facts)


def verdicts(found: dict[str, object]) -> dict[str, str]:
    cells = found["cells"]
    assert isinstance(cells, list)
    return {one["column"]: one["verdict"]["kind"] for one in cells}


def test_official_data_and_weights_fill_a_cell(
    repro: Run, data: Path, official: None, tmp_path: Path
) -> None:
    found = parsed(repro(*CELLS, "--data", str(data), "--json"))
    ap = next(one for one in found["cells"] if one["column"] == "ap")
    assert ap["verdict"]["kind"] == "off" and ap["measured"]["value"] < 50
    assert "95 % interval" in ap["verdict"]["reason"]
    (path,) = tmp_path.glob("records/??/*.json")
    spec = json.loads(path.read_text())["spec"]
    assert spec["kind"] == "evaluate" and spec["data"]["official"] is True
    assert spec["protocol"]["colour"] == "BGR" and spec["protocol"]["flip"] is True
    assert verdicts(parsed(repro(*CELLS, "--json"))) == verdicts(found)


def test_a_split_by_its_short_name_is_the_split(
    repro: Run, data: Path, official: None, tmp_path: Path
) -> None:
    weights = str(data / "weights/lpn_50_256x192_coco.pth")
    words = ("eval", "lpn_50", "--weights", weights, "--data", str(data), "--split", "val")
    found = parsed(repro(*words, "--json"))
    assert found["data"]["official"] is True and found["protocol"]["split"] == "val2017"
    assert verdicts(parsed(repro(*CELLS, "--json")))["ap"] == "off"


def test_other_data_fill_nothing(repro: Run, data: Path, tmp_path: Path) -> None:
    outcome = repro(*CELLS, "--data", str(data))
    assert outcome.code == 0
    assert "is not the official COCO val2017 (6 images" in outcome.err
    assert "missing" in outcome.out and not list(tmp_path.glob("records/??/*.json"))


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("weights/lpn_50_256x192_coco.pth", "no weights `lpn_50_256x192_coco.pth`"),
        ("coco/annotations", "annotations of coco val2017 are not under"),
        ("coco/val2017", "images of coco val2017 are not under"),
        ("coco/person_detection_results", "takes the boxes of COCO_val2017_detections"),
    ],
)
def test_what_is_lacking_is_said(
    repro: Run, data: Path, official: None, lacking: str, said: str
) -> None:
    path = data / lacking
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    outcome = repro(*CELLS, "--data", str(data))
    assert (
        outcome.code == 0 and "not evaluated: lpn_50_256x192_coco on COCO val2017." in outcome.err
    )
    assert said in outcome.err and "missing" in outcome.out


def test_part_of_a_checkpoint_fills_nothing(
    repro: Run, data: Path, official: None, tmp_path: Path
) -> None:
    path = data / "weights/lpn_50_256x192_coco.pth"
    state = torch.load(path, weights_only=True)
    torch.save(dict(list(state.items())[:300]), path)
    outcome = repro(*CELLS, "--data", str(data))
    assert outcome.code == 0 and "does not fit the network" in outcome.err
    words = ("eval", "lpn_50", "--weights", str(path), "--data", str(data), "--allow-partial")
    found = parsed(repro(*words, "--json"))
    assert found["data"]["official"] is True and found["weights"]["partial"] is True
    assert "loaded in part" in repro(*words).out
    assert verdicts(parsed(repro(*CELLS, "--json")))["ap"] == "missing"


def test_another_rule_fills_nothing(repro: Run, data: Path, official: None) -> None:
    weights = str(data / "weights/lpn_50_256x192_coco.pth")
    words = ("eval", "lpn_50", "--weights", weights, "--data", str(data), "--no-flip")
    assert parsed(repro(*words, "--json"))["data"]["official"] is True
    assert verdicts(parsed(repro(*CELLS, "--json")))["ap"] == "missing"


def test_a_truncated_image_fails_the_run_and_keeps_the_rest(
    repro: Run, data: Path, official: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Execution.__init__, "__defaults__", ("cpu", 32, 2, None, 1))
    last = sorted((data / "coco/val2017").iterdir())[-1]
    content = last.read_bytes()
    last.write_bytes(content[: len(content) // 2])
    words = (*CELLS, "--data", str(data), "--batch", "1")
    outcome = repro(*words)
    assert outcome.code == 6 and "Traceback" not in outcome.err
    assert "error: lpn_50_256x192_coco on COCO val2017 failed: The image" in outcome.err
    assert "is truncated" in outcome.err and "missing" in outcome.out
    kept = list(tmp_path.glob("records/??/*/shards/*.shard"))
    assert len(kept) == 1
    last.write_bytes(content)
    assert repro(*words).code == 0
    assert not list(tmp_path.glob("records/??/*/shards"))


@pytest.mark.parametrize(
    ("words", "said"), [(("--device", "banana"), "`banana`"), (("--threads", "100000"), "threads")]
)
def test_a_wrong_option_of_run_is_refused(
    repro: Run, data: Path, words: tuple[str, ...], said: str
) -> None:
    refused(repro(*CELLS, "--data", str(data), *words), said)
