"""local_intensity (IBSI 9ST6): the mean intensity within spheres of 1 cm³, whatever the mask says of their voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.ibsi import SPHERE_MM
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.families.family import Family
from features.radiomics.formulas.slices import Values
from features.radiomics.voxels.spheres import sphere_means


class LocalIntensity(Family):
    """Of several voxels with the highest intensity, the one of the highest mean counts.

    The image has to reach 6.2 mm beyond the ROI where there is more of it; where it ends, spheres are cut.
    """

    kind: Literal["local_intensity"] = "local_intensity"

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:  # noqa: ARG002
        region = roi.region
        means = sphere_means(region.volume.array, region.mask, region.volume.spacing_mm, SPHERE_MM, region.within)
        return {None: [float(means[roi.values == roi.values.max()].max()), float(means.max())]}
