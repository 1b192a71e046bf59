"""Networks of known answer: each joint is a spot of a colour of its own, and the network finds it.

Whatever is wrong with colours, normalisation, layout or head moves the joints.
"""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from repro.papers.protocol import normalisation

JOINTS = 17
SIZE = (128, 96)
SIDE = 8
"""pixels of a spot, which lies on a grid of them"""
COLOURS = np.array(
    [(red, green, blue) for red in (0, 120, 255) for green in (10, 130, 250) for blue in (0, 200)]
)[:JOINTS]
"""red, green, blue; no two are each other's in reverse order"""
GREY = 60


def spots(seed: int = 0, size: tuple[int, int] = SIZE) -> tuple[NDArray[np.uint8], Tensor]:
    """A picture (H, W, 3), BGR, and the first pixels (17, 2) of its spots, x and y."""
    rng = np.random.default_rng(seed)
    rows, columns = size[0] // SIDE, size[1] // SIDE
    cells = rng.choice(rows * columns, JOINTS, replace=False)
    points = np.stack([cells % columns, cells // columns], axis=1) * SIDE
    pixels = np.full((*size, 3), GREY, np.uint8)
    for (x, y), colour in zip(points, COLOURS, strict=True):
        pixels[y : y + SIDE, x : x + SIDE] = colour[::-1]
    return pixels, torch.from_numpy(points)


class Spots(nn.Module):
    """How much each pixel has the colour of each joint, read by one kind of head."""

    def __init__(
        self,
        head: str = "heatmaps",
        stride: int = 4,
        colour: str = "RGB",
        normalise: str = "ImageNet",
        channels_last: bool = False,
    ) -> None:
        super().__init__()
        mean, deviation = normalisation(normalise)
        order = COLOURS if colour == "RGB" else COLOURS[:, ::-1]
        colours = (order - np.array(mean)) / np.array(deviation)
        self.weights = nn.Parameter(torch.tensor(np.array(deviation) / 255).float()[:, None, None])
        self.colours = nn.Parameter(torch.from_numpy(colours.copy()).float()[:, :, None, None])
        self.head, self.stride, self.channels_last = head, stride, channels_last

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        if self.channels_last:
            images = images.permute(0, 3, 1, 2)
        apart = (images[:, None] - self.colours[None]) * self.weights
        score = (1 - 20 * (apart * apart).sum(dim=2)).clamp(min=0)  # (N, 17, H, W)
        found = HEADS[self.head](score, self.stride)
        if self.channels_last and self.head == "heatmaps":
            assert isinstance(found, Tensor)
            return found.permute(0, 2, 3, 1)
        return found


def _places(score: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """x, y (N, 17, 1) in pixels, and how sure."""
    across, down = score.amax(dim=2), score.amax(dim=3)
    x, y = across.argmax(dim=2).float(), down.argmax(dim=2).float()
    return x[..., None], y[..., None], across.amax(dim=2)[..., None]


def _points(score: Tensor, stride: int) -> Tensor:
    x, y, sure = _places(score)
    return torch.cat([y / score.shape[2], x / score.shape[3], sure], dim=2)[:, None]


def _rows(score: Tensor, stride: int) -> Tensor:
    """The person, and the same with less certainty and another place, which should go."""
    x, y, sure = _places(score)
    places = torch.cat([x, y, sure], dim=2).flatten(1)
    low = torch.cat([x.amin(dim=1), y.amin(dim=1)], dim=1)
    high = torch.cat([x.amax(dim=1), y.amax(dim=1)], dim=1)
    box = torch.cat([(low + high) / 2, high - low], dim=1)
    certain = 0.9 * sure.mean(dim=1)
    best = torch.cat([box, certain, places], dim=1)
    lesser = torch.cat([box, certain / 2, places + 0.5], dim=1)
    return torch.stack([lesser, best], dim=2)


HEADS: Mapping[str, Callable[[Tensor, int], Tensor | tuple[Tensor, ...]]] = {
    "heatmaps": lambda score, stride: nn.functional.avg_pool2d(score, stride),
    "simcc": lambda score, stride: (
        score.amax(dim=2).repeat_interleave(2, dim=2),
        score.amax(dim=3).repeat_interleave(2, dim=2),
    ),
    "points": _points,
    "rows": _rows,
}


def exported(
    path: Path,
    network: nn.Module,
    size: tuple[int, int] = SIZE,
    dynamic: bool = False,
    names: tuple[str, ...] = ("first", "second"),
    half: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A network as an ONNX file, with a batch of one or any."""
    import onnx

    last = getattr(network, "channels_last", False)
    example = torch.zeros(1, *size, 3) if last else torch.zeros(1, 3, *size)
    if half:
        network, example = network.half(), example.half()
    count = 1 if isinstance(network(example), Tensor) else len(network(example))
    axes = {name: {0: "n"} for name in ("image", *names[:count])} if dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (example,),
            str(path),
            dynamo=False,
            input_names=["image"],
            output_names=list(names[:count]),
            dynamic_axes=axes,
        )
    if metadata:
        model = onnx.load(path)
        onnx.helper.set_model_props(model, dict(metadata))
        onnx.save(model, path)
    return path


class Constants(nn.Module):
    """A network that gives the same maps for every image."""

    def __init__(self, *maps: Tensor) -> None:
        super().__init__()
        self.maps = nn.ParameterList(maps)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        nothing = images.mean() * 0
        return tuple(one + nothing for one in self.maps)
