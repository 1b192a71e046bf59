"""OpenVINO's pairs of files fill a network whole, or are refused with one sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from repro.checkpoints import matching, reading
from repro.errors import ReproError
from support.graph_files import branched, write_openvino

IMAGES = torch.randn(1, 3, 64, 48, generator=torch.Generator().manual_seed(3))


def outputs(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return model.eval()(IMAGES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_openvino(tmp_path, branched())[0]


def told(path: Path) -> list[str]:
    state = reading.read(path)
    return [one.text for one in matching.remarks(state, matching.fitted(branched(), state))]


def test_fractions_give_the_same_maps(path: Path) -> None:
    model = branched(seed=9)
    fit = matching.load(model, reading.read(path))
    wanted = outputs(branched())
    assert (outputs(model) - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    assert fit.exact and fit.placed is not None and fit.placed.layers == 8
    assert [text for text in told(path) if "found by its graph" not in text] == []


def test_whole_numbers_are_made_fractions(tmp_path: Path) -> None:
    path, weights = write_openvino(tmp_path, branched(), eighths=True)
    model = branched(seed=9)
    matching.load(model, reading.read(path))
    for name, own in (("Conv_1", model.depthwise), ("Conv_2", model.point), ("Conv_6", model.head)):
        assert torch.allclose(own.weight, torch.from_numpy(weights[name]), rtol=1e-6, atol=1e-7)
    wanted = outputs(branched())
    assert 0 < (outputs(model) - wanted).abs().max() <= 0.1 * wanted.abs().max()
    assert "rounds values to a few levels in 8 places of its graph" in " ".join(told(path))


def test_what_the_graph_does_to_its_image_is_told(tmp_path: Path) -> None:
    path, _ = write_openvino(tmp_path, branched(), normalised=True)
    model = branched(seed=9)
    matching.load(model, reading.read(path))
    wanted = outputs(branched())
    assert (outputs(model) - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    (text,) = [text for text in told(path) if "normalises" in text]
    assert "mean 128,128,128, deviation 256,256,256" in text
    assert text.endswith("pictures must come so, as by --normalise 128/256.")


def changed(old: str, new: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(path.read_text().replace(old, new, 1))


def circle(path: Path) -> None:
    text = path.read_text()
    first, last = '<edge from-layer="0"', text.rindex('<edge from-layer="')
    looped = text[last:].partition('to-layer="')[2].partition('"')[0]
    path.write_text(text.replace(first, f'<edge from-layer="{looped}"', 1))


BOMB = '<!DOCTYPE net [<!ENTITY a "aaaaaaaaaa">]><net name="small"'
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no values": (lambda path: path.with_suffix(".bin").unlink(), "missing beside it"),
    "values cut": (
        lambda path: path.with_suffix(".bin").write_bytes(
            path.with_suffix(".bin").read_bytes()[:-9]
        ),
        "The .bin is cut short|end at",
    ),
    "text cut": (
        lambda path: path.write_text(path.read_text()[:2000]),
        "cut short or damaged: no element found|unclosed",
    ),
    "no graph": (lambda path: path.write_text("<net></net>"), "it has no layers"),
    "entities": (changed('<net name="small"', BOMB), "declares entities of its own"),
    "circle": (circle, "comes from nowhere|goes in a circle"),
    "nowhere": (changed('from-layer="0"', 'from-layer="999"'), "comes from nowhere"),
    "two of an id": (changed('<layer id="1"', '<layer id="0"'), "id of two layers"),
    "no id": (changed('<layer id="1"', "<layer"), "is no graph of OpenVINO: id"),
    "negative": (changed('offset="0"', 'offset="-4"'), "end at"),
    "huge": (changed('offset="0"', f'offset="{10**30}"'), "end at"),
    "no shape": (changed('shape="8,3,3,3"', 'shape="8,x"'), "has no place"),
    "another shape": (changed('shape="8,3,3,3"', 'shape="8,3,3,9"'), "864 bytes for 648 values"),
    "no convolution": (changed('shape="8,3,3,3"', 'shape="8,27"'), "are of no shape"),
    "of one bit": (changed('element_type="f32" shape="8,3,3,3"', 'element_type="u1"'), "type `u1`"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_pair_is_refused_with_a_sentence(path: Path, broken: str) -> None:
    change, sentence = BROKEN[broken]
    change(path)
    with pytest.raises(ReproError, match=sentence) as error:
        reading.read(path)
    assert len(str(error.value)) < 400


def test_constants_over_the_same_values_stay_within_bounds(tmp_path: Path) -> None:
    path, _ = write_openvino(tmp_path, branched(), eighths=True)
    text = path.read_text()
    at = text.index('type="Convert"')
    start, end = text.rindex("<layer ", 0, at), text.index("</layer>", at) + len("</layer>")
    number = text[start:].partition('id="')[2].partition('"')[0]
    edge = next(part for part in text.split("<edge ") if f'to-layer="{number}"' in part)
    copies = [text[start:end].replace(f'id="{number}"', f'id="x{n}"', 1) for n in range(400)]
    edges = [
        "<edge " + edge.replace(f'to-layer="{number}"', f'to-layer="x{n}"') for n in range(400)
    ]
    text = text.replace("</layers>", "".join(copies) + "</layers>")
    edges = [one.replace("</edges></net>", "") for one in edges]
    path.write_text(text.replace("</edges>", "".join(edges) + "</edges>"))
    with pytest.raises(ReproError, match="claims more weights than its"):
        reading.read(path)
