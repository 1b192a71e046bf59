"""The Hungarian method against munkres 1.1 and against trying everything."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from repro.pose.assignment import assign

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "bottomup.json").read_text("utf-8"))[
    "assignment"
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_of_equal_assignments_the_one_of_munkres_is_found(case: dict[str, list[object]]) -> None:
    assert assign(np.array(case["costs"])) == [tuple(pair) for pair in case["pairs"]]


@pytest.mark.parametrize("seed", range(40))
def test_no_other_assignment_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 6, 2).tolist()
    costs = rng.normal(0, 1, (rows, columns)) if seed % 2 else rng.integers(0, 3, (rows, columns))
    pairs = assign(np.asarray(costs, dtype=float))
    short, long = sorted((rows, columns))
    table = costs if rows <= columns else costs.T
    least = min(
        sum(table[i, chosen[i]] for i in range(short))
        for chosen in itertools.permutations(range(long), short)
    )
    assert sum(costs[pair] for pair in pairs) == pytest.approx(least)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == short
    assert pairs == sorted(pairs)


def test_the_costs_are_not_changed() -> None:
    costs = np.arange(9.0).reshape(3, 3)
    assign(costs)
    assert costs.tolist() == np.arange(9.0).reshape(3, 3).tolist()
