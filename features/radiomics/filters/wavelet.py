"""Wavelet: bands of the stationary wavelet transform, as pyradiomics makes them of PyWavelets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt, field_validator

from features.core.errors import did_you_mean
from features.core.filter import Filter, Source
from features.radiomics.correlate import correlate

Taps = dict[str, NDArray[np.float64]]


class Wavelet(Filter):
    """Low (L) and high (H) bands along x, y and z, in this order in their names.

    wavelet: an orthogonal or biorthogonal wavelet by PyWavelets' name. level: how many levels of bands, each one made of
    the approximation of the level before, after `start_level` levels of which no bands are given. flat: within slices
    only; `flat_axis` is the axis (z, y or x as 0, 1, 2) across the slices.
    """

    kind: Literal["wavelet"] = "wavelet"
    wavelet: str = "coif1"
    level: PositiveInt = 1
    start_level: NonNegativeInt = 0
    flat: bool = False
    flat_axis: Literal[0, 1, 2] = 0

    @field_validator("wavelet")
    @classmethod
    def check_wavelet(cls, name: str) -> str:
        from pywt import wavelist

        known = wavelist(kind="discrete")
        if name not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f'unknown wavelet "{name}"{"; " + hint if hint else ""}')
        return name

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes that are filtered, in the order of a band's letters."""
        return tuple(axis for axis in (2, 1, 0) if not (self.flat and axis == self.flat_axis))

    def names(self) -> list[str]:
        """`wavelet-LLH`, from the second level on `wavelet2-LLH`; the last approximation comes last."""
        low, *bands = map("".join, product("LH", repeat=len(self.axes)))
        prefixes = ["wavelet" if level == 1 else f"wavelet{level}" for level in range(1, self.level + 1)]
        return [f"{prefix}-{band}" for prefix in prefixes for band in bands] + [f"{prefixes[-1]}-{low}"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The whole image repeats itself beyond its borders; an axis of an odd size repeats its first voxel first."""
        from pywt import Wavelet as Bank

        bank = Bank(self.wavelet)
        taps = {"L": np.array(bank.dec_lo[::-1]), "H": np.array(bank.dec_hi[::-1])}
        margin = bank.dec_len // 2  # behind a voxel; before it, one less
        levels = self.start_level + self.level
        array, names = self._gather(source, levels * (margin - 1), levels * margin), iter(self.names())
        low = array
        for left in range(levels - 1, -1, -1):
            shown = left < self.level
            if left:
                deeper = self._approximate(array, taps)
                array = self._trim(array, left * (margin - 1), left * margin) if shown else array
            if shown:
                for band, image in _split(array, self.axes, taps):
                    if "H" in band:
                        yield next(names), image
                    else:
                        low = image
            if left:
                array = deeper
        yield next(names), low

    def _approximate(self, array: NDArray[np.float64], taps: Taps) -> NDArray[np.float64]:
        for axis in self.axes:
            array = correlate(array, taps["L"], axis)
        return array

    def _trim(self, array: NDArray[np.float64], before: int, behind: int) -> NDArray[np.float64]:
        return array[tuple(slice(before, -behind) if axis in self.axes else slice(None) for axis in range(3))]

    def _gather(self, source: Source, before: int, behind: int) -> NDArray[np.float64]:
        """The box and what the taps reach of the image round it, wrapped round its borders."""
        places = []
        for axis, (part, size) in enumerate(zip(source.box, source.image.shape, strict=True)):
            reach = (before, behind) if axis in self.axes else (0, 0)
            place = np.arange(part.start - reach[0], part.stop + reach[1]) % (size + size % 2)
            places.append(np.where(place == size, 0, place))
        if all(place[-1] - place[0] == place.size - 1 for place in places):  # no border is crossed
            z, y, x = (slice(int(place[0]), int(place[-1]) + 1) for place in places)
            return np.ascontiguousarray(source.image[z, y, x], np.float64)
        return source.image[np.ix_(*places)].astype(np.float64)


def _split(
    array: NDArray[np.float64], axes: tuple[int, ...], taps: Taps, band: str = ""
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Each band of the axes, in the order of its letters; bands that begin alike share the work of it."""
    if not axes:
        yield band, array
        return
    for letter in "LH":
        yield from _split(correlate(array, taps[letter], axes[0]), axes[1:], taps, band + letter)
