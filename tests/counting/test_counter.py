"""Each counting rule by hand on small modules, and the zoo against the official tools' figures."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import zoo
from repro.counting import counter
from repro.errors import RunError
from repro.papers.conventions import CONVENTIONS
from repro.records.runs import CountRun, count_run
from repro.run import counted
from support.thoroughness import daily

COUNTS = Path(__file__).parents[1] / "counts" / "topdown.json"
DAILY = {
    "hwl_mobilenetv3",
    "lightweight_openpose",
    "litepose_xs_crowdpose",
    "lpn_50",
    "simplebaseline_mobilenetv2",
    "tokenpose_s_v1",
    "vipnas_mobilenetv3",
    "wider_naive_litehrnet_18",
    "wlitepose_xs",
}
"""the networks of which each run of the tests holds the figures against those of the tools"""


class Small(nn.Module):
    """One module of each kind that the rules tell apart, sizes chosen to tell the rules apart."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.deconv = nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.Upsample(scale_factor=2)
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(4, 5)
        self.layer_norm = nn.LayerNorm(5)
        self.gelu = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm(self.conv(x)))  # (1, 8, 4, 6)
        x = self.relu(self.deconv(x))  # (1, 4, 8, 12)
        x = self.up(self.pool(x))
        x = self.linear(self.mean(x).flatten(1))
        x = self.gelu(self.layer_norm(x))
        return x @ x.T


CONV, DECONV, GRID_IN, GRID_OUT = 3 * 8 * 9, 8 * 4 * 16, 4 * 6, 8 * 12
BY_HAND = {
    "conv": CONV * GRID_IN + DECONV * GRID_IN + 20 + 5,
    "hrnet": CONV * GRID_IN + DECONV * GRID_OUT + 20,
    "mmcv": CONV * GRID_IN
    + 8 * GRID_IN  # bias of the convolution
    + DECONV * GRID_IN
    + 2 * 8 * GRID_IN  # batch norm
    + 8 * GRID_IN
    + 4 * GRID_OUT  # the ReLU, called twice
    + 4 * GRID_OUT  # max pool, by its input
    + 4 * GRID_OUT  # upsampling
    + 4 * GRID_OUT  # adaptive pool, by its input
    + 20  # linear
    + 2 * 5,  # layer norm
    "torchstat": CONV * GRID_IN
    + 8 * GRID_IN
    + DECONV * GRID_IN
    + 2 * 8 * GRID_IN
    + 4 * GRID_OUT  # the ReLU, last call only
    + 4 * 4 * GRID_OUT // 4  # max pool: window of 4 for each output
    + GRID_OUT  # upsampling, without channels
    + 4 * 9 * 13  # adaptive pool: (window + 1) each way
    + 20,
    "ptflops": CONV * GRID_IN
    + 8 * GRID_IN
    + DECONV * GRID_OUT
    + 2 * 8 * GRID_IN
    + 8 * GRID_IN
    + 4 * GRID_OUT
    + 4 * GRID_OUT
    + 4 * GRID_OUT
    + 4 * GRID_OUT
    + 20
    + 5  # linear with bias
    + 5,  # GELU
    "fvcore": CONV * GRID_IN
    + DECONV * GRID_IN
    + 2 * 8 * GRID_IN
    + 4 * GRID_OUT  # upsampling
    + 4 * GRID_OUT  # adaptive pool
    + 20
    + 5  # matrix product
    + 5 * 5,  # layer norm, 5 an element
}


@pytest.fixture
def small() -> tuple[counter.Costs, set[str]]:
    """The costs of Small."""
    model = Small().to("meta").eval()
    costs, unknown = counter.observe(model, (8, 12))
    return costs, unknown | counter.add_fvcore(model, (8, 12), costs)


@pytest.mark.parametrize("convention", BY_HAND)
def test_a_convention_equals_the_count_by_hand(
    small: tuple[counter.Costs, set[str]], convention: str
) -> None:
    costs, _ = small
    assert costs.total(convention) == BY_HAND[convention], costs.operators[convention]


