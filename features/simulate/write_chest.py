"""A chest on CT as a site sends it: DICOM with RTSTRUCT, DICOM with SEG, or NIfTI; and what the catalog says of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.simulate.chest import ChestScan
from features.simulate.grid import Grid
from features.simulate.site import Site
from features.simulate.write_dicom import StudyFacts
from features.simulate.write_nifti import write_volume
from features.simulate.write_rtstruct import Structure, write_structures
from features.simulate.write_seg import write_segments
from features.simulate.write_series import Series, write_series

INTERCEPT = -1024
RED, BLUE = ("255", "0", "0"), ("0", "128", "255")


def write_chest(
    folder: Path,
    hu: NDArray[np.int16],
    scan: ChestScan,
    grid: Grid,
    facts: StudyFacts,
    site: Site,
    *,
    lungs: bool = True,
) -> None:
    """Write the CT (z, y, x) and the tumour's mask into a new folder, in the form of the site.

    lungs: whether an RTSTRUCT has their contours, too.
    """
    folder.mkdir(parents=True)
    if site.format == "nifti":
        write_volume(folder / "CT.nii.gz", hu, grid)
        write_volume(folder / "GTV.nii.gz", scan.tumour.astype(np.uint8), grid)
        return
    tags = {"KVP": "120", "ConvolutionKernel": f"B{round(40 - 10 * site.smoothing_mm)}f", "BodyPartExamined": "CHEST"}
    series = Series("ct", "CT", "Thorax", 2, site.manufacturer, tags, slope=1.0, intercept=INTERCEPT)
    stored = (hu.astype(np.int32) - INTERCEPT).astype(np.uint16)
    slices = write_series(folder / "CT", stored, grid, facts, series)
    if site.format == "rtstruct":
        rois = [Structure("GTV-1", "GTV", RED, scan.tumour)]
        if lungs:
            rois.append(Structure("Lungs", "ORGAN", BLUE, scan.lungs))
        write_structures(folder / "RTSTRUCT.dcm", rois, grid, slices, facts)
    else:
        write_segments(folder / "SEG.dcm", {"GTV": scan.tumour}, slices, facts)


def chest_source(site: Site, *, timepoint: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the catalog says of the CTs of a site. timepoint: how its files tell the time point, where there are several."""
    facts: dict[str, Any] = {"centre": site.name, "modality": "CT", "unit": "HU"}
    when = {} if timepoint is None else {"timepoint": timepoint}
    if site.format == "nifti":
        folder = f"{site.name}/{{patient}}" + ("/{timepoint}" if when else "")
        mask = {"format": "nifti", "path": f"{folder}/GTV.nii.gz"}
        return {"format": "nifti", **facts, "path": f"{folder}/CT.nii.gz", **when, "mask": mask}
    mask = {"format": site.format, "roi": "GTV.*"}
    return {"format": "dicom", **facts, "path": site.name, **when, "mask": mask}
