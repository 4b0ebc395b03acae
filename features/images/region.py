"""read_region: the pixels and the mask of a Scan on one grid; check_region: is it fit for use, and what are its facts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from features.core.case import Scan
from features.core.memory import claim_memory
from features.core.quarantine import Rejected, Warned
from features.core.region import Region, Volume
from features.core.table import Column
from features.images.dicom import read_dicom_series, slice_voxels
from features.images.mask import read_mask
from features.images.nifti import nifti_voxels
from features.images.volume import read_volume

MINIMUM_VOXELS = 27
BYTES_PER_VOXEL = 16  # of a whole image while it is read and prepared; measured: 13 (int16) to 15 (float32)


def _fact(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "float64", description, role="fact", unit=unit)


REGION_COLUMNS: tuple[Column, ...] = (
    _fact("voxels", "Number of voxels in the mask"),
    Column("volume_ml", "float64", "Volume of the mask, voxels counted", role="predictor", unit="ml"),
    _fact("components", "Connected parts of the mask (26 neighbours)"),
    _fact("touches_border", "1 if the mask touches the border of the image, else 0"),
    _fact("intensity_min", "Lowest intensity in the mask", "as image"),
    _fact("intensity_mean", "Mean intensity in the mask", "as image"),
    _fact("intensity_max", "Highest intensity in the mask", "as image"),
    _fact("intensity_sd", "Standard deviation of intensities in the mask (population)", "as image"),
    _fact("spacing_x_mm", "Voxel spacing along x", "mm"),
    _fact("spacing_y_mm", "Voxel spacing along y", "mm"),
    _fact("spacing_z_mm", "Voxel spacing along z (distance of slices)", "mm"),
    _fact("size_x", "Voxels of the image along x"),
    _fact("size_y", "Voxels of the image along y"),
    _fact("size_z", "Voxels of the image along z"),
    Column("manufacturer", "string", "Manufacturer of the scanner, empty if unknown", role="fact"),
    Column("kernel", "string", "Convolution kernel, empty if unknown", role="fact"),
    Column("model", "string", "Model of the scanner, empty if unknown", role="fact"),
    _fact("slice_thickness_mm", "Nominal slice thickness, missing if unknown", "mm"),
    _fact("kvp", "Peak voltage of the X-ray tube, missing if unknown", "kV"),
    _fact("exposure_mas", "Exposure, missing if unknown", "mAs"),
    _fact("ctdi_vol_mgy", "Dose by volume CT dose index, missing if unknown", "mGy"),
    _fact("repetition_time_ms", "Repetition time of MR, missing if unknown", "ms"),
    _fact("echo_time_ms", "Echo time of MR, missing if unknown", "ms"),
)
# Columns that a reader's facts fill.
_TEXTS = {"manufacturer": "Manufacturer", "kernel": "ConvolutionKernel", "model": "ManufacturerModelName"}
_NUMBERS = {
    "slice_thickness_mm": "SliceThickness",
    "kvp": "KVP",
    "exposure_mas": "Exposure",
    "ctdi_vol_mgy": "CTDIvol",
    "repetition_time_ms": "RepetitionTime",
    "echo_time_ms": "EchoTime",
}


class Checked(NamedTuple):
    """The facts of a region that is fit for use, one for each of REGION_COLUMNS, and what is to be said about it."""

    facts: dict[str, float | str]
    warnings: tuple[Warned, ...]


def read_region(scan: Scan) -> Region:
    """Image and mask of a scan, read from their files and on one grid.

    Pixels are as in the files: nothing is resampled unless the scan's rule says so.
    Raises Rejected with any code of `read_image` and `read_mask`, and MASK_EMPTY.
    Raises TooLarge, before pixels are read, above the memory limit of this thread.
    """
    claim_memory(BYTES_PER_VOXEL * _voxels(scan))
    image = read_image(scan)
    mask = read_mask(scan, image)
    if not mask.array.any():
        raise Rejected("MASK_EMPTY")
    return Region(image, np.asarray(mask.array, np.bool_), warnings=(*image.warnings, *mask.warnings))


def read_image(scan: Scan) -> Volume:
    """The image of a scan in the unit that the catalog declares.

    Raises Rejected: PET_UNITS (the catalog says SUV, the Units of a DICOM PET are others), and the readers' codes.
    """
    if scan.image.format != "dicom":
        return read_volume(scan.image.paths[0])
    image = read_dicom_series(scan.image.paths)
    if scan.unit == "SUV" and image.facts.get("Units", "GML") != "GML":
        raise Rejected("PET_UNITS")
    return image


def _voxels(scan: Scan) -> int:
    """Voxels of the image by its header: rows × columns × slices."""
    first = scan.image.paths[0]
    return slice_voxels(first) * len(scan.image.paths) if scan.image.format == "dicom" else nifti_voxels(first)


def check_region(region: Region) -> Checked:
    """The facts of a region that is fit for use and its warnings; unknown text is "", an unknown number NaN.

    Raises Rejected: MASK_EMPTY, MASK_TINY (fewer than 27 voxels, or one voxel thin along two axes), NAN_IN_ROI, MASK_FLAT.
    """
    mask, volume = region.mask, region.volume
    count = int(mask.sum())
    if count == 0:
        raise Rejected("MASK_EMPTY")
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    extents = sorted(axis.stop - axis.start for axis in box)
    if count < MINIMUM_VOXELS or extents[1] < 2:
        raise Rejected("MASK_TINY", f"the mask is a line or has fewer than {MINIMUM_VOXELS} voxels", voxels=count)
    values = region.values.astype(np.float64)
    if not np.isfinite(values).all():
        raise Rejected("NAN_IN_ROI", voxels=int((~np.isfinite(values)).sum()))
    if values.min() == values.max():
        raise Rejected("MASK_FLAT", intensity=float(values[0]))
    components = ndimage.label(mask[box], structure=np.ones((3, 3, 3)))[1]
    touches = any(axis.start == 0 or axis.stop == length for axis, length in zip(box, mask.shape, strict=True))
    z, y, x = volume.array.shape
    numbers = {
        "voxels": count,
        "volume_ml": region.volume_ml,
        "components": components,
        "touches_border": touches,
        "intensity_min": values.min(),
        "intensity_mean": values.mean(),
        "intensity_max": values.max(),
        "intensity_sd": values.std(),
        "spacing_x_mm": volume.spacing_mm[0],
        "spacing_y_mm": volume.spacing_mm[1],
        "spacing_z_mm": volume.spacing_mm[2],
        "size_x": x,
        "size_y": y,
        "size_z": z,
    }
    facts: dict[str, float | str] = {name: float(value) for name, value in numbers.items()}
    for name, keyword in _NUMBERS.items():
        value = volume.facts.get(keyword)
        facts[name] = value if isinstance(value, float) else np.nan
    facts |= {name: str(volume.facts.get(keyword, "")) for name, keyword in _TEXTS.items()}
    return Checked({column.name: facts[column.name] for column in REGION_COLUMNS}, region.warnings)
