"""Filters of IBSI-2 that are defined by frequency: Simoncelli's wavelet and the Riesz transform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import factorial, pi, prod, sqrt

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.filter import Source
from features.core.portable import log2, power
from features.core.region import Box
from features.radiomics.convolution import Array, Convolution, Patch

Frequencies = Sequence[Array]  # of axes z, y, x (or y, x): they broadcast; 1 is the highest that voxels can show


@dataclass(frozen=True)
class Factor:
    """What a spectrum is multiplied by. grid: the frequencies of an axis of n voxels, in the order of a Fourier transform."""

    grid: Callable[[int], Array]
    value: Callable[[Frequencies], NDArray[np.complex128]]


def simoncelli(level: int) -> Factor:
    """The band of a level: 0 outside (1/4, 1) × 2^(1 - level), 1 in its middle.

    Its frequencies run from -1 to 1 with both ends, as those of IBSI's reference response maps do: of an even number of
    voxels they lie half a step beside those of the Fourier transform, whose use changes the maps by up to 8 % of their range.
    """

    def value(frequencies: Frequencies) -> NDArray[np.complex128]:
        radius = np.sqrt(sum(axis**2 for axis in frequencies)) * 2 ** (level - 1)
        inside = (radius > 1 / 4) & (radius < 1)
        return np.where(inside, np.cos(pi / 2 * log2(2 * np.where(inside, radius, 1))), 0).astype(complex)

    return Factor(
        lambda size: np.asarray(np.fft.ifftshift(np.linspace(-1, 1, size))) if size > 1 else np.zeros(1), value
    )


def riesz(order: Sequence[int]) -> Factor:
    """The Riesz transform of an order (x, y, z; or x, y): a derivative that leaves the magnitude of a wave along it as it is."""
    total = sum(order)
    scale = (-1j) ** total * sqrt(factorial(total) / prod(map(factorial, order)))

    def value(frequencies: Frequencies) -> NDArray[np.complex128]:
        radius = np.sqrt(sum(axis**2 for axis in frequencies))
        powers = prod(power(axis, times) for axis, times in zip(frequencies, reversed(order), strict=True))
        return np.where(radius > 0, scale * powers / power(np.where(radius > 0, radius, 1), total), 0)

    return Factor(lambda size: np.asarray(np.fft.fftfreq(size) * 2), value)


def multiply(array: Array, factors: Sequence[Factor], axes: tuple[int, ...]) -> Array:
    """The real part of an image whose spectrum along the last axes is multiplied by factors."""
    from scipy.fft import irfftn, rfftn

    spectrum = rfftn(array, axes=axes)
    sizes = [array.shape[axis] for axis in axes]
    for factor in factors:
        there = [factor.grid(size) for size in sizes]
        back = [axis[-np.arange(axis.size)] for axis in there]  # frequencies of opposite waves
        there[-1], back[-1] = (axis[: spectrum.shape[-1]] for axis in (there[-1], back[-1]))
        for place in range(sizes[0]):  # a slab at a time, which spares memory
            ahead = factor.value(np.ix_(there[0][place : place + 1], *there[1:]))
            behind = factor.value(np.ix_(back[0][place : place + 1], *back[1:]))
            slab = spectrum[:, place] if len(axes) == 2 else spectrum[place]
            slab *= (ahead + behind.conj())[0] / 2
    found = irfftn(spectrum, sizes, axes=axes, overwrite_x=True)
    return np.asarray(found)


def whole(
    settings: Convolution, source: Source, margin: int, *, flat: bool, before: tuple[int, int, int] = (0, 0, 0)
) -> Patch:
    """The whole image and at least `margin` voxels round it, none if it is periodic.

    flat: in slices, of which only those of the box. before: further voxels on either side (z, y, x) that a kernel uses up
    before the transform. The margin grows to a size that is fast to transform.
    """
    from scipy.fft import next_fast_len

    z, y, x = source.image.shape
    reach = list(before)
    if settings.boundary != "periodic":
        for axis in range(1 if flat else 0, 3):
            size, more = source.image.shape[axis], margin
            while next_fast_len(size + 2 * more) > size + 2 * more:
                more += 1
            reach[axis] += more
    box = (source.box[0] if flat else slice(0, z), slice(0, y), slice(0, x))
    return settings.cut(replace(source, box=box), reach)


def inside(patch: Patch, box: Box) -> Box:
    """Where a box of the image lies in a patch of it."""
    z, y, x = (slice(axis.start - start, axis.stop - start) for axis, start in zip(box, patch.starts, strict=True))
    return z, y, x
