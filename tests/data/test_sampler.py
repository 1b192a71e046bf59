"""The order of training samples: shuffled, shared by processes, resumable."""

from itertools import chain

import numpy as np
import pytest

from repro.data.sampler import EpochOrder
from repro.errors import ReproError


def blocks(orders: list[EpochOrder]) -> list[list[int]]:
    """What the processes see together, block by block, sorted within each."""
    parts = [[[index for _, index in batch] for batch in order] for order in orders]
    assert len({len(part) for part in parts}) == 1  # as many batches for each
    assert all(batch for part in parts for batch in part)
    return [sorted(chain(*batches)) for batches in zip(*parts, strict=True)]


@pytest.mark.parametrize("samples", [48, 50, 53, 7])
@pytest.mark.parametrize("drop_last", [False, True])
def test_processes_see_together_what_one_would(samples: int, drop_last: bool) -> None:
    one = EpochOrder(samples, 6, 3, drop_last=drop_last)
    two = [EpochOrder(samples, 3, 3, rank, 2, drop_last) for rank in (0, 1)]
    three = [EpochOrder(samples, 2, 3, rank, 3, drop_last) for rank in range(3)]
    for order in (one, *two, *three):
        order.set_epoch(9)
    expected = blocks([one])
    assert len(expected) == len(one)
    assert sum(map(len, expected)) == (samples // 6 * 6 if drop_last else samples)
    for orders in (two, three):
        own = blocks(orders)
        rest = len(expected[-1])
        assert own == (expected if rest >= len(orders) else expected[:-1])


def test_every_epoch_shuffles_all_samples_anew() -> None:
    order = EpochOrder(40, 40, 1)
    seen = []
    for epoch in (0, 1):
        order.set_epoch(epoch)
        (batch,) = order
        assert {one for one, _ in batch} == {epoch}
        seen.append([index for _, index in batch])
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(40))
    assert seen[0] != seen[1] and seen[0] != list(range(40))
    assert [(0, index) for index in seen[0]] == next(iter(EpochOrder(40, 40, 1)))
    assert [(0, index) for index in seen[0]] != next(iter(EpochOrder(40, 40, 2)))


def test_a_restored_order_goes_on_even_with_other_processes() -> None:
    order = EpochOrder(50, 4, 1)
    order.set_epoch(2)
    whole = list(order)
    order.advance()
    order.advance()
    state = order.state()
    again = EpochOrder(50, 4, 1)
    again.restore(state)
    assert list(again) == whole[2:] and len(again) == 11
    two = [EpochOrder(50, 2, 1, rank, 2) for rank in (0, 1)]
    for part in two:
        part.restore(state)
    assert blocks(two) == [sorted(index for _, index in batch) for batch in whole[2:]]


def test_advancing_while_batches_are_taken_skips_nothing() -> None:
    order = EpochOrder(10, 3, 0)
    seen = []
    for batch in order:
        seen += [index for _, index in batch]
        order.advance()
    assert sorted(seen) == list(range(10)) and order.position == 10 and len(order) == 0


def test_a_state_of_other_data_or_another_seed_is_refused() -> None:
    state = EpochOrder(50, 4, 1).state()
    for other, name in (
        (EpochOrder(51, 4, 1), "samples 50, this run 51"),
        (EpochOrder(50, 4, 2), "seed 1"),
    ):
        with pytest.raises(ReproError, match=name):
            other.restore(state)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ReproError, match="3 samples do not fill one batch of 4"):
        EpochOrder(3, 4, 0, drop_last=True)
    with pytest.raises(ReproError, match="in 4 processes"):
        EpochOrder(3, 4, 0, rank=1, world=4)
    assert np.array_equal(
        [len(EpochOrder(3, 4, 0)), len(EpochOrder(4, 4, 0, drop_last=True))], [1, 1]
    )
