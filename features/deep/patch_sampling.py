"""PatchSampling: boxes of voxels for 3D networks, at a declared spacing, with axes that go where is declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from features.core.bounds import SpacingMm
from features.core.kinds.sampling import Shape
from features.core.region import Region, Vector
from features.deep.cubes import deep_enough
from features.deep.grid import Grid, is_orientation, oriented
from features.deep.looks import Masked, is_default
from features.deep.resize import between

SAME = 1e-3  # of a spacing: that of one that was rounded when it was written down


def _thrice(value: object) -> object:
    return (value,) * 3 if isinstance(value, int | float) and not isinstance(value, bool) else value


EveryAxis = BeforeValidator(_thrice)


class PatchSampling(Masked):
    """Patches at the spacing, and with the orientation, of the sampling or else of the network's weights card.

    At a spacing, intensities between voxels are mixed linearly, as SimpleITK and MONAI resample; where the prepared region has
    that spacing no voxel is changed. What lies beyond the image, and voxels that are NaN, become the floor of the window.
    """

    dimensions: ClassVar[Literal[2, 3]] = 3

    spacing_mm: Annotated[tuple[SpacingMm, SpacingMm, SpacingMm] | None, EveryAxis] = Field(
        None, exclude_if=is_default, description="of the patch (x, y, z), or one for all; without it that of the card"
    )
    orientation: str = Field(
        "",
        exclude_if=is_default,
        description="where the axes x, y and z of a patch go, as LPS or RAS (R right, L left, A front, P back, S head, I feet); "
        "without it that of the card, else as acquired",
    )

    @model_validator(mode="after")
    def check_orientation(self) -> Any:
        if self.orientation and not is_orientation(self.orientation):
            raise ValueError(f'orientation: "{self.orientation}" is none; give three letters such as LPS or RAS')
        return self

    def fault(self, shape: Shape) -> str | None:
        for name, asked, declared in (
            ("spacing_mm", self.spacing_mm, shape.spacing_mm),
            ("orientation", self.orientation, shape.orientation),
        ):
            if asked and declared and asked != declared:
                return f"{self.kind}: {name} is {_said(asked)}, and the network needs {_said(declared)}"
        return super().fault(shape)

    def spacing_of(self, shape: Shape) -> Vector | None:
        """The declared spacing (x, y, z); None if there is none."""
        return self.spacing_mm or shape.spacing_mm

    def grids_of(self, regions: Sequence[Region], shape: Shape) -> list[Grid]:
        """The region on each image, turned. Raises Rejected SAMPLE_FLAT."""
        return [deep_enough(oriented(region, self.orientation or shape.orientation)) for region in regions]

    def is_turned(self, shape: Shape) -> bool:
        return bool(self.orientation or shape.orientation)

    def halves(self, sides_mm: Sequence[float], shape: Shape, spacing_mm: Vector) -> Vector:
        """How far a patch of these sides (x, y, z) reaches beyond a ROI along the axes of the image as acquired."""
        longest = max(sides_mm)
        spare = 2 * max(spacing_mm)
        x, y, z = ((longest if self.is_turned(shape) else side) / 2 + spare for side in sides_mm)
        return x, y, z


def patch_at(
    grid: Grid,
    centre: Sequence[float],
    spacing_mm: Vector,
    size: Sequence[int],
    window: tuple[float, float],
    *,
    masked: bool,
) -> NDArray[np.float32]:
    """A patch (z, y, x) of voxels of a spacing (x, y, z) round a place (z, y, x); in voxels, the first reaches from 0 to 1.

    Where the spacing is that of the grid, whole voxels are taken, a half more before the place than behind.
    """
    places = []
    for middle, new, wanted, step, count in zip(
        centre, size, reversed(spacing_mm), reversed(grid.spacing_mm), grid.roi.shape, strict=True
    ):
        if abs(wanted / step - 1) < SAME:
            one = np.floor(middle - new / 2 + 1e-6) + np.arange(new, dtype=np.float64)
        else:
            one = middle - 0.5 + (np.arange(new) - (new - 1) / 2) * (wanted / step)
        places.append((one, count))
    part = []
    for one, count in places:
        first = min(max(int(np.floor(one[0])), 0), count - 1)
        part.append(slice(first, min(max(int(np.floor(one[-1])) + 2, first + 1), count)))
    pixels = grid.windowed((part[0], part[1], part[2]), window, masked=masked)
    for axis, ((one, count), taken) in enumerate(zip(places, part, strict=True)):
        pixels = between(pixels, one, axis, taken.start, count)
    return pixels


def _said(value: object) -> str:
    return f"[{', '.join(f'{one:g}' for one in value)}]" if isinstance(value, tuple) else str(value)
