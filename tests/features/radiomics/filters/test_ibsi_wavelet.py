"""Separable wavelets of IBSI-2: taps, energy of all bands, levels, rotations."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import pywt
from pydantic import ValidationError

from features.core.kinds.filter import Source
from features.radiomics.filters.ibsi_wavelet import IbsiWavelet, taps

Array = np.ndarray[Any, np.dtype[Any]]
WAVELETS = ["haar", "db2", "db3", "coif1"]


def _derive(image: Array, **settings: Any) -> Array:
    box = settings.pop("box", tuple(slice(0, n) for n in image.shape))
    return next(IbsiWavelet(**settings).derive(Source(image, (1.0, 1.0, 1.0), box)))[1]


def _random(*sizes: int) -> Array:
    return np.random.default_rng(0).normal(size=sizes)


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_taps_are_orthonormal_at_each_level(wavelet: str) -> None:
    for level in (1, 2, 3):
        low, high = taps(wavelet, "L", level), taps(wavelet, "H", level)
        assert low.size % 2 == 1
        assert low.sum() == pytest.approx(np.sqrt(2)) and high.sum() == pytest.approx(0, abs=1e-10)
        assert low @ low == pytest.approx(1) and high @ high == pytest.approx(1)
        assert low @ high == pytest.approx(0, abs=1e-10)


def test_the_response_to_an_impulse_is_the_taps_along_x_y_and_z() -> None:
    image = np.zeros((7, 7, 7))
    image[3, 3, 3] = 1
    bank = pywt.Wavelet("db3")
    low, high = np.append(bank.dec_lo, 0), np.append(bank.dec_hi, 0)  # the middle is the fourth of seven
    found = _derive(image, wavelet="db3", band="LHL", rotations=None, boundary="zero")
    np.testing.assert_allclose(found, np.einsum("i,j,k->kji", low, high, low), atol=1e-15)


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_all_bands_hold_the_energy_of_the_level_before(wavelet: str) -> None:
    image = _random(8, 6, 8)
    options = {"wavelet": wavelet, "rotations": None, "boundary": "periodic"}
    before = image
    for level in (1, 2):
        bands = ["".join(letters) for letters in product("LH", repeat=3)]
        energy = sum((_derive(image, **options, band=band, level=level) ** 2).sum() for band in bands)
        assert energy == pytest.approx(8 * (before**2).sum())
        before = _derive(image, **options, band="LLL", level=level)


def test_haar_s_second_approximation_is_a_mean_of_four_voxels_along_each_axis() -> None:
    image = _random(2, 9, 9)
    found = _derive(image, wavelet="haar", band="LL", level=2, rotations=None)
    # The kernel has its middle behind a pair: a voxel, the next three on the second level's stride.
    assert found[1, 4, 4] == pytest.approx(4 * image[1, 4:8, 4:8].mean())


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_pooled_responses_turn_with_the_image(pooling: str) -> None:
    image = _random(7, 7, 7)
    settings = {"wavelet": "db2", "band": "LHH", "level": 2, "rotations": pooling, "boundary": "periodic"}
    found = _derive(image, **settings)
    for axes in ((0, 1), (0, 2), (1, 2)):
        np.testing.assert_allclose(
            _derive(np.rot90(image, axes=axes), **settings), np.rot90(found, axes=axes), atol=1e-12
        )


def test_slices_do_not_mix_in_two_dimensions() -> None:
    image = np.zeros((3, 9, 9))
    image[1, 4, 4] = 1
    found = _derive(image, band="LH")
    assert found[1].any() and not found[[0, 2]].any()


def test_a_part_is_cut_from_the_whole() -> None:
    image, box = _random(9, 10, 11), (slice(0, 3), slice(5, 8), slice(2, 4))
    for boundary in ("zero", "nearest", "periodic", "mirror"):
        settings = {"band": "LLH", "level": 2, "boundary": boundary}
        np.testing.assert_allclose(_derive(image, **settings, box=box), _derive(image, **settings)[box], atol=1e-12)


def test_a_band_is_written_with_low_and_high() -> None:
    with pytest.raises(ValidationError, match="band"):
        IbsiWavelet(band="LMH")


def test_names_tell_the_settings() -> None:
    assert IbsiWavelet().names() == ["ibsi-wavelet-db3-LLH-level-1-average-mirror"]
    assert IbsiWavelet(wavelet="coif1", band="HHL", rotations=None, boundary="periodic").names() == [
        "ibsi-wavelet-coif1-HHL-level-1-periodic"
    ]
