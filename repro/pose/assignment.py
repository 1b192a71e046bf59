"""The Hungarian method as Munkres (1957) gives it, with the choices of its usual Python version.

Costs that are rounded have many cheapest assignments, and which of them is found decides how
crowded people are grouped: other solvers, scipy's and version 3 of the `munkres` package among
them, find others. This is the order of `munkres` 1.1, which the official bottom-up repositories
call.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def assign(costs: Floats) -> list[tuple[int, int]]:
    """The cheapest pairs (row, column) of finite costs (R, C), min(R, C) of them, by row.

    A matrix that is not square is filled up with zeros; of equal assignments the one that
    `munkres` 1.1 finds.
    """
    rows, columns = costs.shape
    size = max(rows, columns)
    matrix = np.zeros((size, size))
    matrix[:rows, :columns] = costs
    matrix -= matrix.min(axis=1, keepdims=True)
    stars = _first_stars(matrix)
    while len(stars) < size:
        _add_star(matrix, stars)
    return [(row, stars[row]) for row in range(rows) if stars[row] < columns]


def _first_stars(matrix: Floats) -> dict[int, int]:
    """For each row in turn its first zero in a column that is still free, if there is one."""
    stars: dict[int, int] = {}
    free = [True] * len(matrix)
    for row, column in zip(*(axis.tolist() for axis in np.nonzero(matrix == 0)), strict=True):
        if free[column] and row not in stars:
            stars[row] = column
            free[column] = False
    return stars


def _add_star(matrix: Floats, stars: dict[int, int]) -> None:
    """Star one more zero, moving other stars out of its way; steps 4 to 6 of the method."""
    size = len(matrix)
    open_rows = np.ones(size, dtype=bool)
    open_columns = np.ones(size, dtype=bool)
    open_columns[list(stars.values())] = False
    primes: dict[int, int] = {}
    row = column = 0
    while True:
        zero = _open_zero(matrix, open_rows, open_columns, row, column)
        if zero is None:
            _make_zero(matrix, open_rows, open_columns)
            row = column = 0
            continue
        row, column = zero
        primes[row] = column
        if row not in stars:
            _turn_round(stars, primes, row)
            return
        column = stars[row]
        open_rows[row] = False
        open_columns[column] = True


def _open_zero(
    matrix: Floats,
    open_rows: NDArray[np.bool_],
    open_columns: NDArray[np.bool_],
    row: int,
    col: int,
) -> tuple[int, int] | None:
    """An uncovered zero: in the first row from `row` on, round the end, the last from `col` on."""
    rows, columns = np.nonzero(open_rows[:, None] & open_columns & (matrix == 0))
    if not len(rows):
        return None
    size = len(matrix)
    best = np.lexsort((-((columns - col) % size), (rows - row) % size))[0]
    return int(rows[best]), int(columns[best])


def _make_zero(
    matrix: Floats, open_rows: NDArray[np.bool_], open_columns: NDArray[np.bool_]
) -> None:
    """Take the least uncovered cost from uncovered columns and add it to covered rows.

    In this order, as the method's rounding errors decide between equal costs.
    """
    least = matrix[np.ix_(open_rows, open_columns)].min()
    matrix[~open_rows] += least
    matrix[:, open_columns] -= least


def _turn_round(stars: dict[int, int], primes: dict[int, int], row: int) -> None:
    """Star the primed zero of a row; the star it drives from its column moves to that row's."""
    owners = {column: row for row, column in stars.items()}
    driven: int | None = row
    while driven is not None:
        row, column = driven, primes[driven]
        driven = owners.get(column)
        stars[row] = column
