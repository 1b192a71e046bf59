"""Every kind of head, in files of several kinds: the points are those of the network itself."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.data.people import Poses
from repro.errors import ReproError
from repro.evaluation import choice, grouping
from repro.evaluation.grouping import ImageMaps
from repro.evaluation.predict import Predictor
from repro.evaluation.request import EvaluationRequest
from repro.exported.side_file import SideFacts
from repro.papers import protocol_choice
from repro.pose import targets, whole_image
from repro.pose.field_targets import field_targets
from repro.pose.offset_targets import offset_targets
from support.spot_networks import SIZE, Constants, Spots, exported, spots

PLAIN = {"decode": "argmax", "flip": False}
WHOLE = (256, 192)
CLOSE = 0.05
"""pixels"""


def request_of(
    path: Path,
    rules: Mapping[str, object] | None = None,
    size: tuple[int, int] | None = None,
    **facts: str,
) -> EvaluationRequest:
    _, request = choice.requested(str(path), rules=rules or {}, size=size, facts=SideFacts(**facts))
    return request


def poses_of(request: EvaluationRequest, pixels: NDArray[np.uint8]) -> Poses:
    return Predictor(request).poses(pixels).poses


def told(request: EvaluationRequest) -> str:
    return "\n".join(map(str, request.remarks))


def check_spots(request: EvaluationRequest) -> None:
    """The joints of several pictures lie where the network finds its spots, to 0.05 px."""
    for seed in (1, 2):
        pixels, points = spots(seed)
        found = poses_of(request, pixels).keypoints
        assert found.shape == (1, 17, 3)
        assert np.abs(found[0, :, :2] - points.numpy()).max() <= CLOSE


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_heatmaps_of_any_stride(tmp_path: Path, stride: int) -> None:
    path = exported(tmp_path / "net.onnx", Spots(stride=stride), dynamic=stride == 8)
    check_spots(request_of(path, PLAIN))


def test_heatmaps_with_channels_last(tmp_path: Path) -> None:
    path = exported(tmp_path / "net.onnx", Spots(channels_last=True), dynamic=True)
    request = request_of(path, PLAIN)
    check_spots(request)
    assert request.file_facts["layout"] == "NHWC, read from the file"
    check_spots(request_of(path, PLAIN, layout="nhwc"))
    with pytest.raises(ReproError, match="takes 128 channels") as caught:
        request_of(path, PLAIN, layout="NCHW")
    assert "--layout" in caught.value.hint


def test_heatmaps_in_16_bits(tmp_path: Path) -> None:
    path = exported(tmp_path / "net.onnx", Spots(normalise="0..1"), half=True)
    check_spots(request_of(path, {**PLAIN, "normalise": "0..1"}))


def test_heatmaps_in_8_bits(tmp_path: Path) -> None:
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(exported(tmp_path / "plain.onnx", Spots()))
    model.graph.node[-1].output[0] = "plain"
    for name, value in (("scale", np.float32(1 / 255)), ("zero", np.uint8(0))):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    sides = [["plain", "scale", "zero"], ["whole"]], [["whole", "scale", "zero"], ["first"]]
    for kind, (given, made) in zip(("Quantize", "Dequantize"), sides, strict=True):
        model.graph.node.append(helper.make_node(f"{kind}Linear", given, made))
    onnx.save(model, tmp_path / "net.onnx")
    check_spots(request_of(tmp_path / "net.onnx", PLAIN))


@pytest.mark.parametrize("head", ["simcc", "points", "rows"])
@pytest.mark.parametrize("named", [True, False])
def test_heads_without_heatmaps(tmp_path: Path, head: str, named: bool) -> None:
    usual = {"simcc": "ImageNet", "points": "0..255", "rows": "0..1"}[head]
    network = Spots(head, normalise=usual)
    path = exported(tmp_path / "net.onnx", network, names=("simcc_x", "simcc_y"))
    request = request_of(path, {"flip": False}, **({"head": head.upper()} if named else {}))
    check_spots(request)
    assert request.file_facts["head"] == f"{head}, {'given' if named else 'told by its outputs'}"
    assert ("taken for a head" in told(request)) is not named
    assert f"{usual} assumed" in told(request) or f"RGB and {usual}" in told(request)


@pytest.mark.parametrize("names", [("y", "x"), ("a", "b"), ("first_x", "first_y")])
def test_the_bins_of_x_are_told_by_their_number(tmp_path: Path, names: tuple[str, str]) -> None:
    path = exported(tmp_path / "net.onnx", Spots("simcc"), names=names)
    request = request_of(path, {"flip": False})
    check_spots(request)
    turned = request_of(path, {"flip": False}, output=",".join(reversed(names)))
    pixels, points = spots()
    assert np.abs(poses_of(turned, pixels).keypoints[0, :, :2] - points.numpy()).max() > 5


def test_the_bins_of_a_square_are_told_by_their_names_or_asked(tmp_path: Path) -> None:
    square = (96, 96)
    pixels, points = spots(3, square)
    for names, unclear in ((("x", "y"), False), (("a", "b"), True)):
        path = exported(tmp_path / f"{names[0]}.onnx", Spots("simcc"), square, names=names)
        request = request_of(path, {"flip": False})
        found = poses_of(request, pixels).keypoints[0, :, :2]
        assert np.abs(found - points.numpy()).max() <= CLOSE
        assert ("by their order; --output-name X,Y" in told(request)) is unclear


@pytest.mark.parametrize("rules", [{"colour": "bgr"}, {"normalise": "imagenet"}])
def test_colours_are_the_users(tmp_path: Path, rules: dict[str, str]) -> None:
    colour, normalise = ("BGR", "0..1") if "colour" in rules else ("RGB", "ImageNet")
    path = exported(tmp_path / "net.onnx", Spots("rows", colour=colour, normalise=normalise))
    check_spots(request_of(path, rules))
    pixels, points = spots()
    other = poses_of(request_of(path), pixels).keypoints
    assert not len(other) or np.abs(other[0, :, :2] - points.numpy()).max() > 5


def persons() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Two persons (2, 17, 2) in an input of WHOLE."""
    rng = np.random.default_rng(5)
    shape = np.stack([rng.permutation(17) * 4.0 + 10, np.arange(17) * 12.0 + 20], axis=1)
    points = np.stack([shape, shape + np.array([88.0, 8.0])])
    return points.round(), np.ones((2, 17), np.bool_)


