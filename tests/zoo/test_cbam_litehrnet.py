"""The readings of CBAM-Lite-HRNet: what each has, and how the study's default follows from that."""

import functools
import tomllib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import zoo
from repro.papers import study
from support.thoroughness import daily
from zoo.cbam_litehrnet import PLACEMENTS, AttendedSkip
from zoo.litehrnet import branch_widths
from zoo.litehrnet_blocks import ConditionalChannelWeighting

READINGS = tomllib.loads(
    (Path(__file__).parents[2] / "tables" / "paper3" / "readings.toml").read_text(encoding="utf-8")
)
OPEN = {one["option"]: one for one in READINGS["dimensions"]}
OWN, LAST = "cbam_litehrnet", "keypoint_head.final_layer"
PRINTED = OPEN["width"]["values"][0]
"""the widths of Section IV-A: 32 channels at 256x192, 48 at 384x288"""


@functools.cache
def built(model: str, **options: object) -> tuple[int, int]:
    """The parameters of a network but for its prediction layer, and those of each joint there."""
    network = zoo.create_model(model, 1, **options)
    joint = sum(one.numel() for one in network.get_submodule(LAST).parameters())
    return sum(one.numel() for one in network.parameters()) - joint, joint


def params(model: str, keypoints: int = 17, **options: object) -> int:
    """The parameters of a network."""
    usual = {"width": 32, "depth": 18} if model == OWN else {}
    rest, joint = built(model, **{**usual, **options})
    return rest + keypoints * joint


@pytest.mark.parametrize(
    ("depth", "width", "expected"),
    daily(
        [
            (18, 32, (709_135, 709_135, 746_849, 751_343, 744_353, 763_425)),
            (18, 48, (1_538_206, 1_538_206, 1_621_753, 1_634_542, 1_613_697, 1_654_585)),
            (30, 40, (1_715_194, 1_715_194, 1_773_536, 1_781_714, 1_772_117, 1_819_171)),
            (30, 48, (2_439_838, 2_439_838, 2_523_385, 2_536_174, 2_518_929, 2_586_925)),
        ],
        lambda case: case[0] == 18,
    ),
)
def test_every_reading_has_its_size(depth: int, width: int, expected: tuple[int, ...]) -> None:
    found = {p: params(OWN, depth=depth, width=width, placement=p) for p in PLACEMENTS}
    assert found == dict(zip(("A", "A2", "B", "C", "D", "E"), expected, strict=True))


