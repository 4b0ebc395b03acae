"""Augment: a network is shown each view several times, mirrored, turned or moved a little; features are means over these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.frozen import Frozen
from features.core.wording import counted

if TYPE_CHECKING:
    import torch

Change = Callable[["torch.Tensor"], "torch.Tensor"]


class Augment(Frozen):
    """How a view is changed while features are extracted (test-time augmentation). Nothing of it is drawn by chance."""

    flips: bool = Field(False, description="mirrored left to right; patches of three dimensions from top to bottom too")
    turns: Literal[1, 2, 4] = Field(1, description="turned within the slice: 2: by half a turn, 4: by quarter turns")
    shifts: int = Field(
        0, ge=0, le=32, description="moved by so many pixels along each axis, to both sides; 0: not moved"
    )

    @property
    def said(self) -> str:
        """What is done, in words.

        >>> Augment(flips=True, turns=4, shifts=2).said
        'mirrored, turned by quarters, moved by 2 pixels (means over all)'
        """
        words = ["mirrored"] * self.flips + {1: [], 2: ["turned by half"], 4: ["turned by quarters"]}[self.turns]
        words += [f"moved by {counted(self.shifts, 'pixel')}"] if self.shifts else []
        return f"{', '.join(words) or 'as they are'} (means over all)"

    def changes(self, dimensions: Literal[2, 3]) -> tuple[Change, ...]:
        """Functions of views (n, c, *space), the first of which leaves them as they are.

        Mirrored and turned in all combinations, and moved without being mirrored or turned; what comes in at an edge is the edge
        itself.
        """
        space = range(-dimensions, 0)
        axes = [(), (-1,), (-3,), (-1, -3)] if dimensions == 3 else [(), (-1,)]
        quarters = range(0, 4, 4 // self.turns)
        turned = [partial(_turned, axes=own, quarters=n) for own, n in product(axes if self.flips else [()], quarters)]
        moved = [partial(_moved, axis=axis, by=by) for axis in space for by in (self.shifts, -self.shifts) if by]
        return (*turned, *moved)

    def fault(self, size: Sequence[int]) -> str:
        """What is wrong with it for views of this size, (rows, columns) or (slices, rows, columns); "" if nothing is."""
        if self == Augment():
            return "augment: nothing is changed: say flips, turns or shifts, or leave it out"
        if self.turns == 4 and size[-1] != size[-2]:
            return (
                f"augment: quarter turns need square slices, and the network is shown {size[-2]} x {size[-1]}: turns: 2"
            )
        if self.shifts and 4 * self.shifts > min(size):
            return f"augment: shifts of {counted(self.shifts, 'pixel')} are more than a quarter of the {min(size)} that a view has"
        return ""


def mean_and_spread(parts: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features over the changes of each view, and how far they spread. parts: (n, k) of each change.

    Returns means (n, k), and (n,) the root of the summed variances of the features over the sum of their squared means: the
    distance from the mean vector beside its length. 0: the same however it is shown. NaN of a view of which all means are 0.
    """
    every = np.stack(parts).astype(np.float64)
    mean = every.mean(axis=0)
    length, variance = (mean**2).sum(axis=1), every.var(axis=0).sum(axis=1)
    spread = np.sqrt(variance / np.where(length > 0, length, np.nan))
    return mean.astype(np.float32), spread.astype(np.float32)


def _turned(pixels: torch.Tensor, *, axes: tuple[int, ...], quarters: int) -> torch.Tensor:
    import torch

    pixels = torch.flip(pixels, axes) if axes else pixels
    return torch.rot90(pixels, quarters, (-2, -1)) if quarters else pixels


def _moved(pixels: torch.Tensor, *, axis: int, by: int) -> torch.Tensor:
    import torch

    places = torch.arange(pixels.shape[axis], device=pixels.device) - by
    return pixels.index_select(axis, places.clamp(0, pixels.shape[axis] - 1))
