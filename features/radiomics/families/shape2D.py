"""Shape2D: size and form of a ROI of one slice, most of it by the line round its pixels."""  # noqa: N999 (pyradiomics' name)

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import Roi
from features.radiomics.families.family import Family
from features.radiomics.geometry.survey import covariance, diameters, survey, variances

# Squares of four pixels by 2 ** (2 y + x) summed over those inside: eighths of the area inside the line, and the pieces of
# the line within the square, oblique, along x and along y.
_EIGHTHS = np.array((0, 1, 1, 4, 1, 4, 2, 7, 1, 2, 4, 7, 4, 7, 7, 8))
_OBLIQUE = np.array((0, 1, 1, 0, 1, 0, 2, 1, 1, 2, 0, 1, 0, 1, 1, 0))
_ALONG_X, _ALONG_Y = [3, 12], [5, 10]


class Shape2D(Family):
    """Lengths in mm, areas in mm². The slice lies across the settings' `flat_axis`.

    NaN: everything if the ROI has several slices, Elongation of a single pixel.
    """

    kind: Literal["shape2D"] = "shape2D"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        axis = roi.settings.flat_axis
        if roi.mask.shape[axis] > 1:
            return dict.fromkeys((feature.name for feature in FEATURES["shape2D"]), math.nan)
        spacing = list(roi.spacing_mm[::-1])
        z, y, x = spacing.pop(axis), *spacing
        found = survey(np.moveaxis(roi.mask, axis, 0))
        squares = found.tallies[::16, 0]  # cubes whose first plane is the padding
        surface = float(squares @ _EIGHTHS) / 8 * (y * x)
        perimeter = float(squares @ _OBLIQUE) * math.hypot(y, x) / 2
        perimeter += float(squares[_ALONG_X].sum()) * x + float(squares[_ALONG_Y].sum()) * y
        minor, major = variances(covariance(found.moments, (z, y, x))[1:, 1:])
        return {
            "Elongation": math.sqrt(minor / major) if major else math.nan,
            "MajorAxisLength": 4 * math.sqrt(major),
            "MaximumDiameter": diameters(found, (z, y, x)).across_z,
            "MeshSurface": surface,
            "MinorAxisLength": 4 * math.sqrt(minor),
            "Perimeter": perimeter,
            "PerimeterSurfaceRatio": perimeter / surface,
            "PixelSurface": int(found.moments[0]) * (y * x),
            "Sphericity": 2 * math.sqrt(math.pi * surface) / perimeter,
            "SphericalDisproportion": perimeter / (2 * math.sqrt(math.pi * surface)),
        }
