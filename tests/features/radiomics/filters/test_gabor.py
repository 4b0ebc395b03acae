"""Gabor: the window is what an impulse leaves, waves respond in their direction, planes are averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from features.core.kinds.filter import Source
from features.radiomics.filters.gabor import Gabor

Array = np.ndarray[Any, np.dtype[Any]]
ONE: dict[str, Any] = {"sigma_mm": 3, "wavelength_mm": 8, "theta_step": None, "planes": "slice"}


def _derive(image: Array, spacing: tuple[float, float, float] = (1, 1, 1), **settings: Any) -> Array:
    box = settings.pop("box", tuple(slice(0, n) for n in image.shape))
    return next(Gabor(**settings).derive(Source(image, spacing, box)))[1]


def _random(*sizes: int) -> Array:
    return np.random.default_rng(0).normal(size=sizes)


@pytest.mark.parametrize("theta", [0, 30, 90, 225])
def test_an_impulse_leaves_the_window_turned_from_x_to_y(theta: float) -> None:
    image = np.zeros((2, 21, 21))
    image[1, 10, 10] = 1
    found = _derive(image, (2.0, 2.0, 9.0), **ONE, gamma=0.5, theta=theta, boundary="zero")
    y, x = np.mgrid[-20:21:2, -20:21:2]
    angle = np.deg2rad(theta)
    along, across = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    np.testing.assert_allclose(found[1], np.exp(-(along**2 + across**2 / 4) / 18), atol=1e-12)
    assert np.abs(found[0]).max() < 1e-12


def test_waves_respond_in_their_direction() -> None:
    y, x = np.mgrid[:40, :40]
    waves = np.cos(2 * np.pi * (x + y) / np.sqrt(2) / 8)[None]
    with_it, against_it = (_derive(waves, **ONE, theta=theta)[0, 20, 20] for theta in (45, 135))
    assert with_it > 100 * against_it
    assert _derive(np.ones((1, 40, 40)), **ONE).max() < with_it / 5


def test_opposite_directions_have_one_modulus() -> None:
    assert Gabor(sigma_mm=1, wavelength_mm=1, theta_step=45).angles == [180, 225, 270, 315]
    image = _random(2, 12, 12)
    np.testing.assert_allclose(_derive(image, **ONE, theta=30), _derive(image, **ONE, theta=210), atol=1e-10)


def test_the_average_over_all_directions_and_planes_turns_with_the_image() -> None:
    image, settings = _random(12, 12, 12), {"sigma_mm": 2, "wavelength_mm": 3, "gamma": 1.5, "theta_step": 22.5}
    found = _derive(image, **settings)
    for axes in ((0, 1), (0, 2), (1, 2)):
        np.testing.assert_allclose(
            _derive(np.rot90(image, axes=axes), **settings), np.rot90(found, axes=axes), atol=1e-10
        )
    planes = [np.moveaxis(image, across, 0) for across in range(3)]
    parts = [np.moveaxis(_derive(plane, **settings, planes="slice"), 0, across) for across, plane in enumerate(planes)]
    np.testing.assert_allclose(found, np.mean(parts, 0), atol=1e-10)


def test_many_slices_are_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    image = _random(5, 12, 12)
    at_once = _derive(image, **ONE)
    monkeypatch.setattr("features.radiomics.filters.gabor._BLOCK", 1)
    np.testing.assert_allclose(_derive(image, **ONE), at_once, atol=1e-12)


def test_a_part_is_cut_from_the_whole() -> None:
    image, box = _random(9, 10, 11), (slice(0, 3), slice(5, 8), slice(2, 4))
    settings = {"sigma_mm": 1.5, "wavelength_mm": 3, "theta_step": 90}
    np.testing.assert_allclose(_derive(image, **settings, box=box), _derive(image, **settings)[box], atol=1e-10)


def test_a_step_that_does_not_close_the_circle_is_refused() -> None:
    with pytest.raises(ValidationError, match="not a multiple of 50"):
        Gabor(sigma_mm=1, wavelength_mm=2, theta_step=50)


def test_names_tell_the_settings() -> None:
    whole = Gabor(sigma_mm=5, wavelength_mm=2, gamma=1.5)
    assert whole.names() == ["gabor-5-wavelength-2-gamma-1-5-step-22-5-all-mirror"]
    assert Gabor(**ONE, theta=60).names() == ["gabor-3-wavelength-8-gamma-1-theta-60-slice-mirror"]
