"""What `repro doctor` finds is what the commands find and what the code takes."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from repro import doctor
from repro.data.layout import find
from repro.papers.datasets import DATASETS
from repro.speed.backends import CPU
from support.command_line import ROOT, Run

BOXES = "COCO_val2017_detections_AP_H_56_person.json"


def data_checks() -> dict[str, tuple[str, str]]:
    """Each split as it is told: state and what was found."""
    return {
        one.name.removeprefix("data: "): (one.state, one.found)
        for one in doctor.checks(Path("records"))
        if one.name.startswith("data: ")
    }


def laid(root: Path, *names: str) -> None:
    """Empty files, and folders where a name ends with a stroke."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPRO_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_every_split_of_the_layout_is_looked_for(folder: Path) -> None:
    assert data_checks() == {
        f"{dataset} {split}": ("absent", "no annotations")
        for dataset, entry in DATASETS.items()
        for split in entry.splits
    }


def test_what_the_layout_finds_is_found(folder: Path) -> None:
    laid(
        folder,
        *("coco/person_keypoints_val2017.json", "coco/images/val2017/", f"coco/{BOXES}"),
        *("coco/annotations/person_keypoints_train2017.json",),
        *("crowdpose/json/crowdpose_test.json", "crowdpose/images/"),
        *("mpii/annot/valid.json", "mpii/annot/mpii_gt_val.mat", "mpii/images/"),
    )
    found = data_checks()
    assert found["coco val2017"] == (
        "ok",
        "annotations coco/person_keypoints_val2017.json, images coco/images/val2017, "
        f"boxes coco/{BOXES}",
    )
    assert found["coco train2017"] == (
        "absent",
        "annotations coco/annotations/person_keypoints_train2017.json, no images",
    )
    assert found["crowdpose test"] == (
        "ok",
        "annotations crowdpose/json/crowdpose_test.json, images crowdpose/images, no boxes",
    )
    assert found["mpii val"] == (
        "ok",
        "annotations mpii/annot/valid.json, images mpii/images, "
        "head boxes mpii/annot/mpii_gt_val.mat",
    )
    ready = {name for name, (state, _) in found.items() if state == "ok"}
    assert ready == {"coco val2017", "crowdpose test", "mpii val"}
    assert all(find(folder, *name.split()).images.is_dir() for name in ready)


def test_a_data_sets_own_folder_does_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(folder, "coco/annotations/person_keypoints_val2017.json", "coco/val2017/")
    monkeypatch.setenv("REPRO_DATA", str(folder / "coco"))
    state, found = data_checks()["coco val2017"]
    assert state == "ok" and "images val2017, no boxes" in found


def test_a_folder_that_is_not_there_is_to_be_cured(repro: Run, folder: Path) -> None:
    folder.rmdir()
    outcome = repro("doctor")
    assert outcome.code == 0 and "! data: REPRO_DATA is" in outcome.out
    assert "which is no folder" in outcome.out and "data: coco" not in outcome.out


def used() -> set[str]:
    """The packages that repro and zoo import, that backends take, or whose version is asked for."""
    found = {package for backend in CPU.values() for package in backend.packages}
    for path in [*ROOT.glob("repro/**/*.py"), *ROOT.glob("zoo/**/*.py")]:
        if path.name == "doctor.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name in ("lacking", "version"):
                    words = (one.value for one in node.args if isinstance(one, ast.Constant))
                    found |= {word for word in words if isinstance(word, str)}
    return found


def test_only_extras_that_the_code_takes_are_advised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: tuple(re.split(r"[^A-Za-z0-9_.-]", one)[0] for one in packages)
        for name, packages in project["optional-dependencies"].items()
        if name not in ("test", "docs")  # of those who work on it
    }
    assert extras == doctor.EXTRAS
    libraries = {name for names in doctor.EXTRAS.values() for name in names}
    words = {name.replace("-", "_") for name in used()}
    assert {name.replace("-", "_") for name in libraries} <= words


def test_an_extra_that_is_not_here_is_told_how_to_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.env.version", lambda name: None if name == "onnxscript" else "1")
    (deploy,) = (one for one in doctor.checks(Path("records")) if one.name == "[deploy]")
    assert (deploy.state, deploy.found) == ("absent", "without onnxscript")
    assert "'.[deploy]'" in deploy.cure
