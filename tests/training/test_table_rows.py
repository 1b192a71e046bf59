"""`--train`: from nothing to evaluations in one command, each run once, and what fills a cell."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro import plan
from repro.data import synth
from repro.evaluation import evaluator
from repro.papers import lookup
from repro.papers.datasets import OfficialFacts
from repro.plans import selection
from repro.plans.planned import Plan, RunSettings
from repro.records.requirements import AccuracyRequirement
from repro.records.store import Store
from repro.report.files import publish
from repro.run import carry_out
from repro.training import state
from support.command_line import Run
from support.official import set_facts
from support.tiny_trainings import make_tiny

TABLE4 = ("paper1", "table4")
ROWS = "F(x)=x*"
"""two rows, F(x)=x and F(x)=x^2"""
SMOKE = ("--row", ROWS, "--train", "smoke")
Planned = list[dict[str, object]]


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    """Small inputs, two steps, no processes that load."""
    with pytest.MonkeyPatch.context() as patch:
        make_tiny(patch, 2)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, 4, 2, size=(96, 96))
    return folder


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the smoke trainings of two rows, and their evaluations."""
    store = Store(tmp_path_factory.mktemp("whole") / "records")
    assert not carry_out(smoke_plan(data, store), store).failures
    return store.folder


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Path:
    """A copy of that store."""
    return Path(shutil.copytree(whole, tmp_path / "S"))


def smoke_plan(data: Path, store: Store) -> Plan:
    table = lookup.find_table(lookup.find_study("paper1"), "table4")
    settings = RunSettings(data, train="smoke")
    return plan.planned(selection.select([table], ROWS), store, settings)


def runs(repro: Run, *words: str) -> Planned:
    """The runs of `plan` with these words, but for those that cannot be."""
    done = repro("plan", *TABLE4, *words, "--json")
    assert done.code == 0, done.err
    return [one for one in json.loads(done.out)["runs"] if one["state"] != "impossible"]


def states(planned: Planned) -> list[tuple[object, object]]:
    return [(one["kind"], one["state"]) for one in planned]


def records(store: Path, kind: str) -> list[tuple[Path, dict[str, object]]]:
    """The files of one kind of record, and what is in them."""
    found = [(path, json.loads(path.read_text())) for path in sorted(store.glob("??/*.json"))]
    return [(path, one) for path, one in found if one["spec"]["kind"] == kind]


