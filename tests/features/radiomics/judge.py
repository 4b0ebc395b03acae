"""pyradiomics as the judge: what its feature classes say of a ROI, and how far our values are from it."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import Roi
from features.radiomics.families.family import FAMILIES

# What pyradiomics makes up where a figure is undefined, by family and feature; ours are NaN there.
MADE_UP = {
    ("glcm", "Correlation"),
    ("glcm", "Imc1"),
    ("glcm", "Imc2"),
    ("glcm", "MCC"),
    ("firstorder", "Skewness"),
    ("firstorder", "Kurtosis"),
}
ROUNDING = 1e-12  # of what pyradiomics computes with a small number added to avoid log(0)


def judged(roi: Roi, family: str) -> dict[str, float]:
    """pyradiomics' values of one family."""
    import SimpleITK as sitk
    from radiomics.featureextractor import getFeatureClasses

    image, mask = sitk.GetImageFromArray(roi.image), sitk.GetImageFromArray(roi.mask.astype(np.uint8))
    for one in (image, mask):
        one.SetSpacing(roi.spacing_mm)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            judge = getFeatureClasses()[family](image, mask, **_options(roi))
            judge.enableAllFeatures()
            for feature in FEATURES[family]:
                judge.enableFeatureByName(feature.name)
            found = judge.execute()
    finally:
        logging.disable(logging.NOTSET)
    return {name: float(np.real(value)) for name, value in found.items()}  # complex under some BLAS kernels


def distances(roi: Roi, family: str) -> dict[str, float]:
    """Relative difference of each feature; infinite where only one of the two has a value that it does not make up."""
    theirs, ours = judged(roi, family), FAMILIES.parse(family).by_pyradiomics(roi)
    assert list(ours) == sorted(theirs, key=list(ours).index)
    return {name: _distance(family, name, ours, theirs) for name in theirs}


def _distance(family: str, name: str, ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    own, other = ours[name], theirs[name]
    if math.isnan(own) and (math.isnan(other) or (family, name) in MADE_UP):
        return 0.0
    if math.isnan(own) or math.isnan(other):
        return math.inf
    if name.startswith("Imc"):  # close to 0 both are roots and differences of rounding
        return abs(own * abs(own) - other * abs(other)) / max(other**2, 1e-3)
    floor = 1e-2 if name in ("ClusterShade", "Skewness") else ROUNDING / 1e-6  # third powers that cancel out
    return abs(own - other) / max(abs(other), floor)


def _options(roi: Roi) -> dict[str, Any]:
    settings = roi.settings
    return {
        "binWidth": settings.bin_width,
        "binCount": settings.bin_count,
        "distances": list(settings.distances),
        "symmetricalGLCM": settings.symmetrical,
        "weightingNorm": settings.weighting,
        "gldm_a": settings.dependence,
        "voxelArrayShift": settings.array_shift,
        "force2D": settings.flat,
        "force2Ddimension": settings.flat_axis,
    }
