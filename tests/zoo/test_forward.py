"""Every network maps images of any legal size, trains, and exports."""

import copy
import json
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import nn

import zoo
from repro.counting import parity
from repro.papers import study
from repro.records.runs import CountRun, count_run
from support.thoroughness import daily

SINE = Path(__file__).parents[1] / "golden" / "sine" / "tokenpose.json"

JOINTS = {"_coco": 17, "_crowdpose": 14}
"""Suffix of a name -> keypoints: the same network for the joints of a data set."""
TWINS = [name for name in zoo.list_models() if name.endswith(tuple(JOINTS))]
NETWORKS = [name for name in zoo.list_models() if name not in TWINS]


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

LARGER = {
    "cbam_litehrnet_18": "cbam_litehrnet",
    "cbam_litehrnet_30": "cbam_litehrnet",
    "ditehrnet_30": "ditehrnet_18",
    "efficienthrnet_h1": "efficienthrnet_h4",
    "efficienthrnet_h2": "efficienthrnet_h4",
    "efficienthrnet_h3": "efficienthrnet_h4",
    "higherhrnet_w24": "higherhrnet_w16",
    "higherhrnet_w24_plain": "higherhrnet_w16_plain",
    "higherhrnet_w32": "higherhrnet_w16_plain",
    "higherhrnet_w48": "higherhrnet_w16_plain",
    "hrnet_w48": "hrnet_w32",
    "lightweight_openpose_r3": "lightweight_openpose",
    "litehrnet_30": "litehrnet_18",
    "litepose_s": "litepose_xs",
    "lpn_101": "lpn_50",
    "lpn_101_nogc": "lpn_50_nogc",
    "lpn_152": "lpn_50",
    "lpn_152_nogc": "lpn_50_nogc",
    "pp_tinypose": "naive_litehrnet_18",
    "simplebaseline_resnet101": "simplebaseline_resnet50",
    "simplebaseline_resnet152": "simplebaseline_resnet50",
    "tokenpose_l_d24": "tokenpose_l_d6_mpii",
    "wlitepose_s": "wlitepose_xs",
    "wlitepose_s_reading": "wlitepose_xs_reading",
    "wlitepose_s_text": "wlitepose_xs_text",
}
"""Networks of the same layers as another, more or wider ones: only the other is exported."""
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


COSTLY = {
    *LARGER,
    "cpn_resnet50",
    "cpn_resnet50_noproj",
    "dekr_w48",
    "ditehrnet_18",
    "efficienthrnet_h4",
    "higherhrnet_w16_plain",
    "hourglass_8stage",
    "hrnet_w32",
    "swahr_w48",
    "tokenpose_b",
    "tokenpose_l_d6_mpii",
}
"""Networks that only the thorough run tries: those like a smaller one, and those of seconds."""


def plain(name: str) -> str:
    """The name without that of a data set."""
    return name.removesuffix("_coco").removesuffix("_crowdpose")


def expected_maps(spec: CountRun, batch: int) -> list[tuple[int, ...]]:
    """The shapes that the official network gives."""
    keypoints, (height, width) = spec.keypoints, spec.input
    stages = 4 if spec.model.endswith("r3") else 2
    tagged = [(2 * keypoints, 4), (keypoints, 2)]
    maps = {
        "hourglass": 8 * [(keypoints, 4)],
        "cpn": 5 * [(keypoints, 4)],
        "lightweight_openpose": stages * [(keypoints + 2, 8), (2 * keypoints + 4, 8)],
        "lightweight_openpose_0001": [(keypoints + 2, 8), (2 * keypoints + 4, 8)] * 2,
        "litepose": tagged,
        "wlitepose": tagged,
        "wlitepose_reading": tagged,
        "higherhrnet": tagged,
        "small_higherhrnet": tagged,
        "efficienthrnet": tagged,
        "swahr": [(3 * keypoints, 4), (2 * keypoints, 2)],
        "dekr": [(keypoints + 1, 4), (2 * keypoints, 4)],
    }.get(zoo.MODELS[spec.model].builder, [(keypoints, 4)])
    return [(batch, channels, height // s, width // s) for channels, s in maps]


def printed() -> Iterator[CountRun]:
    """What the tables put into the networks, whether or not they print a cost."""
    for paper in study.study_names():
        for table in (study.load_table(paper, name) for name in study.table_names(paper)):
            for row, column in product(table.rows, table.columns):
                model = row.model or column.model
                for size in (row.input or column.input, row.also_input):
                    if model in zoo.MODELS and size is not None:
                        yield count_run(model, size, options=row.options)


SPECS = list({str(spec): spec for spec in printed()}.values())


def shapes(maps: object) -> list[tuple[int, ...]]:
    return [tuple(one.shape) for one in parity.flatten(maps)]


def small(name: str, rows: int, columns: int) -> CountRun:
    """A spec of few pixels: the sides in strides, unless the network has only one size."""
    entry = zoo.MODELS[name]
    return count_run(name, entry.size or (rows * entry.stride, columns * entry.stride))


def images(spec: CountRun, batch: int) -> torch.Tensor:
    return parity.seeded_input((batch, 3, *spec.input), seed=0).float()


def test_a_data_set_changes_nothing_but_the_joints() -> None:
    for name in TWINS:
        entry = zoo.MODELS[name]
        assert entry.keypoints == JOINTS[name.removeprefix(plain(name))]
        assert entry == zoo.MODELS[plain(name)]._replace(keypoints=entry.keypoints)


@pytest.fixture(scope="module", params=daily(NETWORKS, lambda name: name not in COSTLY))
def network(request: pytest.FixtureRequest) -> tuple[str, nn.Module]:
    """Each network, its values such that no gradient stops at a zero and few units are off."""
    torch.manual_seed(0)
    model = zoo.create_model(request.param)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias") or not parameter.any():
                parameter.uniform_(0, 0.2)
    return request.param, model


def meant(name: str, exemptions: Iterable[Exemption], parameters: Iterable[str]) -> set[str]:
    """Those of a model's parameters that the exemptions mean."""
    patterns = [one.parameters for one in exemptions if fnmatchcase(name, one.models)]
    return {key for key in parameters for pattern in patterns if re.fullmatch(pattern, key)}


def test_three_images_train_every_parameter(network: tuple[str, nn.Module]) -> None:
    name, model = network
    spec = small(name, 1, 2)
    maps = parity.flatten(model.train()(images(spec, 3)))
    assert shapes(maps) == expected_maps(spec, 3)
    torch.manual_seed(0)
    torch.stack([(torch.randn_like(one) * one).sum() for one in maps]).sum().backward()

    parameters = dict(model.named_parameters())
    frozen = {key for key, parameter in parameters.items() if not parameter.requires_grad}
    assert frozen == meant(name, FROZEN, parameters)
    gradients = {key: one.grad for key, one in parameters.items() if one.grad is not None}
    assert parameters.keys() - gradients.keys() - frozen == meant(name, UNUSED, parameters)
    assert all(gradient.isfinite().all() for gradient in gradients.values())
    zero = {key for key, gradient in gradients.items() if not gradient.any()}
    assert zero <= meant(name, UNMOVED, parameters)
    model.zero_grad()


def test_one_image_is_mapped(network: tuple[str, nn.Module]) -> None:
    name, model = network
    spec = small(name, 3, 2)
    with torch.no_grad():
        maps = parity.flatten(model.eval()(images(spec, 1)))
    assert shapes(maps) == expected_maps(spec, 1)
    assert all(one.isfinite().all() for one in maps)


def test_maps_have_the_official_shape_for_the_inputs_of_the_tables(
    network: tuple[str, nn.Module],
) -> None:
    name, model = network
    sizes = {spec.input for spec in SPECS if plain(spec.model) == name} or {
        zoo.MODELS[name].size or (256, 192)
    }
    state = {key: value.to("meta") for key, value in model.state_dict().items()}
    for size in sizes:
        image = torch.zeros(1, 3, *size, device="meta")
        with torch.no_grad():
            maps = torch.func.functional_call(model.eval(), state, image)
        assert shapes(maps) == expected_maps(count_run(name, size), 1)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.options], ids=str)
