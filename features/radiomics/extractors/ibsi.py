"""The features of IBSI-1 behind the Extractor interface, by our own engine: every column carries its IBSI code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import ClassVar, Literal

from pydantic import Field

from features.core.extractor import Extractor
from features.core.recipe import FixedBinCount, FixedBinWidth, Recipe
from features.core.region import Region
from features.core.table import Column
from features.radiomics.ibsi1.compute import FAMILIES, FamilyName, compute_features, entries
from features.radiomics.ibsi1.feature import MEANING, Aggregation
from features.radiomics.ibsi1.settings import IbsiSettings

VALUES = "1"  # to be raised when a value changes


class Ibsi(Extractor):
    """Zwanenburg et al., Radiology 2020;295:328. The region is already resampled and re-segmented by the recipe.

    families: which ones. aggregations: of textures; a family takes those that it has. ivh: bins of the intensity-volume
    histogram; None: whole intensities where the recipe rounds them, else 1 HU, 0.1 SUV, or 1,000 bins of arbitrary units.
    Bins of a width begin at the lower bound of `resegment`. Derived images are not looked at.
    """

    kind: Literal["ibsi"] = "ibsi"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    families: tuple[FamilyName, ...] = Field(FAMILIES, min_length=1)
    aggregations: tuple[Aggregation, ...] = Field(("3D:avg", "3D"), min_length=1)
    ivh: FixedBinWidth | FixedBinCount | None = None

    @property
    def version(self) -> str:
        packages = "; ".join(f"{package} {version(package)}" for package in ("numpy", "scipy"))
        return f"ibsi {VALUES}; {packages}"

    def columns(self, recipe: Recipe) -> list[Column]:  # noqa: ARG002
        columns = []
        for entry in entries(self.families, self.aggregations):
            how = f", {MEANING[entry.aggregation]}" if entry.aggregation else ""
            columns.append(
                Column(
                    name=f"original_{entry.name}",
                    type="float64",
                    description=f"{entry.feature.name} of {entry.family}{how}: {entry.feature.formula}",
                    family=entry.family,
                    filter="original",
                    ibsi=entry.feature.ibsi,
                )
            )
        return columns

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        """Raises Rejected(TOO_MANY_BINS) for more than 1,024 different grey levels."""
        settings = IbsiSettings(
            discretise=recipe.discretise, ivh=self._ivh(recipe), bin_range=recipe.resegment or (None, None)
        )
        return [self._extract(region, settings) for region in regions]

    def _extract(self, region: Region, settings: IbsiSettings) -> Mapping[str, float]:
        found = compute_features(region, settings, families=self.families, aggregations=self.aggregations)
        return {f"original_{name}": value for name, value in found.items()}

    def _ivh(self, recipe: Recipe) -> FixedBinWidth | FixedBinCount | None:
        if self.ivh is not None:
            return self.ivh
        if recipe.unit == "arbitrary" or recipe.normalise is not None:
            return FixedBinCount(bin_count=1000)
        if recipe.unit == "HU":
            return None if recipe.round_intensities else FixedBinWidth(bin_width=1)
        return FixedBinWidth(bin_width=0.1)
