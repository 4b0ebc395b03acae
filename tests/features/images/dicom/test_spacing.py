"""fit_steps: slices are held to the grid that fits them all, and holes in it are counted."""

from __future__ import annotations

import numpy as np
import pytest

from features.images.dicom.spacing import fit_steps


def test_slices_that_lie_on_a_grid_but_for_rounding_keep_its_ends() -> None:
    places = np.round(np.arange(300) * 0.625, 2)
    found = fit_steps(places)
    assert (found.first_mm, found.step_mm) == (0.0, places[-1] / 299)
    assert found.is_whole
    assert found.off_mm <= 0.01


def test_one_odd_step_of_many_beds_is_tolerated_and_the_grid_is_fitted() -> None:
    steps = np.full(98, 3.27)
    steps[48] = 3.19
    found = fit_steps(np.cumsum([0, *steps]))
    slope, first = np.polyfit(range(99), np.cumsum([0, *steps]), 1)
    assert (found.step_mm, found.first_mm) == (pytest.approx(slope, rel=1e-9), pytest.approx(first, abs=1e-9))
    assert found.is_whole
    assert 0.03 < found.off_mm < 0.045 < found.tolerance_mm == pytest.approx(0.01 + 0.02 * slope)


@pytest.mark.parametrize("odd", [1.0, 0.98])
def test_one_slice_of_four_hundred_is_missed(odd: float) -> None:
    steps = np.full(399, 2.5)
    steps[100] *= odd
    found = fit_steps(np.delete(np.cumsum([0, *steps]), 237))
    assert found.is_regular and not found.is_whole
    assert np.flatnonzero(found.multiples > 1).tolist() == [236]


@pytest.mark.parametrize(
    "steps",
    [
        [2.5] * 200 + [2.52] * 200,  # each step is within 1 % of the other, and slices drift by a millimetre
        [3.0] * 20 + [5.0] * 20,
        [2.5, 2.5, 2.7, 2.5, 2.5],
        [1.0, 2.5, 1.0, 2.5],
        [2.5, 2.5, 3.75, 2.5],
    ],
)
def test_uneven_slices_lie_on_no_grid(steps: list[float]) -> None:
    assert not fit_steps(np.cumsum([0.0, *steps])).is_regular


def test_two_slices_are_a_grid() -> None:
    found = fit_steps(np.array([1.0, 4.0]))
    assert (found.first_mm, found.step_mm, found.off_mm, found.is_whole) == (1.0, 3.0, 0.0, True)
