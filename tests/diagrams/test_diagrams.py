"""What is drawn of the networks is what runs."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import zoo
from repro.diagrams import diagram, tracing
from repro.diagrams.diagram import NetworkPart
from repro.errors import ReproError
from repro.papers import pictures, study
from repro.papers.pictures import NetworkDrawing
from repro.papers.readings import load_readings
from support.thoroughness import daily

KEPT = diagram.read()
DRAWINGS = {
    one.key: one
    for paper in study.study_names()
    for picture in pictures.load(paper).pictures
    for one in picture.drawings
}
OTHERS = ("lpn_101", "lpn_152", "wlitepose_xs", "wlitepose_xs_text")
"""the same as others but for numbers of layers and channels"""
WALKED = [one for one in DRAWINGS.values() if one.model not in OTHERS]


def test_what_is_kept_is_what_the_tables_draw() -> None:
    assert KEPT.keys() == DRAWINGS.keys()
    assert diagram.FILE.read_text("utf-8") == diagram.written(KEPT)


@pytest.mark.parametrize(
    "drawing",
    daily(WALKED, lambda one: one.model not in ("cbam_litehrnet", "wlitepose_s_reading")),
    ids=lambda one: one.key,
)
def test_a_kept_diagram_is_that_of_the_network(drawing: NetworkDrawing) -> None:
    found = tracing.diagram(drawing.model, drawing.input, drawing.options, drawing.module)
    assert found == KEPT[drawing.key]


def test_every_reading_that_the_tables_do_not_use_is_drawn() -> None:
    drawn = [(one.model, dict(one.options)) for one in DRAWINGS.values() if not one.module]
    readings = load_readings("paper4")
    for one in readings.named:
        if one.name not in ("text", "fit"):
            assert ("wlitepose_s_reading", dict(one.choices)) in drawn, one.name


def test_the_deeper_networks_differ_in_counts_alone() -> None:
    shallow = KEPT["lpn_50 256x192"]
    for name, counts in {"lpn_101": (3, 4, 23, 3), "lpn_152": (3, 8, 36, 3)}.items():
        deep = KEPT[f"{name} 256x192"]
        assert tuple(one.count for one in deep if one.kind == "LightBottleneck") == counts
        for one, other in zip(shallow, deep, strict=True):
            assert one == replace(other, count=one.count)


def test_a_diagram_ends_with_the_maps_that_the_network_gives() -> None:
    for key, drawing in DRAWINGS.items():
        parts = KEPT[key]
        assert parts[0].kind == "input" and any(one.output for one in parts)
        assert all(max(one.sources) < place for place, one in enumerate(parts) if place)
        if not drawing.module:
            joints = zoo.MODELS[drawing.model].keypoints
            given = [(one.channels, one.strides) for one in parts if one.output]
            single, grouped = [((joints,), (4,))], [((2 * joints,), (4,)), ((joints,), (2,))]
            assert given == (grouped if zoo.MODELS[drawing.model].grouping else single)


class Branching(nn.Module):
    """Three convolutions alike, a branch of two maps, and what joins them."""

    def __init__(self) -> None:
        super().__init__()
        self.row = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)))
        self.norm = nn.BatchNorm2d(4)
        self.down = nn.Conv2d(4, 6, 3, 2, 1, groups=2)
        self.gate = nn.Conv2d(4, 4, 1, groups=4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.norm(self.row(x)).relu()
        y = y * self.gate(y).sigmoid() + x
        return y, self.down(y * 2)


def test_a_walk_counts_joins_and_follows_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    def branching(name: str, keypoints: int | None, **options: object) -> nn.Module:
        network = nn.Sequential(nn.Conv2d(3, 4, 1), Branching())
        return network.eval()

    monkeypatch.setattr(zoo, "create_model", branching)
    found = tracing.diagram("lpn_50", (32, 16), {}, "1")
    assert found == [
        NetworkPart("input", 1, (), (4,), (1,)),
        NetworkPart("conv 3×3", 3, (0,), (4,), (1,)),
        NetworkPart("dw conv 1×1", 1, (1,), (4,), (1,)),
        NetworkPart("σ", 1, (2,), (4,), (1,)),
        NetworkPart("×", 1, (1, 3), (4,), (1,)),
        NetworkPart("+", 1, (4, 0), (4,), (1,), output=True),
        NetworkPart("conv 3×3, 2 groups", 1, (5,), (6,), (2,), output=True),
    ]
    assert torch.get_default_device().type == "cpu"
    with pytest.raises(ReproError, match=r"`lpn_50` has no module `2\.x`"):
        tracing.diagram("lpn_50", (32, 16), {}, "2.x")
