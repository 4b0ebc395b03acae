"""Attribution: where in what a network is shown the score of a case comes from. A subclass is one file."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from features.core.kinds.registry import Kind, Registry

if TYPE_CHECKING:
    import torch


class Explained(Protocol):
    """A network, and how its output becomes the score of one case, of which all else stays as it is."""

    @property
    def before(self) -> int:
        """Tokens before those of places, of transformers."""
        ...

    def maps(self, views: torch.Tensor) -> Sequence[torch.Tensor]:
        """Of views (n, channels, *size) in [0, 1] what makes the score: maps (n, c, *places), tokens (n, tokens, c), or (n, c)."""
        ...

    def score(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """The score, (), of the maps of all views of the case; gradients flow through it."""
        ...

    def aligned(self, maps: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        """Those of the maps that lie as the views do: none that is of a view mirrored or turned."""
        ...

    def scores(self, views: torch.Tensor, place: int, changed: torch.Tensor) -> NDArray[np.float64]:
        """(k,): the score as each of k changed views (k, channels, *size) stands in the place of one of the views."""
        ...


@dataclass(frozen=True, eq=False)
class Attributed:
    """values: (views, channels, *size), as what the network is shown; above 0 where it raises the score, below where it lowers it.

    gap: what the values leave unexplained of the difference that they should add up to, as a share of it; None of kinds whose
    values add up to nothing.
    """

    values: NDArray[np.float32]
    gap: float | None = None


class Attribution(Kind):
    """Makes a map of what a network is shown. Maps say where, never why."""

    signed: ClassVar[bool]  # whether values below 0 mean that a place lowers the score
    slopes: ClassVar[bool]  # whether it needs gradients of the network and of what makes the score

    @abstractmethod
    def explain(self, explained: Explained, views: torch.Tensor) -> Attributed:
        """The map of a case. views: (n, channels, *size) in [0, 1]. Raises RadweaveError where the kind cannot say anything."""


ATTRIBUTIONS: Registry[Attribution] = Registry(Attribution, "features.deep.attributions")


def slopes_of(score: torch.Tensor, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """How the score changes with each of the inputs, of their shapes. Raises RadweaveError if nothing tells that."""
    import torch

    if not score.requires_grad:
        raise RadweaveError("the network gives no gradients (it is run by onnxruntime): take occlusion")
    found = torch.autograd.grad(score, list(inputs), allow_unused=True)
    return [torch.zeros_like(one) if slope is None else slope for one, slope in zip(inputs, found, strict=True)]
