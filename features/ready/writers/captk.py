"""CaPTk: columns named `MODALITY_ROI_FAMILY_PARAMETERS_FEATURE`, such as `T1_ET_GLCM_Bins-16_Radius-1_Contrast`.

That is the form of CaPTk 1.8 and 1.9 with one row per subject (its output with one row per feature is no such table).
Source: CBICA/CaPTk, src/applications/FeatureExtraction (FeatureExtraction.hxx, MorphologicFeatures.h) and its
cbicaStatistics.h; the public table of UPENN-GBM for the parameters. Older versions write no parameters, and some names
with a mistake (`Coarsness`).
"""

from __future__ import annotations

import re
from typing import Literal

from features.core.column import Column
from features.core.kinds.writer import Writer
from features.radiomics.dialects.feature import Feature
from features.radiomics.names import ORIGINAL
from features.ready.ibsi import by_name

_FAMILIES = {
    "Intensity": "intensity_statistics",
    "Histogram": "intensity_histogram",
    "Volumetric": "morphology",
    "Morphologic": "morphology",
    "GLCM": "glcm",
    "GLRLM": "glrlm",
    "GLSZM": "glszm",
    "NGTDM": "ngtdm",
    "NGLDM": "ngldm",
    "LBP": "lbp",
}
_NAME = re.compile(
    rf"(?P<modality>[A-Za-z0-9]+)_(?P<roi>[A-Za-z0-9-]+)_(?P<family>{'|'.join(_FAMILIES)})"
    r"(?P<parameters>(?:_(?:Bins|Radius|Neighborhood|Style)[-_][\d.]+)*)_(?P<feature>[A-Za-z]\w*(?:-\d+\w*)?)"
)
# Names of CaPTk for IBSI's features of the same formula; other names are IBSI's own in other letters.
_SAME = {
    ("intensity_statistics", "TenthPercentile"): "10th_percentile",
    ("intensity_statistics", "NinetiethPercentile"): "90th_percentile",
    ("intensity_statistics", "RobustMeanAbsoluteDeviation1090"): "robust_mean_absolute_deviation",
    ("intensity_statistics", "QuartileCoefficientOfVariation"): "quartile_coefficient_of_dispersion",
    ("morphology", "PhysicalSize"): "approximate_volume",
    ("morphology", "Volume"): "approximate_volume",
    ("glcm", "Energy"): "angular_second_moment",
    ("glcm", "Entropy"): "joint_entropy",
    ("glcm", "Homogeneity"): "inverse_difference_moment",
    ("glrlm", "ShortRunEmphasis"): "short_runs_emphasis",
    ("glszm", "LowGreyLevelEmphasis"): "low_grey_level_zone_emphasis",
    ("glszm", "HighGreyLevelEmphasis"): "high_grey_level_zone_emphasis",
    ("glszm", "GreyLevelNonUniformityNormalized"): "normalised_grey_level_non_uniformity",
    ("glszm", "ZoneSizeNoneUniformityNormalized"): "normalised_zone_size_non_uniformity",
    ("glszm", "ZoneSizeNonUniformityNormalized"): "normalised_zone_size_non_uniformity",
    ("ngtdm", "Coarsness"): "coarseness",
    ("ngtdm", "Constrast"): "contrast",
}
# Of these CaPTk says itself that they are not IBSI's.
_NOT_IBSI = re.compile(
    r"glcm .*Correlation.*|glrlm (?:LongRun|GreyLevelNonUniformity|RunLengthNonUniformity|TotalRuns|RunPercentage).*",
    re.I,
)
# What other features are by CaPTk's code, or by ITK's. IBSI has features of these names that are others.
_OTHERWISE = {
    ("intensity_statistics", "MeanAbsoluteDeviation"): "mean of the differences to the mean with their signs: rounding",
    ("intensity_statistics", "MedianAbsoluteDeviation"): "mean less median",
    ("intensity_statistics", "Variance"): "sum of the squared differences to the mean by n - 1",
    ("intensity_statistics", "StandardDeviation"): "square root of the variance, which is by n - 1",
    (
        "intensity_statistics",
        "Skewness",
    ): "third central moment by the cube of the standard deviation, which is by n - 1",
    (
        "intensity_statistics",
        "Kurtosis",
    ): "fourth central moment by the square of the variance, which is by n - 1; not less 3",
    ("intensity_statistics", "CoefficientOfVariation"): "standard deviation, which is by n - 1, by the mean",
    ("morphology", "Elongation"): "square root of the largest by the second moment along principal axes: at least 1",
    ("morphology", "Flatness"): "square root of the second by the least moment along principal axes: at least 1",
}


class Captk(Writer):
    """IBSI codes where the formula in CaPTk's code is IBSI's. Shapes are ITK's and have none, the voxels' volume apart.

    Of histograms it is not known what stands for a level: no codes. A feature of one direction (`_Offset_3`) has none. The
    ROI is in `roi`, the image as the user named it (T1, FLAIR) in the description.
    """

    kind: Literal["captk"] = "captk"

    def feature(self, name: str) -> Column | None:
        found = _NAME.fullmatch(name)
        if not found:
            return None
        family, word = _FAMILIES[found["family"]], found["feature"]
        known = _known(family, word)
        formula = known.formula if known else _OTHERWISE.get((family, word), "")
        said = [f"{word} of {family}", *found["parameters"].split("_")[1:], f"on {found['modality']}"]
        return Column(
            name=name,
            type="float64",
            description=", ".join(said) + (f": {formula}" if formula else ""),
            unit=known.unit if known and "image" not in known.unit else "",
            family=family,
            filter=ORIGINAL,
            ibsi=known.ibsi if known else "",
            modality={"CT": "CT", "MR": "MR", "PET": "PT", "PT": "PT"}.get(found["modality"], ""),
            roi=found["roi"],
        )

    def is_diagnostic(self, name: str) -> bool:
        return name == "SubjectID"


def _known(family: str, word: str) -> Feature | None:
    if (family, word) in _SAME:
        return by_name(family, _SAME[family, word])
    other = (family, word) in _OTHERWISE or _NOT_IBSI.fullmatch(f"{family} {word}")
    return None if other or family in ("intensity_histogram", "morphology") else by_name(family, word)
