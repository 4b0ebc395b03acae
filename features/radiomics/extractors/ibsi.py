"""ibsi: the features of IBSI-1 under their own names, by our own engine. Every column carries its IBSI code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import ClassVar, Literal

from pydantic import Field

from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.filter import Source
from features.core.kinds.preparation import Bins, FixedBinCount, FixedBinWidth, Preparation
from features.core.region import Region, Volume
from features.radiomics.dialects.aggregation import MEANING, Aggregation
from features.radiomics.dialects.ibsi import NAMES, OF_DERIVED, SPHERE_MM, FamilyName, entries
from features.radiomics.dialects.settings import IbsiSettings
from features.radiomics.names import ORIGINAL, word

VALUES = "3"  # to be raised when a value changes


class Ibsi(Extractor):
    """Zwanenburg et al., Radiology 2020;295:328. The region is already resampled and re-segmented by the recipe.

    Bins of a width begin at the lower bound of `resegment`. Of the images that filters derive, the families of intensities
    and textures are computed (IBSI-2); their bins begin at the ROI's lowest response, and `ivh` None is 1,000 bins.
    """

    kind: Literal["ibsi"] = "ibsi"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    reach_mm: ClassVar[float] = SPHERE_MM
    families: tuple[FamilyName, ...] = Field(NAMES, min_length=1, description="families that are computed")
    aggregations: tuple[Aggregation, ...] = Field(
        ("3D:avg", "3D"),
        min_length=1,
        description="how textures of slices and directions become one; a family takes those that it has",
    )
    ivh: Bins | None = Field(
        None,
        description="bins of the intensity-volume histogram; null: 1 if the recipe rounds, else 1 HU, 0.1 SUV, or 1,000 bins",
    )

    @property
    def version(self) -> str:
        packages = "; ".join(f"{package} {version(package)}" for package in ("numpy", "scipy"))
        return f"ibsi {VALUES}; {packages}"

    def columns(self, preparation: Preparation) -> list[Column]:
        derived = [word(name) for one in preparation.filters for name in one.names()]
        columns = list(self._columns(ORIGINAL, self.families))
        return columns + [column for image in derived for column in self._columns(image, self._of_derived())]

    def _columns(self, image: str, families: Sequence[str]) -> Iterator[Column]:
        for entry in entries(families, self.aggregations):
            how = f", {MEANING[entry.aggregation]}" if entry.aggregation else ""
            yield Column(
                name=f"{image}_{entry.name}",
                type="float64",
                description=f"{entry.feature.name} of {entry.family}{how}: {entry.feature.formula}",
                family=entry.family,
                filter=image,
                ibsi=entry.feature.ibsi,
            )

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> list[Mapping[str, float]]:
        """Raises Rejected: TOO_MANY_BINS for more than 1,024 different grey levels, FILTER_SIZE."""
        return [self._extract(region, preparation) for region in regions]

    def _extract(self, region: Region, preparation: Preparation) -> Mapping[str, float]:
        from features.core.box import bounding_box  # what computes is imported late: a recipe only declares
        from features.radiomics.ibsi_features import compute_ibsi_features

        bounds = preparation.resegment or (None, None)
        settings = IbsiSettings(discretise=preparation.discretise, ivh=self._ivh(preparation), bin_range=bounds)
        values = compute_ibsi_features(region, settings, families=self.families, aggregations=self.aggregations)
        found = {f"{ORIGINAL}_{name}": value for name, value in values.items()}
        box = bounding_box(region.shape_mask, region.within)
        outline = None if region.outline is None else region.outline[box]
        source = Source(region.volume.array, region.volume.spacing_mm, box)
        settings = IbsiSettings(discretise=preparation.discretise, ivh=self.ivh or FixedBinCount(bin_count=1000))
        for one in preparation.filters:
            for name, array in one.derive(source):
                derived = Region(Volume(array, region.volume.spacing_mm), region.mask[box], outline)
                families = self._of_derived()
                values = compute_ibsi_features(derived, settings, families=families, aggregations=self.aggregations)
                found |= {f"{word(name)}_{key}": value for key, value in values.items()}
        return found

    def _of_derived(self) -> tuple[str, ...]:
        """The families that derived images have: local intensity needs the surroundings, shape is that of the ROI."""
        return tuple(family for family in self.families if family in OF_DERIVED)

    def _ivh(self, preparation: Preparation) -> FixedBinWidth | FixedBinCount | None:
        if self.ivh is not None:
            return self.ivh
        if preparation.measured_unit == "arbitrary":
            return FixedBinCount(bin_count=1000)
        if preparation.measured_unit == "HU":
            return None if preparation.round_intensities else FixedBinWidth(bin_width=1)
        return FixedBinWidth(bin_width=0.1)
