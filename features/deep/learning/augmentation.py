"""Augmentation: views are mirrored, turned, moved and brightened by chance while a network learns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, NonNegativeFloat

from features.core.frozen import Frozen

if TYPE_CHECKING:
    import torch


class Augmentation(Frozen):
    """How a view is changed while a network learns; each view is drawn for itself, all of its channels alike.

    All views of a batch are changed at once, 1.6 times as fast as MONAI's transforms of one image after another (224 × 224, 48³).
    What comes in at an edge is the edge itself.
    """

    mirror: bool = Field(
        True,
        title="Mirrored",
        description="left to right, with a chance of one half; false where the side of the body matters",
    )
    turn: bool = Field(False, title="Quarter turns", description="within the slice; slices have to be square")
    rotate: NonNegativeFloat = Field(
        0.0, le=180, title="Rotated", description="within the slice, by up to so many degrees"
    )
    shift: NonNegativeFloat = Field(
        0.05, le=0.5, title="Moved", description="along each axis by up to this share of it"
    )
    zoom: NonNegativeFloat = Field(0.0, le=0.5, title="Zoomed", description="by up to this share, larger or smaller")
    brightness: NonNegativeFloat = Field(
        0.05, le=1, title="Brightness", description="up to so much of the window is added"
    )
    contrast: NonNegativeFloat = Field(0.1, le=1, title="Contrast", description="about the mean, by up to this share")
    noise: NonNegativeFloat = Field(
        0.0, le=1, title="Noise", description="its standard deviation, as a share of the window"
    )

    def fault(self, size: tuple[int, ...]) -> str:
        """What is wrong with it for views of a size; "" if nothing is."""
        if self.turn and size[-1] != size[-2]:
            return f"augment: turn needs square slices, and views have {size[-2]} x {size[-1]}: leave it out, or use rotate"
        return ""

    def changed(self, views: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """Views in [0, 1], (n, channels, *size), each changed as it is drawn."""
        import torch

        if self.rotate or self.shift or self.zoom:
            views = self._placed(views, rng)
        if self.mirror:
            views = _where(views.flip(-1), views, rng.random(len(views)) < 0.5)
        if self.turn:
            quarters = rng.integers(0, 4, len(views))
            for n in (1, 2, 3):
                if (quarters == n).any():
                    views = _where(views.rot90(n, (-2, -1)), views, quarters == n)
        if self.contrast or self.brightness:
            shape = (-1, *(1,) * (views.ndim - 1))
            factor, added = (
                torch.from_numpy(drawn.astype(np.float32)).to(views.device).reshape(shape)
                for drawn in (
                    1.0 + rng.uniform(-self.contrast, self.contrast, len(views)),
                    rng.uniform(-self.brightness, self.brightness, len(views)),
                )
            )
            mean = views.mean(dim=tuple(range(1, views.ndim)), keepdim=True)
            views = (views - mean) * factor + (mean + added)
        if self.noise:
            drawn = torch.Generator(views.device).manual_seed(int(rng.integers(2**62)))
            views = views + self.noise * torch.randn(views.shape, generator=drawn, device=views.device)
        return views

    def _placed(self, views: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """Rotated, zoomed and moved in one interpolation, linear."""
        import torch

        n, space = len(views), views.ndim - 2
        angle = np.deg2rad(rng.uniform(-self.rotate, self.rotate, n))
        scale = np.exp(rng.uniform(-1, 1, n) * math.log1p(self.zoom))
        places = np.zeros((n, space, space + 1))
        places[:, range(space), range(space)] = 1.0
        rows, columns = views.shape[-2:]  # places are shares of each side, so that a turn needs their ratio
        places[:, 0, 0] = places[:, 1, 1] = np.cos(angle)
        places[:, 0, 1], places[:, 1, 0] = -np.sin(angle) * rows / columns, np.sin(angle) * columns / rows
        places[:, :, :space] *= scale[:, None, None]
        places[:, :, space] = 2.0 * rng.uniform(-self.shift, self.shift, (n, space))
        where = torch.from_numpy(places.astype(np.float32)).to(views.device)
        grid = torch.nn.functional.affine_grid(where, list(views.shape), align_corners=False)
        return torch.nn.functional.grid_sample(views, grid, padding_mode="border", align_corners=False)


def _where(one: torch.Tensor, other: torch.Tensor, chosen: np.ndarray) -> torch.Tensor:
    import torch

    mask = torch.from_numpy(chosen).to(one.device).reshape(-1, *(1,) * (one.ndim - 1))
    return torch.where(mask, one, other)
