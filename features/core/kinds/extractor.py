"""Extractor: turns a prepared region into named numbers. Handcrafted families and pretrained networks are both Extractors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from features.core.case import Unit
from features.core.column import Column
from features.core.kinds.filter import Filter
from features.core.kinds.preparation import Preparation
from features.core.kinds.registry import Kind, Registry, Short
from features.core.kinds.sampling import Pixels, Shown
from features.core.quarantine import Rejected
from features.core.region import Region

Values = Mapping[str, float | str]


class Extractor(Kind):
    """Turns a prepared Region into named numbers; text only in columns that are facts.

    Feature names are stable and sorted by `columns`; a feature that is undefined for a region is NaN, never made up.
    block: where its columns stand in the mart. gives: the block of a study that it is for, where that is another one. units: of
    the images that it is for; None: any. reach_mm: how far beyond the ROI it looks.
    """

    block: ClassVar[Literal["radiomics", "deep"]]
    gives: ClassVar[str] = ""
    units: ClassVar[tuple[Unit, ...] | None] = None
    reach_mm: ClassVar[float] = 0.0
    batched: ClassVar[bool] = False  # True: one process feeds a device with large batches; False: a process per core

    @property
    def study_block(self) -> str:
        """The block that sets of a study name for what it gives."""
        return self.gives or self.block

    @property
    def word(self) -> str:
        """What begins the names of its columns; one extractor of a recipe has it."""
        return self.kind

    @property
    def said(self) -> str:
        """What the methods of a study say of it, as part of a sentence; "" where its name tells enough."""
        return ""

    @property
    def mark(self) -> str:
        """What every table of its results must say of it, in capital letters; "" of most."""
        return ""

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What a network is shown of each region: it is made beforehand and kept. None for what measures the region itself."""
        return ()

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

    def require(self) -> None:
        """Raises MachineError if a package or a checkpoint that it needs is not here, RadweaveError if a setting of its device is
        none: a refresh asks before it computes.
        """
        _ = self.version

    def check_device(self) -> None:
        """Raises MachineError if a device is demanded that this process has not: asked first where this process feeds it."""

    def extract_samples(self, samples: Sequence[Sequence[Pixels]]) -> Sequence[Values | Rejected]:
        """Features of each region by what is shown of it, in the order of `shown`: arrays (views, channels, *size).

        Two threads may call it at a time.
        """
        raise NotImplementedError(f"{self.kind} measures regions")

    def check(self, preparation: Preparation) -> None:
        """Raises ValueError if it is not for regions that are prepared so."""

    def applies(self, one: Filter) -> bool:  # noqa: ARG002
        """Whether it can extract features of the images that a filter derives; what ignores filters applies all."""
        return True

    def warm(self, preparation: Preparation) -> None:
        """Load the libraries that `extract` needs: a worker does so while it waits for its first scan."""

    def extract(self, region: Region, preparation: Preparation) -> Values:
        """Features of one prepared region."""
        return self.extract_batch([region], preparation)[0]


EXTRACTORS: Registry[Extractor] = Registry(
    Extractor,
    "features.radiomics.extractors",
    "features.deep.extractors",
    short=Short("features.deep.cards", "network", "weights"),
)
