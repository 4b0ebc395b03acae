"""Nearest training cases: of training rows alone, never of the same patient, with what is usual among them."""

from __future__ import annotations

import numpy as np
import pytest

from features.deep.explaining.localisation import Over, centre_prior, likeness, over_cases, share_inside
from features.deep.explaining.nearest import Space


def space(seed: int = 0) -> tuple[Space, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(30, 6)) * [1, 10, 100, 1, 1, 0] + [0, 5, 50, 0, 0, 3]
    groups = np.array([f"p{i // 2}" for i in range(30)])
    return Space(rows, groups), rows, groups


def test_the_nearest_are_those_of_scaled_features_and_features_that_none_varies_in_do_not_count() -> None:
    found, rows, _ = space()
    case = rows[7] + [0.01, 0.1, 1.0, 0.01, 0.01, 99.0]
    near = found.nearest(case, "new", 3)
    scaled = (rows - rows.mean(axis=0))[:, :5] / rows.std(axis=0)[:5]
    own = (case - rows.mean(axis=0))[:5] / rows.std(axis=0)[:5]
    distances = np.sqrt(((scaled - own) ** 2).mean(axis=1))
    assert near.positions.tolist() == np.argsort(distances)[:3].tolist() and near.positions[0] == 7
    assert np.allclose(near.distances, np.sort(distances)[:3])
    assert near.usual > 0.9, "nearer than training cases are to each other"
    assert found.nearest(case + 1000, "new", 3).usual == 0.0


def test_rows_of_the_same_patient_are_no_neighbours() -> None:
    found, rows, groups = space()
    near = found.nearest(rows[7], "p3", 29)
    assert len(near.positions) == 28 and "p3" not in groups[near.positions]


def test_what_there_is_no_space_of_is_told() -> None:
    with pytest.raises(ValueError, match="1 training cases have all features: neighbours need two at least"):
        Space(np.array([[1.0, 2.0], [np.nan, 1.0]]), np.array(["a", "b"]))
    with pytest.raises(ValueError, match="no feature varies"):
        Space(np.ones((4, 2)), np.array(list("abcd")))
    with pytest.raises(ValueError, match="the case lacks some of the features"):
        space()[0].nearest(np.full(6, np.nan), "new", 2)


def test_shares_and_likeness_are_what_they_say() -> None:
    roi = np.zeros((4, 4))
    roi[0, 0] = roi[0, 1] = 1
    values = np.zeros((4, 4), np.float32)
    values[0, 0], values[3, 3], values[2, 2] = 3, 1, -9
    assert share_inside(values, roi) == pytest.approx(0.75)
    assert np.isnan(share_inside(-np.abs(values), roi))
    assert likeness(values, -2 * values) == pytest.approx(1.0) and np.isnan(likeness(values, np.zeros((4, 4))))
    prior = centre_prior((5, 7))
    assert prior.argmax() == 2 * 7 + 3 and np.allclose(prior, prior[::-1, ::-1])


def test_an_interval_is_that_of_student() -> None:
    found = over_cases([0.1, 0.2, 0.3, 0.4, 0.5, float("nan")])
    assert found.n == 5 and found.mean == pytest.approx(0.3)
    assert found.high - found.mean == pytest.approx(
        2.776445 * np.std([0.1, 0.2, 0.3, 0.4, 0.5], ddof=1) / np.sqrt(5), rel=1e-5
    )
    assert str(over_cases([0.5, 0.6])) == "0.55 (2 cases)" and str(over_cases([])) == "none"
    assert isinstance(found, Over)