def tag_maps() -> tuple[Tensor, ...]:
    points, seen = persons()
    found = []
    for stride in (4, 2):
        maps, _ = targets.gaussian(points, seen, WHOLE, stride=stride)
        found.append(maps.max(axis=0))
        if stride == 4:
            found[0] = np.concatenate([found[0], maps.argmax(axis=0) * np.float32(10)])
    return tuple(torch.from_numpy(one.astype(np.float32))[None] for one in found)


def offset_maps() -> tuple[Tensor, ...]:
    points, seen = persons()
    maps = offset_targets(points, seen, np.zeros(2, np.int64), 1, WHOLE)[:2]
    return tuple(map(torch.from_numpy, maps))


def field_maps() -> tuple[Tensor, ...]:
    points, seen = persons()
    heatmaps, fields = field_targets(points, seen, np.zeros(2, np.int64), 1, WHOLE)
    return torch.from_numpy(fields), torch.from_numpy(heatmaps)  # as Open Model Zoo has them


MAPS = {"tags": tag_maps, "offsets": offset_maps, "fields": field_maps}
DECODED = {
    "tags": "associative embedding",
    "offsets": "centre offsets",
    "fields": "part affinity fields",
}


@pytest.mark.parametrize("head", MAPS)
def test_whole_images_in_an_input_of_one_size(tmp_path: Path, head: str) -> None:
    maps = MAPS[head]()
    path = exported(tmp_path / "net.onnx", Constants(*maps), WHOLE)
    request = request_of(path, {"flip": False})
    assert request.protocol.decode == DECODED[head] and request.size == WHOLE
    assert "images are scaled into it" in told(request)
    shape = (512, 352)  # twice as high as the input, and narrower
    found = poses_of(request, np.zeros((*shape, 3), np.uint8))
    ordered = tuple(reversed(maps)) if head == "fields" else maps
    fit = grouping.fit_of(request.protocol.decode, shape, WHOLE, WHOLE)
    own, scores = grouping.people(ImageMaps(fit, list(ordered), None), request.protocol)
    assert len(found) == 2 and np.allclose(found.scores, scores)
    assert np.abs(found.keypoints - own).max() <= CLOSE
    true = fit.to_image(persons()[0])
    order = [int(np.abs(true[:, 0] - one[0, :2]).sum(axis=1).argmin()) for one in own]
    assert sorted(order) == [0, 1]
    assert np.abs(true[order] - own[..., :2]).max() < 2 * 4  # of an input pixel two, a stride of 4


