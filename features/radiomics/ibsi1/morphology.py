"""Morphology (IBSI HCUG): the shape of the morphological mask; where intensities lie in it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.geometry.closed_mesh import measure_mesh, mesh_vertices
from features.radiomics.geometry.eigenvalues import eigenvalues
from features.radiomics.geometry.enclosing import box, ellipsoid, smallest_box, smallest_ellipsoid
from features.radiomics.ibsi1.feature import Feature
from features.radiomics.voxels.autocorrelation import autocorrelation

FEATURES = (
    Feature("volume", "RNU0", "morph_volume", "V: volume within the mesh in mm³"),
    Feature("approximate_volume", "YEKZ", "morph_vol_approx", "voxels times the volume of a voxel in mm³"),
    Feature("surface_area", "C0JK", "morph_area_mesh", "A: area of the mesh in mm²"),
    Feature("surface_to_volume_ratio", "2PR5", "morph_av", "A / V"),
    Feature("compactness_1", "SKGS", "morph_comp_1", "V / (π^(1/2) · A^(3/2))"),
    Feature("compactness_2", "BQWJ", "morph_comp_2", "36 · π · V² / A³"),
    Feature("spherical_disproportion", "KRCK", "morph_sph_dispr", "A by the area of a sphere of volume V"),
    Feature("sphericity", "QCFX", "morph_sphericity", "area of a sphere of volume V by A"),
    Feature("asphericity", "25C7", "morph_asphericity", "spherical disproportion less 1"),
    Feature("centre_of_mass_shift", "KLMA", "morph_com", "distance of the centres of voxels and of intensities in mm"),
    Feature("maximum_3d_diameter", "L0JK", "morph_diam", "largest distance of two vertices of the mesh in mm"),
    Feature("major_axis_length", "TDIC", "morph_pca_maj_axis", "four times the largest spread of voxels in mm"),
    Feature("minor_axis_length", "P9VJ", "morph_pca_min_axis", "four times the spread across the major axis in mm"),
    Feature("least_axis_length", "7J51", "morph_pca_least_axis", "four times the smallest spread in mm"),
    Feature("elongation", "Q3CK", "morph_pca_elongation", "minor by major axis"),
    Feature("flatness", "N17B", "morph_pca_flatness", "least by major axis"),
    Feature("volume_density_aabb", "PBX1", "morph_vol_dens_aabb", "V by the volume of the axis-aligned bounding box"),
    Feature("area_density_aabb", "R59B", "morph_area_dens_aabb", "A by the area of the axis-aligned bounding box"),
    Feature(
        "volume_density_ombb", "ZH1A", "morph_vol_dens_ombb", "V by the volume of the oriented minimum bounding box"
    ),
    Feature("area_density_ombb", "IQYR", "morph_area_dens_ombb", "A by the area of the oriented minimum bounding box"),
    Feature("volume_density_aee", "6BDE", "morph_vol_dens_aee", "V by the volume of the ellipsoid with the three axes"),
    Feature("area_density_aee", "RDD2", "morph_area_dens_aee", "A by the area of the ellipsoid with the three axes"),
    Feature(
        "volume_density_mvee", "SWZ1", "morph_vol_dens_mvee", "V by the volume of the smallest enclosing ellipsoid"
    ),
    Feature(
        "area_density_mvee", "BRI8", "morph_area_dens_mvee", "A by the area of the enclosing ellipsoid of least volume"
    ),
    Feature("volume_density_convex_hull", "R3ER", "morph_vol_dens_conv_hull", "V by the volume of the convex hull"),
    Feature("area_density_convex_hull", "7T7F", "morph_area_dens_conv_hull", "A by the area of the convex hull"),
    Feature("integrated_intensity", "99N0", "morph_integ_int", "V times the mean intensity"),
    Feature(
        "morans_i_index", "N365", "morph_moran_i", "correlation of intensities of voxel pairs, weighted by 1 / distance"
    ),
    Feature(
        "gearys_c_measure", "NPT7", "morph_geary_c", "squared differences of voxel pairs, weighted by 1 / distance"
    ),
)


def compute(roi: IbsiRoi) -> list[float]:
    """Values of FEATURES. Axes of a ROI of one voxel, and densities of what has no volume, are NaN."""
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

    return [
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
