"""Family: one family of handcrafted features, such as glcm. The folder `families` is the registry."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from features.core.kinds.registry import Kind, Registry

if TYPE_CHECKING:
    from features.radiomics.dialects.roi import Roi


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: its name, its IBSI code ("" where IBSI defines none or another one), and its formula in words.

    deprecated: it is a function of other features, as in pyradiomics, and given only where it is named.
    """

    name: str
    ibsi: str
    formula: str
    deprecated: bool = False


class Family(Kind):
    """Computes the features of a family. The values are pyradiomics' where it defines them."""

    FEATURES: ClassVar[tuple[Feature, ...]]
    of_shape: ClassVar[bool] = False  # True: depends on the mask alone, so that it is computed once

    @abstractmethod
    def compute(self, roi: Roi) -> Mapping[str, float]:
        """Each feature by its name; NaN where it is undefined for this ROI."""


FAMILIES: Registry[Family] = Registry(Family, "features.radiomics.families")
