"""Numbers of settings that cost time or memory, each with the bound that a fault states: Frozen fields take them as types."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

FINEST_MM = 0.01  # of voxels


def _not_finer(spacing: float) -> float:
    if 0 < spacing < FINEST_MM:
        raise ValueError(f"Input should be at least {FINEST_MM} mm: finer voxels are more than a memory holds")
    return spacing


SpacingMm = Annotated[float, Field(gt=0, le=100), AfterValidator(_not_finer)]
SpacingOrKeptMm = Annotated[float, Field(ge=0, le=100), AfterValidator(_not_finer)]  # 0: as it is
SigmaMm = Annotated[float, Field(gt=0, le=100)]
WholeSigmaMm = Annotated[int, Field(strict=True, gt=0, le=100)]
MarginMm = Annotated[float, Field(gt=0, le=500)]
BinWidth = Annotated[float, Field(gt=0, le=1e9)]
BinCount = Annotated[int, Field(gt=0, le=2**15)]
Distance = Annotated[int, Field(gt=0, le=10)]  # of neighbours, in voxels: at 10 there are 1,201 directions
Level = Annotated[int, Field(gt=0, le=10)]  # of a wavelet or of harmonics
LevelFromZero = Annotated[int, Field(ge=0, le=10)]
KernelRadius = Annotated[int, Field(gt=0, le=20)]  # of maps: at 20 there are 68,921 voxels round each one
RadiusVoxels = Annotated[float, Field(gt=0, le=50)]
SupportVoxels = Annotated[int, Field(gt=0, le=101)]
AngleStep = Annotated[float, Field(gt=0, ge=1, le=360)]  # degrees
Elongation = Annotated[float, Field(gt=0, ge=0.01, le=100)]
Cutoff = Annotated[float, Field(gt=0, le=10)]  # of a kernel, in standard deviations
Iterations = Annotated[int, Field(gt=0, le=1000)]
Shrink = Annotated[int, Field(gt=0, le=32)]
MOST_DISTANCES, MOST_SIGMAS, MOST_FILTERS, MOST_EXTRACTORS, MOST_THRESHOLDS = 10, 100, 100, 50, 100
Folds = Annotated[int, Field(ge=2, le=1000)]
Repeats = Annotated[int, Field(gt=0, le=1000)]
MOST_VOXELS = 2**29  # of a region on its new grid: 4 GiB as numbers of 64 bits
LARGE_VOXELS, MOST_FINER = 2**24, 4096  # of a region; above, a voxel may become so many: 16 along each axis
