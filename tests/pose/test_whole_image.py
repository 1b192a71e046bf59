"""Whole images as inputs, against the official geometry."""

import json
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.pose.whole_image import OPENPOSE_MEAN, Fit, fit, matrix, openpose_fit, region

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "bottomup.json").read_text(encoding="utf-8")
)
LANDSCAPE, PORTRAIT = (333, 500), (500, 333)


def picture(size: tuple[int, int]) -> np.ndarray:
    """Smooth, so that resampling changes little."""
    rows, columns = np.indices(size)
    waves = [np.sin(rows / 17), np.cos(columns / 23), np.sin((rows + columns) / 31)]
    return np.uint8(128 + 100 * np.stack(waves, axis=2))


@pytest.mark.parametrize(
    "case", VECTORS["fits"], ids=lambda c: f"{c['image_hw']}-{c['input_size']}"
)
def test_sizes_centres_and_extents_are_the_official_ones(case: dict[str, list[float]]) -> None:
    height, width = case["image_hw"]
    size, centre, extent = region((height, width), case["input_size"])
    assert [*size] == case["resized_wh"][::-1]
    assert centre.tolist() == case["center"]
    np.testing.assert_allclose(extent / 200, case["scale"], rtol=1e-14)


@pytest.mark.parametrize(("size", "scale", "points"), [("", "", "out"), ("2", "2", "out2")])
def test_points_come_back_as_officially(size: str, scale: str, points: str) -> None:
    case = VECTORS["points"]
    width, height = case[f"heatmap_wh{size}"]
    extent = np.array(case[f"scale{scale}"]) * 200
    placed = matrix((height, width), np.array(case["center"], dtype=float), extent)
    back = Fit((480, 640), (height, width), placed).to_image(np.array(case["in"]))
    np.testing.assert_allclose(back, case[points], rtol=0, atol=1e-10)


def test_the_sizes_of_a_multi_scale_test_follow_from_the_smallest() -> None:
    sizes = [fit((427, 640), 512, scale=scale, least=0.5).size for scale in (0.5, 1, 2)]
    assert sizes == [(256, 384), (512, 768), (1024, 1536)]


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, (1, 1), (7, 900)])
def test_to_image_undoes_to_input(size: tuple[int, int]) -> None:
    points = np.random.default_rng(0).uniform(-50, 800, (3, 5, 2))
    for one in (fit(size, 448), openpose_fit(size)):
        np.testing.assert_allclose(one.to_image(one.to_input(points)), points, atol=1e-6)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
@pytest.mark.parametrize("kind", ["fit", "openpose"])
def test_a_pixel_lies_where_its_fit_says(size: tuple[int, int], kind: str) -> None:
    one = fit(size, 448) if kind == "fit" else openpose_fit(size)
    image = picture(size)
    warped = one.warp(image)
    assert warped.shape == (*one.size, 3)
    points = np.random.default_rng(1).uniform(20, min(size) - 20, (50, 2)).round()
    columns, rows = one.to_input(points).round().astype(int).T
    there = image[points[:, 1].astype(int), points[:, 0].astype(int)]
    assert np.abs(warped[rows, columns] - there.astype(float)).max() < 8


def test_lightweight_openpose_is_padded_with_grey_to_a_multiple_of_eight() -> None:
    wide, high = openpose_fit(LANDSCAPE), openpose_fit(PORTRAIT)
    assert (wide.size, wide.margins) == ((368, 560), (0, 3, 0, 4))
    assert (high.size, high.margins) == ((368, 368), (0, 61, 0, 62))
    warped = high.warp(picture(PORTRAIT))
    assert (warped[:, :61] == OPENPOSE_MEAN).all()
    assert (warped[:, -62:] == OPENPOSE_MEAN).all()
    assert not (warped[:, 61:-62] == OPENPOSE_MEAN).all(axis=(0, 2)).any()


def test_what_has_no_pixels_is_refused() -> None:
    with pytest.raises(ReproError, match="640 x 0"):
        fit((0, 640), 448)
    with pytest.raises(ReproError, match="short side of 0"):
        fit((480, 640), 0)
    with pytest.raises(ReproError, match="0 x 480"):
        openpose_fit((480, 0))
