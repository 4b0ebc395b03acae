"""habitats: parts of the ROI of alike intensity, found by k-means: how large they are and how bright."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, NonNegativeInt, SerializeAsAny

from features.core.bounds import MOST_FILTERS
from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.filter import FILTERS, Filter, Source
from features.core.kinds.preparation import Preparation
from features.core.region import Region

STARTS = 10  # k-means from so many starts; the best is taken
AnyFilter = Annotated[SerializeAsAny[Filter], BeforeValidator(FILTERS.parse)]


class Habitats(Extractor):
    """Lloyd's k-means of the voxels of each ROI by itself, numbered from the lowest to the highest mean intensity.

    Voxels are told apart by their intensity, and by those of the images that `filters` derive, each scaled to a standard
    deviation of 1 in the ROI. Equal regions give equal habitats. A ROI with fewer distinct voxels than habitats has none:
    all features are NaN.
    """

    kind: Literal["habitats"] = "habitats"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    number: int = Field(3, ge=2, le=20, description="how many habitats there are")
    seed: NonNegativeInt = Field(0, description="seed of the first cluster centres")
    filters: tuple[AnyFilter, ...] = Field(
        (), max_length=MOST_FILTERS, description="derived images that also tell voxels apart"
    )

    @cached_property
    def version(self) -> str:
        return f"1; scikit-learn {version('scikit-learn')}; numpy {version('numpy')}"

    def columns(self, preparation: Preparation) -> list[Column]:
        unit = "" if preparation.measured_unit == "arbitrary" else preparation.measured_unit
        found = []
        for i in range(1, self.number + 1):
            place = f"habitat {i} of {self.number}, in the order of mean intensity"
            found += [_column(f"fraction_{i}", f"Share of the ROI's voxels in {place}", "")]
            found += [_column(f"mean_{i}", f"Mean intensity of {place}", unit)]
        return found

    def warm(self, preparation: Preparation) -> None:  # noqa: ARG002
        import sklearn.cluster  # noqa: F401

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> list[Mapping[str, float]]:
        names = [column.name for column in self.columns(preparation)]
        return [dict(zip(names, self._values(region), strict=True)) for region in regions]

    def _values(self, region: Region) -> list[float]:
        intensities = region.values.astype(np.float64)
        habitat = self._habitat(region)
        if habitat is None:
            return [math.nan] * 2 * self.number
        counts = np.bincount(habitat, minlength=self.number)
        means = np.bincount(habitat, intensities, minlength=self.number) / counts
        order = np.argsort(means, kind="stable")
        return [float(x) for i in order for x in (counts[i] / intensities.size, means[i])]

    def _habitat(self, region: Region) -> NDArray[np.int32] | None:
        """Number of the habitat of each voxel of the ROI, in any order; None if there are too few distinct voxels."""
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        voxels = self._voxels(region)
        if len(np.unique(voxels, axis=0)) < self.number:
            return None
        with threadpool_limits(limits=1):  # sums of several threads come in any order
            found = KMeans(self.number, n_init=STARTS, random_state=self.seed).fit(voxels)
        labels: NDArray[np.int32] = found.labels_
        return labels if len(np.unique(labels)) == self.number else None

    def _voxels(self, region: Region) -> NDArray[np.float64]:
        """(voxels of the ROI, images), each image scaled to a mean of 0 and a standard deviation of 1."""
        from features.core.box import bounding_box  # what computes is imported late: a recipe only declares

        box = bounding_box(region.mask)
        inside = region.mask[box]
        source = Source(region.volume.array, region.volume.spacing_mm, box)
        images = [region.values.astype(np.float64)]
        images += [image[inside] for filter_ in self.filters for _, image in filter_.derive(source)]
        voxels = np.column_stack(images)
        spread = voxels.std(axis=0)
        return np.asarray((voxels - voxels.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _column(name: str, description: str, unit: str) -> Column:
    return Column(name, "float64", description, unit=unit, family="habitats", filter="original")
