"""occlusion: how far the score falls as a box of what is shown is covered (Zeiler and Fergus, ECCV 2014)."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from features.deep.attribution import Attributed, Attribution, Explained

if TYPE_CHECKING:
    import torch

TOGETHER = 16  # covered views that are run at once


class Occlusion(Attribution):
    """Needs no gradients, so it serves any network and any model; one run of the network for each place of the box.

    The box covers all channels of a view. A pixel has the mean over the boxes that cover it; all channels have the same map.
    """

    kind: Literal["occlusion"] = "occlusion"
    signed: ClassVar[bool] = True
    slopes: ClassVar[bool] = False

    side: float = Field(0.25, gt=0, le=0.5, description="of the box, as a share of each side of a view")
    stride: float = Field(
        0.125, gt=0, le=0.5, description="from one place of the box to the next at most, as a share likewise"
    )
    fill: Literal["floor", "mean"] = Field(
        "mean", description="what covers: the floor of the window, or the mean of each channel of the view"
    )

    @model_validator(mode="after")
    def check_stride(self) -> Occlusion:
        if self.stride > self.side:
            raise ValueError(
                f"stride {self.stride:g} is more than the side {self.side:g}: places between boxes would have no value"
            )
        return self

    def explain(self, explained: Explained, views: torch.Tensor) -> Attributed:
        import torch

        size = tuple(views.shape[2:])
        boxes = list(product(*(_spans(length, self.side, self.stride) for length in size)))
        found = np.zeros((len(views), 1, *size))
        covered = np.zeros(size)
        for box in boxes:
            covered[box] += 1
        with torch.no_grad():
            for place, view in enumerate(views):
                (whole,) = explained.scores(views, place, view[None])
                fill = view.flatten(1).mean(dim=1).reshape(-1, *(1,) * len(size)) if self.fill == "mean" else 0.0
                for start in range(0, len(boxes), TOGETHER):
                    part = boxes[start : start + TOGETHER]
                    changed = view[None].repeat(len(part), *(1,) * view.ndim)
                    for one, box in zip(changed, part, strict=True):
                        one[(slice(None), *box)] = fill
                    for score, box in zip(explained.scores(views, place, changed), part, strict=True):
                        found[place, 0][box] += whole - score
        values = np.broadcast_to(found / covered, views.shape).astype(np.float32)
        return Attributed(values)


def _spans(length: int, side: float, stride: float) -> list[slice]:
    """Evenly from one end of an axis to the other."""
    own, step = max(1, round(side * length)), max(1, round(stride * length))
    number = math.ceil((length - own) / step) + 1
    return [slice(round(start), round(start) + own) for start in np.linspace(0, length - own, number)]
