"""Gabor filter of IBSI-2 (Q88H): waves of one length and direction under a Gaussian window, in planes of voxels."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from features.core.bounds import AngleStep, Elongation, SigmaMm
from features.core.kinds.filter import Source
from features.core.portable import exp
from features.radiomics.convolution import Array, Convolution, number

_WINDOW = 6.0  # standard deviations, where the window has fallen to 1e-8
_BLOCK = 1 << 20  # voxels of slices that are transformed at once


class Gabor(Convolution):
    """Modulus of the complex response. sigma_mm: of the window along the wave; gamma: how much narrower it is across.

    wavelength_mm: length of the wave. theta: its direction in degrees, from the first axis of the plane towards the second
    (x to y). theta_step: degrees between directions of the whole circle whose responses are averaged; None for the one.
    planes: `slice` for slices (x, y), `all` for the average over (x, y), (x, z) and (y, z).
    """

    kind: Literal["gabor"] = "gabor"
    sigma_mm: SigmaMm = Field(description="standard deviation of the window along the wave, in mm")
    wavelength_mm: SigmaMm = Field(description="length of the wave in mm")
    gamma: Elongation = Field(1.0, description="how much narrower the window is across the wave")
    theta: float = Field(
        0.0, description="direction of the wave in degrees, from the first axis of the plane towards the second"
    )
    theta_step: AngleStep | None = Field(
        22.5, description="degrees between directions whose responses are averaged; null: the one direction"
    )
    planes: Literal["slice", "all"] = Field(
        "all", description="`slice`: in slices; `all`: average over the three planes"
    )

    @field_validator("theta_step")
    @classmethod
    def check_step(cls, step: float | None) -> float | None:
        if step and abs(360 / step - round(360 / step)) > 1e-9:
            raise ValueError(f"360 degrees are not a multiple of {step}")
        return step

    def names(self) -> list[str]:
        """`gabor-5-wavelength-2-gamma-1-5-step-22-5-all-mirror`, with one direction `theta-60` and no step."""
        parts = ["gabor", number(self.sigma_mm), "wavelength", number(self.wavelength_mm), "gamma", number(self.gamma)]
        if self.theta or not self.theta_step:
            parts += ["theta", number(self.theta)]
        if self.theta_step:
            parts += ["step", number(self.theta_step)]
        return ["-".join([*parts, self.planes, self.border])]

    @property
    def angles(self) -> list[float]:
        """Directions in degrees; opposite ones have the same modulus and stand once."""
        if self.theta_step is None:
            return [self.theta]
        circle = [self.theta + k * self.theta_step for k in range(round(360 / self.theta_step))]
        return list({round(angle % 180, 9) % 180: angle for angle in circle}.values())

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The modulus on the box, slice by slice in the Fourier domain; the window ends where it is under 1e-7."""
        planes = (0, 1, 2) if self.planes == "all" else (0,)
        found = np.zeros([axis.stop - axis.start for axis in source.box])
        for across in planes:
            self._add(np.moveaxis(found, across, 0), source, across)
        found /= len(planes) * len(self.angles)
        yield self.names()[0], found

    def _add(self, found: Array, source: Source, across: int) -> None:
        """Add the responses of all directions in the slices across an axis; found: (slices, rows, columns)."""
        from scipy.fft import fft2, ifft2, next_fast_len

        rows, columns = (axis for axis in range(3) if axis != across)
        spacing = source.spacing_mm[2 - rows], source.spacing_mm[2 - columns]
        window = _WINDOW * self.sigma_mm * max(1.0, 1 / self.gamma)
        reach = [0, 0, 0]
        reach[rows], reach[columns] = (ceil(window / size) for size in spacing)
        slices = np.moveaxis(self.cut(source, reach).array, across, 0)
        half = reach[rows], reach[columns]
        size = [next_fast_len(n) for n in slices.shape[1:]]
        kernels = [fft2(self._kernel(angle, half, spacing), size) for angle in self.angles]
        inner = tuple(slice(2 * far, 2 * far + n) for far, n in zip(half, found.shape[1:], strict=True))
        step = max(_BLOCK // (size[0] * size[1]), 1)
        for start in range(0, len(slices), step):
            waves: NDArray[np.complex128] = fft2(slices[start : start + step], size)
            for kernel in kernels:
                found[start : start + step] += np.abs(ifft2(waves * kernel, overwrite_x=True)[(slice(None), *inner)])

    def _kernel(self, angle: float, half: tuple[int, int], spacing: tuple[float, float]) -> NDArray[np.complex128]:
        y, x = (np.arange(-far, far + 1) * size for far, size in zip(half, spacing, strict=True))
        cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        along, across = x * cosine + y[:, None] * sine, x * sine - y[:, None] * cosine
        window = exp(-(along**2 + (self.gamma * across) ** 2) / (2 * self.sigma_mm**2))
        return np.asarray(window * np.exp(2j * np.pi * along / self.wavelength_mm))
