"""Batch normalisation over the whole batch where several processes share it, on any device."""

import torch
import torch.distributed
from torch import Tensor, nn


class _Added(torch.autograd.Function):
    """The sum over all processes; each gives what it changes in the losses of all of them."""

    @staticmethod
    def forward(context: object, own: Tensor) -> Tensor:
        found = own.clone()
        torch.distributed.all_reduce(found)
        return found

    @staticmethod
    def backward(context: object, gradient: Tensor) -> Tensor:
        found = gradient.clone()
        torch.distributed.all_reduce(found)
        return found


def _added(own: Tensor) -> Tensor:
    found: Tensor = _Added.apply(own)
    return found


class SharedBatchNorm2d(nn.BatchNorm2d):
    """nn.BatchNorm2d whose mean and variance are those of all processes' parts together.

    The same numbers as one process with the whole batch, to rounding, in the gradients too. Two
    passes, mean first, so that the variance does not suffer from cancellation. torch's own
    SyncBatchNorm runs on GPUs alone.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        if not self.training or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        channels = (1, -1, 1, 1)
        count = input.new_tensor([input.numel() / input.shape[1]])
        torch.distributed.all_reduce(count)
        mean = _added(input.sum((0, 2, 3))) / count
        centred = input - mean.view(channels)
        variance = _added(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            self._remember(mean, variance * count / (count - 1))
        found = centred * (variance + self.eps).rsqrt().view(channels)
        if self.affine:
            found = found * self.weight.view(channels) + self.bias.view(channels)
        return found

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        share = self.momentum
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            share = 1 / float(self.num_batches_tracked) if share is None else share
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share or 0.0)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share or 0.0)


def shared(model: nn.Module, device: torch.device) -> nn.Module:
    """The model with every batch normalisation over all processes; parameters stay the same ones.

    On GPUs it is torch's SyncBatchNorm, elsewhere the one above.
    """
    if device.type == "cuda":
        found: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return found
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(module, name, _as_shared(child))
    return model


def _as_shared(own: nn.BatchNorm2d) -> SharedBatchNorm2d:
    found = SharedBatchNorm2d(
        own.num_features, own.eps, own.momentum, own.affine, own.track_running_stats
    )
    found._parameters, found._buffers, found.training = own._parameters, own._buffers, own.training
    return found
