"""read_region: the pixels and the mask of a Scan on one grid; check_region: is it fit for use, and what are its facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.box import bounding_box
from features.core.case import Scan, Unit
from features.core.column import Column
from features.core.quarantine import Rejected, Warned
from features.core.region import Region, Volume
from features.images.masks.agreement import agreement_columns
from features.images.reading import Reading
from features.images.registration.facts import REGISTRATION_COLUMNS
from features.images.unit_plausibility import HU_BOUNDS

MINIMUM_VOXELS = 27
AIR_HU = -900.0  # a mean below it is of no tissue
MOST_BEYOND = 0.5  # of the ROI: metal is less, and where all is beyond what tissue has, the header is wrong
SATURATED_HU = 3071.0  # the highest number of 12 bits


def _fact(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "float64", description, role="fact", unit=unit)


REGION_COLUMNS: tuple[Column, ...] = (
    _fact("voxels", "Number of voxels in the mask"),
    Column("volume_ml", "float64", "Volume of the mask, padding included, voxels counted", role="predictor", unit="ml"),
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
    # These know an image again, whoever contoured it: facts, and no predictors.
    _fact("image_min", "Lowest intensity of the whole image, padding included", "as image"),
    _fact("image_mean", "Mean intensity of the whole image, padding included", "as image"),
    _fact("image_max", "Highest intensity of the whole image, padding included", "as image"),
    _fact("image_sd", "Standard deviation of intensities of the whole image (population)", "as image"),
    _fact(
        "image_plane_sd", "Spread of the means of planes (root of their variances along x, y and z, added)", "as image"
    ),
    Column("manufacturer", "string", "Manufacturer of the scanner, empty if unknown", role="fact"),
    Column("kernel", "string", "Convolution kernel, empty if unknown", role="fact"),
    Column("model", "string", "Model of the scanner, empty if unknown", role="fact"),
    _fact("slice_thickness_mm", "Nominal slice thickness, missing if unknown", "mm"),
    _fact("kvp", "Peak voltage of the X-ray tube, missing if unknown", "kV"),
    _fact("tube_current_ma", "Current of the X-ray tube, missing if unknown", "mA"),
    _fact("exposure_mas", "Exposure, missing if unknown", "mAs"),
    _fact("ctdi_vol_mgy", "Dose by volume CT dose index, missing if unknown", "mGy"),
    _fact("repetition_time_ms", "Repetition time of MR, missing if unknown", "ms"),
    _fact("echo_time_ms", "Echo time of MR, missing if unknown", "ms"),
    Column("suv_rule", "string", "How a DICOM PET was brought into its unit, empty for other images", role="fact"),
    _fact("suv_factor", "Factor of that, of the first slice", "unit per stored unit"),
    _fact("decay_s", "Seconds from injection to scan by which the dose decays", "s"),
)
# Columns that a reader's facts fill.
_TEXTS = {
    "manufacturer": "Manufacturer",
    "kernel": "ConvolutionKernel",
    "model": "ManufacturerModelName",
    "suv_rule": "SuvRule",
}
_NUMBERS = {
    "slice_thickness_mm": "SliceThickness",
    "kvp": "KVP",
    "tube_current_ma": "XRayTubeCurrent",
    "exposure_mas": "Exposure",
    "ctdi_vol_mgy": "CTDIvol",
    "repetition_time_ms": "RepetitionTime",
    "echo_time_ms": "EchoTime",
    "suv_factor": "SuvFactor",
    "decay_s": "DecaySeconds",
}


class Checked(NamedTuple):
    """The facts of a region that is fit for use, one for each of REGION_COLUMNS and its `extra_columns`, and what is to be said."""

    facts: dict[str, float | str]
    warnings: tuple[Warned, ...]


def read_region(scan: Scan, reading: Reading | None = None) -> Region:
    """Image and mask of a scan, read from their files and on one grid. reading: what has been opened of its visit.

    Pixels are as in the files: nothing is resampled unless the scan's rule says so. Padding is left out of the mask, not of
    its outline (DICOM_OVERFLOW, of a calculated image CALCULATION_UNDEFINED).
    Raises Rejected with any code of `Reading.image` and `Reading.mask`, and MASK_EMPTY.
    Raises TooLarge, before pixels are read, above the memory limit of this thread.
    """
    reading = reading or Reading()
    image = reading.image(scan)
    outline, warnings = reading.mask(scan, image)
    if not outline.any():
        raise Rejected("MASK_EMPTY")
    told = (*image.warnings, *warnings)
    region = Region(image, outline, warnings=told, facts=reading.facts(scan))
    return _without_padding(region, is_calculated=scan.calculation is not None)


def read_image(scan: Scan) -> Volume:
    """The image of a scan, as `Reading.image`."""
    return Reading().image(scan)


def _without_padding(region: Region, *, is_calculated: bool) -> Region:
    """The region less the voxels that the image's file marks as beyond the field of view, or where a calculation is undefined."""
    if region.volume.padding is None:
        return region
    padding = region.volume.padding[region.mask]
    count = int(padding.sum())
    if count == 0:
        return region
    if count == len(padding):
        why = "undefined in the calculated image" if is_calculated else "padding beyond the field of view"
        raise Rejected("MASK_EMPTY", f"all voxels of the ROI are {why}", voxels=count)
    mask = region.mask.copy()
    mask[region.mask] = ~padding
    details: dict[str, float | int | str] = {"voxels": count, "share": round(count / len(padding), 6)}
    told = Warned("DICOM_OVERFLOW", "voxels of the ROI are padding and were left out", details)
    if is_calculated:
        told = Warned("CALCULATION_UNDEFINED", "", details)
    return replace(region, mask=mask, outline=region.mask, warnings=(*region.warnings, told))


