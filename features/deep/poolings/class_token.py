"""class_token: the token of a transformer that stands for the whole image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from features.deep.pooling import Pooling, numbered

if TYPE_CHECKING:
    import torch


class ClassToken(Pooling):
    """The first token, of transformers that have one before those of places. Not for maps."""

    kind: Literal["class_token"] = "class_token"

    def names(self, channels: int, dimensions: Literal[2, 3]) -> tuple[str, ...]:  # noqa: ARG002
        return numbered(channels)

    def pool(self, maps: torch.Tensor, *, before: int = 0, dimensions: int = 2) -> torch.Tensor:  # noqa: ARG002
        """Raises ValueError for what has no class token."""
        if maps.ndim != 3 or before < 1:
            raise ValueError(self.fault(0))
        return maps[:, 0]

    def fault(self, before: int) -> str:
        return "" if before else "the pooling class_token needs a transformer with a class token: take average"
