"""Of errors that were planted, each kind is found, with an interval that holds its share."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from support.command_line import ROOT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The benchmark's script."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks/ is not part of this copy")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import errors

    yield errors


@pytest.mark.parametrize("seed", range(3))
def test_planted_shares_are_found(
    bench: ModuleType, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = bench.recovered(1000 + seed, tmp_path_factory.mktemp("planted"))
    assert len(told) == 7
    for kind, (share, value, low, high) in told.items():
        assert 2 < share < 40, kind  # there is something to be found
        assert low <= share <= high, kind
        assert value == pytest.approx(share, abs=0.5), kind
        assert high - low < 12, kind