def check_region(region: Region, *, unit: Unit = "arbitrary") -> Checked:
    """The facts of a region that is fit for use and its warnings; unknown text is "", an unknown number NaN.

    Warnings: those of the region, and MASK_MULTI, MASK_BORDER, MASK_FLAT, NAN_OUTSIDE; where the unit is HU also
    MASK_OUTSIDE_BODY (mean below -900) and DICOM_OVERFLOW (voxels at 3071 or above).
    Raises Rejected: MASK_EMPTY, MASK_TINY (fewer than 27 voxels, or one voxel thin along two axes), NAN_IN_ROI, and
    where the unit is HU HU_RANGE (over half of the voxels lie outside -1100 to 5000).
    """
    from features.images.image_facts import image_facts  # numba takes a while to import

    mask, volume, outline = region.mask, region.volume, region.shape_mask
    count = int(np.count_nonzero(mask))
    if count == 0:
        raise Rejected("MASK_EMPTY")
    box = bounding_box(mask)
    extents = sorted(axis.stop - axis.start for axis in box)
    if count < MINIMUM_VOXELS or extents[1] < 2:
        raise Rejected("MASK_TINY", f"the mask is a line or has fewer than {MINIMUM_VOXELS} voxels", voxels=count)
    values = volume.array[box][mask[box]].astype(np.float64)
    if not np.isfinite(values).all():
        raise Rejected("NAN_IN_ROI", voxels=int((~np.isfinite(values)).sum()))
    beyond = float(((values < HU_BOUNDS[0]) | (values > HU_BOUNDS[1])).mean()) if unit == "HU" else 0.0
    if beyond > MOST_BEYOND:
        raise Rejected("HU_RANGE", "most voxels of the ROI lie outside -1100 to 5000 HU", share=round(beyond, 4))
    box = box if outline is mask else bounding_box(outline)
    components = ndimage.label(outline[box], structure=np.ones((3, 3, 3)))[1]
    ends = (
        (axis, length) for axis, length in zip(box, mask.shape, strict=True) if length > 1
    )  # an X-ray has one slice
    touches = any(axis.start == 0 or axis.stop == length for axis, length in ends)
    z, y, x = volume.array.shape
    whole = image_facts(volume.array)
    numbers = {
        "voxels": count,
        "volume_ml": int(np.count_nonzero(outline[box])) * float(np.prod(volume.spacing_mm)) / 1000.0,
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
        "image_min": whole.lowest,
        "image_mean": whole.mean,
        "image_max": whole.highest,
        "image_sd": whole.sd,
        "image_plane_sd": whole.plane_sd,
    }
    facts: dict[str, float | str] = {name: float(value) for name, value in numbers.items()}
    for name, keyword in _NUMBERS.items():
        value = volume.facts.get(keyword)
        facts[name] = value if isinstance(value, float) else np.nan
    facts |= {name: str(volume.facts.get(keyword, "")) for name, keyword in _TEXTS.items()}
    warnings = (*region.warnings, *_doubts(facts, values, z * y * x - whole.finite, unit))
    return Checked({column.name: facts[column.name] for column in REGION_COLUMNS} | dict(region.facts), warnings)


def extra_columns(scan: Scan) -> tuple[Column, ...]:
    """The facts of a scan's region that others have not: how readers agree, how it was registered."""
    own = agreement_columns(scan.declared_readers) if scan.readers else ()
    drawn = scan.drawn_on
    return (*own, *REGISTRATION_COLUMNS) if drawn is not None and drawn.registration is not None else own


def _doubts(
    facts: Mapping[str, float | str], values: NDArray[np.float64], not_finite: int, unit: Unit
) -> Iterator[Warned]:
    """What is odd about the voxels of a mask that is fit for use. not_finite: voxels of the whole image."""
    if facts["components"] != 1:
        yield Warned("MASK_MULTI", "", {"components": int(facts["components"])})
    if facts["touches_border"]:
        yield Warned("MASK_BORDER")
    if values.min() == values.max():
        yield Warned("MASK_FLAT", "", {"intensity": float(values[0])})
    if not_finite:
        yield Warned("NAN_OUTSIDE", "", {"voxels": not_finite})
    if unit == "HU" and values.mean() < AIR_HU:
        yield Warned("MASK_OUTSIDE_BODY", "", {"mean_hu": round(float(values.mean()), 1)})
    if unit == "HU" and (high := int(np.count_nonzero(values >= SATURATED_HU))):
        yield Warned(
            "DICOM_OVERFLOW",
            "voxels of the ROI are at 3071 HU or above",
            {"voxels": high, "share": round(high / len(values), 6)},
        )
