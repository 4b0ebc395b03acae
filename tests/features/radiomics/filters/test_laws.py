"""Laws: kernels along their axes, pooled over rotations, and the energy of a response."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import uniform_filter

from features.core.kinds.filter import Source
from features.radiomics.filters.laws import KERNELS, Laws

Array = np.ndarray[Any, np.dtype[Any]]


def _derive(image: Array, **settings: Any) -> Array:
    box = settings.pop("box", tuple(slice(0, n) for n in image.shape))
    return next(Laws(**settings).derive(Source(image, (1.0, 1.0, 1.0), box)))[1]


def _random(*sizes: int) -> Array:
    return np.random.default_rng(0).normal(size=sizes)


def test_kernels_other_than_levels_add_up_to_zero() -> None:
    assert {name for name, numbers in KERNELS.items() if sum(numbers)} == {"L3", "L5"}


def test_the_response_to_an_impulse_is_the_kernel_along_x_y_and_z() -> None:
    image = np.zeros((7, 7, 7))
    image[3, 3, 3] = 1
    found = _derive(image, kernels="E3W5R5", rotations=None, energy=None, boundary="zero")
    x, y, z = (np.array(KERNELS[name], float) for name in ("E3", "W5", "R5"))
    x, y, z = (kernel / np.sqrt((kernel**2).sum()) for kernel in (x, y, z))
    wanted = np.pad(np.einsum("i,j,k->kji", x, y, z), [(1, 1), (1, 1), (2, 2)])
    np.testing.assert_allclose(found, wanted, atol=1e-15)
    assert (found**2).sum() == pytest.approx(1)


@pytest.mark.parametrize("kernels", ["L5E5S5", "E3W5R5"])
def test_pooled_responses_turn_with_the_image(kernels: str) -> None:
    image = _random(6, 6, 6)
    found = _derive(image, kernels=kernels, energy=2)
    for axes in ((0, 1), (0, 2), (1, 2)):
        turned = _derive(np.rot90(image, axes=axes), kernels=kernels, energy=2)
        np.testing.assert_allclose(turned, np.rot90(found, axes=axes), atol=1e-12)


def test_the_largest_response_to_an_odd_kernel_is_not_below_zero() -> None:
    one = _derive(_random(4, 6, 6), kernels="L5E5", rotations=None, energy=None)
    every = _derive(_random(4, 6, 6), kernels="L5E5", energy=None)
    assert (every >= np.abs(one)).all()
    assert not _derive(_random(4, 6, 6), kernels="L5E5", rotations="average", energy=None).any()


def test_energy_is_the_mean_absolute_response_round_a_voxel() -> None:
    image = _random(6, 7, 8)
    response = _derive(image, kernels="L5S5", energy=None)
    wanted = uniform_filter(np.abs(response), (0, 5, 5), mode="reflect")
    np.testing.assert_allclose(_derive(image, kernels="L5S5", energy=2), wanted, atol=1e-12)


def test_a_part_is_cut_from_the_whole() -> None:
    image, box = _random(9, 10, 11), (slice(0, 3), slice(5, 8), slice(2, 4))
    for boundary in ("zero", "nearest", "periodic", "mirror"):
        settings = {"kernels": "L5E5E5", "energy": 3, "boundary": boundary}
        np.testing.assert_allclose(_derive(image, **settings, box=box), _derive(image, **settings)[box], atol=1e-12)


@pytest.mark.parametrize("kernels", ["L5", "L5E5S5R5", "X5L5", "l5e5"])
def test_kernels_that_are_not_two_or_three_known_ones_are_refused(kernels: str) -> None:
    with pytest.raises(ValidationError, match="is not two or three of L3, E3"):
        Laws(kernels=kernels)


def test_names_tell_the_settings() -> None:
    assert Laws(kernels="L5E5E5").names() == ["laws-L5E5E5-max-energy-7-mirror"]
    assert Laws(kernels="E3W5R5", rotations=None, energy=None).names() == ["laws-E3W5R5-mirror"]
