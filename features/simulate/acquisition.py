"""How each centre scans: grid, noise, smoothness, offset and format; together a real batch effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Format = Literal["rtstruct", "seg", "nifti"]


@dataclass(frozen=True, slots=True)
class Acquisition:
    """A centre's protocol. shape: (z, y, x) voxels; spacing_mm: (x, y, z); smoothing_mm: Gaussian sigma of the reconstruction.

    noise_hu: sd in the image; offset_hu: calibration error; first_is_top: instance 1 is the uppermost slice.
    """

    format: Format
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    noise_hu: float
    smoothing_mm: float
    offset_hu: float
    manufacturer: str
    kernel: str
    bits_stored: int = 16
    first_is_top: bool = False

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in millilitres."""
        x, y, z = self.spacing_mm
        return x * y * z / 1000


PROTOCOLS = (
    Acquisition("rtstruct", (36, 96, 96), (2.2, 2.2, 2.0), 12.0, 1.0, 0.0, "Northlight", "B30f", 12, True),
    Acquisition("seg", (28, 96, 96), (2.4, 2.4, 3.0), 22.0, 1.4, 8.0, "Sund Medical", "STANDARD"),
    Acquisition("nifti", (32, 96, 96), (2.0, 2.0, 2.5), 16.0, 1.2, -5.0, "Vega", "FC03"),
)


def protocol(centre: int) -> Acquisition:
    """The protocol of the centre with this number (from 0): three formats in turn, each further round noisier by a tenth."""
    base = PROTOCOLS[centre % len(PROTOCOLS)]
    turn = centre // len(PROTOCOLS)
    return replace(base, noise_hu=base.noise_hu * (1 + 0.1 * turn), offset_hu=base.offset_hu + 3.0 * turn)
