"""Who knows the rule and all that is told finds out no small count: every table that gives the same answer is tried."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from tasks.modelling.suppression import OTHERS, told_counts, told_rows

LEAST = 3


def _told(parts: Mapping[str, int], kept: str) -> Any:
    found = told_counts(parts, LEAST, kept)
    return tuple(found.parts.items()), found.total


@pytest.mark.parametrize("kept", ["", "a"])
def test_no_small_part_follows_from_what_is_told_of_a_whole(kept: str) -> None:
    answers: dict[Any, list[dict[str, int]]] = defaultdict(list)
    for counts in product(range(7), repeat=4):
        parts = dict(zip("abcd", counts, strict=True))
        answers[_told(parts, kept)].append(parts)
    assert len(answers) > 100
    for (parts, total), wholes in answers.items():
        told = dict(parts)
        assert all(n >= LEAST for n in (*told.values(), total) if n)
        every = total is None or total < len(range(7))  # of larger ones not every whole was tried
        for name in "abcd" if OTHERS in told and every else ():
            assert name in told or len({one[name] for one in wholes}) > 1, (told, wholes)


def test_no_small_cell_of_a_centre_follows_from_what_is_told_of_the_others_and_the_totals() -> None:
    least = 2
    answers: dict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for cells in product(range(6), repeat=6):
        rows = {name: cells[2 * i : 2 * i + 2] for i, name in enumerate("ABC")}
        totals = tuple(sum(column) for column in zip(*rows.values(), strict=True))
        if min(totals) >= least:
            named = told_rows(rows, least)
            told = tuple((name, rows[name] if name in named else None) for name in rows)
            answers[told, totals].append(cells)
    assert any(sum(row is not None for _, row in told) == 1 for told, _ in answers)
    for (told, totals), wholes in answers.items():
        left = [sum(cells) for cells in zip(totals, *([-n for n in row] for _, row in told if row), strict=True)]
        if max(left) >= len(range(6)):  # of larger ones not every table was tried
            continue
        for i, (name, row) in enumerate(told):
            assert row is None or min(row) >= least
            for cell in (2 * i, 2 * i + 1):
                values = {one[cell] for one in wholes}
                assert row is not None or len(values) > 1 or min(values) >= least, (name, told, wholes)


def test_what_is_large_is_told_as_it_is() -> None:
    parts = {"evaluated": 40, "no image": 7, "nobody": 0}
    found = told_counts(parts, LEAST, "evaluated")
    assert (found.parts, found.total) == ({"evaluated": 40, "no image": 7}, 47)
    assert told_rows({"A": (5, 9), "B": (4, 8)}, LEAST) == {"A", "B"}
