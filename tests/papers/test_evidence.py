"""tables/evidence.toml: networks with published weights, and the images they are looked at on."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import evidence, folders
from repro.papers.protocol import GROUND_TRUTH
from support.command_line import ROOT, Run, parsed
from support.evidence_scenes import OTHERS, RULES, image_set, network, write

Entries = dict[str, object]


def test_the_images_are_named_and_their_annotations_told_by_a_digest() -> None:
    many, few = evidence.catalogue().sets
    assert (len(many.images), many.persons, many.labelled) == (182, 578, 334)
    assert (len(few.images), few.persons, few.labelled) == (92, 212, 113)
    assert set(few.images) < set(many.images) and list(many.images) == sorted(many.images)
    assert many.title == "182 images of COCO val2017"
    assert (few.sha256[:8], many.sha256[:8]) == ("df1f2c48", "0991a147")


def test_what_others_published_stands_with_its_source() -> None:
    networks = {one.label: one for one in evidence.catalogue().networks}
    figures = {label: one.published for label, one in networks.items() if one.anchor}
    assert figures == {
        "TinyPose 256x192": "68.8",
        "TinyPose 128x96": "58.1",
        "Ultralight-SimplePose": "51.8",
    }
    assert networks["human-pose-estimation-0001, int8"].published == "42.8"
    assert all(len(one.source) > 20 and one.sets for one in networks.values())


def test_an_anchor_is_evaluated_by_rules_that_a_printed_network_can_be_evaluated_by() -> None:
    known = evidence.catalogue()
    for one in known.networks:
        rules = known.protocols[one.protocol]
        assert rules.bottom_up or not one.anchor or rules.boxes == GROUND_TRUTH
    assert known.estimates is not None and known.estimates.least == 3


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"sets": [image_set(), image_set()]}, "the set `few` is twice."),
        ({"sets": [image_set(images=[1, 1])]}, "one of them is twice"),
        ({"sets": [image_set(images=[])]}, "are none"),
        ({"sets": [image_set(labelled=6)]}, "`few` has 6 labelled of 5."),
        ({"sets": [image_set(sha256="A" * 64)]}, f"`{'A' * 64}` is no sha256."),
        ({"sets": [image_set(dataset="cocoa")]}, "There is no data set `cocoa`."),
        ({"sets": [image_set(split="val2018")]}, "There is no split of coco `val2018`."),
        ({"sets": [image_set(dataset="mpii", split="val")]}, "evaluated as coco, on images of"),
        ({"networks": [network(1), network(1)]}, "the network `net 1` is twice."),
        ({"networks": [network(1, sha256="0")]}, "`0` is no sha256."),
        ({"networks": [network(1, boxes_sha256={"few": "0"})]}, "`0` is no sha256."),
        ({"networks": [network(1, boxes_sha256={"all": "0" * 64})]}, "no set of `net 1` `all`"),
        ({"networks": [network(1, metric="FPS")]}, "There is no accuracy `FPS`."),
        ({"networks": [network(1, "about 60")]}, "`about 60` is no AP."),
        ({"networks": [network(1, file="net.pth")]}, "`net.pth` is no exported network"),
        ({"networks": [network(1, model="lpn_51")]}, "There is no model `lpn_51`."),
        ({"networks": [network(1, protocol="dark")]}, "There is no protocol `dark`."),
        ({"networks": [network(1, sets=["many"])]}, "There is no set of images `many`."),
        ({"networks": [network(1, fast=True)]}, "There is no key `networks[0].fast`."),
        ({"protocols": {"plain": {**RULES, "colour": "RBG"}}}, "There is no colour `RBG`."),
    ],
)
def test_a_mistake_is_one_sentence(own_tables: Path, entries: Entries, said: str) -> None:
    write(own_tables, **{"networks": [network(1)], **entries})  # type: ignore[arg-type]
    with pytest.raises(ReproError) as error:
        evidence.catalogue()
    assert said in str(error.value) and "evidence.toml" in str(error.value)


def test_an_anchor_needs_a_published_figure(own_tables: Path) -> None:
    plain = network(1)
    del plain["published"]
    write(own_tables, [plain])
    with pytest.raises(ReproError, match="`net 1` is an anchor without a published figure"):
        evidence.catalogue()


def test_a_protocol_is_named_by_its_file() -> None:
    assert evidence.protocol("dark").decode == "DARK"
    with pytest.raises(ReproError, match="There is no protocol `evidence/drak`") as error:
        evidence.protocol("drak")
    assert "`evidence/dark`" in error.value.hint


@pytest.fixture
def beside(repro: Run, papers_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user's own with a paper, beside ours."""
    assert repro("new", "paper", "paper5").code == 0
    monkeypatch.setenv("REPRO_TABLES", str(tmp_path / "tables-own"))
    return tmp_path / "tables-own"


def test_a_list_of_a_users_own_adds_to_ours(beside: Path, repro: Run) -> None:
    ours = len(evidence.catalogue().networks)
    write(beside, [network(1)], [image_set(sha256=OTHERS)])
    assert [one.label for one in evidence.catalogue().networks[ours:]] == ["net 1"]
    assert repro("check", "tables", str(beside)).code == 0


def test_a_broken_list_of_a_user_is_left_out_and_told(beside: Path, repro: Run) -> None:
    ours = evidence.catalogue()
    write(beside, [network(1, protocol="dark-udp")], [image_set("val2017-92")])
    assert evidence.catalogue() == ours
    (told,) = [str(one) for one in folders.left_out() if "evidence.toml" in str(one)]
    assert "It is left out" in told and "the set `val2017-92` is twice." in told
    checked = repro("check", "tables", str(beside), "--json")
    (lists, _) = parsed(checked.out)["papers"]
    assert checked.code == 2 and lists["name"] == "beside the papers"
    assert [one["said"] for one in lists["flaws"]] == ["the set `val2017-92` is twice."]


def test_ours_are_left_out_where_a_user_says_so(
    beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRO_TABLES_ONLY", "1")
    assert evidence.catalogue() == evidence.EvidenceCatalogue()
    assert (ROOT / "tables" / evidence.FILE).is_file()
