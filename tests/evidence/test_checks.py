"""Networks with published weights on real images: what counts, what is said, and where."""

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from repro.commands.report import gathered
from repro.evidence import checks
from repro.evidence.checks import NetworkCheck, network_checks, spread, wanted
from repro.exported import opening
from repro.files import sha256
from repro.papers import evidence
from repro.records.record import STALE, Record
from repro.records.store import Store
from repro.report.files import publish
from repro.report.html import page
from support.command_line import Run, parsed
from support.evaluation_scenes import Scene, onnx_file
from support.evidence_scenes import OTHERS, RULES, evaluated, finder, image_set, network, write


def one_check(own_tables: Path, found: Record | None) -> NetworkCheck:
    """The check of a single network that is published at 60.0."""
    write(own_tables, [network(1)])
    (check,) = network_checks(lambda wanted: found)
    return check


@pytest.fixture
def one_paper(own_tables: Path) -> Path:
    """Our tables with a single paper, so that documents are short."""
    for paper in ("paper1", "paper2", "paper4"):
        shutil.rmtree(own_tables / paper)
    (own_tables / "paper3/claims.toml").unlink()
    return own_tables


def test_ours_stands_beside_the_published_figure_with_its_difference(own_tables: Path) -> None:
    write(own_tables, [network(1, "60.0"), network(2, "70.0"), network(3, "64.9")])
    near, far, edge = network_checks(finder({"net 1": 61.5, "net 2": 61.5, "net 3": 60.0}))
    assert near.delta == 1.5 and near.inside is True
    assert far.delta == -8.5 and far.inside is False
    assert edge.inside is True and not edge.lacking


def test_what_is_absent_says_the_command_that_supplies_it(own_tables: Path) -> None:
    check = one_check(own_tables, None)
    assert check.shown is check.measured is check.delta is check.inside is None
    words = "repro eval net1.onnx --input 64x48 --protocol evidence/plain"
    assert check.command == f"{words} --annotations few.json --images DIR"
    assert check.lacking == f"Not evaluated here: `{check.command}`."


def test_a_network_of_the_zoo_and_a_detectors_boxes_are_in_the_command(own_tables: Path) -> None:
    protocols = {"found": {**RULES, "boxes": "some boxes.json"}}
    options: dict[str, object] = {"width": 40}
    one = network(1, protocol="found", model="naive_litehrnet_18", options=options, anchor=False)
    write(own_tables, [one], protocols=protocols)
    (check,) = network_checks(lambda wanted: None)
    words = shlex.split(check.command)
    assert words[2:7] == ["naive_litehrnet_18", "--weights", "net1.onnx", "--option", "width=40"]
    assert words[words.index("--boxes") + 1] == "some boxes.json"
    assert "with the boxes in `some boxes.json`" in check.lacking


def test_a_stale_figure_is_shown_and_held_against_nothing(own_tables: Path) -> None:
    write(own_tables, [network(1)])
    (check,) = network_checks(finder({"net 1": 61.0}, stale=True))
    assert check.shown is not None and check.shown.value == 61.0
    assert check.measured is check.delta is check.inside is None
    assert check.lacking.startswith(
        f"Stale: by older code, of commit {'c' * 40}. Anew: `repro eval"
    )


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("weights", "sha256", "e" * 64),
        ("weights", "partial", True),
        ("weights", "faithful", False),
        ("weights", "seed", 1),
        ("data", "annotations", OTHERS),
        ("protocol", "decode", "DARK"),
        ("protocol", "boxes", "some.json"),
        ("protocol", "exif", "apply"),
        ("", "input", [128, 96]),
        ("", "model", "lpn_50"),
        ("", "options", {"width": 40}),
        ("", "kind", "score"),
        ("", "data", None),
    ],
)
def test_only_that_network_by_those_rules_on_those_images_counts(
    own_tables: Path, part: str, key: str, value: object
) -> None:
    write(own_tables, [network(1)])
    known = evidence.catalogue()
    asked = wanted(known.networks[0], known.sets[0], known.protocols["plain"])
    spec = json.loads(json.dumps(evaluated(asked, 60.0).spec))
    assert asked.fits(spec)
    assert asked.fits({**spec, "protocol": {**spec["protocol"], "split": "any"}})
    changed = {**spec, part: {**spec[part], key: value}} if part else {**spec, key: value}
    assert not asked.fits(changed)


def test_a_detectors_boxes_are_told_by_their_digest_where_it_is_known(own_tables: Path) -> None:
    protocols = {"found": {**RULES, "boxes": "some.json"}}
    facts = {"protocol": "found", "anchor": False}
    write(
        own_tables,
        [network(1, **facts), network(2, boxes_sha256={"few": "d" * 64}, **facts)],
        protocols=protocols,
    )
    known = evidence.catalogue()
    for one, any_file in zip(known.networks, (True, False), strict=True):
        asked = wanted(one, known.sets[0], known.protocols["found"])
        spec = json.loads(json.dumps(evaluated(asked, 60.0).spec))
        with_boxes = {digest: {**spec["data"], "boxes": digest * 64} for digest in "de"}
        assert asked.fits({**spec, "data": with_boxes["d"]})
        assert asked.fits({**spec, "data": with_boxes["e"]}) is any_file


