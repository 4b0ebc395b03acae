"""Wavelet: bands of the stationary wavelet transform, as pyradiomics makes them of PyWavelets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from features.core.bounds import Level, LevelFromZero
from features.core.errors import did_you_mean
from features.core.kinds.filter import Filter, Source

if TYPE_CHECKING:
    from features.radiomics.correlate import Reals

    Taps = dict[str, Reals]


class Wavelet(Filter):
    """Low (L) and high (H) bands along x, y and z, in this order in their names.

    wavelet: an orthogonal or biorthogonal wavelet by PyWavelets' name. level: how many levels of bands, each one made of
    the approximation of the level before, after `start_level` levels of which no bands are given. flat: within slices
    only; `flat_axis` is the axis (z, y or x as 0, 1, 2) across the slices.
    """

    kind: Literal["wavelet"] = "wavelet"
    wavelet: str = Field(
        "coif1", description="an orthogonal or biorthogonal wavelet, by the name that PyWavelets has for it"
    )
    level: Level = Field(1, description="how many levels of bands")
    start_level: LevelFromZero = Field(0, description="levels before the first one of which no bands are given")
    flat: bool = Field(False, description="within slices only")
    flat_axis: Literal[0, 1, 2] = Field(0, description="the axis across the slices: z, y or x as 0, 1, 2")

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

    def single(self, image: np.dtype[np.generic]) -> bool:
        return image == np.float32

    def names(self) -> list[str]:
        """`wavelet-LLH`, from the second level on `wavelet2-LLH`; the last approximation comes last."""
        low, *bands = map("".join, product("LH", repeat=len(self.axes)))
        prefixes = ["wavelet" if level == 1 else f"wavelet{level}" for level in range(1, self.level + 1)]
        return [f"{prefix}-{band}" for prefix in prefixes for band in bands] + [f"{prefixes[-1]}-{low}"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The whole image repeats itself beyond its borders; an axis of an odd size repeats its first voxel first.

        A float32 image is transformed in single precision, as PyWavelets does: double would move voxels to other bins.
        """
        from pywt import Wavelet as Bank

        bank = Bank(self.wavelet)
        single = self.single(source.image.dtype)
        taps = _taps(bank, np.float32 if single else np.float64)
        margin = bank.dec_len // 2  # behind a voxel; before it, one less
        levels = self.start_level + self.level
        near = self._gather(source, levels * (margin - 1), levels * margin)
        array: Reals = near.astype(np.float32) if single else near.astype(np.float64)
        low, names = array, iter(self.names())
        for left in range(levels - 1, -1, -1):
            shown = left < self.level
            if left:
                deeper = self._approximate(array, taps)
                array = self._trim(array, left * (margin - 1), left * margin) if shown else array
            if shown:
                for band, image in _split(array, self.axes, taps):
                    if "H" in band:
                        yield next(names), image.astype(np.float64, copy=False)
                    else:
                        low = image
            if left:
                array = deeper
        yield next(names), low.astype(np.float64, copy=False)

    def _approximate(self, array: Reals, taps: Taps) -> Reals:
        from features.radiomics.correlate import correlate

        for axis in self.axes:
            array = correlate(array, taps["L"], axis)
        return array

    def _trim(self, array: Reals, before: int, behind: int) -> Reals:
        return array[tuple(slice(before, -behind) if axis in self.axes else slice(None) for axis in range(3))]

    def _gather(self, source: Source, before: int, behind: int) -> NDArray[np.generic]:
        """The box and what the taps reach of the image round it, wrapped round its borders."""
        places = []
        for axis, (part, size) in enumerate(zip(source.box, source.image.shape, strict=True)):
            reach = (before, behind) if axis in self.axes else (0, 0)
            place = np.arange(part.start - reach[0], part.stop + reach[1]) % (size + size % 2)
            places.append(np.where(place == size, 0, place))
        if all(place[-1] - place[0] == place.size - 1 for place in places):  # no border is crossed
            z, y, x = (slice(int(place[0]), int(place[-1]) + 1) for place in places)
            return source.image[z, y, x]
        return source.image[np.ix_(*places)]


def _taps(bank: Any, precision: type[np.float64] | type[np.float32]) -> Taps:
    """What the bands of an impulse are made of: in single precision, PyWavelets' taps are not its rounded ones."""
    from pywt import swt

    size, half = bank.dec_len, bank.dec_len // 2
    impulse = np.zeros(2 * size, precision)
    impulse[size] = 1
    [bands] = swt(impulse, bank, level=1)
    return {letter: band[size - half : size + half][::-1].copy() for letter, band in zip("LH", bands, strict=True)}


def _split(array: Reals, axes: tuple[int, ...], taps: Taps, band: str = "") -> Iterator[tuple[str, Reals]]:
    """Each band of the axes, in the order of its letters; bands that begin alike share the work of it."""
    if not axes:
        yield band, array
        return
    from features.radiomics.correlate import correlate  # numba takes a while to import

    for letter in "LH":
        yield from _split(correlate(array, taps[letter], axes[0]), axes[1:], taps, band + letter)