def test_known_operators_are_known(small: tuple[counter.Costs, set[str]]) -> None:
    assert small[1] == set()


def test_an_unknown_operator_is_listed() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.rfft(x).abs() + torch.cumsum(x, 1).sum()

    _, unknown = counter.observe(Odd(), (8, 12))
    assert unknown >= {"aten::cumsum"}


def test_linear_on_tokens_is_charged_the_tokens_by_the_hrnet_script() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(12, 7)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x.flatten(1, 2))  # (1, 24, 12)

    costs, _ = counter.observe(Tokens().to("meta"), (8, 12))
    assert costs.total("hrnet") == 24 * 7 * 24
    assert costs.total("conv") == 24 * 7 * 12
    assert costs.total("mmcv") == 24 * 7 * 12


def test_the_modules_of_a_count_add_up() -> None:
    found = counter.run(count_run("small_hrnet_w16", (64, 64)))
    for convention, total in found.macs.items():
        children = [part for path, part in found.modules.items() if path and "." not in path]
        assert sum(part.macs[convention] for part in children) == total
    assert found.modules[""].params == found.params
    assert sum(found.operators["fvcore"].values()) == found.macs["fvcore"]
    assert len(counter.outline(found)) >= 3


def cases() -> list[tuple[str, dict[str, int]]]:
    """Model and expected figures; the larger inputs are left to the meta device."""
    expected = json.loads(COUNTS.read_text(encoding="utf-8"))
    return [(name, row) for name, rows in expected.items() for row in rows]


@pytest.mark.parametrize(
    ("name", "row"),
    daily(cases(), lambda case: case[0] in DAILY and case[1]["input"] == [256, 192]),
    ids=lambda case: case if isinstance(case, str) else str(case["input"]),
)
def test_the_zoo_costs_what_the_official_tools_say(name: str, row: dict[str, int]) -> None:
    size = (row["input"][0], row["input"][1])
    found = counter.run(count_run(name, size, row["keypoints"]), ("mmcv", "hrnet", "conv"))
    assert found.params == row["params"]
    assert found.macs["mmcv"] == row["mmcv"]
    assert found.macs["hrnet"] == row["hrnet"]
    assert found.operators["hrnet"].get("conv_transpose", 0) == row["conv_transpose_hrnet"]
    deconv = row["conv_transpose_hrnet"]
    matmul = found.operators["conv"].get("matmul", 0)
    assert found.macs["conv"] == row["hrnet"] - deconv * 3 // 4 + matmul
    assert not found.uncounted


FAMILIES = (
    "simplebaseline_mobilenetv2",
    "simplebaseline_shufflenetv2",
    "simplebaseline_resnet50",
    "vipnas_mobilenetv3",
    "hwl_mobilenetv3",
    "hwl_mobilenetv3_attn_cbam",
    "lpn_50",
    "lpn_50_nogc",
    "small_hrnet_w16",
    "hrnet_w32",
    "hourglass_8stage",
    "cpn_resnet50",
    "litehrnet_18",
    "ditehrnet_18",
    "tokenpose_s_v1",
    "tokenpose_l_d6_mpii",
    "litepose_xs_crowdpose",
    "wlitepose_xs",
    "wlitepose_xs_text",
    "higherhrnet_w16_crowdpose",
    "swahr_w48_crowdpose",
    "efficienthrnet_h4_crowdpose",
    "lightweight_openpose",
    "dekr_w48_crowdpose",
)
"""the networks that differ in their operators"""


@pytest.mark.parametrize("name", daily(FAMILIES, DAILY.__contains__))
def test_fvcore_counts_the_zoo_as_it_counted_the_official_models(name: str) -> None:
    golden = Path(__file__).parents[1] / "golden" / f"{name}.json"
    expected = json.loads(golden.read_text(encoding="utf-8"))
    _, _, height, width = expected["input"]
    found = counter.run(CountRun(name, (height, width), zoo.MODELS[name].keypoints), ("fvcore",))
    assert found.macs["fvcore"] == expected["macs_fvcore"]
    assert found.operators["fvcore"] == dict(sorted(expected["macs_by_operator"].items()))
    unknown = {"fvcore": ("torchvision::deform_conv2d",)} if "dekr" in name else {}
    assert found.uncounted == unknown


