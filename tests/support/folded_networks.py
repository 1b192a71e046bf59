"""Networks to fold, and what must hold for each."""

import copy

import torch
from torch import Tensor, nn

from repro.speed.backends import folding
from repro.speed.backends.folding import fold


def settled(model: nn.Module, seed: int = 0) -> nn.Module:
    """In eval mode, with drawn statistics, weights and biases of normalisation."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for tensor, low, high in (
                (module.running_mean, -1, 1),
                (module.running_var, 0.2, 3),
                (module.weight, -2, 2),
                (module.bias, -1, 1),
            ):
                if tensor is not None:
                    nn.init.uniform_(tensor, low, high)
    return model.eval()


def example(*shape: int) -> Tensor:
    return torch.randn(shape or (2, 4, 9, 7), generator=torch.Generator().manual_seed(1))


def outputs(model: nn.Module, images: Tensor) -> list[Tensor]:
    with torch.no_grad():
        found = copy.deepcopy(model).double()(images.double())
    return [found] if isinstance(found, Tensor) else list(found)


def same(model: nn.Module, images: Tensor) -> folding.Folded:
    """Fold, and require what must hold for every network."""
    before = copy.deepcopy(model)
    found = fold(model, images)
    assert all(map(torch.equal, model.state_dict().values(), before.state_dict().values()))
    assert [module.training for module in model.modules()] == [
        module.training for module in before.modules()
    ]
    for old, new in zip(outputs(model.eval(), images), outputs(found.model, images), strict=True):
        assert (old - new).abs().max() <= 1e-5 * old.abs().max()
    return found
