"""Shape: size and form of the ROI, most of it by the mesh of marching cubes round its voxels.

IBSI calls it morphology (HCUG). Its mesh is closed where voxels touch across a face or an edge alone, which pyradiomics'
is not; its axes have n − 1 below; it has densities besides, and where intensities lie.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.families.family import Family
from features.radiomics.formulas.slices import Values
from features.radiomics.geometry.closed_mesh import measure_mesh, mesh_vertices
from features.radiomics.geometry.cubes import mesh_volume, surface_area
from features.radiomics.geometry.eigenvalues import eigenvalues
from features.radiomics.geometry.enclosing import box, ellipsoid, smallest_box, smallest_ellipsoid
from features.radiomics.geometry.survey import covariance, diameters, survey, variances
from features.radiomics.voxels.autocorrelation import autocorrelation


class Shape(Family):
    """Lengths in mm, areas in mm², volumes in mm³.

    NaN: Elongation and Flatness of a single voxel, SurfaceVolumeRatio and SphericalDisproportion of a mesh without volume; in
    IBSI axes of a single voxel, and densities of what has no volume.
    """

    kind: Literal["shape"] = "shape"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        x, y, z = roi.spacing_mm
        spacing = (z, y, x)
        found = survey(roi.mask)
        counts, places = found.tallies[:, 0], found.tallies[:, 1:]
        area, volume = surface_area(counts, spacing), mesh_volume(counts, places, spacing)
        widths = diameters(found, spacing)
        least, minor, major = variances(covariance(found.moments, spacing))
        return {
            "Elongation": math.sqrt(minor / major) if major else math.nan,
            "Flatness": math.sqrt(least / major) if major else math.nan,
            "LeastAxisLength": 4 * math.sqrt(least),
            "MajorAxisLength": 4 * math.sqrt(major),
            "Maximum2DDiameterColumn": widths.across_y,
            "Maximum2DDiameterRow": widths.across_x,
            "Maximum2DDiameterSlice": widths.across_z,
            "Maximum3DDiameter": widths.whole,
            "MeshVolume": volume,
            "MinorAxisLength": 4 * math.sqrt(minor),
            "Sphericity": math.cbrt(36 * math.pi * volume**2) / area,
            "SurfaceArea": area,
            "SurfaceVolumeRatio": area / volume if volume else math.nan,
            "VoxelVolume": int(found.moments[0]) * (z * y * x),
            "Compactness1": volume / (area**1.5 * math.sqrt(math.pi)),
            "Compactness2": 36 * math.pi * volume**2 / area**3,
            "SphericalDisproportion": area / math.cbrt(36 * math.pi * volume**2) if volume else math.nan,
        }

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:  # noqa: ARG002
        from scipy.spatial import ConvexHull

        volume, area = measure_mesh(roi.mask, roi.spacing)
        disproportion = area / (36 * np.pi * volume**2) ** (1 / 3)
        vertices = mesh_vertices(roi.mask, roi.spacing)
        hull = ConvexHull(vertices)
        corners = vertices[hull.vertices]
        voxels = np.argwhere(roi.mask) * roi.spacing
        axes = _axes(voxels)

        def densities(enclosing: tuple[float, float]) -> list[float]:
            return [_ratio(volume, enclosing[0]), _ratio(area, enclosing[1])]

        return {
            None: [
                volume,
                float(len(voxels) * np.prod(roi.spacing)),
                area,
                area / volume,
                float(volume / (np.sqrt(np.pi) * area**1.5)),
                float(36 * np.pi * volume**2 / area**3),
                float(disproportion),
                float(1 / disproportion),
                float(disproportion - 1),
                _shift(roi, voxels),
                _diameter(corners),
                *(float(axis) for axis in axes),
                _ratio(axes[1], axes[0]),
                _ratio(axes[2], axes[0]),
                *densities(box(np.ptp(vertices, axis=0))),
                *densities(box(smallest_box(corners, hull.equations[:, :3]))),
                *densities(ellipsoid(axes / 2)),
                *densities(ellipsoid(smallest_ellipsoid(corners))),
                *densities((float(hull.volume), float(hull.area))),
                float(volume * roi.values.mean()),
                *autocorrelation(roi.values, roi.kept, roi.spacing),
            ]
        }


def _axes(voxels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Major, minor and least axis. The covariance has n − 1 below, as the reference values have."""
    if len(voxels) < 2:
        return np.full(3, np.nan)
    centred = voxels - voxels.mean(axis=0)
    covariance = (centred[:, :, None] * centred[:, None, :]).sum(axis=0) / (len(voxels) - 1)
    spread = np.array(eigenvalues(covariance))[::-1]
    return 4 * np.sqrt(np.where(spread > 1e-12 * spread[0], spread, 0.0))


def _shift(roi: IbsiRoi, voxels: NDArray[np.float64]) -> float:
    total = float(roi.values.sum())
    if total == 0:
        return float("nan")
    weighted = (np.argwhere(roi.kept) * roi.spacing * roi.values[:, None]).sum(axis=0) / total
    return math.dist(voxels.mean(axis=0), weighted)


def _diameter(corners: NDArray[np.float64]) -> float:
    from scipy.spatial.distance import pdist

    return float(pdist(corners).max())


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")
