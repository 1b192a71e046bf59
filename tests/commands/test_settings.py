"""`repro eval --protocol all`: every setting is what it is by itself, and a hit is not oversold."""

import json
from pathlib import Path
from types import MappingProxyType

import pytest

from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.evaluation import inference, loading, probe_networks
from repro.evaluation.network import Network
from repro.evaluation.request import EvaluationRequest, Execution
from repro.papers import lookup
from repro.papers.datasets import find_dataset
from repro.papers.protocol import changed
from repro.papers.values import Size
from repro.plans import selection
from repro.records import setting_rows
from repro.records.requirements import AccuracyRequirement
from repro.records.setting_rows import SettingRow, SettingRows
from repro.records.store import Store
from support.command_line import Run
from support.evaluation_scenes import Scene, mpii, onnx_file, parsed, refused
from support.record_scenes import evaluated, evaluation

Row = dict[str, object]
OTHERS = len(find_dataset("coco").tools) - 1
"""evaluators that can take the official one's place"""
BETA = "beta-soft-argmax(160)+quarter"
STATED = MappingProxyType({"colour": "RGB", "normalise": "ImageNet"})


@pytest.fixture
def words(scene: Scene, tmp_path: Path) -> tuple[str, ...]:
    """An evaluation of an exported network, in whose place stands one that finds persons."""
    path = onnx_file(tmp_path / "net.onnx", metadata=STATED)
    return ("eval", str(path), *scene.named())


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """What every evaluation opens: a network that errs in its own way, whatever the setting.

    It takes its crops for plain ones; without `clouds` it does not see their pixels.
    """
    chosen = {"clouds": True}

    def opened(
        request: EvaluationRequest, annotations: Annotations, instances: Instances, size: Size
    ) -> Network:
        if not isinstance(instances, Instances) or request.protocol.entry.measure == "PCKh":
            return loading.opened(request, annotations, instances, size)
        rules = changed(request.protocol, udp=False, plain_back=False)
        found = probe_networks.clouded(annotations, instances, size, rules)
        return found if chosen["clouds"] else found.clear

    monkeypatch.setattr("repro.evaluation.probe.of", lambda spec: {})  # takes a second a protocol
    for module in ("pipeline", "shared_crops"):
        monkeypatch.setattr(f"repro.evaluation.{module}.opened", opened)
    return chosen


def alone(protocol: Row) -> list[str]:
    """The options of the evaluation by one protocol."""
    geometry = "udp-in" if protocol.get("plain_back") else "udp" if protocol["udp"] else "plain"
    options = [
        *("--flip" if protocol["flip"] else "--no-flip",),
        *("--shift" if protocol["shift"] else "--no-shift",),
        *("--geometry", geometry, "--decode", str(protocol["decode"])),
        *("--nms", "off" if protocol["nms"] is None else str(protocol["nms"])),
        *("--rescoring", str(protocol.get("rescoring", "joints"))),
        *("--joint-score", str(protocol.get("joint_score", 0.2))),
        *("--evaluator", str(protocol["evaluator"])),
    ]
    if "box_score" in protocol:
        options += ["--box-score", str(protocol["box_score"])]
    return options


def rows_of(data: dict[str, object]) -> list[Row]:
    found = data["settings"]
    assert isinstance(found, list)
    return found


