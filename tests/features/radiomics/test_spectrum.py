"""Spectra: Simoncelli's bands complete each other; the Riesz transforms of an order keep the energy."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from features.core.kinds.filter import Source
from features.radiomics.filters.simoncelli import Simoncelli
from features.radiomics.spectrum import multiply, riesz, simoncelli, whole

AXES = (0, 1, 2)


def _image(sizes: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, np.dtype[np.float64]]:
    image = np.random.default_rng(seed).normal(size=sizes)
    return image - image.mean()


def _orders(total: int) -> list[tuple[int, ...]]:
    return [tuple(map(axes.count, range(3))) for axes in combinations_with_replacement(range(3), total)]


def test_neighbouring_bands_complete_each_other() -> None:
    radius = np.linspace(0.126, 0.99, 500)
    energy = sum(np.abs(simoncelli(level).value([radius])) ** 2 for level in (1, 2, 3, 4))
    np.testing.assert_allclose(energy[radius < 0.5], 1, rtol=1e-12)


def test_a_band_is_one_in_its_middle_and_zero_at_its_ends() -> None:
    for level in (1, 2, 3):
        ends = np.array([0.25, 0.5, 1, 1.2]) * 2.0 ** (1 - level)
        np.testing.assert_allclose(simoncelli(level).value([ends]), [0, 1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_all_transforms_of_an_order_keep_the_energy(total: int) -> None:
    image = _image((7, 9, 11))
    energy = sum((multiply(image, [riesz(order)], AXES) ** 2).sum() for order in _orders(total))
    assert energy == pytest.approx((image**2).sum(), rel=1e-12)


def test_the_second_transforms_along_the_axes_add_up_to_the_negative_image() -> None:
    image = _image((7, 9, 11))
    trace = sum(multiply(image, [riesz(order)], AXES) for order in ((2, 0, 0), (0, 2, 0), (0, 0, 2)))
    np.testing.assert_allclose(trace, -image, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_wave_along_an_axis_becomes_a_quarter_later(axis: int) -> None:
    phase = 2 * np.pi * 3 * np.arange(16) / 16
    shape = [1, 1, 1]
    shape[2 - axis] = 16
    order = [0, 0, 0]
    order[axis] = 1
    wave = np.broadcast_to(np.cos(phase).reshape(shape), (16, 16, 16))
    later = np.broadcast_to(np.sin(phase).reshape(shape), (16, 16, 16))
    np.testing.assert_allclose(multiply(wave, [riesz(order)], AXES), later, atol=1e-12)


@pytest.mark.parametrize("factor", [simoncelli(1), riesz((1, 0, 0)), riesz((1, 1, 0))], ids=["band", "first", "mixed"])
def test_the_result_is_the_real_part_of_the_whole_transform(factor: Any) -> None:
    image = _image((6, 8, 7))
    grids = np.ix_(*map(factor.grid, image.shape))
    wanted = np.fft.ifftn(np.fft.fftn(image) * factor.value(grids)).real
    np.testing.assert_allclose(multiply(image, [factor], AXES), wanted, atol=1e-12)


def test_slices_are_transformed_each_for_itself() -> None:
    image = _image((3, 8, 9))
    found = multiply(image, [simoncelli(1), riesz((0, 1))], (1, 2))
    for plane, slab in zip(found, image, strict=True):
        np.testing.assert_allclose(plane, multiply(slab[None], [simoncelli(1), riesz((0, 1))], (1, 2))[0], atol=1e-12)


@pytest.mark.parametrize("boundary", ["periodic", "mirror"])
def test_a_margin_lies_round_images_that_do_not_repeat_themselves(boundary: Any) -> None:
    source = Source(_image((11, 13, 17)), (1, 1, 1), (slice(2, 4), slice(0, 3), slice(5, 6)))
    patch = whole(Simoncelli(boundary=boundary), source, 4, flat=True, before=(0, 1, 1))
    more = 0 if boundary == "periodic" else 4
    assert patch.array.shape[0] == 2
    assert all(size >= n + 2 + 2 * more for size, n in zip(patch.array.shape[1:], (13, 17), strict=True))
    assert patch.starts[0] == 2 and patch.starts[1] <= -1 - more
