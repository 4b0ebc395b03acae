"""Local intensity (IBSI 9ST6): the mean intensity within spheres of 1 cm³, whatever the mask says of their voxels."""

from __future__ import annotations

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Feature
from features.radiomics.voxels.spheres import sphere_means

FEATURES = (
    Feature("local_intensity_peak", "VJGA", "loc_peak_loc", "mean in 1 cm³ round the highest intensity of the ROI"),
    Feature("global_intensity_peak", "0F91", "loc_peak_glob", "highest mean in 1 cm³ round a voxel of the ROI"),
)


def compute(roi: IbsiRoi) -> list[float]:
    """Values of FEATURES. Of several voxels with the highest intensity, the one of the highest mean counts.

    The image has to reach 6.2 mm beyond the ROI where there is more of it; where it ends, spheres are cut.
    """
    means = sphere_means(roi.region)
    return [float(means[roi.values == roi.values.max()].max()), float(means.max())]
