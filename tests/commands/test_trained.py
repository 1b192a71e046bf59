"""`repro run` with --seeds or --train: what is trained, kept and said, and what is never mixed."""

import json
from pathlib import Path

import pytest

from repro.data import synth
from repro.data.layout import Source
from repro.errors import RunError
from repro.papers import study
from repro.plans.planned import PlannedRun
from repro.plans.watch import RunWatch
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.store import Store
from repro.training import ablation, choice, runs, table_rows, trainer
from repro.training.request import TrainingMachine, TrainingRequest
from support.command_line import Outcome, Run
from support.tiny_trainings import make_tiny

TABLE4 = ("run", "paper1", "table4")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small inputs, few pictures, no processes that load."""
    make_tiny(monkeypatch, 1)

    def pictures(folder: Path, count: int, held_out: int = 0) -> Path:
        synth.write(folder, 4, 2, size=(96, 96))
        return folder

    monkeypatch.setattr(choice, "pictures", pictures)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*TABLE4, "--seeds", "2", "--metric", "AP"], "`--metric` cannot go with --seeds"),
        ([*TABLE4, "--seeds", "2", "--strict", "--row", "x"], "`--row` and `--strict` cannot"),
        ([*TABLE4, "--seeds", "2", "--data", "nowhere"], "no folder `nowhere`"),
        ([*TABLE4, "--data", "synth"], "`--data synth` needs --seeds too"),
        ([*TABLE4, "--data", "synth", "--train", "smoke"], "Leave it out: --train smoke makes"),
        ([*TABLE4, "--epochs", "2"], "`--epochs` is for trainings"),
        ([*TABLE4, "--train", "smoke", "--data", "."], "annotations of synth train are not"),
        ([*TABLE4, "--train", "smok"], "no kind of training `smok`"),
        (["run", "paper1", "table1", "--metric", "macs", "--train", "smok"], "training `smok`"),
        ([*TABLE4, "--train", "official"], "needs --data DIR"),
        ([*TABLE4, "--train", "official", "--data", "."], "annotations of coco train2017 are not"),
        (["run", "paper1", "table1", "--seeds", "2"], "these are: table4, table6"),
        (["run", "all", "--seeds", "2"], "one table at a time"),
        (["run", "all", "--train", "official"], "needs --data DIR"),
        (["run", "paper1", "--train", "official", "--data", "."], "of coco train2017 are not"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(repro: Run, words: list[str], said: str) -> None:
    done = repro(*words)
    assert done.code == 2 and said in done.err and not done.out
    assert not Path("RESULTS.md").exists() and not Path("records").exists()


def test_an_ablation_says_what_it_tells(
    repro: Run, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {"None": (10.0, 10.2), "F(x)=x": (14.0, 14.3), "F(x)=2x": (8.0, 8.1)}

    def planted(one: PlannedRun, asked: TrainingRequest, store: Store, watch: RunWatch) -> Record:
        ap = seen.get(one.name.partition(",")[0], (10.0, 10.1))[asked.seed]
        assert one.run is not None
        with watch.run(one.name, 1, "steps"):
            return Record(one.run.key, one.run.described(), (Measurement("AP", ap, "%"),), {})

    monkeypatch.setattr(runs, "execute", planted)
    done = repro(*TABLE4, "--data", "synth", "--seeds", "2")
    assert done.code == 0 and "5 rows x 2 seeds" in done.err
    for said in ("generated figures", "small budget: 10 epochs, 2 seeds a row", "95 % interval"):
        assert said in done.out
    assert "of 4: shows in 1, is the other way round in 1, cannot be told in 2" in done.out
    found = json.loads(repro(*TABLE4, "--seeds", "2", "--json").out)
    assert [row.get("verdict") for row in found["rows"]][:2] == [None, "shows"]
    assert found["seeds"] == 2 and "reproduces no printed figure" in found["words"][-1]
    assert not Path("RESULTS.md").exists()
    specs = [json.loads(path.read_text())["spec"] for path in Path("records").glob("??/*.json")]
    assert [one["kind"] for one in specs] == ["train"] * 10
    assert not any(one["data"]["official"] for one in specs)


def test_an_interrupted_ablation_goes_on(
    repro: Run, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = ablation.rows(study.load_study("paper1"), study.load_table("paper1", "table4"))[:2]
    monkeypatch.setattr(ablation, "rows", lambda *words: two)
    train, calls = trainer.train, []

    def interrupted(*words: object) -> None:
        calls.append(words)
        if len(calls) == 2:
            raise KeyboardInterrupt
        train(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "train", interrupted)
    words = (*TABLE4, "--data", "synth", "--seeds", "1", "--epochs", "1")
    done = repro(*words)
    assert done.code == 130 and "1 of 2 · None, seed 0 · " in done.err and "left" in done.err
    done = repro(*words)
    assert done.code == 0, done.err
    assert "1 of 2 · None, seed 0 · kept as it was" in done.err
    assert "2 of 2 · F(x)=x, seed 0 · " in done.err and "step in" in done.err
    assert "one seed gives no interval" in done.out


def test_an_ablation_is_planned_as_it_is_run(repro: Run, tiny: None) -> None:
    words = ("paper1", "table4", "--seeds", "2")
    found = json.loads(repro("plan", *words, "--json").out)
    assert len(found["runs"]) == 10 and found["totals"]["to_run"] == 10
    assert [one["seed"] for one in found["runs"]] == [0] * 5 + [1] * 5
    assert {one["kind"] for one in found["runs"]} == {"train"} and not found["lacking"]
    done = repro("plan", *words)
    assert done.out.startswith("0 cells · 10 trainings, 0 of them cached\n  to run  None, seed 0")
    refused = repro("plan", *words, "--metric", "AP")
    assert refused.code == 2 and "`--metric` cannot go with --seeds" in refused.err


def trained(repro: Run, *words: str) -> tuple[Outcome, dict[str, object]]:
    done = repro(*TABLE4, "--train", "smoke", "--row", "F(x)=[x2]*", *words, "--json")
    return done, json.loads(done.out)


@pytest.mark.thorough
def test_a_smoke_training_stays_apart_from_the_printed_cells(
    repro: Run, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def planted(training: object) -> runs.Smoke:
        calls.append(training.prepared.request.resolved.recipe.loss.settings["function"])  # type: ignore[attr-defined]
        if calls[-1] == "2x":
            raise RunError("The loss did not fall.")
        trainer.train(training, fresh=True)  # type: ignore[arg-type]
        return runs.Smoke(2.0, 1.0)

    monkeypatch.setattr(runs, "smoke", planted)
    done, found = trained(repro)
    assert done.code == 6 and calls == ["x", "2x", "x^2"]
    first, failed, _ = found["rows"]  # type: ignore[misc]
    assert "did not fall" in failed["why"] and not failed["reached"]
    assert first["on"]["dataset"] == "synth" and first["on"]["official"] is False
    assert first["reached"]["ap"]["metric"] == "AP" and first["printed"]["ap"] == "65.83"
    assert {one["verdict"]["kind"] for one in found["cells"]} == {"missing"}  # type: ignore[union-attr]
    assert "not an official set" in found["words"][0]  # type: ignore[index]
    results = Path("RESULTS.md").read_text()
    assert repro("run", "paper1", "table4", "--store", "empty", "--results", "none.md").code == 0
    assert results.replace("results/", "none/") == Path("none.md").read_text()
    for page in Path("results").iterdir():
        assert page.read_bytes() == (Path("none") / page.name).read_bytes()
    again = repro(*TABLE4, "--train", "smoke", "--row", "F(x)=x*")
    assert again.code == 0 and len(calls) == 3, again.err
    assert again.err.count("kept as it was") == 2
    assert "generated val" in again.out and "printed, of COCO val2017" in again.out
    assert f"{first['reached']['ap']['value']:.1f} | 65.83" in again.out


def wanted(
    paper: str, name: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> list[table_rows.RowTraining]:
    monkeypatch.setattr(table_rows, "sources", lambda rules, wish: (SOURCE, SOURCE))
    found = study.load_study(paper), study.load_table(paper, name)
    wish = table_rows.Wish(mode, None, Path("runs"), TrainingMachine("cpu"))
    return table_rows.row_trainings(*found, found[1].rows, wish)


SOURCE = Source("synth", "val", Path("a.json"), Path("images"))


def test_every_row_has_a_training_or_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = wanted("paper1", "table2", "official", monkeypatch)  # the server's: moved to val2017
    assert all(one.rules["ap"].split == "val2017" and one.request for one in found)
    found = wanted("paper2", "table4", "paper", monkeypatch)
    requests = [one.request for one in found if one.request]
    stages = [request.resolved.recipe.stages for request in requests]
    assert stages == [number for number in range(1, 8) for _ in range(3)]
    assert len(requests) == len(found) == 21
    assert not any(request.resolved.deviations for request in requests)
    assert requests[0].name == "lpn_50_256x192_synth-stage-0"
    assert len({request.name for request in requests}) == 21
    found = wanted("paper2", "table2", "official", monkeypatch)
    assert {one.why.partition(":")[0] for one in found if not one.request} == {"Cited"}
    names = {
        one.request and one.request.resolved.name
        for one in wanted("paper4", "table4", "official", monkeypatch)
    }
    assert {"paper4/ditehrnet", "paper4/official"} == names
    found = wanted("paper1", "table5", "smoke", monkeypatch)
    assert {one.request.size for one in found if one.request} == {choice.SMALL}
    found = wanted("paper4", "table8", "smoke", monkeypatch)
    assert len({str(one.request.resolved.recipe.loss) for one in found if one.request}) == 5