def test_a_cbam_in_a_skip_connection_meets_the_half_that_skips() -> None:
    class Double(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    torch.manual_seed(0)
    block = AttendedSkip([8, 16], lambda channels: Double()).eval()
    branches = [torch.randn(1, 8, 8, 8), torch.randn(1, 16, 4, 4)]
    with torch.no_grad():
        without = block.block(branches)
        found = block(branches)
    assert isinstance(block.block, ConditionalChannelWeighting)
    for branch, plain, attended in zip(branches, without, found, strict=True):
        kept = branch.shape[1] // 2
        torch.testing.assert_close(attended[:, 0::2], 2 * branch[:, :kept])
        torch.testing.assert_close(attended[:, 1::2], plain[:, 1::2])


def test_cbams_stand_in_every_block_of_the_skips_and_of_the_basic_module() -> None:
    def gates(placement: str) -> int:
        model = zoo.create_model(OWN, placement=placement)
        return sum(type(module).__name__ == "CBAM" for module in model.modules())

    branches_of_blocks = 2 * (2 * 2 + 4 * 3 + 2 * 4)
    assert [gates(placement) for placement in PLACEMENTS] == [4, 4, 4, 4, *2 * [branches_of_blocks]]


def shares(depth: int, width: object, placement: str) -> dict[str, list[float]]:
    """Sentence on parameters -> shares of Lite-HRNet-30's, where the file holds them so."""
    found: dict[str, list[float]] = {}
    for bound in READINGS["bounds"]:
        size = "x".join(map(str, bound["input"]))
        channels = OPEN["width"]["at"].get(width, {}).get(size, width)
        joints = bound["keypoints"]
        ours = params(OWN, joints, depth=depth, width=channels, placement=placement)
        share = ours / params(bound["of"], joints)
        found.setdefault(bound["sentence"], []).append(share)
        assert bound["of"] == "litehrnet_30" and bound["model"] == OWN
    return found


def broken(depth: int, width: object, placement: str) -> set[str]:
    """The sentences that a reading breaks: by its values, and by its parameters."""
    names = {*OPEN["width"]["breaks"].get(str(width), ()), *OPEN["placement"]["breaks"][placement]}
    limits = {one["sentence"]: (one.get("above", 0), one.get("below", 1)) for one in BOUNDS}
    for name, found in shares(depth, width, placement).items():
        low, high = limits[name]
        names |= set() if all(low < share < high for share in found) else {name}
    return names


BOUNDS = READINGS["bounds"]
ON_PARAMETERS = {one["sentence"] for one in BOUNDS}


def test_the_file_is_of_the_builder() -> None:
    assert OPEN["placement"]["values"] == list(PLACEMENTS) == list(OPEN["placement"]["breaks"])
    said = {
        name for one in OPEN.values() for names in one.get("breaks", {}).values() for name in names
    }
    assert said | ON_PARAMETERS == set(READINGS["sentences"])
    for bound in BOUNDS:
        assert bound["input"] == bound["of_input"]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_depth_18_with_the_printed_widths_breaks_no_sentence_on_parameters_but_the_quarter(
    placement: str,
) -> None:
    assert broken(18, PRINTED, placement) & ON_PARAMETERS == {"quarter"}
    assert {"still-lower", "reduced", "quarter"} <= broken(30, PRINTED, placement)
    own = broken(30, 40, placement)
    assert {"48-channels", "more-channels", "quarter"} <= own
    assert ("fewer" in own) == (placement not in ("A", "A2"))


def test_the_tables_use_the_reading_that_breaks_least_and_comes_nearest_to_a_quarter() -> None:
    grid = [
        (depth, width, placement)
        for depth in OPEN["depth"]["values"]
        for width in OPEN["width"]["values"]
        for placement in PLACEMENTS
    ]
    quarter = {one: abs(shares(*one)["quarter"][0] - 0.25) for one in grid}
    chosen = min(grid, key=lambda one: (len(broken(*one)), quarter[one]))
    assert chosen == (18, PRINTED, "A") == tuple(one["values"][0] for one in OPEN.values())
    assert {one for one in grid if quarter[one] == min(quarter.values())} == {
        (18, width, placement) for width in (PRINTED, 32) for placement in ("A", "A2")
    }
    for table in ("table1", "table2"):
        for row in study.load_table("paper3", table).rows:
            if row.label.startswith("OurNet"):
                assert row.model == OWN and row.input is not None
                width = row.options.get("width", 32)
                assert width == OPEN["width"]["at"][PRINTED]["x".join(map(str, row.input))]


def text_of_paper3() -> str:
    """The notes of the study and of its readings."""
    return "\n".join((*study.load_study("paper3").notes, *READINGS["notes"]))


def test_the_shares_that_the_notes_name_are_those_of_the_networks() -> None:
    def percent(share: float, digits: int = 0) -> str:
        return f"{100 * share:.{digits}f}"

    text = text_of_paper3()
    of30, of18 = params("litehrnet_30"), params("litehrnet_18")
    narrow, wide = (
        [params(OWN, width=width, placement=one) for one in PLACEMENTS] for width in (32, 48)
    )
    a, _, b, _, _, e = (percent(one / of30, 1) for one in narrow)
    assert f"A has {a} %, B {b} %, E {e} %" in text
    assert (
        f"nearest to a quarter is {percent(min(narrow) / of30)} % of Lite-HRNet-30's, or " in text
    )
    assert f"or {percent(min(narrow) / of18)} % of Lite-HRNet-18's" in text
    for networks, base, word in ((narrow, of18, "too"), (wide, of18, "more")):
        low, high = percent(min(networks) / base), percent(max(networks) / base)
        assert f"{word}, {low} to {high} %" in text
    millions = [f"{min(one) / 1e6:.3f}M to {max(one) / 1e6:.3f}M" for one in (narrow, wide)]
    assert f"{millions[0]} and {millions[1]} against Lite-HRNet-30's {of30 / 1e6:.3f}M" in text
    old = [params(OWN, depth=30, width=40, placement=one) for one in PLACEMENTS]
    assert f"has {old[0] / 1e6:.3f}M in A and A2, {percent(old[0] / of30)} % of" in text
    assert f"{min(old[2:]) / 1e6:.3f}M to {max(old) / 1e6:.3f}M in the others" in text
    deep = [params(OWN, depth=30, width=48, placement=one) for one in PLACEMENTS]
    assert f"48 channels has {min(deep) / 1e6:.3f}M to {max(deep) / 1e6:.3f}M" in text


def test_without_its_cbams_a_reading_is_lite_hrnet_of_its_width() -> None:
    """C is Lite-HRNet with four CBAMs before its head, so that Lite-HRNet's size follows."""

    def cbam(channels: int) -> int:
        hidden = channels // 16
        return 2 * channels * hidden + hidden + channels + 2 * 49 + 2

    def plain(depth: int, width: int) -> int:
        last = params(OWN, depth=depth, width=width, placement="C")
        return last - sum(map(cbam, branch_widths(width)))

    assert [plain(depth, 40) for depth in (18, 30)] == [
        params("litehrnet_18"),
        params("litehrnet_30"),
    ]
    text = text_of_paper3()
    bare = plain(18, 32)
    assert f"{bare / 1e6:.3f}M at depth 18 and {plain(30, 32) / 1e6:.3f}M at depth 30" in text
    added = [100 * (params(OWN, width=32, placement=one) / bare - 1) for one in PLACEMENTS]
    assert f"add {min(added[2:]):.1f} to {max(added):.1f} % of the parameters in B to E" in text
    assert f"A and A2 have {-added[0]:.1f} % fewer" in text
    assert plain(30, 32) < params(OWN, width=48)


def cells(paper: str, table: str, label: str) -> dict[str, str]:
    """A row as printed."""
    rows = study.load_table(paper, table).rows
    return dict(next(row.cells for row in rows if row.label == label))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("HRNetV1-W32 384x288", "HRNet-W32 384x288"),
        ("HRNetV1-W48 384x288", "HRNet-W48 384x288"),
        ("SimpleBaseline 384x288", "SimpleBaseline-152 384x288"),
    ],
)
def test_the_large_rows_of_table_1_are_test_dev_rows_of_paper2(ours: str, theirs: str) -> None:
    here, there = cells("paper3", "table1", ours), cells("paper2", "table2", theirs)
    figures = [here[key] for key in ("ap", "ap50", "ap75", "apl", "ar")]
    assert figures == [there[key] for key in ("ap", "ap50", "ap75", "apl", "ar")]
    assert f"({' '.join(figures)})" in text_of_paper3()
    assert (
        "test-dev"
        in study.load_study("paper2").protocols[study.load_table("paper2", "table2").protocol].split
    )


def test_both_gains_of_a_tenth_are_exact() -> None:
    def tenths(text: str) -> int:
        return round(10 * float(text))

    coco = (
        cells("paper3", "table1", "OurNet 256x192"),
        cells("paper3", "table1", "Lite-HRNet-18 384x288"),
    )
    mpii = cells("paper3", "table2", "OurNet"), cells("paper3", "table2", "Lite-HRNet")
    assert [tenths(one["ap"]) for one in coco] == [670, 669]
    assert [tenths(one["mean"]) for one in mpii] == [871, 870]
    assert coco[1]["ap"] == cells("paper1", "table2", "Lite-HRNet-18 384x288")["ap"]
