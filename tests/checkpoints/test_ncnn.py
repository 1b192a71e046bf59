"""ncnn's pairs of files fill a network whole, or are refused with one sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from repro.checkpoints import matching, reading
from repro.errors import ReproError
from support.graph_files import Branched, branched, write_ncnn

IMAGES = torch.randn(1, 3, 64, 48, generator=torch.Generator().manual_seed(3))


def outputs(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return model.eval()(IMAGES)


def filled(path: Path) -> tuple[Branched, matching.Match]:
    """Another network, filled from a file."""
    model = branched(seed=9)
    return model, matching.load(model, reading.read(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_ncnn(tmp_path, branched())


def test_singles_give_the_same_maps(path: Path) -> None:
    model, fit = filled(path)
    wanted = outputs(branched())
    assert (outputs(model) - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    assert fit.exact and fit.placed is not None
    assert fit.placed.described() == {"layers": 8, "folded_norms": 3}


def test_halves_give_the_weights_that_halves_hold(tmp_path: Path) -> None:
    path = write_ncnn(tmp_path, branched(), half=True)
    model, _ = filled(path)
    own = branched().point.weight.detach()
    assert torch.equal(model.point.weight.detach(), own.half().float())
    odd = branched().head.weight.numel() * 5 + branched().point.bias.numel()
    assert odd % 2  # so that what follows is found behind the padding
    wanted = outputs(branched())
    assert 0 < (outputs(model) - wanted).abs().max() <= 1e-2 * wanted.abs().max()


def test_both_files_are_the_weights(path: Path) -> None:
    first = reading.read(path)
    assert (first.format, first.size) == (
        "ncnn",
        path.stat().st_size + path.with_suffix(".bin").stat().st_size,
    )
    content = bytearray(path.with_suffix(".bin").read_bytes())
    content[5] ^= 1
    path.with_suffix(".bin").write_bytes(content)
    assert reading.read(path).sha256 != first.sha256


def test_a_report_tells_how_the_layers_were_found(path: Path) -> None:
    state = reading.read(path)
    (told,) = matching.remarks(state, matching.fitted(branched(), state))
    assert told.text == (
        "8 of 8 layers of `small.param` were found by its graph; 3 batch norms are folded into "
        "them and change nothing more."
    )


def test_another_activation_is_another_network(path: Path) -> None:
    model = branched(follow=nn.ReLU)
    before = outputs(model)
    with pytest.raises(ReproError, match=r"`Conv_2` \(conv 7×8×1×1, then elu\)") as error:
        matching.load(model, reading.read(path))
    assert "`point` (conv 7×8×1×1, then relu)" in str(error.value)
    assert torch.equal(outputs(model), before)


def test_a_part_is_never_loaded(path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3))
    with pytest.raises(ReproError, match="does not fit the network: 8 layers of the file"):
        matching.load(model, reading.read(path), allow_partial=True)


def test_layers_that_nothing_tells_apart_are_refused(tmp_path: Path) -> None:
    path = write_ncnn(tmp_path, branched(twins=True))
    with pytest.raises(
        ReproError, match=r"does not tell 2 layers from each other \(first: `Conv_3"
    ):
        matching.load(branched(twins=True), reading.read(path))


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def carry_out(path: Path) -> None:
        path.write_text("\n".join(change(path.read_text().splitlines())))

    return carry_out


def values(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def carry_out(path: Path) -> None:
        beside = path.with_suffix(".bin")
        beside.write_bytes(change(beside.read_bytes()))

    return carry_out


def replaced(old: str, new: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(path.read_text().replace(old, new, 1)) and None


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no values": (lambda path: path.with_suffix(".bin").unlink(), "missing beside it"),
    "values cut": (values(lambda all: all[:-9]), "ends before the weights of `Conv_6`"),
    "no values left": (values(lambda all: all[:3]), "claims more weights than its 3 bytes"),
    "empty values": (values(lambda all: b""), "is empty"),
    "more values": (values(lambda all: all + b"\0\0\0\0"), "of which the layers of `small.param`"),
    "a mark of 8 bits": (values(lambda all: b"\x38\x4b\x0d\x00" + all[4:]), "are of 8 bits"),
    "not finite": (values(lambda all: all[:4] + b"\0\0\x80\x7f" + all[8:]), "NaN or infinite"),
    "text cut": (lines(lambda all: all[:9]), "says that it has 14 layers, and has fewer"),
    "text longer": (lines(lambda all: [*all, all[-1]]), "two layers give|and has more"),
    "no count": (lines(lambda all: [all[0], "x", *all[2:]]), "does not say in its second line"),
    "huge count": (lines(lambda all: [all[0], "999999999 1", *all[2:]]), "networks here have few"),
    "absurd count": (lines(lambda all: [all[0], "9" * 99 + " 1"]), "does not say in its second"),
    "only the mark": (lines(lambda all: all[:1]), "does not say in its second line"),
    "circle": (replaced("Conv_0 1 1 image", "Conv_0 1 1 Conv_6"), "which no layer before it gives"),
    "huge weights": (replaced("6=216", "6=72000000"), "claims more weights than its"),
    "weights beyond": (replaced("6=216", "6=1e300"), "no size"),
    "infinite": (replaced("6=216", "6=inf"), "6=inf, no size"),
    "no channels": (replaced("0=8", "0=0"), "216 weights for 0 channels"),
    "other shape": (replaced("6=216", "6=217"), "217 weights for 8 channels of 3x3"),
    "negative": (replaced("6=216", "6=-216"), "no size"),
    "no number": (replaced("6=216", "6=many"), "a line that is no layer"),
    "no names": (replaced("Conv_0 1 1 image", "Conv_0 9 1 image"), "a line that is no layer"),
    "of 8 bits": (replaced("6=216", "6=216 8=1"), "are of 8 bits"),
    "recurrent": (replaced("ReLU relu_0", "LSTM relu_0"), "a layer of the type LSTM"),
    "another text": (lambda path: path.write_text("7767518\n"), "does not begin as the text"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_pair_is_refused_with_a_sentence(path: Path, broken: str) -> None:
    change, sentence = BROKEN[broken]
    change(path)
    with pytest.raises(ReproError, match=sentence) as error:
        reading.read(path)
    assert len(str(error.value)) < 400


def test_a_text_beyond_bounds_is_not_read(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(2**26 + 1)
    with pytest.raises(ReproError, match="no more than 67,108,864 are read"):
        reading.read(path)


def test_the_values_alone_name_their_graph(path: Path) -> None:
    with pytest.raises(ReproError, match=r"small.bin` holds the values of `small.param`"):
        reading.read(path.with_suffix(".bin"))


def test_a_graph_has_one_set_of_weights(path: Path) -> None:
    with pytest.raises(ReproError, match="has one set of weights"):
        reading.read(path, entry="ema")
