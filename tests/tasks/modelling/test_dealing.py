"""Dealing cases to folds: even in outcome and centre, whatever belongs together stays together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.modelling.dealing import deal


def spread(codes: NDArray[np.str_], folds: NDArray[np.intp], count: int) -> int:
    """The largest difference between folds in the rows of a code."""
    table = [[int((codes[folds == fold] == code).sum()) for fold in range(count)] for code in np.unique(codes)]
    return max(max(row) - min(row) for row in table)


cases = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=6, max_size=80)


@settings(max_examples=60, deadline=None)
@given(rows=cases, folds=st.integers(2, 6), seed=st.integers(0, 99))
def test_folds_differ_by_at_most_one_row_of_a_stratum_and_of_a_cell(
    rows: list[tuple[int, int]], folds: int, seed: int
) -> None:
    strata, centre = np.array(rows, np.intp).T
    cell = np.array([f"{s} {c}" for s, c in rows])
    found = deal(strata, centre.astype(str), np.arange(len(rows)), folds, np.random.default_rng(seed))
    assert set(found.tolist()) == set(range(folds))
    assert max(spread(strata.astype(str), found, folds), spread(cell, found, folds)) <= 1
    assert spread(centre.astype(str), found, folds) <= 3  # one of each stratum at most


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(0, 14)), min_size=8, max_size=60),
    folds=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_groups_stay_together_and_every_fold_gets_what_there_is_enough_of(
    rows: list[tuple[int, int, int]], folds: int, seed: int
) -> None:
    strata, centre, group = np.array(rows, np.intp).T
    pure = strata[np.unique(group, return_index=True)[1]][
        np.unique(group, return_inverse=True)[1]
    ]  # one stratum a group
    for outcome in (strata, pure):
        codes = np.unique(group, return_inverse=True)[1].astype(np.intp)
        found = deal(outcome, centre.astype(str), codes, folds, np.random.default_rng(seed))
        assert all(len(set(found[codes == code])) == 1 for code in codes)
        assert len(set(found.tolist())) == min(folds, codes.max() + 1)
    for stratum in np.unique(pure):
        there = pure == stratum
        assert len(set(found[there].tolist())) == min(folds, len(set(codes[there])))


def test_a_centre_of_one_outcome_is_spread_as_well_as_the_others() -> None:
    """Four centres of 40, the share of events from 10 to 70 %: they are as even as whole cases can be."""
    centre = np.repeat(["a", "b", "c", "d"], 40)
    event = np.concatenate([np.arange(40) < 40 * share for share in (0.1, 0.3, 0.5, 0.7)])
    cell = np.array([f"{name} {seen}" for name, seen in zip(centre, event, strict=True)])
    rows, strata = np.arange(160), event.astype(np.intp)
    differences: dict[bool, list[tuple[int, int, int]]] = {True: [], False: []}
    for seed in range(20):
        for told in differences:
            names = centre if told else np.full(160, "")
            found = deal(strata, names, rows, 5, np.random.default_rng(seed))
            differences[told].append(
                (spread(cell, found, 5), spread(centre, found, 5), int(np.ptp(np.bincount(found))))
            )
    with_centres, without = (np.max(differences[told], axis=0) for told in (True, False))
    assert with_centres.tolist() == [1, 0, 0]
    assert without[0] >= 5
    assert without[1] >= 5


@pytest.mark.parametrize("grouped", [False, True])
def test_names_of_centres_decide_nothing(grouped: bool) -> None:
    rng = np.random.default_rng(1)
    centre, strata = rng.integers(0, 4, 60), rng.integers(0, 2, 60)
    groups = np.unique(rng.integers(0, 25, 60) if grouped else np.arange(60), return_inverse=True)[1].astype(np.intp)
    first, second = (
        deal(strata, names, groups, 5, np.random.default_rng(3)).tolist()
        for names in (centre.astype(str), np.array(["z", "y", "x", "w"])[centre])
    )
    assert first == second
