"""Riesz transform: energy of its base filter, signs along the axes, settings that must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from features.core.kinds.filter import FILTERS, Source
from features.radiomics.filters.riesz import Riesz

Array = np.ndarray[Any, np.dtype[Any]]
FIRST = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
BASES: list[dict[str, Any]] = [{"base": "simoncelli", "level": 1}, {"base": "log", "sigma_mm": 1.5}]


def _derive(kind: str, image: Array, **settings: Any) -> Array:
    box = settings.pop("box", tuple(slice(0, n) for n in image.shape))
    return next(FILTERS.parse({"kind": kind, **settings}).derive(Source(image, (1.0, 1.0, 1.0), box)))[1]


def _random(*sizes: int) -> Array:
    return np.random.default_rng(0).normal(size=sizes)


def test_first_transforms_have_the_energy_of_the_wavelet() -> None:
    image = _random(9, 11, 13)
    energy = sum((_derive("riesz", image, order=order, level=1) ** 2).sum() for order in FIRST)
    assert energy == pytest.approx((_derive("simoncelli", image) ** 2).sum(), rel=1e-12)


def test_second_transforms_along_the_axes_add_up_to_the_negative_log() -> None:
    image = _random(9, 11, 13)
    doubled = [tuple(2 * number for number in order) for order in FIRST]
    total = sum(_derive("riesz", image, order=order, base="log", sigma_mm=1.5) for order in doubled)
    log = _derive("ibsi_log", image, sigma_mm=1.5, boundary="periodic")
    np.testing.assert_allclose(total, log.mean() - log, atol=1e-12)  # it has no mean


@pytest.mark.parametrize("base", BASES, ids=["simoncelli", "log"])
@pytest.mark.parametrize(("order", "axis"), [((1, 0, 0), 2), ((0, 1, 0), 1), ((0, 0, 1), 0)])
def test_an_impulse_responds_against_itself_along_the_axis_of_the_order(
    base: dict[str, Any], order: tuple[int, ...], axis: int
) -> None:
    image = np.zeros((17, 17, 17))
    image[8, 8, 8] = 1
    found = _derive("riesz", image, order=order, **base)
    np.testing.assert_allclose(found, -np.flip(found, axis), atol=1e-12)
    for other in {0, 1, 2} - {axis}:
        np.testing.assert_allclose(found, np.flip(found, other), atol=1e-12)


@pytest.mark.parametrize("base", BASES, ids=["simoncelli", "log"])
@pytest.mark.parametrize("order", [(0, 2, 0), (1, 1)], ids=["3D", "2D"])
@pytest.mark.parametrize("boundary", ["periodic", "zero", "mirror"])
def test_a_part_is_cut_from_the_whole(base: dict[str, Any], order: tuple[int, ...], boundary: str) -> None:
    image, box = _random(9, 10, 11), (slice(1, 3), slice(5, 8), slice(2, 4))
    settings = {"order": order, "boundary": boundary, **base}
    part, whole = _derive("riesz", image, **settings, box=box), _derive("riesz", image, **settings)
    assert part.shape == (2, 3, 2) and part.flags.c_contiguous
    np.testing.assert_allclose(part, whole[box], atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"order": (0, 0, 0), "level": 1}, "at least one number must be above zero"),
        ({"order": (1, 0, 0)}, "level: the base simoncelli needs it"),
        ({"order": (1, 0, 0), "level": 1, "sigma_mm": 3}, "the base simoncelli has none"),
        ({"order": (1, 0, 0), "base": "log"}, "sigma_mm: the base log needs it"),
        ({"order": (1, 0, 0), "base": "log", "sigma_mm": 3, "level": 1}, "the base log has none"),
    ],
)
def test_settings_that_do_not_agree_are_refused(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        Riesz(**settings)


def test_names_tell_the_settings() -> None:
    assert Riesz(order=(0, 2, 0), level=1).names() == ["riesz-0-2-0-simoncelli-level-1-periodic"]
    assert Riesz(order=(1, 0), base="log", sigma_mm=1.5).names() == ["riesz-1-0-log-1-5-periodic"]