def rows(name: str) -> list[dict[str, int]]:
    """A file of official figures."""
    return list(json.loads((COUNTS.parent / name).read_text(encoding="utf-8")))


def is_daily(row: dict[str, object]) -> bool:
    return row["model"] in DAILY


@pytest.mark.parametrize(
    "row", daily(rows("litehrnet.json"), is_daily), ids=lambda row: row["model"]
)
def test_the_lite_hrnets_cost_what_their_own_tool_says(row: dict[str, int]) -> None:
    name, options = row["model"], {}
    if name == "wider_naive_litehrnet_18":
        name, options = "naive_litehrnet_18", {"width": 40}
    size = (row["input"][0], row["input"][1])
    found = counter.run(CountRun(name, size, row["keypoints"], options), ("torchstat", "conv"))
    assert found.params == row["params"]
    assert found.macs["torchstat"] == row["torchstat"]
    assert found.operators["conv"]["conv"] == row["conv"]


@pytest.mark.parametrize(
    "row", daily(rows("bottomup.json"), is_daily), ids=lambda row: row["model"]
)
def test_the_bottom_up_networks_cost_what_the_official_tools_say(row: dict[str, int]) -> None:
    name, size = row["model"], (row["input"], row["input"])
    spec = CountRun(name, size, zoo.MODELS[name].keypoints)
    found = counter.run(spec, ("hrnet", "ptflops", "conv"))
    assert found.params == row["params"]
    assert found.macs["hrnet"] == row["hrnet"]
    assert found.macs["ptflops"] == row["ptflops"]
    assert found.macs["conv"] - found.operators["conv"].get("matmul", 0) == row["conv"]
    assert not found.uncounted


@pytest.mark.parametrize(
    ("name", "size", "giga"),
    [
        ("simplebaseline_mobilenetv2", (256, 192), "1.478"),
        ("simplebaseline_mobilenetv2", (384, 288), "3.326"),
        ("simplebaseline_shufflenetv2", (384, 288), "2.874"),
        ("hwl_mobilenetv3", (384, 288), "1.214"),
        ("vipnas_mobilenetv3", (256, 192), "0.710"),
        ("small_hrnet_w16", (256, 192), "0.539"),
        ("simplebaseline_resnet50", (256, 192), "5.084"),
        ("hrnet_w32", (256, 192), "7.165"),
    ],
)
def test_torchstat_counts_a_shared_module_once(name: str, size: tuple[int, int], giga: str) -> None:
    found = counter.run(count_run(name, size), ("torchstat",))
    assert f"{found.macs['torchstat'] / 2**30:.3f}" == giga


def test_small_hrnet_costs_what_the_lite_hrnet_paper_prints() -> None:
    found = counter.run(count_run("small_hrnet_w16", (256, 192)), ("torchstat",))
    assert f"{found.macs['torchstat'] / 2**20:.1f}" == "551.7"


def test_a_convention_without_a_rule_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = replace(CONVENTIONS["conv"], name="pointwise")
    monkeypatch.setitem(CONVENTIONS, "pointwise", extra)
    with pytest.raises(RunError, match="has no rule called `pointwise`"):
        counted(count_run("lpn_50", (64, 64)))


def test_what_a_tool_fails_on_is_named_and_no_count() -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.pool = nn.Linear(288, 7), nn.AvgPool1d(2)

        def forward(self, x: Tensor) -> Tensor:
            return self.pool(self.linear(x.flatten())[None])

    costs, _ = counter.observe(Flat().to("meta"), (8, 12))
    assert costs.undefined == {"hrnet": {"Linear"}, "torchstat": {"AvgPool1d"}}
    assert costs.total("conv") == 288 * 7