def test_one_command_goes_from_nothing_to_evaluations(
    repro: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("run", *TABLE4, *SMOKE, "--data", str(data), "--store", "S", "--no-write")
    done = repro(*words)
    assert done.code == 0, done.err
    told = done.err.splitlines()
    assert "1 of 2 · F(x)=x, hwl_mobilenetv3_64x64_synth · 2 steps in" in told[0]
    assert "2 of 2 · F(x)=x^2, hwl_mobilenetv3_64x64_synth-F-x^2 on generated val" in told[-1]
    assert len(told) == 4 and " crops in " in told[-1]
    assert "8 missing" in done.out and " | 65.83" in done.out and "Neither is judged" in done.out
    trainings, evaluations = (records(tmp_path / "S", kind) for kind in ("train", "evaluate"))
    assert len(trainings) == len(evaluations) == 2
    for path, record in trainings:
        beside = {one.name for one in path.with_suffix("").iterdir()}
        assert beside == set(record["artifacts"]) == {"best.safetensors", "history.json"}  # type: ignore[arg-type]
    monkeypatch.setattr("repro.training.runs.execute", None)
    monkeypatch.setattr(evaluator, "execute", None)
    again = repro(*words, "--json")
    assert again.code == 0 and not again.err
    found = json.loads(again.out)
    assert found["train"] == "smoke" and found["trained"] == ["paper1 table4"]
    assert found["summary"] == {"missing": 8}
    assert all(one["measured"] is None and one["record"] is None for one in found["cells"])
    first, second = found["rows"]
    assert (first["label"], second["label"]) == ("F(x)=x", "F(x)=x^2")
    assert first["training"] != second["training"]
    assert {first["training"], second["training"]} == {one["key"] for _, one in trainings}
    for row in (first, second):
        assert list(row["reached"]) == list(row["printed"]) == ["ap", "ap50", "ap75", "ar"]
        assert row["on"]["dataset"] == "synth" and row["on"]["official"] is False
        assert row["why"] is None and row["seed"] == 0 and "batch 4" in row["deviations"][0]
    assert publish.render(Store(tmp_path / "S")) == publish.render(Store(tmp_path / "empty"))


def test_rows_that_differ_in_their_loss_or_network_are_trainings_of_their_own(data: Path) -> None:
    study = lookup.find_study("paper1")
    tables = [lookup.find_table(study, name) for name in ("table4", "table6")]
    settings = RunSettings(data, train="smoke")
    found = plan.planned(selection.select(tables), Store(Path("nowhere")), settings)
    trained = [one.run for one in found.of("train") if one.run]
    assert len({one.key for one in trained}) == len(trained) == 8  # 5 and 4, `Ours` is F(x)=x
    losses = {one.plain["name"]: one.plain["recipe"]["loss"] for one in trained}  # type: ignore[index]
    assert losses["hwl_mobilenetv3_64x64_synth"] == "heatmap-weighting (function x)"
    assert losses["hwl_mobilenetv3_64x64_synth-F-none"] == "mse"
    assert sum("attn_" in str(name) for name in losses) == 3
    shared = [row for row in found.trained if row.label in ("Ours", "F(x)=x")]
    assert len(shared) == 2 and len({row.training.key for row in shared if row.training}) == 1
    assert len(found.of("evaluate")) == 8


def test_a_plan_lists_trainings_then_evaluations_with_their_needs(
    repro: Run, data: Path, store: Path
) -> None:
    words = (*SMOKE, "--data", str(data))
    found = runs(repro, *words, "--store", "none")
    assert states(found) == [("train", "to_run")] * 2 + [("evaluate", "to_run")] * 2
    assert [one["needs"] for one in found[2:]] == [[one["key"]] for one in found[:2]]
    assert [one["needs"] for one in found[:2]] == [[], []]
    for one in found[2:]:
        assert one["weights"] == {  # type: ignore[comparison-overlap]
            "name": one["name"].split(", ")[1].split(" on ")[0],  # type: ignore[attr-defined]
            "training": one["needs"][0],  # type: ignore[index]
            "faithful": False,
        }
        assert one["aside"] and len(one["cells"]) == 4  # type: ignore[arg-type]
    kept = runs(repro, *words, "--store", str(store))
    assert [one["key"] for one in kept] == [one["key"] for one in found]
    assert states(kept) == [("train", "cached")] * 2 + [("evaluate", "cached")] * 2
    done = repro("plan", *TABLE4, *words, "--store", "none")
    lines = done.out.splitlines()
    assert lines[0].startswith("8 cells · 2 trainings, 0 of them cached · 2 evaluations, 0 of")
    assert "is not an official set: shown beside print." in lines[-1]
    assert "8 cells not possible here" in lines[-1]


def test_lost_weights_are_trained_again_when_an_evaluation_needs_them(
    repro: Run, data: Path, store: Path
) -> None:
    words = (*SMOKE, "--data", str(data), "--store", str(store))
    path, training = records(store, "train")[0]
    lost = path.with_suffix("") / "best.safetensors"
    lost.unlink()
    kept = runs(repro, *words)
    assert states(kept) == [("train", "cached")] + [("evaluate", "cached")] * 2
    (needing,) = [
        path for path, one in records(store, "evaluate") if needed(one) == training["key"]
    ]
    needing.unlink()
    found = {one["key"]: one for one in runs(repro, *words)}
    assert found[training["key"]]["state"] == "to_run"
    assert found[training["key"]]["need"] == "Its weights are not beside its record."
    assert sorted(one["state"] for one in found.values()) == ["cached"] * 2 + ["to_run"] * 2
    done = repro("run", *TABLE4, *words, "--no-write")
    assert done.code == 0, done.err
    assert len(records(store, "train")) == 2  # with the same bits, so that its record stays
    assert {one["state"] for one in runs(repro, *words)} == {"cached"}
    beside = {one.name for one in lost.parent.iterdir()}
    assert beside == {"best.safetensors", "history.json"}


def needed(record: dict[str, object]) -> object:
    spec = record["spec"]
    assert isinstance(spec, dict)
    return spec["weights"]["training"]


def test_weights_that_come_out_otherwise_get_a_record_of_their_own(
    repro: Run, data: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*SMOKE, "--data", str(data), "--store", str(store))
    for _, training in records(store, "train"):
        (store / training["key"][:2] / training["key"] / "best.safetensors").unlink()  # type: ignore[index,operator]
    for path, _ in records(store, "evaluate"):
        path.unlink()
    keep = state.save_weights
    monkeypatch.setattr(
        state,
        "save_weights",
        lambda path, model, facts: keep(path, model, {**facts, "other": "yes"}),
    )
    assert repro("run", *TABLE4, *words, "--no-write").code == 0
    assert len(records(store, "train")) == 4
    assert {one["state"] for one in runs(repro, *words)} == {"cached"}


def test_each_seed_is_a_training_and_only_the_first_could_fill_a_cell(
    repro: Run, data: Path, tmp_path: Path
) -> None:
    words = ("--train", "smoke", "--row", "F(x)=x", "--seeds", "2", "--data", str(data))
    command = ("run", *TABLE4, *words, "--store", "S", "--no-write")
    done = repro(*command)
    assert done.code == 0, done.err
    assert "1 of 2 · F(x)=x, seed 0, hwl_mobilenetv3_64x64_synth · 2 steps in" in done.err
    assert "\n F(x)=x, seed 0 " in done.out and "\n F(x)=x, seed 1 " in done.out
    found = json.loads(repro(*command, "--json").out)["rows"]
    assert [one["seed"] for one in found] == [0, 1]
    assert len({one["training"] for one in found}) == 2 and all(one["reached"] for one in found)
    seeds = {one["key"]: one["spec"]["seed"] for _, one in records(tmp_path / "S", "train")}  # type: ignore[index]
    assert sorted(seeds.values()) == [0, 1]
    for _, one in records(tmp_path / "S", "evaluate"):
        assert one["spec"]["weights"].get("seed", 0) == seeds[needed(one)]  # type: ignore[index]


@pytest.fixture
def official(data: Path, own_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if the generated pictures were COCO, and paper 1 trained for an epoch of small batches."""
    study = own_tables / "paper1" / "study.toml"
    text = study.read_text()
    for was, now in (("epochs  .*= 210", "epochs = 1"), ("batch  .*= 64", "batch = 4")):
        text, times = re.subn(was, now, text)
        assert times == 2
    study.write_text(text)
    folder = tmp_path / "data" / "coco"
    for split, images in (("train", "train2017"), ("val", "val2017")):
        source = data / "synth" / "annotations" / f"synth_person_keypoints_{split}.json"
        document = json.loads(source.read_text())
        del document["info"]
        path = folder / "annotations" / f"person_keypoints_{images}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
        shutil.copytree(data / "synth" / split, folder / images)
        people = document["annotations"]
        labelled = sum(one["num_keypoints"] > 0 for one in people)
        boxes = 2 if split == "val" else None
        facts = OfficialFacts(len(document["images"]), len(people), labelled, boxes)
        set_facts(monkeypatch, "coco", images, facts)
    detected = json.loads((data / "synth" / "boxes" / "val.json").read_text())
    boxes = folder / "person_detection_results" / "COCO_val2017_detections_AP_H_56_person.json"
    boxes.parent.mkdir()
    boxes.write_text(json.dumps(detected[:2]))
    return folder.parent


def test_a_faithful_training_on_official_data_fills_its_cells(
    repro: Run, official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--row", "F(x)=x", "--data", str(official), "--train", "paper", "--store", "S")
    training, evaluation = runs(repro, *words)
    assert training["recipe"]["name"] == "paper1/paper" and not training["deviations"]  # type: ignore[index]
    assert not evaluation["aside"] and len(evaluation["cells"]) == 4  # type: ignore[arg-type]
    assert evaluation["weights"] == {
        "name": "hwl_mobilenetv3_256x192_coco",
        "training": training["key"],
    }
    done = repro("run", *TABLE4, *words, "--no-write", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert {one["column"]: one["verdict"]["kind"] for one in found["cells"]}["ap"] == "off"
    (row,) = found["rows"]
    assert row["on"]["official"] is True and not row["deviations"] and row["why"] is None
    assert {one["record"] for one in found["cells"]} == {evaluation["key"]}
    monkeypatch.setattr("repro.training.runs.execute", None)
    assert json.loads(repro("run", *TABLE4, *words, "--no-write", "--json").out) == found
    # the same weights as a file, for which nothing is trained
    weights = official / "weights" / "hwl_mobilenetv3_256x192_coco.safetensors"
    weights.parent.mkdir()
    shutil.copy(Path(row["folder"]) / "best.safetensors", weights)
    supplied = runs(repro, *words[:-1], "other")
    assert states(supplied) == [("evaluate", "to_run")] and not supplied[0]["aside"]
    done = repro("run", *TABLE4, *words[:-1], "other", "--no-write", "--json")
    assert [one["measured"] for one in json.loads(done.out)["cells"]] == [
        {**one["measured"]} for one in found["cells"]
    ]
    (row,) = json.loads(done.out)["rows"]
    assert row["why"] == "Not trained: its figures or its weights are there already."


def test_a_deviating_training_on_official_data_fills_nothing(repro: Run, official: Path) -> None:
    words = ("--row", "F(x)=x", "--data", str(official), "--train", "paper", "--epochs", "2")
    training, evaluation = runs(repro, *words, "--store", "S")
    assert training["deviations"] == ["epochs 2 (the recipe: 1)"]
    assert evaluation["aside"] and evaluation["weights"]["faithful"] is False  # type: ignore[index]
    done = repro("run", *TABLE4, *words, "--no-write", "--store", "S", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["summary"] == {"missing": 4}
    (row,) = found["rows"]
    assert row["on"]["official"] is True and set(row["reached"]) == {"ap", "ap50", "ap75", "ar"}
    assert any("epochs 2 (the recipe: 1)" in line for line in found["words"])
    page = (Path(row["folder"]) / "training.html").read_text()
    assert "It came to its end" in page and "data:image/png;base64," in page
    assert "Gradient norm" in page and "epochs" in page and "steps.csv" not in page
    # nor does it by its file, whatever that is called
    file = Path(row["folder"]) / "best.safetensors"
    scored = repro("eval", "hwl_mobilenetv3", "--weights", str(file), "--data", str(official))
    assert scored.code == 0 and "not by the recipe in everything" in scored.out
    weights = official / "weights" / "hwl_mobilenetv3_256x192_coco.safetensors"
    weights.parent.mkdir()
    shutil.copy(file, weights)
    done = repro("run", *TABLE4, *words[:4], "--no-write")
    assert done.code == 0 and "4 missing" in done.out and "`repro eval` evaluates it" in done.err


def test_of_several_seeds_on_official_data_the_first_is_judged(repro: Run, official: Path) -> None:
    words = ("--row", "F(x)=x", "--data", str(official), "--train", "paper", "--seeds", "2")
    first, second = (one for one in runs(repro, *words, "--store", "S") if one["kind"] != "train")
    assert (first["aside"], second["aside"]) == (False, True)
    assert second["weights"]["seed"] == 1 and "seed" not in first["weights"]  # type: ignore[index,operator]
    table = lookup.find_table(lookup.find_study("paper1"), "table4")
    (wanted, *_) = selection.select([table], "F(x)=x")
    assert isinstance(wanted.spec, AccuracyRequirement)
    assert [wanted.spec.fits({**one, "kind": "evaluate"}) for one in (first, second)] == [
        True,
        False,
    ]
