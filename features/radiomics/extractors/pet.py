"""pet: what nuclear medicine reads off an uptake image: SUVmax, SUVmean, SUVpeak, metabolic volume, total glycolysis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, model_validator

from features.core.case import Unit
from features.core.extractor import Extractor
from features.core.recipe import Recipe
from features.core.region import Region, Vector
from features.core.table import Column

PEAK_RADIUS_MM = 10 * (3 / (4 * math.pi)) ** (1 / 3)  # of a sphere of 1 cm³
Share = Annotated[float, Field(gt=0, lt=1)]


class Pet(Extractor):
    """Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328. Values are of the recipe's grid and its ROI.

    relative: thresholds as shares of SUVmax inside the ROI. fixed: thresholds in SUV. A voxel that equals a threshold is
    above it. MTV is the volume above a threshold inside the ROI in ml, TLG is that times its SUVmean, in g.
    SUVpeak as IBSI's global intensity peak (0F91): the highest mean of the 1 cm³ spheres round the voxels of the ROI;
    at the maximum as its local one (VJGA): the sphere round the hottest voxel, the highest of several. A voxel counts if
    its centre is in the sphere, also outside the ROI; spheres end where the image ends. If no voxel is above zero,
    thresholds relative to SUVmax are undefined.
    """

    kind: Literal["pet"] = "pet"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    units: ClassVar[tuple[Unit, ...] | None] = ("SUV",)
    reach_mm: ClassVar[float] = PEAK_RADIUS_MM
    relative: tuple[Share, ...] = Field((0.41, 0.5), description="thresholds as shares of SUVmax")
    fixed: tuple[PositiveFloat, ...] = Field((4.0,), description="thresholds in SUV")

    @model_validator(mode="after")
    def check_thresholds_differ(self) -> Pet:
        names = self._thresholds()
        if len(set(names)) < len(names):
            raise ValueError("the same threshold stands twice")
        return self

    @property
    def version(self) -> str:
        return "1"

    def columns(self, recipe: Recipe) -> list[Column]:  # noqa: ARG002
        columns = [
            _column("suv_max", "Highest SUV in the ROI", "SUV", "84IY"),
            _column("suv_mean", "Mean SUV of the ROI", "SUV", "Q4LE"),
            _column("suv_peak", "Highest mean SUV of a 1 cm³ sphere round a voxel of the ROI", "SUV", "0F91"),
            _column("suv_peak_at_max", "Mean SUV of the 1 cm³ sphere round the hottest voxel", "SUV", "VJGA"),
        ]
        for name, words in zip(self._thresholds(), self._words(), strict=True):
            columns.append(_column(f"mtv_{name}_ml", f"Metabolic tumour volume at {words} or more", "ml"))
            columns.append(_column(f"tlg_{name}_g", f"Total lesion glycolysis at {words} or more", "g"))
        return columns

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        return [dict(zip((c.name for c in self.columns(recipe)), self._values(r), strict=True)) for r in regions]

    def _values(self, region: Region) -> list[float]:
        values = region.values.astype(np.float64)
        peaks = sphere_means(region, PEAK_RADIUS_MM)
        highest = float(values.max())
        found = [highest, float(values.mean()), float(peaks.max()), float(peaks[values == highest].max())]
        limits = [share * highest if highest > 0 else math.nan for share in self.relative]
        voxel_ml = float(np.prod(region.volume.spacing_mm)) / 1000
        for limit in [*limits, *self.fixed]:
            above = values[values >= limit]
            known = math.isfinite(limit)
            found += [len(above) * voxel_ml, float(above.sum()) * voxel_ml] if known else [math.nan, math.nan]
        return found

    def _thresholds(self) -> list[str]:
        return [f"{_number(100 * share)}pct" for share in self.relative] + [f"suv{_number(suv)}" for suv in self.fixed]

    def _words(self) -> list[str]:
        return [f"{100 * share:g} % of SUVmax" for share in self.relative] + [f"SUV {suv:g}" for suv in self.fixed]


def sphere_means(region: Region, radius_mm: float) -> NDArray[np.float64]:
    """Mean intensity of the sphere round each voxel of the mask, in the order of the array; NaN if it meets a NaN."""
    offsets = _sphere(region.volume.spacing_mm, radius_mm)
    array = np.ascontiguousarray(region.volume.array, np.float64)
    return _means(array, np.argwhere(region.mask), offsets)  # type: ignore[no-any-return]


@njit(cache=True)
def _means(array: NDArray[np.float64], places: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    found = np.empty(len(places))
    depth, height, width = array.shape
    for i in range(len(places)):
        total, count = 0.0, 0
        for j in range(len(offsets)):
            z, y, x = places[i, 0] + offsets[j, 0], places[i, 1] + offsets[j, 1], places[i, 2] + offsets[j, 2]
            if 0 <= z < depth and 0 <= y < height and 0 <= x < width:
                total += array[z, y, x]
                count += 1
        found[i] = total / count
    return found


def _sphere(spacing_mm: Vector, radius_mm: float) -> NDArray[np.int64]:
    """Offsets (n, 3) in z, y, x of the voxels whose centre is at most a radius away."""
    axes = [np.arange(-int(radius_mm / step), int(radius_mm / step) + 1) for step in reversed(spacing_mm)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    away = ((grid * np.array(spacing_mm[::-1])) ** 2).sum(axis=1)
    return np.asarray(grid[away <= radius_mm**2])


def _number(value: float) -> str:
    return f"{value:g}".replace(".", "_").replace("+", "").replace("-", "m")


def _column(name: str, description: str, unit: str, ibsi: str = "") -> Column:
    return Column(name, "float64", description, unit=unit, family="pet", filter="original", ibsi=ibsi)
