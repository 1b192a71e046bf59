"""A small network in a file of its own, for tests of what lies outside the zoo."""

from pathlib import Path

TINY = '''
"""TinyPose: a strided convolution, and a 1x1 convolution to the heatmaps."""

from torch import Tensor, nn

MODELS = {"tinypose": {"builder": "TinyPose", "stride": 4, "loss": "half-mse"}}


class TinyPose(nn.Module):
    def __init__(self, keypoints: int, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, stride=4, padding=1)
        self.head = nn.Conv2d(width, keypoints, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.stem(images).relu())
'''

STUDY = """
name = "paper5"
title = "Tiny"
authors = ["A"]
year = 2026
hardware = "none"
modules = ["net.py"]
[protocols.coco]
dataset = "coco"
split = "val2017"
boxes = "ground truth"
colour = "RGB"
flip = true
shift = true
decode = "argmax+quarter"
evaluator = "pycocotools"
metric = "AP"
supply = "nothing"
source = "Section 1"
"""
"""of a paper that brings it"""


def module(folder: Path, text: str = TINY, name: str = "net.py") -> Path:
    """A file with a network, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
