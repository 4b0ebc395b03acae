"""Extractor: turns a prepared region into named numbers. Handcrafted families and pretrained networks are both Extractors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from features.core.case import Unit
from features.core.column import Column
from features.core.kinds.filter import Filter
from features.core.kinds.preparation import Preparation
from features.core.kinds.registry import Kind, Registry
from features.core.region import Region

Values = Mapping[str, float | str]


class Extractor(Kind):
    """Turns a prepared Region into named numbers; text only in columns that are facts.

    Feature names are stable and sorted by `columns`; a feature that is undefined for a region is NaN, never made up.
    units: of the images that it is for; None: any. reach_mm: how far beyond the ROI it looks.
    """

    block: ClassVar[Literal["radiomics", "deep"]]
    units: ClassVar[tuple[Unit, ...] | None] = None
    reach_mm: ClassVar[float] = 0.0
    batched: ClassVar[bool] = False  # True: one process feeds a device with large batches; False: a process per core

    @property
    @abstractmethod
    def version(self) -> str:
        """Version of everything that decides the values: library versions, weights."""

    @abstractmethod
    def columns(self, preparation: Preparation) -> list[Column]:
        """One dictionary entry per feature, in order, without the kind and recipe prefix."""

    @abstractmethod
    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> Sequence[Values]:
        """Features of each prepared region, in order.

        Raises Rejected if a region cannot be extracted; a batched extractor gets regions that were checked before.
        """

    def applies(self, one: Filter) -> bool:  # noqa: ARG002
        """Whether it can extract features of the images that a filter derives; what ignores filters applies all."""
        return True

    def warm(self, preparation: Preparation) -> None:
        """Load the libraries that `extract` needs: a worker does so while it waits for its first scan."""

    def extract(self, region: Region, preparation: Preparation) -> Values:
        """Features of one prepared region."""
        return self.extract_batch([region], preparation)[0]


EXTRACTORS: Registry[Extractor] = Registry(Extractor, "features.radiomics.extractors", "features.deep.backbones")
