"""What `repro plan` says is what `repro run` does with the same words."""

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import zoo
from repro import run
from repro.errors import RunError
from repro.papers.datasets import OfficialFacts
from repro.plans import selection
from repro.plans.planned import PlannedRun
from repro.records.record import Record
from repro.records.runs import KINDS, CountRun
from repro.records.store import Store
from repro.speed.measure import engine
from support import evaluation_scenes
from support.command_line import ROOT, Outcome, Run
from support.evaluation_scenes import IMAGES, mpii
from support.official import set_facts
from support.record_scenes import cells_of, parsed
from support.thoroughness import daily

STATES = ("cached", "to_run", "impossible")
Planned = list[dict[str, object]]
TABLES = [(one.study, one.name) for one in selection.tables()]


@pytest.fixture
def records(tmp_path: Path) -> Store:
    """The records of the repository, so that costs are there."""
    return Store(Path(shutil.copytree(ROOT / "records", tmp_path / "records")))


def planned(repro: Run, *words: str) -> Planned:
    """The runs of a plan."""
    found = parsed(repro("plan", *words, "--json"))["runs"]
    assert isinstance(found, list)
    return found


def told(runs: Planned) -> Counter[str]:
    """How many runs say that they fill each cell: those that are there or can be made."""
    return Counter(
        cell
        for one in runs
        if one["state"] != "impossible" and not one["aside"]
        for cell in one["cells"]
    )


def filled(outcome: Outcome) -> set[str]:
    """The cells that a run measured, not those that show what older code gave."""
    cells = cells_of(parsed(outcome))
    return {
        place for place, one in cells.items() if one["measured"] is not None and "stale" not in one
    }


def agreed(repro: Run, *words: str) -> set[str]:
    """The cells that `run` fills, which are exactly those that `plan` named before."""
    expected = told(planned(repro, *words))
    assert set(expected.values()) <= {1}
    found = filled(repro("run", *words, "--no-write", "--json"))
    assert found == set(expected)
    return found


def keys(runs: Planned, state: str) -> list[object]:
    return sorted(str(one["key"]) for one in runs if one["state"] == state)


def test_every_printed_number_is_of_one_planned_run(repro: Run, records: Store) -> None:
    data = parsed(repro("plan", "all", "--json"))
    runs = data["runs"]
    wanted = selection.select(selection.tables())
    four = [one for one in wanted if one.table.study in ("paper1", "paper2", "paper3", "paper4")]
    assert data["cells"] == len(wanted) and len(four) == 974
    own = Counter(cell for one in runs for cell in one["cells"])
    assert own == Counter(one.place for one in wanted if one.row.cited is None)
    for one in runs:
        assert one["kind"] in KINDS and one["state"] in STATES and one["name"]
        assert one["need"] or one["state"] != "impossible"
        assert one["cached"] == (one["state"] == "cached")
        assert set(one["estimate"] or ()) in (set(), {"seconds", "memory", "disk", "source"})
        assert one["estimate"] is None or one["estimate"]["source"]
        assert one["state"] == "impossible" or one["key"] or one["kind"] == "speed"
    assert sum(one["cells"] for one in data["lacking"]) + len(told(runs)) == sum(own.values())
    assert data["totals"] == {state: len(keys(runs, state)) for state in STATES}


@pytest.mark.parametrize("paper", dict.fromkeys(paper for paper, _ in TABLES))
def test_run_fills_the_cells_that_the_plan_names_table_by_table(
    repro: Run, records: Store, paper: str
) -> None:
    union: set[str] = set()
    for study, table in TABLES:
        if study == paper:
            union |= agreed(repro, paper, table)
    assert union == agreed(repro, paper)


def from_memory(one: PlannedRun, course: object) -> Record:
    """A count as the repository has it, which takes no time."""
    assert isinstance(one.run, CountRun)
    kept = Store(ROOT / "records").find(one.run)
    assert kept is not None
    return replace(kept, key=one.run.key, code=one.run.code)


