"""Family: one family of handcrafted features, such as glcm. The folder is the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.core.kinds.registry import Kind, Registry
from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.formulas.slices import Values


class Family(Kind):
    """Computes the features of a family by one dialect or both; what these call them stands in `dialects`.

    Both count on the same ground. Formulas stand twice where the dialects round otherwise, or say another thing.
    """

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        """Each feature by pyradiomics' name, with its value where it defines one; NaN where it is undefined for this ROI."""
        raise TypeError(f"{type(roi).__name__}: pyradiomics has no family {self.kind}")

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:
        """The features in IBSI's order, of textures in each of the wanted aggregations; NaN where undefined."""
        raise TypeError(f"{type(roi).__name__}: IBSI has no family {self.kind}, in {', '.join(wanted)}")


FAMILIES: Registry[Family] = Registry(Family, "features.radiomics.families")
