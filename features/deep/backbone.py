"""Backbone: a pretrained 2D network used as a frozen feature extractor. A subclass is one file with a checkpoint."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.preparation import Preparation
from features.core.region import Region
from features.deep.needed import check_installed, check_torch, torch_version
from features.deep.sampling import VERSION, View, sample_view

if TYPE_CHECKING:
    import torch

BATCH = 16  # every batch has this size (the last one is padded): values do not depend on what is computed together


class Backbone(Extractor):
    """Global average of the last convolutional maps, per view. Runs on a GPU where there is one, in float32."""

    block: ClassVar[Literal["radiomics", "deep"]] = "deep"
    batched: ClassVar[bool] = True
    size: ClassVar[int]  # input pixels per side
    width: ClassVar[int]  # features per view
    weights: ClassVar[str]  # sha-256 of the checkpoint
    modules: ClassVar[tuple[str, ...]] = ()  # of the packages that hold network and checkpoint

    views: tuple[View, ...] = Field(
        ("largest", "adjacent"),
        min_length=1,
        description="what the network is shown: the `largest` slice, or the largest and the two `adjacent` to it as three channels",
    )

    @field_validator("views")
    @classmethod
    def check_views(cls, views: tuple[View, ...]) -> tuple[View, ...]:
        if len(set(views)) < len(views):
            raise ValueError("a view stands twice")
        return views

    @abstractmethod
    def network(self) -> torch.nn.Module:
        """The network with its checked weights. Raises WeightsError."""

    @abstractmethod
    def forward(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """Features of pixels: (n, 3, size, size) in [0, 1] → (n, width)."""

    @cached_property
    def version(self) -> str:
        """Raises MachineError if a package is not installed: a refresh asks before it computes anything."""
        check_installed("torch", *self.modules)
        return f"{self.kind} {self.weights[:16]}; sampling {VERSION}; torch {torch_version()}"

    def columns(self, preparation: Preparation) -> list[Column]:
        return [
            Column(
                name=f"{view}_{i:04d}",
                type="float32",
                description=f"activation {i} of {self.kind} on the {view} view of {preparation.modality}",
                family=self.kind,
                filter=view,
            )
            for view in self.views
            for i in range(self.width)
        ]

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> list[Mapping[str, float]]:
        if preparation.window is None:
            raise ValueError("deep features need a recipe with a window")
        patches = [sample_view(region, view, preparation.window) for region in regions for view in self.views]
        features = self._forward(patches).reshape(len(regions), -1).astype(float)
        names = [column.name for column in self.columns(preparation)]
        return [dict(zip(names, row.tolist(), strict=True)) for row in features]

    def _forward(self, patches: Sequence[np.ndarray]) -> np.ndarray:
        check_torch()
        import torch
        from torch.nn.functional import interpolate

        network, device = _loaded(self)
        found = []
        for start in range(0, len(patches), BATCH):
            batch = torch.zeros(BATCH, 3, self.size, self.size)
            for i, patch in enumerate(patches[start : start + BATCH]):
                resized = interpolate(
                    torch.from_numpy(patch)[None], (self.size, self.size), mode="bilinear", antialias=True
                )
                batch[i] = resized[0]
            with torch.inference_mode():
                found.append(self.forward(network, batch.to(device)).cpu().numpy())
        return np.concatenate(found)[: len(patches)]


@lru_cache(maxsize=2)
def _loaded(backbone: Backbone) -> tuple[torch.nn.Module, torch.device]:
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return backbone.network().eval().to(device), device
