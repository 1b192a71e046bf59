"""Decoders against the official code's figures and against plain readings of it."""

import json
import math
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from repro.errors import ReproError
from repro.pose.decode import DECODERS, decode
from repro.pose.transforms import to_image

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "topdown.json").read_text("utf-8"))
Case = dict[str, dict[str, list[float]]]


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts in benchmarks/ can be imported."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks/ is not part of this copy")
    known = set(sys.modules)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    yield
    for name in ("plain_decoding", "sidebyside"):
        if name not in known:
            sys.modules.pop(name, None)


@pytest.fixture
def plain(benchmarks: None) -> ModuleType:
    """The plain readings that the benchmark measures against."""
    import plain_decoding

    return plain_decoding


def apart(found: object, wanted: object) -> float:
    """The largest difference."""
    return float(np.abs(np.asarray(found, dtype=float) - np.asarray(wanted, dtype=float)).max())


def gaussians(seed: int, people: int = 6, joints: int = 17) -> np.ndarray:
    """Gaussians of sigma 2 all over 64 x 48 maps, borders included."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 47, (people, joints, 1)), random.uniform(0, 63, (people, joints, 1))
    across = np.exp(-((np.arange(48) - x) ** 2) / 8)
    down = np.exp(-((np.arange(64) - y) ** 2) / 8)
    return down[..., :, None] * across[..., None, :]


def maps_of(one: Case) -> np.ndarray:
    """A Gaussian of height .9 with a lower, wider one elsewhere, for each joint of a case."""
    (height, width), sigma = one["size"], one["sigma"]
    y, x = np.mgrid[:height, :width]
    maps = []
    for (cx, cy), (sx, sy, share) in zip(one["centres"], one["second"], strict=True):
        first = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))
        second = np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / (2 * (1.5 * sigma) ** 2))
        maps.append(0.9 * (first + share * second))
    return np.array(maps, dtype=np.float32)[None]


@pytest.mark.parametrize("one", VECTORS["decoding"], ids=lambda one: f"sigma{one['sigma']}")
def test_points_and_scores_are_the_official_ones(one: Case) -> None:
    maps, sigma = maps_of(one), one["sigma"]
    centre, extent = np.array([one["centre"]]), np.array([one["scale"]]) * 200
    for how, wanted in one["in_map"].items():
        points, scores = decode(maps, how, sigma)
        assert apart(points[0], wanted) < 2e-5, how
        assert apart(scores[0], one["maxima"]) == 0
    for how, wanted in one["in_image"].items():
        points, _ = decode(maps, how, sigma)
        assert apart(to_image(points, centre, extent, maps.shape[2:])[0], wanted) < 5e-5, how
    for beta, wanted in one["by_beta"].items():
        points, _ = decode(maps, "soft-argmax", beta=float(beta))
        assert apart(points[0], wanted) < 2e-4, beta  # single precision sums, officially


@pytest.mark.parametrize("how", ["quarter", "soft-argmax", "soft-argmax+quarter"])
def test_noisy_maps_are_decoded_as_officially(how: str) -> None:
    def random(name: str) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(f"0:{name}".encode()))

    shape = (2, 17)
    x, y = random("cx").integers(3, 45, shape), random("cy").integers(3, 61, shape)
    rows, columns = np.mgrid[:64, :48]
    off = (columns - x[..., None, None] - 0.3) ** 2 + (rows - y[..., None, None] + 0.2) ** 2
    maps = 0.8 * np.exp(-off / 8) + 0.02 * random("noise").standard_normal((*shape, 64, 48))
    points, scores = decode(maps.astype(np.float32), how)
    chosen = tuple(np.array(VECTORS["noisy"]["points"]).T)
    assert apart(points[chosen], [point for point, _ in VECTORS["noisy"][how]]) < 2e-5
    assert apart(scores[chosen], [score for _, score in VECTORS["noisy"][how]]) < 1e-6


SCENES = {
    "clean": lambda: gaussians(1),
    "noisy": lambda: 0.8 * gaussians(2) + np.random.default_rng(2).normal(0, 0.02, (6, 17, 64, 48)),
    "faint": lambda: 0.002 * gaussians(3) + np.random.default_rng(3).normal(0, 5e-5, (64, 48)),
    "high": lambda: 80 * gaussians(4),
    "above a negative ground": lambda: 1.2 * gaussians(5) - 0.2,
    "two peaks": lambda: 0.5 * gaussians(6) + 0.4 * gaussians(7),
}
"""faint and high decide what DARK clips, so that whole maps have to be blurred"""


@pytest.mark.parametrize("how", DECODERS)
@pytest.mark.parametrize("scene", SCENES)
def test_the_batch_is_decoded_as_one_by_one(scene: str, how: str, plain: ModuleType) -> None:
    maps = SCENES[scene]().astype(np.float32)
    wanted, values = plain.plain(how, maps.copy())
    points, scores = decode(maps, how)
    assert apart(points, wanted) < (1e-6 if how in ("argmax", "quarter") else 1e-3)
    assert apart(scores, values) == 0


def test_the_quarter_stops_at_the_official_borders() -> None:
    for place, moved in ((0, 0), (1, 0), (2, 0.25), (45, 0.25), (46, 0.25), (47, 0)):
        one = np.zeros((1, 1, 64, 48), dtype=np.float32)
        one[0, 0, 30, place] = 1
        one[0, 0, 30, min(place + 1, 47)] += 0.5
        points, _ = decode(one, "quarter")
        assert points[0, 0].tolist() == [place + moved, 30], place


@pytest.mark.parametrize("how", DECODERS)
def test_maps_that_say_nothing_do_not_stop_the_batch(how: str) -> None:
    maps = np.zeros((1, 6, 64, 48), dtype=np.float32)
    maps[0, 0, 3, 5] = math.nan
    maps[0, 1] = math.nan
    maps[0, 2] = -1
    maps[0, 3, 20, 10] = math.inf
    maps[0, 4] = -math.inf
    maps[0, 4, 20, 10] = 1
    maps[0, 5, 20, 10] = 1
    points, scores = decode(maps, how)
    assert np.isfinite(points).all()
    assert np.isnan(scores[0, :2]).all() and not points[0, :2].any()
    assert scores[0, 2] == -1
    if not how.startswith("soft"):  # even values have a middle under the softmax
        assert not points[0, 2].any()
    assert points[0, 4:].tolist() == [[10, 20], [10, 20]] and (scores[0, 4:] == 1).all()


@pytest.mark.parametrize("how", DECODERS)
def test_nobody_odd_sizes_and_other_types_are_decoded(how: str) -> None:
    points, scores = decode(np.zeros((0, 17, 64, 48), dtype=np.float32), how)
    assert points.shape == (0, 17, 2) and scores.shape == (0, 17)
    maps = gaussians(8, people=2, joints=3)[:, :, :51, :37]
    points, scores = decode(maps[..., ::-1], how)  # neither single precision nor in one piece
    same, _ = decode(np.ascontiguousarray(maps[..., ::-1], dtype=np.float32), how)
    assert (points == same).all() and points.dtype == scores.dtype == np.float64
    decode(np.ones((1, 1, 3, 2), dtype=np.float32), how)


def test_decoding_leaves_the_maps_alone() -> None:
    maps = gaussians(9).astype(np.float32)
    before = maps.copy()
    for how in DECODERS:
        decode(maps, how)
        assert (maps == before).all(), how


def test_a_sharp_softmax_comes_near_the_maximum_and_a_flat_one_to_the_middle() -> None:
    maps = gaussians(10, joints=2).astype(np.float32)
    points, _ = decode(maps, "soft-argmax", beta=1e4)
    assert apart(points, decode(maps, "argmax")[0]) < 0.5
    points, _ = decode(maps, "soft-argmax", beta=1e-6)
    assert apart(points, np.broadcast_to((23.5, 31.5), points.shape)) < 1e-3


def test_an_unknown_decoder_and_senseless_numbers_are_refused() -> None:
    maps = np.zeros((1, 1, 8, 8), dtype=np.float32)
    with pytest.raises(ReproError, match="decoder `softargmax`") as error:
        decode(maps, "softargmax")
    assert "`soft-argmax`" in error.value.hint
    for wrong in ({"sigma": 0}, {"beta": -1}, {"beta": math.nan}):
        with pytest.raises(ReproError, match=f"{next(iter(wrong))} `{next(iter(wrong.values()))}`"):
            decode(maps, "dark", **wrong)


def test_side_by_side_takes_turns_and_gives_an_interval(benchmarks: None) -> None:
    from sidebyside import compare

    calls: list[str] = []

    def spin(name: str, turns: int) -> None:
        calls.append(name)
        sum(number * number for number in range(turns))

    ratio = compare(
        lambda: spin("peer", 100_000),
        lambda: spin("ours", 10_000),
        rounds=9,
        before=lambda: calls.append("new"),
    )
    assert calls[:6] == ["new", "peer", "ours", "new", "ours", "peer"]
    assert calls.count("new") == 10 and ratio.rounds == 9
    assert 3 < ratio.median < 30 and ratio.low <= ratio.median <= ratio.high
    assert ratio.peer_ms > ratio.ours_ms > 0
