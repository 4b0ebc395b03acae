"""Shape: size and form of the ROI, most of it by the mesh of marching cubes round its voxels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from features.radiomics.dialects.roi import Roi
from features.radiomics.families.family import Family, Feature
from features.radiomics.geometry.cubes import mesh_volume, surface_area
from features.radiomics.geometry.survey import covariance, diameters, survey, variances
from features.radiomics.ibsi import CODES

_FORMULAS = {
    "Elongation": "Square root of the middle variance of the voxels' places over the greatest, along principal axes.",
    "Flatness": "Square root of the least variance of the voxels' places over the greatest, along principal axes.",
    "LeastAxisLength": "Four times the square root of the least variance of the voxels' places along principal axes.",
    "MajorAxisLength": "Four times the square root of the greatest variance of the voxels' places along principal axes.",
    "Maximum2DDiameterColumn": "Largest distance of two vertices of the mesh in one plane across the y axis.",
    "Maximum2DDiameterRow": "Largest distance of two vertices of the mesh in one plane across the x axis.",
    "Maximum2DDiameterSlice": "Largest distance of two vertices of the mesh in one slice.",
    "Maximum3DDiameter": "Largest distance of two vertices of the mesh.",
    "MeshVolume": "Sum of the signed volumes of the tetrahedra between the mesh's triangles and the origin.",
    "MinorAxisLength": "Four times the square root of the middle variance of the voxels' places along principal axes.",
    "Sphericity": "Area of a sphere of the mesh's volume over the area of the mesh.",
    "SurfaceArea": "Sum of the areas of the mesh's triangles.",
    "SurfaceVolumeRatio": "Area of the mesh over its volume.",
    "VoxelVolume": "Number of voxels times the volume of one.",
}
_DEPRECATED = {
    "Compactness1": "Volume of the mesh over the area to the power of 3/2 times the square root of π.",
    "Compactness2": "36 π times the squared volume of the mesh over the cube of its area.",
    "SphericalDisproportion": "Area of the mesh over that of a sphere of its volume.",
}


class Shape(Family):
    """Lengths in mm, areas in mm², volumes in mm³.

    NaN: Elongation and Flatness of a single voxel, SurfaceVolumeRatio and SphericalDisproportion of a mesh without volume.
    """

    kind: Literal["shape"] = "shape"
    of_shape: ClassVar[bool] = True
    FEATURES: ClassVar[tuple[Feature, ...]] = tuple(
        Feature(name, CODES["shape"].get(name, ""), formula, name in _DEPRECATED)
        for name, formula in {**_FORMULAS, **_DEPRECATED}.items()
    )

    def compute(self, roi: Roi) -> Mapping[str, float]:
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