@pytest.mark.thorough
def test_every_row_is_the_evaluation_by_its_protocol_alone(
    repro: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    gt = (*words, "--boxes", "gt", "--json")
    data = parsed(repro(*gt, "--protocol", "all", "--store", "many"))
    rows = rows_of(data)
    assert data["tried"] == len(rows) == len({row["key"] for row in rows})
    assert len(rows) == 3 * 6 * 3 * 3 * 2 + OTHERS
    assert rows[0]["deviation"] == {} and rows[0]["key"] == data["record"]
    assert rows[0]["metrics"] == data["metrics"] and data["metric"] == "AP"
    kinds = {json.dumps(sorted(row["metrics"].items())) for row in rows}
    assert len(kinds) > 20
    for row in (rows[0], *rows[5::29], rows[-1]):
        single = parsed(repro(*gt, *alone(row["protocol"]), "--store", "single"))
        assert (single["metrics"], single["record"]) == (row["metrics"], row["key"])
        assert single["protocol"] == row["protocol"]
        change = row["metrics"]["AP"] - rows[0]["metrics"]["AP"]
        assert row["change"] == pytest.approx(change)
    one_rule = [row for row in rows if len(row["deviation"]) == 1]
    assert len(one_rule) > 10
    for row in one_rule:
        assert row["low"] <= row["change"] <= row["high"] and 0 <= row["chance"] <= 1


def test_a_detectors_boxes_and_their_least_score_are_settings_too(
    repro: Run, words: tuple[str, ...], scene: Scene, network: dict[str, bool]
) -> None:
    network["clouds"] = False  # which hang on how many boxes are before
    named = (*words, "--boxes", str(scene.boxes), "--no-flip", "--decode", "argmax", "--json")
    rows = rows_of(parsed(repro(*named, "--geometry", "plain", "--protocol", "all")))
    scores = {row["protocol"].get("box_score", 0.0) for row in rows}
    assert scores == {0.0, 0.2} and len(rows) == 3 * 2 * 2 + OTHERS
    for row in (rows[0], rows[1], rows[-2], rows[-1]):
        single = parsed(repro(*named, *alone(row["protocol"]), "--store", "single"))
        assert (single["metrics"], single["record"]) == (row["metrics"], row["key"])
    counts = [
        parsed(repro(*named, "--box-score", least, "--store", "single"))["data"]["instances"]
        for least in ("0", "0.5")
    ]
    assert 0 < counts[1] < counts[0]


def test_protocols_that_are_named_are_settings(repro: Run, words: tuple[str, ...]) -> None:
    named = "paper2/coco-val2017,paper2/coco-val2017-beta,paper1/coco-val2017"
    data = parsed(repro(*words, "--boxes", "gt", "--protocol", named, "--json"))
    first, second = rows_of(data)
    assert second["deviation"] == {"decoding": BETA} and data["tried"] == 2
    assert any("1 of 3 protocols" in remark["text"] for remark in data["remarks"])
    again = ("--protocol", "paper2/coco-val2017-beta", "--store", "single", "--json")
    single = parsed(repro(*words, "--boxes", "gt", *again))
    assert single["metrics"] == second["metrics"] != first["metrics"]


def test_joints_of_mpii_have_settings(repro: Run, tmp_path: Path) -> None:
    listed = mpii(tmp_path / "mpii")
    named = ("--dataset", "mpii", "--annotations", str(listed), "--boxes", "gt", "--json")
    images = ("--images", str(tmp_path / "mpii/images"))
    truth = ("--truth", str(listed.with_name("mpii_gt_valid.mat")))
    tried = ("eval", "truth", *named, *images, *truth, "--input", "64x64")
    data = parsed(repro(*tried, "--protocol", "all"))
    rows = rows_of(data)
    assert data["metric"] == "Mean" and len(rows) == 3 * 6 * 3
    for row in (rows[0], rows[7], rows[30], rows[-1]):
        rules = alone(row["protocol"])
        kept = rules[: rules.index("--nms")]
        single = parsed(repro(*tried, *kept, "--store", "single"))
        assert (single["metrics"], single["record"]) == (row["metrics"], row["key"])


def test_an_interrupted_trial_goes_on_where_it_stopped(
    repro: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = (*words, "--boxes", "gt", "--decode", "argmax", "--batch", "2", "--protocol", "all")
    whole = parsed(repro(*few, "--json", "--store", "whole"))
    monkeypatch.setattr(Execution.__init__, "__defaults__", ("cpu", 32, 2, None, 1))
    passes: list[int] = []
    real = inference.crop_maps

    def counted(*given: object) -> inference.CropMaps:
        passes.append(1)
        if len(passes) == 8:  # in the fourth batch
            raise KeyboardInterrupt
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("repro.evaluation.shared_crops.crop_maps", counted)
    assert repro(*few).code == 130
    stopped = len(passes)
    assert list(tmp_path.glob("records/??/*/settings/*")), "what was finished is kept"
    found = parsed(repro(*few, "--json"))
    assert found["settings"] == whole["settings"]
    everything = len(passes) - stopped
    assert not list(tmp_path.glob("records/??/*/settings/*")), "poses of settings are not kept"
    before = len(passes)
    assert parsed(repro(*few, "--json"))["settings"] == whole["settings"]
    assert len(passes) == before, "rows are kept"
    parsed(repro(*few, "--json", "--fresh"))
    assert len(passes) - before > everything, "begun anew"


def test_a_target_is_held_against_all_and_not_oversold(repro: Run, words: tuple[str, ...]) -> None:
    few = (*words, "--boxes", "gt", "--protocol", "all", "--geometry", "plain")
    rows = rows_of(parsed(repro(*few, "--json")))
    values = sorted(row["metrics"]["AP"] for row in rows)
    text = f"{values[-1]:.1f}"
    data = parsed(repro(*few, "--target", text, "--json"))
    target = data["target"]
    assert target["hits"] >= 1 and 0 < target["chance"] <= 1 and target["text"] == text
    by_key = {row["key"]: row["metrics"]["AP"] for row in rows}
    apart = [abs(by_key[key] - float(text)) for key in target["nearest"]]
    assert apart == sorted(apart) and len(apart) == 5
    shown = repro(*few, "--target", text)
    assert f"{len(rows)} settings tried" in shown.out and "the less a hit proves" in shown.out
    assert f"nearest to {text}" in shown.out and "95 % interval" in shown.out
    assert f"none of {len(rows)} print 99.9" in repro(*few, "--target", "99.9").out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--protocol all --target high", "`high` is no figure"),
        ("--protocol all --target 168.8", "`168.8` is no figure"),
        ("--target 68.8", "--protocol all"),
        ("--protocol paper2/coco-val2017,paper2/x", "`paper2/x`"),
        ("--protocol ,", "`,`"),
        ("--geometry sideways", "no geometry `sideways`"),
        ("--geometry plain --udp", "contradict"),
        ("--geometry udp-in --no-udp", "contradict"),
        ("--nms none", "`none` is no OKS"),
        ("--rescoring luck", "no rescoring `luck`"),
        ("--joint-score 2", "score of 2 for a joint"),
        ("--box-score 0.3", "have no scores"),
        ("--box-score nan", "no finite number"),
        ("--evaluator nobody", "no evaluator `nobody`"),
    ],
)
def test_a_mistake_is_one_sentence(
    repro: Run, words: tuple[str, ...], options: str, said: str
) -> None:
    refused(repro(*words, "--boxes", "gt", *options.split()), said)


