"""Associative embedding against the official code's figures and against a plain reading of it."""

import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from repro.errors import ReproError
from repro.papers.skeletons import COCO, CROWDPOSE
from repro.pose.embedding import EmbeddingSettings, aggregate, group
from repro.pose.peaks import peaks

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((ROOT / "tests" / "vectors" / "bottomup.json").read_text("utf-8"))["grouping"]
Maps = np.ndarray


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ModuleType, ModuleType]]:
    """The benchmark's scenes and its plain reading."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks/ is not part of this copy")
    known = set(sys.modules)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import grouping
    import plain_grouping

    yield grouping, plain_grouping
    for name in {"grouping", "plain_grouping", "sidebyside"} - known:
        sys.modules.pop(name, None)


def golden_maps() -> tuple[Maps, Maps]:
    """Three people of 14 joints on 64 x 64 pixels."""

    def random(name: str) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(f"0:{name}".encode()))

    people, joints = 3, 14
    x, y = (random(name).uniform(6, 58, (people, joints)) for name in ("gx", "gy"))
    heights = random("gs").uniform(0.05, 1, (people, joints))
    rows, columns = np.indices((64, 64))
    apart = (columns - x[..., None, None]) ** 2 + (rows - y[..., None, None]) ** 2
    heatmaps = (heights[..., None, None] * np.exp(-apart / 8)).max(axis=0)
    heatmaps += 1e-4 * random("dn").random((joints, 64, 64))
    nearest = apart.argmin(axis=0)
    tags = np.zeros((joints, 64, 64, 2))
    for joint in range(joints):
        for person in range(people):
            noise = 0.15 * random(f"tn{person}.{joint}").standard_normal(2)
            mean = np.array([4 * person - 3, 4 * person - 2.5])
            tags[joint][nearest[joint] == person] = mean + noise
    return heatmaps.astype(np.float32), tags.astype(np.float32)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_official_figures(name: str) -> None:
    settings = EmbeddingSettings(adjust="adjust1" in name, refine="refine1" in name)
    keypoints, scores = group(*golden_maps(), settings)
    np.testing.assert_allclose(keypoints, GOLDEN[name]["people"], rtol=0, atol=1e-6)
    assert scores.tolist() == GOLDEN[name]["scores"]


def same(maps: tuple[Maps, Maps], settings: EmbeddingSettings, plain: ModuleType) -> int:
    """How many people both readings find, which are equal to the last bit."""
    theirs, ours = plain.plain(*maps, settings), group(*maps, settings)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])
    return len(ours[0])


@pytest.mark.parametrize(("people", "joints", "tags"), [(4, 17, 2), (9, 14, 2), (9, 17, 1)])
def test_crowds_are_grouped_as_in_the_plain_reading(
    scripts: tuple[ModuleType, ModuleType], people: int, joints: int, tags: int
) -> None:
    benchmark, plain = scripts
    heatmaps, embedded = benchmark.scene(people, seed=people, joints=joints, size=128)
    assert same((heatmaps, embedded[..., :tags].copy()), EmbeddingSettings(), plain) >= people


@pytest.mark.parametrize("seed", range(6))
def test_noise_with_equal_tags_is_grouped_as_in_the_plain_reading(
    scripts: tuple[ModuleType, ModuleType], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    heatmaps = rng.random((14, 18, 27)).astype(np.float32) ** 3 - np.float32(0.02)
    tags = np.round(rng.normal(0, 2, (14, 18, 27, 2)), seed % 3).astype(np.float32)
    settings = EmbeddingSettings(
        window=(3, 5)[seed % 2], people=(5, 30)[seed % 2], adjust=seed % 3 > 0
    )
    assert same((heatmaps, tags), settings, scripts[1]) > 5


def test_tags_may_lie_in_memory_in_any_order() -> None:
    heatmaps, tags = golden_maps()
    planes = np.moveaxis(np.ascontiguousarray(np.moveaxis(tags, -1, 0)), 0, -1)
    np.testing.assert_array_equal(group(heatmaps, planes)[0], group(heatmaps, tags)[0])


def test_an_empty_scene_has_nobody() -> None:
    for level in (0.0, 0.1, np.nan, -np.inf, np.inf):
        keypoints, scores = group(
            np.full((14, 16, 16), level, np.float32), np.zeros((14, 16, 16, 2), np.float32)
        )
        assert keypoints.shape == (0, 14, 3)
        assert scores.shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_nobodys(bad: float) -> None:
    heatmaps, tags = golden_maps()
    heatmaps[:, 10:14] = bad
    heatmaps[3] = bad
    tags[:, :, 30:33] = bad
    tags[5] = bad
    keypoints, scores = group(heatmaps, tags)
    assert len(keypoints) >= 3
    assert np.isfinite(keypoints).all()
    assert np.isfinite(scores).all()
    assert not keypoints[:, 3].any()


def test_the_score_is_that_before_missing_joints_are_found() -> None:
    heatmaps = np.zeros((17, 32, 32), np.float32)
    heatmaps[0, 8, 8], heatmaps[1, 20, 20] = 0.85, 0.05
    tags = np.zeros((17, 32, 32, 2), np.float32)
    keypoints, scores = group(heatmaps, tags)
    assert scores == pytest.approx([0.85 / 17])
    assert keypoints[0, :2].tolist() == [
        [8.25, 8.25, np.float32(0.85)],
        [20.25, 20.25, np.float32(0.05)],
    ]
    assert not keypoints[0, 2:].any()


def test_peaks_are_the_pixels_that_a_max_pooled_map_equals() -> None:
    rng = np.random.default_rng(3)
    maps = rng.integers(0, 9, (3, 13, 20)).astype(np.float32)
    for window in (3, 5, 7):
        pooled = torch.nn.functional.max_pool2d(
            torch.from_numpy(maps)[None], window, 1, window // 2
        )
        kept = np.where(pooled[0].numpy() == maps, maps, 0).reshape(3, -1)
        channels, pixels = peaks(maps, 5.5, window, most=4)
        for channel, values in enumerate(kept):
            order = np.argsort(-values, kind="stable")[:4]
            assert pixels[channels == channel].tolist() == order[values[order] > 5.5].tolist()


def outputs(joints: int, seed: int, scale_maps: int = 0) -> list[torch.Tensor]:
    """A network's, with as many scale maps before the others."""
    random = torch.Generator().manual_seed(seed)
    shapes = ((scale_maps + 2 * joints, 6, 10), (scale_maps + joints, 12, 20))
    return [torch.rand((1, *shape), generator=random) for shape in shapes]


