"""Every network maps images of any legal size, trains, and exports."""

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

import zoo
from repro import plan
from repro.runners import parity
from repro.spec import Spec, spec_of

SINE = Path(__file__).parent / "golden" / "sine" / "tokenpose.json"

JOINTS = {"_coco": 17, "_crowdpose": 14}
"""Suffix of a name -> keypoints: the same network for the joints of a data set."""
TWINS = [name for name in zoo.list_models() if name.endswith(tuple(JOINTS))]
NETWORKS = [name for name in zoo.list_models() if name not in TWINS]

SEED = 4
"""With some others both hidden units of a CBAM of 40 channels are off, and get no gradient."""


class Exemption(NamedTuple):
    """Parameters of some models, both by pattern."""

    models: str
    parameters: str
    reason: str


FROZEN = [Exemption("tokenpose_*", r"transformer\.pos_embedding", "The sine is not trained.")]
UNUSED = [
    Exemption(
        "ditehrnet_*",
        r"backbone\.stage(0.*conv_mask\.1|1.*conv_mask\.2|2.*conv_mask\.3)\.(weight|bias)",
        "The official code makes a mask for the lowest branch as well and never uses it.",
    )
]
"""Official parameters without a gradient."""
UNMOVED = [
    Exemption(models, r".*\.conv_mask(\.\d)?\.bias", "The softmax behind it cancels a constant.")
    for models in ("ditehrnet_*", "lpn_*")
]
"""Parameters whose gradient is zero but for rounding."""

WIDER = {
    "cbam_litehrnet_30": "cbam_litehrnet_18",
    "ditehrnet_30": "ditehrnet_18",
    "efficienthrnet_h1": "efficienthrnet_h4",
    "efficienthrnet_h2": "efficienthrnet_h4",
    "efficienthrnet_h3": "efficienthrnet_h4",
    "higherhrnet_w24": "higherhrnet_w16",
    "higherhrnet_w24_plain": "higherhrnet_w16_plain",
    "higherhrnet_w32": "higherhrnet_w16_plain",
    "higherhrnet_w48": "higherhrnet_w16_plain",
    "hrnet_w48": "hrnet_w32",
    "litehrnet_30": "litehrnet_18",
    "lpn_101": "lpn_50",
    "lpn_152": "lpn_50",
    "lpn_152_nogc": "lpn_50_nogc",
    "simplebaseline_resnet101": "simplebaseline_resnet50",
    "simplebaseline_resnet152": "simplebaseline_resnet50",
    "tokenpose_l_d24": "tokenpose_l_d6_mpii",
}
"""Networks of more or wider layers than another, and otherwise the same: only that is exported."""
COMPARED = (
    "hwl_mobilenetv3_attn_none",
    "lightweight_openpose",
    "litepose_xs",
    "lpn_50",
    "simplebaseline_mobilenetv2",
    "small_hrnet_w16",
    "tokenpose_s_v1",
)
"""Exported networks that are run as well."""


