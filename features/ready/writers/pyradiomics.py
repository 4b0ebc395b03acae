"""pyradiomics: columns named `IMAGE_FAMILY_FEATURE`, such as `log-sigma-1-0-mm-3D_glcm_Contrast`, also behind a prefix.

Source: pyradiomics 3.1 (`featureextractor.py`, `scripts/`); its release notes and its page on removed features for what
names meant in version 1 (CHANGES.rst, docs/removedfeatures.rst).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from features.core.column import Column
from features.core.kinds.writer import Writer
from features.radiomics.dialects import ibsi
from features.radiomics.dialects.feature import Feature
from features.radiomics.dialects.pyradiomics import FEATURES
from features.ready.ibsi import is_change

# R writes `.` where a name of an image has `-`, and radweave `_`.
_NAME = re.compile(
    r"(?:(?P<prefix>.+)_)?"
    r"(?P<image>original|square|squareroot|logarithm|exponential|gradient|lbp[-._]2D|lbp[-._]3D[-._](?:m\d+|k)"
    r"|wavelet\d*[-._][LH]{1,3}|log[-._]sigma[-._]\d+(?:[-._]\d+)?[-._]mm(?:[-._][23]D)?)"
    r"_(?P<family>[a-z]+(?:2D)?)_(?P<feature>[A-Z0-9][A-Za-z0-9]*)"
)
_DIAGNOSTIC = re.compile(r"(?:.+_)?(?:diagnostics|general_info)_.+|Image|Mask|Label|Label_channel")
_MODALITY = re.compile(r"(?:^|[-._])(CT|MR|PT|PET)(?=$|[-._])")
# Names that pyradiomics had earlier, or has and computes no more: IBSI's feature of the same formula.
_EARLIER = {
    ("shape", "Volume"): ("morphology", "approximate_volume"),
    ("glcm", "AverageIntensity"): ("glcm", "joint_average"),
    ("glcm", "Dissimilarity"): ("glcm", "dissimilarity"),
    ("glcm", "Energy"): ("glcm", "angular_second_moment"),
    ("glcm", "Entropy"): ("glcm", "joint_entropy"),
    ("glcm", "Homogeneity1"): ("glcm", "inverse_difference"),
    ("glcm", "Homogeneity2"): ("glcm", "inverse_difference_moment"),
    ("glcm", "SumVariance"): ("glcm", "sum_variance"),
    ("glcm", "SumVariance2"): ("glcm", "sum_variance"),
    ("gldm", "GrayLevelNonUniformityNormalized"): ("ngldm", "normalised_grey_level_non_uniformity"),
}
_BEFORE_1_2 = "_glcm_SumVariance2"  # 1.2 gave this feature the name SumVariance
# What these names meant before 1.2, which is not IBSI's.
_OTHERWISE = {
    ("shape", "Compactness1"): "by a formula that 1.1.1 corrected",
    ("shape", "Elongation"): "the inverse of what it is since 1.2",
    ("shape", "Flatness"): "the inverse of what it is since 1.2",
    ("glcm", "SumVariance"): "around the sum entropy, not around the sum average",
}


class Pyradiomics(Writer):
    """IBSI codes are those of radweave's own extractor: a feature that IBSI defines otherwise (kurtosis) has none.

    Families that pyradiomics does not have (`gldzm` of a fork) are known by name alone. Units are those in which
    pyradiomics writes; the unit of intensities is not in a name.
    """

    kind: Literal["pyradiomics"] = "pyradiomics"

    def explain(self, header: Iterable[str]) -> dict[str, Column | None]:
        found = super().explain(header)
        if any(name.endswith(_BEFORE_1_2) for name in found):
            return {name: column and _before_1_2(column, self.kind) for name, column in found.items()}
        return found

    def feature(self, name: str) -> Column | None:
        found = _NAME.fullmatch(name)
        if not found:
            return None
        image, family, word = found["image"], found["family"], found["feature"]
        change = is_change(found["prefix"])
        known = None if change else _known(family, word)
        said = f"{word} of {family} on the {image} image" + (f", as {found['prefix']}" if change else "")
        modality = _MODALITY.search(found["prefix"] or "")
        return Column(
            name=name,
            type="float64",
            description=f"{said}: {known.formula}" if known else said,
            unit=known.unit if known and "image" not in known.unit else "",
            family=family,
            filter=image,
            ibsi=known.ibsi if known else "",
            modality=modality[1].replace("PET", "PT") if modality else "",
        )

    def is_diagnostic(self, name: str) -> bool:
        return _DIAGNOSTIC.fullmatch(name) is not None


def _known(family: str, name: str) -> Feature | None:
    if (family, name) in _EARLIER:
        family, name = _EARLIER[family, name]
        return next(one for one in ibsi.FEATURES[family] if one.name == name)
    return next((one for one in FEATURES.get(family, ()) if one.name == name), None)


def _before_1_2(column: Column, writer: str) -> Column:
    if column.version != writer:
        return column
    column = replace(column, version=f"{writer} before 1.2")
    meant = _OTHERWISE.get((column.family, column.name.rpartition("_")[2]))
    said = column.description.partition(":")[0]
    return replace(column, ibsi="", description=f"{said}: {meant}") if meant else column
