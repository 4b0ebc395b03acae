"""RTSTRUCT: ROIs as planar contours on the slices of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.simulate.anatomy import Phantom
from features.simulate.grid import Grid, Mask
from features.simulate.outline import trace_outlines
from features.simulate.write_dicom import CLOCK, RAW_CHARSET, StudyFacts, common_header

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A ROI of an RTSTRUCT. role: its interpreted type, such as GTV or ORGAN; mask: (z, y, x)."""

    name: str
    role: str
    colour: tuple[str, str, str]
    mask: Mask


def write_rtstruct(path: Path, phantom: Phantom, slices: Sequence[Dataset], facts: StudyFacts) -> None:
    """Write the ROIs "GTV-1" and "Lungs". `slices` are the CT's, lowest first. Coordinates are exact to 0.001 mm."""
    rois = [
        Structure("GTV-1", "GTV", ("255", "0", "0"), phantom.tumour),
        Structure("Lungs", "ORGAN", ("0", "128", "255"), phantom.lungs),
    ]
    write_structures(path, rois, phantom.grid, slices, facts)


def write_structures(
    path: Path,
    rois: Sequence[Structure],
    grid: Grid,
    slices: Sequence[Dataset],
    facts: StudyFacts,
    *,
    word: str = "rtstruct",
    number: int = 3,
) -> None:
    """Write an RTSTRUCT of any ROIs on the slices of a series, lowest first. `word` makes its UIDs."""
    from pydicom.dataset import Dataset
    from pydicom.uid import RTStructureSetStorage

    image = slices[0]
    ds = common_header(facts, RTStructureSetStorage, facts.uid(word), "RTSTRUCT", "Contour Works")
    ds.SeriesInstanceUID, ds.SeriesNumber, ds.SeriesDescription = facts.uid(f"{word} series"), number, "Contours"
    ds.InstanceNumber, ds.StructureSetLabel, ds.OperatorsName = 1, "GTV", ""
    ds.StructureSetDate, ds.StructureSetTime = ds.StudyDate, CLOCK
    ds.ApprovalStatus = "UNAPPROVED"

    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ContourImageSequence = [_reference(one) for one in slices]
    study = Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", image.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = image.FrameOfReferenceUID, [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]

    names, contours, observations = [], [], []
    for place, one in enumerate(rois, 1):
        roi = Dataset()
        roi.ROINumber, roi.ROIName, roi.ROIGenerationAlgorithm = place, one.name, "MANUAL"
        roi.ReferencedFrameOfReferenceUID = image.FrameOfReferenceUID
        names.append(roi)
        contour = Dataset()
        contour.ROIDisplayColor, contour.ReferencedROINumber = list(one.colour), place
        contour.ContourSequence = _contours(one.mask, grid, slices)
        contours.append(contour)
        seen = Dataset()
        seen.ObservationNumber = seen.ReferencedROINumber = place
        seen.RTROIInterpretedType, seen.ROIInterpreter = one.role, ""
        observations.append(seen)
    ds.StructureSetROISequence, ds.ROIContourSequence, ds.RTROIObservationsSequence = names, contours, observations
    ds.save_as(path, enforce_file_format=True)


def _reference(one: Dataset) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
    return item


def _contours(mask: Mask, grid: Grid, slices: Sequence[Dataset]) -> list[Dataset]:
    from pydicom.dataelem import RawDataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    contour_data = BaseTag(0x30060050)

    origin, spacing = np.array(grid.origin_mm), np.array(grid.spacing_mm)
    items: list[Dataset] = []
    for k in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
        for outline in trace_outlines(mask[k]):
            points = origin + np.column_stack([outline, np.full(len(outline), k)]) * spacing
            item = Dataset()
            item.ContourImageSequence = [_reference(slices[k])]
            item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
            item.ContourNumber = len(items) + 1
            text = "\\".join(f"{value:.3f}" for value in points.ravel().tolist()).encode()
            text += b" " * (len(text) % 2)
            # Raw, as if read from a file: pydicom would parse each of the thousands of numbers only to print it again.
            item.set_original_encoding(False, True, RAW_CHARSET)
            item[contour_data] = RawDataElement(contour_data, "DS", len(text), text, 0, False, True)
            items.append(item)
    return items