def test_an_image_of_another_shape_lies_within_the_input() -> None:
    for shape in ((512, 300), (100, 400), (3, 700)):
        corners = np.array([[0.0, 0.0], [shape[1] - 1.0, shape[0] - 1.0]])
        for decode in ("associative embedding", "part affinity fields", "pose rows"):
            fit = grouping.fit_of(decode, shape, WHOLE, WHOLE)
            placed = fit.to_input(corners)
            assert (placed >= -0.5).all() and (placed <= np.array(WHOLE[::-1]) + 0.5).all()
            assert fit.warp(np.zeros((*shape, 3), np.uint8)).shape == (*WHOLE, 3)
            assert np.allclose(fit.to_image(placed), corners)
    with pytest.raises(ReproError, match="too narrow"):
        grouping.fit_of("part affinity fields", (1, 4000), WHOLE, WHOLE)


def test_the_letterbox_is_that_of_ultralytics() -> None:
    fit = whole_image.letterbox((427, 640), (640, 640), 114)
    assert fit.matrix.tolist() == [[1, 0, 0], [0, 1, 106]]  # (640 - 427) / 2 = 106.5
    image = np.random.default_rng(0).integers(0, 255, (427, 640, 3)).astype(np.uint8)
    made = fit.warp(image)
    assert (
        (made[106:533] == image).all() and (made[:106] == 114).all() and (made[533:] == 114).all()
    )