def expected_maps(spec: Spec, batch: int) -> list[tuple[int, ...]]:
    """The shapes that the official network gives."""
    keypoints, (height, width) = spec.keypoints, spec.input
    entry = zoo.MODELS[spec.model]
    tagged = [(2 * keypoints, 4), (keypoints, 2)]
    maps = {
        "hourglass": 8 * [(keypoints, 4)],
        "cpn": 5 * [(keypoints, 4)],
        "lightweight_openpose": [(keypoints + 2, 8), (2 * keypoints + 4, 8)]
        * (4 if spec.model.endswith("r3") else 2),
        **dict.fromkeys(("litepose", "wlitepose", "efficienthrnet"), tagged),
        **dict.fromkeys(("higherhrnet", "small_higherhrnet"), tagged),
        "swahr": [(3 * keypoints, 4), (2 * keypoints, 2)],
        "dekr": [(keypoints + 1, 4), (2 * keypoints, 4)],
    }.get(entry.builder, [(keypoints, 4)])
    return [(batch, channels, height // s, width // s) for channels, s in maps]


def small_spec(name: str, rows: int, columns: int) -> Spec:
    """A spec of few pixels: both sides in strides, unless the network has one size only."""
    entry = zoo.MODELS[name]
    return spec_of(name, entry.size or (rows * entry.stride, columns * entry.stride))


def images(spec: Spec, batch: int) -> torch.Tensor:
    return parity.seeded_input((batch, 3, *spec.input), SEED).float()


def shapes(maps: object) -> list[tuple[int, ...]]:
    return [tuple(one.shape) for one in parity.flatten(maps)]


def printed_inputs() -> list[Spec]:
    """What the tables put into each network; 256x192 for networks that no table has."""
    specs = plan.specs(plan.select(plan.tables()))
    used = [(zoo.MODELS[spec.model].builder, zoo.MODELS[spec.model].options) for spec in specs]
    return specs + [
        spec_of(name, entry.size or (256, 192))
        for name, entry in zoo.MODELS.items()
        if name in NETWORKS and (entry.builder, entry.options) not in used
    ]


def test_a_data_set_changes_nothing_but_the_joints() -> None:
    assert len(TWINS) + len(NETWORKS) == len(zoo.MODELS)
    for name in TWINS:
        plain, _, data_set = name.rpartition("_")
        entry = zoo.MODELS[name]
        assert entry.keypoints == JOINTS[f"_{data_set}"]
        assert entry == zoo.MODELS[plain]._replace(keypoints=entry.keypoints)


@pytest.mark.parametrize("spec", printed_inputs(), ids=str)
def test_maps_have_the_official_shape_for_the_input_of_the_tables(spec: Spec) -> None:
    with torch.device("meta"), torch.no_grad():
        model = zoo.create_model(spec.model, spec.keypoints, **spec.options).eval()
        maps = model(torch.zeros(1, 3, *spec.input))
    assert shapes(maps) == expected_maps(spec, 1)


def matching(name: str, exemptions: Iterable[Exemption], parameters: Iterable[str]) -> set[str]:
    """The parameters of a model that the exemptions mean."""
    patterns = [one.parameters for one in exemptions if fnmatchcase(name, one.models)]
    return {key for key in parameters for pattern in patterns if re.fullmatch(pattern, key)}


@pytest.mark.parametrize("name", NETWORKS)
def test_three_images_train_every_parameter_and_one_is_mapped(name: str) -> None:
    model = zoo.create_model(name)
    with torch.no_grad():
        parity.fill(zoo.published_state(model), SEED)

    spec = small_spec(name, 1, 2)
    maps = parity.flatten(model.train()(images(spec, 3)))
    assert shapes(maps) == expected_maps(spec, 3)
    torch.manual_seed(SEED)
    torch.stack([(torch.randn_like(one) * one).sum() for one in maps]).sum().backward()
    gradients = {key: parameter.grad for key, parameter in model.named_parameters()}
    every = list(gradients)
    assert matching(name, FROZEN, every) == {
        key for key, parameter in model.named_parameters() if not parameter.requires_grad
    }
    without = {key for key, gradient in gradients.items() if gradient is None}
    assert without == matching(name, FROZEN, every) | matching(name, UNUSED, every)
    reached = {key: gradient for key, gradient in gradients.items() if gradient is not None}
    assert all(gradient.isfinite().all() for gradient in reached.values())
    zero = {key for key, gradient in reached.items() if not gradient.any()}
    assert zero <= matching(name, UNMOVED, every)

    spec = small_spec(name, 3, 2)
    with torch.no_grad():
        maps = parity.flatten(model.eval()(images(spec, 1)))
    assert shapes(maps) == expected_maps(spec, 1)
    assert all(one.isfinite().all() for one in maps)


def test_a_network_that_is_not_exported_is_a_larger_one_of_those_that_are() -> None:
    sizes = {"depth", "width", "phi"}
    for name, smaller in WIDER.items():
        assert smaller not in WIDER
        larger, exported = zoo.MODELS[name], zoo.MODELS[smaller]
        assert larger.builder == exported.builder
        assert larger.options.keys() == exported.options.keys()
        assert {
            key for key, value in larger.options.items() if exported.options[key] != value
        } <= sizes


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in WIDER])
def test_a_network_is_exported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # a third of the time would go into stack traces for each node of the graph
    monkeypatch.setattr("torch.fx.config.do_not_emit_stack_traces", True, raising=False)
    model = zoo.create_model(name).eval()
    image = images(small_spec(name, 1, 2), 1)
    program = torch.export.export(model, (image,), strict=False)
    if name in COMPARED:
        with torch.no_grad():
            pairs = zip(
                parity.flatten(program.module()(image)), parity.flatten(model(image)), strict=True
            )
            assert all(torch.equal(ours, theirs) for ours, theirs in pairs)


@pytest.mark.parametrize("name", zoo.list_models("tokenpose_*"))
def test_tokenpose_with_its_sine_equals_the_official_code(name: str) -> None:
    """The goldens overwrite the table of positions; here it keeps its float32 values."""
    golden = json.loads(SINE.read_text(encoding="utf-8"))
    model = zoo.create_model(name).double().eval()
    state = zoo.published_state(model)
    with torch.no_grad():
        table = {key: value for key, value in state.items() if key.endswith("pos_embedding")}
        assert len(table) == 1
        parity.fill({k: v for k, v in state.items() if k not in table}, golden["seed"])
        shape = (1, 3, *small_spec(name, 1, 1).input)
        heatmaps = model(parity.seeded_input(shape, golden["seed"])).flatten()
    for index, value in golden["samples"][name]:
        assert float(heatmaps[index]) == pytest.approx(value, abs=1e-6)
