"""Each network of the zoo has a loss, which teaches all its outputs."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

import zoo
from repro.errors import ReproError
from repro.pose.bottom_up_targets import heatmaps, joint_indices
from repro.pose.field_targets import field_targets
from repro.pose.losses import FAMILIES, LOSSES, Heatmaps, criterion, family, for_model, outputs_of
from repro.pose.offset_targets import offset_targets
from repro.pose.targets import gaussian
from support.thoroughness import daily


def test_every_network_of_the_zoo_has_a_loss() -> None:
    losses = {name: for_model(name) for name in zoo.list_models()}
    assert set(losses.values()) == set(LOSSES)
    grouped = {
        "associative embedding": "embedding",
        "centre offsets": "centre-offsets",
        "part affinity fields": "part-fields",
    }
    for name, loss in losses.items():
        grouping = zoo.MODELS[name].grouping
        assert (loss.rpartition("+")[2] in grouped.values()) == bool(grouping), name
        assert loss.rpartition("+")[2] == grouped.get(grouping, loss), name


def test_every_network_of_the_zoo_is_of_a_family_and_no_family_is_without_one() -> None:
    assert {family(name) for name in zoo.list_models()} == set(FAMILIES)
    assert set(FAMILIES.values()) == set(LOSSES)


def test_the_loss_stands_with_the_entry_of_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class OutsideEntry:
        module, builder, grouping, loss = "outside", "build", "", "hard-joints"

    monkeypatch.setitem(zoo.MODELS, "hwl_outside", OutsideEntry)
    assert for_model("hwl_outside") == "hard-joints"
    OutsideEntry.loss = ""
    assert for_model("hwl_outside") == "mse"  # nothing follows from how a name begins
    assert outputs_of("mse") == outputs_of("hard-joints") != outputs_of("mse+embedding")
    with pytest.raises(ReproError, match="no loss `mes`"):
        outputs_of("mes")


def test_a_network_of_no_known_family_is_trained_by_how_it_groups_persons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for model in ("small_hrnet_w16", "higherhrnet_w32", "dekr_w48", "lightweight_openpose"):
        entry = zoo.MODELS[model]
        monkeypatch.setitem(zoo.MODELS, "stranger", entry._replace(module="stranger"))
        usual = for_model("stranger")
        assert usual in LOSSES and usual.rpartition("+")[2] == for_model(model).rpartition("+")[2]


def targets_for(name: str, outputs: Sequence[Tensor], size: tuple[int, int]) -> Heatmaps:
    """Targets of two images, two persons each, as the training of a network has them."""
    keypoints, grouping = zoo.MODELS[name].keypoints, zoo.MODELS[name].grouping
    random = np.random.default_rng(1)
    points = random.uniform(0, size, (4, keypoints, 2))[..., ::-1]
    visible, images = random.random((4, keypoints)) > 0.2, np.array([0, 0, 1, 1])
    if not grouping:
        maps, weights = gaussian(points[::2], visible[::2], size)
        return Heatmaps((torch.tensor(maps),), torch.tensor(weights))
    where = (points, visible, images, 2, size)
    if grouping == "part affinity fields":
        maps, fields = map(torch.tensor, field_targets(*where))
        return Heatmaps((maps,), masks=(torch.ones(2, *maps.shape[2:]),), fields=fields)
    if grouping == "centre offsets":
        maps, offsets, weights = map(torch.tensor, offset_targets(*where))
        return Heatmaps((maps,), offsets=offsets, offset_weights=weights)
    strides = [size[0] // output.shape[2] for output in outputs]
    maps = tuple(torch.tensor(heatmaps(*where, stride)) for stride in strides)
    masks = tuple(torch.ones(2, *one.shape[2:]) for one in maps)
    return Heatmaps(maps, masks=masks, joints=torch.tensor(joint_indices(*where, strides[0])))


COSTLY = {
    "zoo.cpn.cpn",
    "zoo.dekr.dekr",
    "zoo.ditehrnet.ditehrnet",
    "zoo.higherhrnet.swahr",
    "zoo.hourglass.hourglass",
    "zoo.hrnet.hrnet",
    "zoo.simplebaseline.simplebaseline_resnet",
    "zoo.tokenpose.tokenpose_b",
    "zoo.tokenpose.tokenpose_l",
}
"""families of which a step takes seconds"""


@pytest.mark.parametrize("builder", daily(FAMILIES, lambda builder: builder not in COSTLY))
def test_a_network_of_each_family_learns_from_all_its_outputs(builder: str) -> None:
    name = min((one for one in zoo.list_models() if family(one) == builder), key=len)
    assert for_model(name) == FAMILIES[builder]
    size = zoo.MODELS[name].size or (64, 64)
    torch.manual_seed(0)
    network = zoo.create_model(name)
    found = network(torch.randn(2, 3, *size))
    outputs = [found] if isinstance(found, Tensor) else list(found)
    for output in outputs:
        output.retain_grad()
    parts = criterion(for_model(name))(outputs, targets_for(name, outputs, size))
    assert all(part.ndim == 0 and math.isfinite(part.item()) for part in parts.values())
    torch.stack(list(parts.values())).sum().backward()
    assert all(output.grad is not None and output.grad.any() for output in outputs)
    gradients = [one.grad for one in network.parameters() if one.requires_grad]
    assert all(one is None or one.isfinite().all() for one in gradients)
    assert any(one is not None and one.any() for one in gradients)
