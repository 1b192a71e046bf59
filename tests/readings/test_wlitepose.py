"""The closed form of WLitePose costs what the networks cost that are built."""

import inspect
from collections.abc import Mapping

import numpy as np
import pytest
import torch

import zoo
from repro.counting import counter
from repro.papers.readings import load_readings
from repro.readings import wlitepose
from repro.records.runs import count_run
from support.thoroughness import daily
from zoo.wlitepose_readings import LineMatrix, wlitepose_reading

PAPER4 = load_readings("paper4")
NAMES = [one.name for one in PAPER4.named]
COUNTED = ("ptflops", "hrnet", "torchstat")
SIZES = {"s": (448, 448), "xs": (256, 256)}
SWITCHES: list[dict[str, object]] = [
    {"dfc": (), "deconv": True},
    {"dfc": (2,), "deconv": False},
    *({"attention": name, "deconv": False} for name in ("se", "cbam", "ca")),
    *({"step": name, "deconv": False} for name in wlitepose.STEPS[:-1]),
]
"""rows of Tables VI to X, one for each named reading"""
OTHERS: list[dict[str, object]] = [
    {"strided": "pw2", "mixing": "matrix", "order": "between", "second": True, "norms": 1},
    {"strided": "pw1", "weighs": "expanded", "mixing": "matrices", "attention": "cbam"},
    {"strided": "dw", "weighs": "expanded", "pooled": False, "attention": "ca", "reduction": 4},
]
"""readings without a name"""


def check(
    scale: str, options: Mapping[str, object], conventions: tuple[str, ...] = COUNTED, side: int = 0
) -> None:
    """Fail unless the closed form gives what a count of the network gives."""
    size = (side, side) if side else SIZES[scale]
    run = count_run(f"wlitepose_{scale}_reading", size, 14, options)  # type: ignore[arg-type]
    count = counter.run(run, conventions)
    cost = wlitepose.costs(size, 14, scale=scale, **options)  # type: ignore[arg-type]
    assert int(cost.params) == count.params
    assert {name: int(cost.macs[name]) for name in conventions} == count.macs


def options_of(name: str) -> dict[str, object]:
    """What the builder gets for a named reading."""
    reading = PAPER4.reading(name)
    return dict(PAPER4.options(PAPER4.choices(reading), SIZES["s"]))


@pytest.mark.parametrize("name", daily(NAMES, lambda name: name in ("fit", "strict")))
def test_a_named_reading_costs_what_its_network_costs(name: str) -> None:
    options = options_of(name)
    check("s", options)
    assert len(SWITCHES) >= len(NAMES)
    check("xs", {**options, **SWITCHES[NAMES.index(name)]})


@pytest.mark.parametrize("options", OTHERS, ids=str)
def test_a_reading_without_a_name_does_so_too(options: dict[str, object]) -> None:
    check("xs", options)


def test_fvcore_is_met_on_a_traced_network() -> None:
    check("xs", {"pooled": False, "strided": "dw", "norms": 1}, ("fvcore",), 64)


def test_many_readings_at_once_cost_what_each_costs() -> None:
    kinds = np.array(["conv3", "matrix", "matrices"]).reshape(3, 1)
    wide = np.array([4, 7]).reshape(1, 2)
    many = wlitepose.costs((256, 256), 14, scale="xs", mixing=kinds, expansion=wide)
    for row, kind in enumerate(("conv3", "matrix", "matrices")):
        for column, expansion in enumerate((4, 7)):
            one = wlitepose.costs((256, 256), 14, scale="xs", mixing=kind, expansion=expansion)
            assert np.broadcast_to(many.params, (3, 2))[row, column] == one.params
            assert np.broadcast_to(many.macs["hrnet"], (3, 2))[row, column] == one.macs["hrnet"]


def test_the_defaults_are_those_of_the_builder() -> None:
    ours = inspect.signature(wlitepose.costs).parameters
    theirs = inspect.signature(wlitepose_reading).parameters
    for name in theirs.keys() - {"keypoints", "scale"}:
        assert ours[name].default == theirs[name].default, name


@pytest.mark.parametrize(
    ("name", "model"), [("fit", "wlitepose_xs"), ("text", "wlitepose_xs_text")]
)
def test_the_readings_of_the_tables_have_the_cost_of_their_own_networks(
    name: str, model: str
) -> None:
    count = counter.run(count_run(model, (256, 256), 14), COUNTED)
    cost = wlitepose.costs((256, 256), 14, scale="xs", **options_of(name))  # type: ignore[arg-type]
    assert int(cost.params) == count.params
    assert {rule: int(cost.macs[rule]) for rule in COUNTED} == count.macs


def test_a_network_with_matrices_runs_at_its_size() -> None:
    with torch.device("meta"):
        network = zoo.create_model("wlitepose_xs_reading_coco", **options_of("most"))
        quarter, half = network(torch.zeros(1, 3, 256, 256))
    assert quarter.shape == (1, 34, 64, 64) and half.shape == (1, 17, 128, 128)


def test_lines_are_mixed_by_a_matrix_as_equations_9_and_10_have_it() -> None:
    torch.manual_seed(0)
    image = torch.randn(2, 3, 4, 5)
    for horizontal, side in ((True, 5), (False, 4)):
        shared = LineMatrix(side, horizontal, None)
        weight = shared.conv.weight.detach().reshape(side, side)
        each = LineMatrix(side, horizontal, 3)
        weights = each.conv.weight.detach().reshape(3, side, side)
        if horizontal:  # eq. 10, over the columns
            expected = torch.einsum("ij,bchj->bchi", weight, image)
            by_channel = torch.einsum("cij,bchj->bchi", weights, image)
        else:  # eq. 9, over the rows
            expected = torch.einsum("ij,bcjw->bciw", weight, image)
            by_channel = torch.einsum("cij,bcjw->bciw", weights, image)
        torch.testing.assert_close(shared(image), expected)
        torch.testing.assert_close(each(image), by_channel)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"order": "last"}, "`order` is `'last'`"),
        ({"mixing": "conv4"}, "`mixing` is `'conv4'`"),
        ({"middle": 10}, "`middle` is `10`"),
        ({"head": (32,)}, "`head` is `(32,)`"),
        ({"dfc": (5,)}, "`dfc` is `5`"),
    ],
)
def test_an_option_that_is_none_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as error:
        zoo.create_model("wlitepose_s_reading", **options)
    assert said in str(error.value)
