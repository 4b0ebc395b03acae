"""Deals cases to folds so that outcomes, centres and sizes are even, and what belongs together stays together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]
Table = list[list[int]]  # rows of each code in each fold


def deal(strata: Codes, centres: NDArray[np.str_], groups: Codes, folds: int, rng: np.random.Generator) -> Codes:
    """The fold of each row, (n,), from 0.

    strata: (n,) of the outcome; centres: (n,) names; groups: (n,) codes from 0 of what stays together. Groups go to folds one by
    one, the largest first, those of one size cell by cell (stratum × centre), within a cell in random order. Each goes where
    its stratum has the fewest rows; of these folds where its cell has the fewest, then its centre, then all; then by chance. So,
    where each group is one row, folds differ by at most one in the rows of a stratum and in those of a cell, also of a cell
    with fewer rows than there are folds: small cells need not be merged. A fold stays empty only if there are fewer groups
    than folds. Names decide nothing: centres count by their first row.
    """
    numbers: dict[str, int] = {}
    centre = np.array([numbers.setdefault(name, len(numbers)) for name in centres.tolist()], dtype=np.intp)
    cell = strata * (int(centre.max()) + 1) + centre
    size = np.bincount(groups)
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(size)[:-1])
    first = np.array([rows[0] for rows in members])
    shuffled = rng.permutation(len(size))
    order = shuffled[np.lexsort((cell[first][shuffled], -size[shuffled]))]
    chance = rng.random((len(size), folds)).tolist()
    codes = [code.tolist() for code in (strata, cell, centre)]
    rows_of = [np.bincount(code) for code in (strata, cell, centre)]
    tables: list[Table] = [[[0] * folds for _ in range(max(code) + 1)] for code in codes]
    total, places, found = [0] * folds, range(folds), np.empty(len(groups), np.intp)
    for group in order.tolist():
        rows = members[group].tolist()
        parts: list[Mapping[int, int]] = [
            {code[rows[0]]: 1} if len(rows) == 1 else Counter(code[row] for row in rows) for code in codes
        ]
        fold = min(zip(*map(_strain, tables, rows_of, parts), total, chance[group], places, strict=True))[-1]
        for table, part in zip(tables, parts, strict=True):
            for code, count in part.items():
                table[code][fold] += count
        total[fold] += len(rows)
        found[members[group]] = fold
    return found


def _strain(table: Table, rows: NDArray[np.intp], part: Mapping[int, int]) -> list[int] | list[float]:
    """How full each fold is of what a group holds: the rows of its code; of several codes, how much their squares would grow.

    rows: how many there are of each code, by which its growth is divided, so that rare ones weigh as much.
    """
    if len(part) == 1:
        return table[next(iter(part))]
    each = [(table[code], count, count / int(rows[code])) for code, count in part.items()]
    return [sum(share * (2 * row[fold] + count) for row, count, share in each) for fold in range(len(table[0]))]
