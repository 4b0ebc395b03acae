"""Window: how far the surroundings of a voxel reach, and how voxels are gone through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """The surroundings that a value is of, and how they are gone through.

    radius: voxels (Chebyshev) that they reach, within the slice if the settings are flat. masked: voxels outside the ROI
    are left out; else they count as far as the ROI's box with `radius` voxels around it goes, and grey levels are those of
    that box. batch: most voxels at once; threads: batches side by side; neither changes a value. pyradiomics: kernelRadius,
    maskedKernel, voxelBatch.
    """

    radius: int = 1
    masked: bool = True
    batch: int | None = None
    threads: int = 1
