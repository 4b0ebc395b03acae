"""continued: an image whose padding in the surroundings of an ROI is replaced by what lies next to it."""

from __future__ import annotations

from dataclasses import replace

from scipy import ndimage

from features.core.region import Box, Volume


def continued(volume: Volume, window: Box) -> Volume:
    """The volume with the value of the nearest voxel that is none in each voxel of padding inside a window (z, y, x).

    So interpolation and filters see the image go on where its field of view ends, as they do at its border, and never a
    value that means nothing. The nearest is meant in mm, within the window. A window without padding, or with nothing
    else, leaves the volume as it is.
    """
    if volume.padding is None:
        return volume
    padding = volume.padding[window]
    if not padding.any() or padding.all():
        return volume
    nearest = ndimage.distance_transform_edt(
        padding, sampling=volume.spacing_mm[::-1], return_distances=False, return_indices=True
    )
    array = volume.array.copy()
    array[window] = volume.array[window][tuple(nearest)]
    return replace(volume, array=array)


def surroundings(box: Box, shape: tuple[int, ...], margins: tuple[int, int, int]) -> Box:
    """A box (z, y, x) and so many voxels (z, y, x) around it, as far as the image goes."""
    z, y, x = (
        slice(max(axis.start - margin, 0), min(axis.stop + margin, length))
        for axis, length, margin in zip(box, shape, margins, strict=True)
    )
    return z, y, x
