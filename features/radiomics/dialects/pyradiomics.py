"""pyradiomics' families and features, by its own names; the values of `Family.by_pyradiomics` go by them.

Source of the IBSI codes: Zwanenburg et al., Image biomarker standardisation initiative, reference manual
(arXiv:1612.07003). Features that IBSI does not define, or defines otherwise, have none: kurtosis (pyradiomics does not
subtract 3), maximum 2D diameters, total energy, standard deviation, MCC, and the axis lengths (pyradiomics divides the
covariance of voxel positions by n, the reference values by n - 1).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import WithJsonSchema

from features.radiomics.dialects.feature import family_in, read_features

FEATURES = read_features("pyradiomics.csv")
FamilyName = Annotated[str, family_in(FEATURES), WithJsonSchema({"type": "string", "enum": list(FEATURES)})]
OF_SHAPE = frozenset({"shape", "shape2D"})  # families that depend on the mask alone, so that they are computed once


def code_of(family: str, name: str) -> str:
    """A feature's IBSI code, "" if it has none."""
    return next((feature.ibsi for feature in FEATURES[family] if feature.name == name), "")


def names_of_figures(family: str) -> dict[str, str]:
    """Figure → name, of a family that counts grey levels against sizes of something."""
    return {feature.figure: feature.name for feature in FEATURES[family]}