def test_the_store_finds_the_record_whatever_its_weights_are_called(
    own_tables: Path, tmp_path: Path
) -> None:
    write(own_tables, [network(1)], [image_set(), image_set("other", OTHERS)])
    known = evidence.catalogue()
    store = Store(tmp_path / "store")
    asked = wanted(known.networks[0], known.sets[0], known.protocols["plain"])
    store.add(replace(evaluated(asked, 61.0, name="renamed.onnx")))
    store.add(evaluated(replace(asked, annotations=OTHERS), 71.0))
    again = Store(tmp_path / "store")
    found = again.find(asked)
    assert found is not None and found.value("AP") == 61.0 and not found.stale
    assert again.find(replace(asked, annotations="f" * 64)) is None
    older = replace(evaluated(asked, 62.0), key="1" * 64, code="0" * 64)
    assert older.code != found.code
    store.add(older)
    assert Store(tmp_path / "store").find(asked) == found, "made by the present code"
    (path,) = (path for path in store.files() if path.stem == found.key)
    store.remove(path)
    left = Store(tmp_path / "store").find(asked)
    assert left is not None and left.standing == STALE


def test_the_spread_is_of_independent_architectures(own_tables: Path) -> None:
    same: dict[str, object] = {"architecture": "kind 1"}
    write(own_tables, [network(1), network(2, **same), network(3)])
    known = spread(network_checks(finder({"net 1": 59.0, "net 2": 58.0, "net 3": 57.0})))
    assert known.differences == (1.0, 2.0, 3.0) and known.architectures == 2
    assert known.mean == 2.0 and known.deviation == 1.0


def test_every_check_is_told_whole_to_other_programs(own_tables: Path) -> None:
    write(own_tables, [network(1), network(2)])
    measured, absent = map(checks.described, network_checks(finder({"net 1": 61.0})))
    assert measured["measured"] == {"value": 61.0, "unit": "%", "low": 56.0, "high": 66.0}
    assert (measured["delta"], measured["inside"], measured["lacking"]) == (1.0, True, "")
    assert absent["measured"] is absent["record"] is absent["inside"] is None
    json.dumps([measured, absent])


def test_the_command_that_is_named_supplies_the_figure_everywhere(
    one_paper: Path, repro: Run, scene: Scene, tmp_path: Path
) -> None:
    file = onnx_file(tmp_path / "net1.onnx")
    facts: dict[str, object] = {"sha256": sha256(file), "input": [64, 48]}
    some = image_set(sha256=sha256(scene.annotations), file=str(scene.annotations))
    write(one_paper, [network(1, "99.0", **facts), network(2)], [some])
    before = publish.render(Store("records")).whole
    title = "### few: 3 images of COCO val2017"
    assert (
        title in before and "| net 1" in before and "Not evaluated here: `repro eval net1" in before
    )
    check, _ = network_checks(Store("records").find)
    words = [str(scene.images) if word == "DIR" else word for word in shlex.split(check.command)]
    record = parsed(repro(*words[1:], "--json").out)["record"]
    check, absent = network_checks(Store("records").find)
    assert check.record is not None and check.record.key == record and check.measured is not None
    assert absent.record is None
    after = publish.render(Store("records")).whole
    (line,) = (one for one in after.splitlines() if one.startswith("| net 1"))
    assert f"[{check.measured.value:.2f}][{record[:7]}]" in line and "| 99.0" in line
    assert f"[{record[:7]}]: records/{record[:2]}/{record}.json" in after
    assert after.index("## Networks with published") < after.index("## paper3")
    told = json.loads(repro("report", "--format", "json").out)["evidence"]
    assert [one["record"] for one in told] == [record, None]
    document = page.render(gathered(Store("records")))
    assert 'id="evidence-few"' in document and 'href="#evidence"' in document
    assert f'<td class="number">{check.measured.value:.2f}</td>' in document
    assert document.count('<g class="witness">') == 1
    planned = parsed(repro("plan", "paper3", "table1", "--json").out)
    assert record not in json.dumps(planned), "no printed number is for it"


def test_words_of_a_list_stay_words_in_every_medium(one_paper: Path, tmp_path: Path) -> None:
    bad = "<img src=x onerror=alert(1)>|"
    write(one_paper, [network(1, label=bad, source=bad, note=bad)], [image_set(chosen=bad)])
    document = publish.render(Store(tmp_path / "none")).whole
    assert "<img" not in document and "&lt;img src=x onerror=alert(1)>\\|" in document
    shown = page.render(gathered(Store(tmp_path / "none")))
    assert "<img" not in shown and "&lt;img src=x onerror=alert(1)&gt;|" in shown


def test_without_such_networks_nothing_is_said(one_paper: Path, tmp_path: Path) -> None:
    (one_paper / evidence.FILE).unlink()
    store = Store(tmp_path / "none")
    assert network_checks(store.find) == []
    assert "real images" not in publish.render(store).whole
    assert (
        "evidence"
        not in page.render(gathered(store))
        .partition("<main>")[2]
        .partition("<section")[2]
        .partition("</section>")[0]
    )


def test_endings_of_exported_files_are_those_that_are_opened() -> None:
    assert evidence.EXPORTED == opening.KINDS