@pytest.mark.thorough
def test_options_of_the_tables_leave_the_shape_of_the_maps(spec: CountRun) -> None:
    with torch.device("meta"), torch.no_grad():
        model = zoo.create_model(spec.model, spec.keypoints, **spec.options).eval()
        assert shapes(model(torch.zeros(1, 3, *spec.input))) == expected_maps(spec, 1)


def test_what_is_not_exported_stands_beside_what_is() -> None:
    assert {*LARGER, *LARGER.values(), *COMPARED} <= {*NETWORKS}
    assert not LARGER.keys() & {*LARGER.values(), *COMPARED}


@pytest.mark.thorough
def test_every_network_is_exported_or_a_larger_one(
    network: tuple[str, nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, model = network
    if name in LARGER:
        assert is_larger(zoo.MODELS[name], zoo.MODELS[LARGER[name]])
        return
    # a third of the time would go into the stack trace of each node
    monkeypatch.setattr("torch.fx.config.do_not_emit_stack_traces", True, raising=False)
    image, short = images(small(name, 1, 2), 1), shortened(model.eval())
    program = torch.export.export(short, (image,), strict=False)
    if name in COMPARED:
        with torch.no_grad():
            exported, own = parity.flatten(program.module()(image)), parity.flatten(short(image))
        for one, other in zip(exported, own, strict=True):
            torch.testing.assert_close(one, other)


def shortened(model: nn.Module) -> nn.Module:
    """A copy with the first of equal modules one behind the other: the others export alike."""
    model = copy.deepcopy(model)
    for path, row in list(model.named_modules()):
        if isinstance(row, nn.Sequential) and "fuse" not in path:  # there each halves the map
            for place in range(len(row) - 1, 0, -1):
                if repr(row[place]) == repr(row[place - 1]):
                    del row[place]
    return model


def is_larger(larger: zoo.Entry, smaller: zoo.Entry) -> bool:
    """Is it the same network but for its numbers of layers and channels?"""
    counts = {"depth", "width", "scale", "phi", "refinements"}
    other = {key for key, value in larger.options.items() if smaller.options.get(key) != value}
    return larger.builder == smaller.builder and other <= counts


@pytest.mark.parametrize("name", daily(zoo.list_models("tokenpose_*"), "tokenpose_s_v1".__eq__))
def test_tokenpose_with_its_sine_equals_the_official_code(name: str) -> None:
    """The goldens overwrite the table of positions; here it keeps its own, of float32."""
    golden = json.loads(SINE.read_text(encoding="utf-8"))
    model = zoo.create_model(name).double().eval()
    state = zoo.published_state(model)
    state = {key: value for key, value in state.items() if not key.endswith(".pos_embedding")}
    assert len(state) == len(model.state_dict()) - 1
    shape = (1, 3, *small(name, 1, 1).input)
    with torch.no_grad():
        parity.fill(state, golden["seed"])
        heatmaps = model(parity.seeded_input(shape, golden["seed"])).flatten()
    for index, value in golden["samples"][name]:
        assert float(heatmaps[index]) == pytest.approx(value, abs=1e-6)
