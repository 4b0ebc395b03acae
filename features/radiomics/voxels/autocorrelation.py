"""Autocorrelation: Moran's I and Geary's C over all pairs of voxels, weighted by the inverse of their distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def autocorrelation(
    values: NDArray[np.float64], mask: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> tuple[float, float]:
    """Moran's I and Geary's C of the values inside the mask; NaN for a single voxel or no contrast.

    mask: (z, y, x); values: in its order; spacing: (z, y, x) in mm. Exact up to rounding: pairs with the same offset have
    the same weight, and the Fourier transform sums over all pairs of every offset at once.
    """
    from scipy import fft

    n = len(values)
    centred = values - values.mean()
    spread = float((centred**2).sum())
    if n < 2 or np.ptp(values) == 0:
        return float("nan"), float("nan")
    shape = [fft.next_fast_len(2 * size - 1, real=True) for size in mask.shape]
    offsets = np.meshgrid(
        *(fft.fftfreq(size) * size * step for size, step in zip(shape, spacing, strict=True)),
        indexing="ij",
        sparse=True,
    )
    distance = np.sqrt(offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2)
    distance[0, 0, 0] = np.inf
    weight = fft.rfftn(1 / distance).real  # the weights are even
    # Frequencies of the last axis other than 0 and the middle one stand for two.
    weight[..., 1 : (shape[2] + 1) // 2] *= 2
    weight /= np.prod(shape)

    def transform(inside: NDArray[np.float64]) -> NDArray[np.complex128]:
        array = np.zeros(mask.shape)
        array[mask] = inside
        found: NDArray[np.complex128] = fft.rfftn(array, shape)
        return found

    ones, first, second = transform(np.ones(n)), transform(centred), transform(centred**2)
    weights = float((weight * (ones.real**2 + ones.imag**2)).sum())
    products = float((weight * (first.real**2 + first.imag**2)).sum())
    squares = float((weight * (second.real * ones.real + second.imag * ones.imag)).sum())
    moran = n / weights * products / spread
    geary = (n - 1) / (2 * weights) * (2 * squares - 2 * products) / spread
    return moran, geary