@pytest.mark.parametrize(
    ("head", "facts", "rules", "said", "cure"),
    [
        ("heatmaps", {"head": "simcc"}, {}, "no head `simcc` of 17 joints", "--head"),
        ("heatmaps", {"head": "heads"}, {}, "no head `heads`", "heatmaps"),
        ("simcc", {"head": "heatmaps"}, {}, "gives `first`", "--head"),
        ("simcc", {}, {"decode": "DARK"}, "gives `first`", "--head"),
        ("simcc", {"head": "simcc"}, {"decode": "DARK"}, "`DARK` does not read", "--head heatmaps"),
        ("simcc", {}, {"shift": True}, "has no --shift", "Leave --shift out"),
        ("points", {}, {"flip": True}, "has no --flip", "Leave --flip out"),
        ("rows", {}, {"flip": True}, "has no --flip", "Leave --flip out"),
        ("rows", {"layout": "NHWC"}, {}, "takes 96 channels", "--layout"),
        ("rows", {"layout": "HWC"}, {}, "no layout `HWC`", "NHWC"),
        ("rows", {"output": "second"}, {}, "no output `second`", "first"),
        ("rows", {}, {"colour": "yuv"}, "no colour `yuv`", "BGR"),
        ("rows", {}, {"normalise": "none?"}, "no normalisation", "ImageNet"),
        ("rows", {}, {"boxes": "ground truth"}, "does not go with the boxes", "groupings"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    tmp_path: Path,
    head: str,
    facts: dict[str, str],
    rules: dict[str, object],
    said: str,
    cure: str,
) -> None:
    path = exported(tmp_path / "net.onnx", Spots(head))
    with pytest.raises(ReproError, match=said) as caught:
        request_of(path, rules, **facts)
    assert cure in caught.value.hint + str(caught.value)


def test_other_sizes_joints_and_bins_are_refused(tmp_path: Path) -> None:
    for head in ("simcc", "rows"):
        path = exported(tmp_path / f"{head}.onnx", Spots(head))
        with pytest.raises(ReproError, match="built for 128x96, not 256x192"):
            request_of(path, size=(256, 192))
        with pytest.raises(ReproError, match="of 16 joints"):
            choice.requested(str(path), dataset="mpii", facts=SideFacts(head=head))
    bins = Constants(torch.zeros(1, 17, 100), torch.zeros(1, 17, 64))
    with pytest.raises(ReproError, match="100 and 64 bins for an input of 128x96"):
        request_of(exported(tmp_path / "bins.onnx", bins))


def test_a_protocol_of_another_kind_is_refused(tmp_path: Path) -> None:
    rows = exported(tmp_path / "rows.onnx", Spots("rows"))
    path = exported(tmp_path / "net.onnx", Spots())
    for file, protocol in ((path, "paper4/coco-val2017"), (rows, "paper4/coco-val2017")):
        with pytest.raises(ReproError, match="no head `tags`"):
            choice.requested(str(file), protocol=protocol)
    with pytest.raises(ReproError, match="protocol paper1/coco-val2017 is decoded by") as caught:
        choice.requested(str(path), protocol="paper1/coco-val2017", facts=SideFacts(head="tags"))
    assert "--protocol" in caught.value.hint
    for option in ({"head": "rows"}, {"layout": "NCHW"}):
        with pytest.raises(ReproError, match="is no exported file"):
            choice.requested("truth", facts=SideFacts(**option))
    with pytest.raises(ReproError, match="is no exported file"):
        choice.requested("truth", remember=True)
    for decode in ("SimCC", "points"):
        with pytest.raises(ReproError, match=f"does not give what {decode} reads"):
            choice.requested("truth", rules={"decode": decode})


def test_what_a_file_states_of_its_head(tmp_path: Path) -> None:
    facts = {"head": "yolo", "task": "pose", "kpt_shape": "[17, 3]", "imgsz": "[128, 96]"}
    path = exported(tmp_path / "net.onnx", Spots("rows", normalise="0..1"), metadata=facts)
    request = request_of(path)
    assert request.file_facts["head"] == "rows, read from the file"
    check_spots(request)
    del facts["head"]
    path = exported(tmp_path / "plain.onnx", Spots("rows", normalise="0..1"), metadata=facts)
    assert request_of(path).file_facts["head"] == "rows, read from the file"
    odd = exported(tmp_path / "odd.onnx", Spots("simcc"), metadata={"head": "keypoint"})
    assert "states a head `keypoint`, unknown here" in told(request_of(odd))
    assert request_of(odd).file_facts["head"] == "simcc, told by its outputs"
    wrong = exported(tmp_path / "wrong.onnx", Spots("simcc"), metadata={"head": "points"})
    assert "--head simcc is taken" in told(request_of(wrong, head="simcc"))
    with pytest.raises(ReproError, match="no head `points`"):
        request_of(wrong)


def test_crops_of_a_file_with_one_input_size(tmp_path: Path) -> None:
    """A box within a larger picture: the points come back from the crop."""
    pixels, points = spots(4)
    large = np.full((400, 300, 3), 60, np.uint8)
    large[100 : 100 + SIZE[0], 50 : 50 + SIZE[1]] = pixels
    path = exported(tmp_path / "net.onnx", Spots("simcc"))
    request = request_of(path, {"flip": False, "padding": 1.0})
    boxes = [((50.0, 100.0, float(SIZE[1]), float(SIZE[0])), 1.0)]
    found = Predictor(request).poses(large, boxes).poses.keypoints[0, :, :2]
    assert np.abs(found - points.numpy() - (50, 100)).max() <= CLOSE


def test_every_head_has_a_protocol() -> None:
    name, protocol = protocol_choice.chosen("onnx", "coco", None, "centre offsets")
    assert protocol.decode == "centre offsets" and name.startswith("paper")