def test_whole_images_are_refused_with_the_reason(repro: Run, scene: Scene) -> None:
    tried = ("eval", "litepose_s", "--weights", str(scene.checkpoint("litepose_s")))
    refused(repro(*tried, *scene.named(), "--protocol", "all"), "whole images", "--no-flip")


def test_rows_that_are_torn_are_made_again(
    repro: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    few = (*words, "--boxes", "gt", "--decode", "argmax", "--no-flip", "--protocol", "all")
    first = parsed(repro(*few, "--json"))
    (path,) = tmp_path.glob(f"records/??/*/{setting_rows.NAME}")
    path.write_text(path.read_text()[:-200])
    assert setting_rows.read(path.parent) is None
    assert parsed(repro(*few, "--json"))["settings"] == first["settings"]
    assert setting_rows.read(path.parent) is not None


def test_a_cells_explanation_lists_the_rows_beside_its_record(repro: Run, tmp_path: Path) -> None:
    table = lookup.find_table(lookup.find_study("paper2"), "table1")
    place = lookup.find_row(table, "LPN-50"), lookup.find_column(table, "ap")
    wanted = selection.cell(table, *place).spec
    assert isinstance(wanted, AccuracyRequirement)
    record = evaluated(evaluation(wanted), 68.0)
    store = Store(tmp_path / "records")
    store.add(record)
    words = ("explain", "paper2", "table1", "LPN-50", "ap")
    assert "settings" not in repro(*words).out
    rules = wanted.protocol.described()
    base = SettingRow({}, rules, record.key, {"AP": 68.0}, 0.0)
    bounds = {"low": 0.1, "high": 0.9, "chance": 0.02}
    other = SettingRow({"decoding": "DARK"}, rules, "d" * 64, {"AP": 68.5}, 0.5, **bounds)
    kept = SettingRows("AP", "code", "pictures", (base, other))
    setting_rows.keep(store.artifacts(record.key), kept)
    out = repro(*words).out
    assert "2 settings tried, AP from 68.00 to 68.50" in out
    assert "DARK" in out and "+0.10 to +0.90" in out
    listed = parsed(repro(*words, "--json"))["settings"]
    assert [row["metrics"] for row in listed] == [{"AP": 68.0}, {"AP": 68.5}]


def test_pictures_are_predicted_by_a_geometry(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    picture = next(iter(sorted(scene.images.iterdir())))
    found = {}
    for name in ("plain", "udp", "udp-in"):
        outcome = repro("predict", words[1], str(picture), "--geometry", name, "--output", name)
        assert outcome.code == 0, outcome.err
        found[name] = json.loads((tmp_path / name / "poses.json").read_text())["annotations"]
    joints = {name: people[0]["keypoints"] for name, people in found.items()}
    assert len({json.dumps(points) for points in joints.values()}) == 3
    refused(repro("predict", words[1], str(picture), "--geometry", "odd"), "no geometry `odd`")
