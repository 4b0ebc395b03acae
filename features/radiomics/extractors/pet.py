"""pet: what nuclear medicine reads off an uptake image: SUVmax, SUVmean, SUVpeak, metabolic volume, total glycolysis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from features.core.bounds import MOST_THRESHOLDS
from features.core.case import Unit
from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.preparation import Preparation
from features.core.region import Region
from features.radiomics.dialects.ibsi import SPHERE_MM

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
    reach_mm: ClassVar[float] = SPHERE_MM
    relative: tuple[Share, ...] = Field(
        (0.41, 0.5), max_length=MOST_THRESHOLDS, description="thresholds as shares of SUVmax"
    )
    fixed: tuple[PositiveFloat, ...] = Field((4.0,), max_length=MOST_THRESHOLDS, description="thresholds in SUV")

    @model_validator(mode="after")
    def check_thresholds_differ(self) -> Pet:
        names = self._thresholds()
        if len(set(names)) < len(names):
            raise ValueError("the same threshold stands twice")
        return self

    @property
    def version(self) -> str:
        return "1"

    def columns(self, preparation: Preparation) -> list[Column]:  # noqa: ARG002
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

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> list[Mapping[str, float]]:
        return [dict(zip((c.name for c in self.columns(preparation)), self._values(r), strict=True)) for r in regions]

    def _values(self, region: Region) -> list[float]:
        from features.radiomics.voxels.spheres import sphere_means  # what computes is imported late

        values = region.values.astype(np.float64)
        spacing_mm = region.volume.spacing_mm
        peaks = sphere_means(region.volume.array, region.mask, spacing_mm, SPHERE_MM, region.within)
        highest = float(values.max())
        found = [highest, float(values.mean()), float(peaks.max()), float(peaks[values == highest].max())]
        limits = [share * highest if highest > 0 else math.nan for share in self.relative]
        voxel_ml = float(np.prod(spacing_mm)) / 1000
        for limit in [*limits, *self.fixed]:
            above = values[values >= limit]
            known = math.isfinite(limit)
            found += [len(above) * voxel_ml, float(above.sum()) * voxel_ml] if known else [math.nan, math.nan]
        return found

    def _thresholds(self) -> list[str]:
        return [f"{_number(100 * share)}pct" for share in self.relative] + [f"suv{_number(suv)}" for suv in self.fixed]

    def _words(self) -> list[str]:
        return [f"{100 * share:g} % of SUVmax" for share in self.relative] + [f"SUV {suv:g}" for suv in self.fixed]


def _number(value: float) -> str:
    return f"{value:g}".replace(".", "_").replace("+", "").replace("-", "m")


def _column(name: str, description: str, unit: str, ibsi: str = "") -> Column:
    return Column(name, "float64", description, unit=unit, family="pet", filter="original", ibsi=ibsi)