@pytest.mark.parametrize("skeleton", [COCO, CROWDPOSE])
def test_heatmaps_are_averaged_and_tags_kept_side_by_side(skeleton: object) -> None:
    joints, mirrored = len(skeleton.joints), list(skeleton.mirrored)
    plain, flipped = outputs(joints, 0), outputs(joints, 1)
    heatmaps, tags = aggregate(plain, flipped, mirrored, (24, 40), joints)

    def large(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        return interpolate(maps, size=size, mode="bilinear", align_corners=False)

    back = [large(flipped[0], (12, 20)).flip(3), flipped[1].flip(3)]
    first = (large(plain[0], (12, 20))[:, :joints] + plain[1]) / 2
    second = ((back[0][:, :joints] + back[1]) / 2)[:, mirrored]
    expected = (large(first, (24, 40)) + large(second, (24, 40)))[0] / 2
    torch.testing.assert_close(heatmaps, expected, rtol=0, atol=1e-6)
    own = large(large(plain[0], (12, 20))[:, joints:], (24, 40))[0]
    other = large(back[0][:, joints:][:, mirrored], (24, 40))[0]
    torch.testing.assert_close(tags, torch.stack([own, other], dim=3), rtol=0, atol=1e-6)
    alone = aggregate(plain, None, mirrored, (24, 40), joints)
    torch.testing.assert_close(alone[1][..., 0], own, rtol=0, atol=1e-6)
    assert alone[1].shape == (joints, 24, 40, 1)


def test_scale_maps_are_left_out() -> None:
    scaled = outputs(17, 0, scale_maps=17)
    bare = [output[:, 17:] for output in scaled]
    for one, other in zip(
        aggregate(scaled, scaled, COCO.mirrored, (24, 40), 17),
        aggregate(bare, bare, COCO.mirrored, (24, 40), 17),
        strict=True,
    ):
        assert torch.equal(one, other)


def test_other_outputs_are_refused() -> None:
    with pytest.raises(ReproError, match=r"Output 1 .* \(1, 34, 6, 10\)") as error:
        aggregate(outputs(17, 0), None, CROWDPOSE.mirrored, (24, 40), 14)
    assert "28 channels" in error.value.hint
