"""Directions: matrices along the directions of space or of slices, aggregated in IBSI's six ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Aggregation
from features.radiomics.ibsi1.matrix import Matrix, average, merge
from features.radiomics.voxels.texture import Texture


def aggregate_directions(
    roi: IbsiRoi,
    wanted: Sequence[Aggregation],
    matrices: Callable[[Texture, bool], list[Matrix]],
    features: Callable[[Matrix], list[float]],
) -> dict[Aggregation, list[float]]:
    """Features by aggregation. matrices: those of a texture, one a direction, within slices (True) or in space."""
    found: dict[Aggregation, list[float]] = {}
    if "2D:avg" in wanted or "2D:mrg" in wanted:
        slices = [matrices(texture, True) for texture in roi.slice_textures()]
        if "2D:avg" in wanted:
            found["2D:avg"] = average([features(matrix) for directions in slices for matrix in directions])
        if "2D:mrg" in wanted:
            found["2D:mrg"] = average([features(merge(directions)) for directions in slices])
    for how, flat in (("2.5D", True), ("3D", False)):
        averaged, merged = _AVERAGED[how], _MERGED[how]
        if averaged in wanted or merged in wanted:
            directions = matrices(roi.flat_texture if flat else roi.texture, flat)
            if averaged in wanted:
                found[averaged] = average([features(matrix) for matrix in directions])
            if merged in wanted:
                found[merged] = features(merge(directions))
    return found


_AVERAGED: dict[str, Aggregation] = {"2.5D": "2.5D:avg", "3D": "3D:avg"}
_MERGED: dict[str, Aggregation] = {"2.5D": "2.5D:mrg", "3D": "3D:mrg"}