def test_what_is_to_run_is_cached_afterwards(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(run.EXECUTORS, CountRun, from_memory)  # type: ignore[arg-type]
    before = planned(repro, "all")
    assert not keys(before, "cached") and {one["kind"] for one in before} == set(KINDS) - {
        "train",
        "imported",
    }
    assert agreed(repro, "all") == set(told(before))
    after = planned(repro, "all")
    assert keys(after, "cached") == keys(before, "to_run") and not keys(after, "to_run")
    assert agreed(repro, "all") == set(told(before))
    assert len(list(tmp_path.glob("records/??/*.json"))) == len(keys(before, "to_run"))
    fresh = planned(repro, "all", "--fresh")
    assert keys(fresh, "to_run") == keys(before, "to_run") and not keys(fresh, "cached")


def test_fresh_makes_everything_to_run_that_can_be_made(repro: Run, records: Store) -> None:
    runs = planned(repro, "all", "--fresh")
    counts = [one for one in runs if one["kind"] == "count"]
    assert counts and {one["state"] for one in counts} == {"to_run"}
    kept = planned(repro, "all")
    assert told(runs) == told(kept)
    (timing,) = [one for one in runs if one["kind"] == "speed" and one["state"] != "impossible"]
    assert timing["state"] == "cached"  # no speed was named, so that none is timed
    named = planned(repro, "paper1", "table5", "--metric", "fps", "--fresh")
    assert [one["state"] for one in named] == ["to_run", "impossible"]


def test_a_selection_plans_no_more_than_it_selects(repro: Run, records: Store) -> None:
    words = ("paper2", "table1", "--row", "LPN*", "--metric", "params,AP")
    found = agreed(repro, *words)
    assert found == {f"paper2 table1 LPN-{depth} params" for depth in (50, 101, 152)}
    cells = {cell for one in planned(repro, *words) for cell in one["cells"]}
    assert {cell.rpartition(" ")[2] for cell in cells} == {"params", "ap"}


@pytest.fixture
def no_clock(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whoever times is counted, and fails."""
    timed: list[object] = []

    def measure(*given: object) -> None:
        timed.append(given)
        raise RunError("Nothing is timed here.")

    monkeypatch.setattr(engine, "measure", measure)
    return timed


def test_run_times_nothing_unless_a_speed_is_named(
    repro: Run, records: Store, no_clock: list[object]
) -> None:
    for words in (("paper4", "table1"), ("paper1", "table5", "--metric", "macs"), ("all",)):
        agreed(repro, *words)
        agreed(repro, *words, "--metric", "macs,AP") if len(words) == 2 else None
    assert not no_clock
    runs = planned(repro, "paper4", "table1")
    (needed,) = [one["need"] for one in runs if one["kind"] == "speed"]
    command = re.fullmatch(r"Not timed yet: `repro run (.+)` does it\.", needed)
    assert command is not None and command[1] == "paper4 table1 --metric latency"
    words = (*command[1].split(), "--budget", "7")
    (timing,) = planned(repro, *words)
    assert timing["state"] == "to_run" and timing["estimate"]["seconds"] == 7
    assert timing["estimate"]["source"] == "the budget of a timing"
    outcome = repro("run", *words, "--no-write")
    assert outcome.code == 6 and "Nothing is timed here." in outcome.err and len(no_clock) == 1


def test_estimates_are_of_the_past_else_of_the_cost_and_say_which(
    repro: Run, records: Store, tmp_path: Path
) -> None:
    words = ("paper2", "table1", "--row", "LPN-50")
    (count, evaluation) = planned(repro, *words, "--fresh")
    path = tmp_path / "records" / count["key"][:2] / f"{count['key']}.json"
    seconds = json.loads(path.read_text())["made"]["seconds"]
    assert count["estimate"]["seconds"] == round(seconds, 2)
    assert count["estimate"]["source"] == "1 such run in the store, median"
    assert evaluation["estimate"]["seconds"] is None  # nobody runs it here
    assert re.match(r"208,250 passes of 1\.0\d G MACs", evaluation["estimate"]["source"])
    path.unlink()
    (count, evaluation) = planned(repro, *words)
    assert re.match(r"the median of \d+ counts in the store", count["estimate"]["source"])
    assert evaluation["estimate"]["source"].endswith("passes of a network that is not counted yet")
    shutil.rmtree(tmp_path / "records")
    (count, _) = planned(repro, *words)
    assert count["estimate"]["source"].startswith("no count was made here")
    shown = repro("plan", *words).out
    assert "about 1 s (no count was made here; most take a second)" in shown


def test_what_several_tables_train_is_trained_and_evaluated_once(
    repro: Run, records: Store
) -> None:
    words = ("paper1", "--train", "smoke", "--row", "*MobileNetV2*", "--metric", "AP")
    runs = [one for one in planned(repro, *words) if one["state"] == "to_run"]
    assert [one["kind"] for one in runs] == ["train", "evaluate"]
    training, evaluation = runs
    assert evaluation["needs"] == [training["key"]] and evaluation["aside"]
    tables = {cell.split()[1] for cell in evaluation["cells"]}
    assert tables == {"table1", "table2", "table5"}
    for one in runs:
        assert one["estimate"]["source"].endswith(" of a network that is not counted yet")


# A data folder ------------------------------------------------------------------------------------

WEIGHTS = {
    "lpn_50_256x192_coco": ("lpn_50", 17),
    "hwl_mobilenetv3_256x192_coco": ("hwl_mobilenetv3", 17),
    "hwl_mobilenetv3_256x256_mpii": ("hwl_mobilenetv3", 16),
    "litepose_xs_256x256_coco": ("litepose_xs_coco", 17),
    "litepose_xs_256x256_crowdpose": ("litepose_xs_crowdpose", 14),
    "simplebaseline_mobilenetv2_256x192_coco": ("simplebaseline_mobilenetv2", 17),
}
PEOPLE = 5


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COCO, CrowdPose and MPII in their layouts, of a few generated pictures, and some weights."""
    base = tmp_path_factory.getbasetemp()
    folder, scene = base / "stand-ins", evaluation_scenes.made(base)
    shutil.copytree(scene.data / "coco", folder / "coco")
    path = folder / scene.annotations.relative_to(scene.data)
    content = json.loads(path.read_text())
    for place, one in enumerate(content["annotations"]):
        one["area"] = 64.0**2 if place % 2 else 128.0**2  # so that APM and APL are defined
    path.write_text(json.dumps(content))
    boxes = sorted(json.loads(scene.boxes.read_text()), key=lambda one: one["image_id"])
    (folder / scene.boxes.relative_to(scene.data)).write_text(json.dumps([boxes[0], boxes[-1]]))
    crowd = json.loads((scene.data / "synth/annotations/synth_crowdpose_val.json").read_text())
    del crowd["info"]
    (folder / "crowdpose/json").mkdir(parents=True)
    (folder / "crowdpose/json/crowdpose_test.json").write_text(json.dumps(crowd))
    shutil.copytree(scene.data / "synth/val", folder / "crowdpose/images")
    mpii(folder / "mpii", PEOPLE)
    (folder / "weights").mkdir()
    for name, (model, joints) in WEIGHTS.items():
        torch.manual_seed(0)
        state = zoo.published_state(zoo.create_model(model, joints))
        torch.save(state, folder / "weights" / f"{name}.pth")
    part = dict(list(state.items())[:100])
    torch.save(part, folder / "weights" / "simplebaseline_mobilenetv2_384x288_coco.pth")
    return folder


@pytest.fixture
def official(stand_ins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the generated files were the official ones."""
    coco = stand_ins / "coco/annotations/person_keypoints_val2017.json"
    people = json.loads(coco.read_text())["annotations"]
    labelled = sum(one["num_keypoints"] > 0 for one in people)
    facts = {
        ("coco", "val2017"): OfficialFacts(IMAGES, len(people), labelled, boxes=2),
        ("crowdpose", "test"): OfficialFacts(IMAGES),
        ("mpii", "val"): OfficialFacts(-(-PEOPLE // 2), PEOPLE, PEOPLE),
    }
    for name, one in facts.items():
        set_facts(monkeypatch, *name, one)


def evaluations(runs: Planned, state: str) -> Counter[str]:
    """How many cells the evaluations of a state are for, those of the same weights together."""
    found: Counter[str] = Counter()
    for one in runs:
        if one["kind"] == "evaluate" and one["state"] == state:
            found[str(one["name"])] += len(one["cells"])
    return found


MOBILENET = "simplebaseline_mobilenetv2_256x192_coco"
ON_COCO, ON_MPII, ON_CROWDPOSE = "on COCO val2017", "on MPII val", "on CrowdPose test"
POSSIBLE = {
    "paper1": {
        f"hwl_mobilenetv3_256x192_coco {ON_COCO}": 15,
        f"hwl_mobilenetv3_256x256_mpii {ON_MPII}": 8,
        f"{MOBILENET} {ON_COCO}": 7,
    },
    "paper2": {f"lpn_50_256x192_coco {ON_COCO}": 13},
    "paper3": {f"{MOBILENET} {ON_COCO}": 5},
    "paper4": {
        f"litepose_xs_256x256_coco {ON_COCO}": 3,
        f"litepose_xs_256x256_crowdpose {ON_CROWDPOSE}": 3,
    },
}
"""what the stand-ins are enough for, and how many cells that is"""


@pytest.mark.parametrize("paper", daily(POSSIBLE, lambda paper: paper == "paper3"))
def test_a_data_folder_fills_the_cells_that_the_plan_names(
    repro: Run, records: Store, stand_ins: Path, official: None, paper: str
) -> None:
    words = (paper, "--data", str(stand_ins))
    before = planned(repro, *words)
    assert evaluations(before, "to_run") == POSSIBLE[paper]
    for one in before:
        if one["kind"] == "evaluate" and one["state"] == "to_run":
            assert one["estimate"]["seconds"] > 0
            assert one["estimate"]["source"].endswith("a quarter of this machine's peak")
    agreed(repro, *words)
    after = planned(repro, *words)
    assert evaluations(after, "cached") == POSSIBLE[paper] and not keys(after, "to_run")
    assert keys(after, "cached") == sorted(keys(before, "cached") + keys(before, "to_run"))


def test_an_evaluation_that_two_papers_ask_for_is_one_run(
    repro: Run, records: Store, stand_ins: Path, official: None, tmp_path: Path
) -> None:
    def evaluations_kept() -> int:
        kept = [json.loads(path.read_text()) for path in tmp_path.glob("records/??/*.json")]
        return [one["spec"]["kind"] for one in kept].count("evaluate")

    before = evaluations_kept()
    words = ("all", "--data", str(stand_ins), "--row", "*MobileNetV2*", "--metric", "AP,AR")
    (one,) = [one for one in planned(repro, *words) if one["state"] == "to_run"]
    assert {cell.partition(" ")[0] for cell in one["cells"]} == {"paper1", "paper3"}
    assert agreed(repro, *words) == set(one["cells"])
    assert evaluations_kept() == before + 1


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("coco/val2017/*", "lacks 2 of the 2 images (first: "),
        ("coco/annotations/*", "annotations of coco val2017 are not under"),
        ("coco/person_detection_results/*", "takes the boxes of COCO_val2017_detections"),
        ("weights/lpn_50*", "There are no weights `lpn_50_256x192_coco.pth`"),
    ],
)
def test_what_a_data_folder_lacks_is_impossible_and_named(
    repro: Run,
    records: Store,
    stand_ins: Path,
    official: None,
    tmp_path: Path,
    lacking: str,
    said: str,
) -> None:
    data = Path(shutil.copytree(stand_ins, tmp_path / "data"))
    for path in data.glob(lacking):
        path.unlink()
    words = ("paper2", "table1", "--row", "LPN-50", "--data", str(data))
    (one,) = [one for one in planned(repro, *words) if one["kind"] == "evaluate"]
    assert one["state"] == "impossible" and said in one["need"]
    assert {place.rpartition(" ")[2] for place in agreed(repro, *words)} == {"params", "flops"}


def test_part_of_a_checkpoint_is_no_weights_and_other_data_are_no_official_ones(
    repro: Run, records: Store, stand_ins: Path, official: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("paper1", "table1", "--row", "*MobileNetV2*", "--data", str(stand_ins))
    needs = {one["name"]: one["need"] for one in planned(repro, *words) if one["kind"] != "count"}
    assert needs.pop(f"{MOBILENET} {ON_COCO}") is None
    (need,) = needs.values()
    assert "does not fit the network" in need
    set_facts(monkeypatch, "coco", "val2017", OfficialFacts(5000))
    assert not evaluations(planned(repro, *words), "to_run")
    assert {place.rpartition(" ")[2] for place in agreed(repro, *words)} == {"params", "gflops"}


@pytest.mark.thorough
def test_a_fresh_evaluation_counts_before_the_kept_one(
    repro: Run, records: Store, stand_ins: Path, official: None
) -> None:
    words = ("paper2", "table1", "--row", "LPN-50", "--metric", "AP,AR")
    data = ("--data", str(stand_ins))
    agreed(repro, *words, *data)
    (kept,) = planned(repro, *words, "--fresh")
    assert kept["state"] == "cached" and kept["need"].startswith(
        "Kept, since it cannot be measured"
    )
    assert agreed(repro, *words, "--fresh") == set(kept["cells"])
    (again,) = planned(repro, *words, *data, "--fresh")
    assert (again["state"], again["key"]) == ("to_run", kept["key"])
    assert again["estimate"]["source"] == "1 such run in the store, median"
    assert agreed(repro, *words, *data, "--fresh") == set(kept["cells"])
    listed = parsed(repro("records", "ls", "--json"))["records"]
    own = {Path(one["path"]).name: one["cells"] for one in listed if one["key"] == kept["key"]}
    assert set(kept["cells"]) <= set(own.pop(f"{kept['key']}.2.json"))
    assert own == {f"{kept['key']}.json": []}
