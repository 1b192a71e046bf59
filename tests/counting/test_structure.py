"""What networks are made of, asked of a small one and of what claims name."""

from pathlib import Path

import pytest

from repro.counting import structure
from repro.errors import ReproError
from repro.models import registry
from repro.papers.network_facts import NetworkQuestion, NetworkValue

NET = """
from torch import nn

MODELS = {"two_maps": {"builder": "TwoMaps", "stride": 4}}


class TwoMaps(nn.Module):
    def __init__(self, keypoints, width=8):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.light = nn.Sequential(
            nn.Conv2d(width, width, (1, 5), padding=(0, 2), groups=width, bias=False),
            nn.Conv2d(width, keypoints, 1, bias=False),
        )
        self.deconv = nn.ConvTranspose2d(width, keypoints, 4, 2, 1, bias=False)
        self.never = nn.Linear(5, 7)

    def forward(self, image):
        image = self.stem(image)
        return [self.light(image), self.deconv(image)]
"""


@pytest.fixture
def net(tmp_path: Path) -> None:
    """The network is known."""
    (tmp_path / "net.py").write_text(NET, encoding="utf-8")
    registry.register(tmp_path / "net.py")


def answer(part: str, question: str, network: str = "two_maps") -> NetworkValue:
    """One answer."""
    asked = NetworkQuestion(network, part, question)
    return structure.answers([asked])[asked]


@pytest.mark.usefixtures("net")
@pytest.mark.parametrize(
    ("part", "question", "value"),
    [
        ("", "scale", (2, 1)),
        ("", "channels", (17, 17)),
        ("", "params", 3 * 9 * 8 + 8 * 5 + 8 * 17 + 16 * 8 * 17 + 42),
        ("", "macs", 128 * 96 * (3 * 9 * 8 + 8 * 5 + 8 * 17 + 16 * 8 * 17)),
        ("*:Conv2d", "count", 3),
        ("*:Conv2d", "depthwise", 1),
        ("light.?", "stride", 1),
        ("light.0", "kernel", (1, 5)),
        ("light.0", "groups", 8),
        ("light.1", "outputs", 17),
        ("deconv", "kernel", 4),
        ("light", "height", 128),
        ("light", "width", 96),
        ("deconv", "turn", 6),
        ("never", "inputs", 5),
        ("light*", "params", 8 * 5 + 8 * 17),
    ],
)
def test_what_a_network_has(part: str, question: str, value: NetworkValue) -> None:
    assert answer(part, question) == value


@pytest.mark.usefixtures("net")
def test_options_are_the_network_s_own() -> None:
    assert answer("stem", "outputs", "two_maps width=12") == 12


@pytest.mark.usefixtures("net")
@pytest.mark.parametrize(
    ("part", "question", "network", "message"),
    [
        ("light.?", "groups", "two_maps", "differs among 2 modules"),
        ("never", "kernel", "two_maps", "is nothing of 1 modules"),
        ("never", "scale", "two_maps", "is nothing of 1 modules"),
        ("head", "kernel", "two_maps", "`two_maps` has no module like `head`"),
        ("stem:Linear", "count", "two_maps", "has no module like `stem:Linear`"),
        ("light", "macs", "two_maps", "asked of a whole network alone"),
        ("", "params", "two_map", "There is no model `two_map`"),
        ("", "params", "two_maps depth=3", "`two_maps depth=3` cannot be built"),
    ],
)
def test_what_has_no_one_answer_is_named(
    part: str, question: str, network: str, message: str
) -> None:
    with pytest.raises(ReproError) as error:
        answer(part, question, network)
    assert message in str(error.value)
