"""Faults of contours. Each function spoils the RTSTRUCT of one CT."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import ORIGIN_MM, ROI, SPACING_MM, Study, rectangle, roi_contours, rtstruct_of, uid
from tests.support.scans import contour_of

ct = partial(fault, "RTSTRUCT", "ct")
union = partial(fault, "RTSTRUCT", "ct_union")
absent = partial(fault, "RTSTRUCT", "ct_absent")
SLICES = range(ROI[0].start, ROI[0].stop)


def shift(study: Study, *, x: float = 0.0, z: float = 0.0) -> None:
    """Move all contours, mm."""
    for contour in study.contours:
        points = np.array(contour.ContourData, float).reshape(-1, 3) + np.array([x, 0, z])
        contour.ContourData = [f"{value:.4f}" for value in points.reshape(-1)]


def draw(study: Study, contours: list[Dataset]) -> None:
    """Replace the contours of the first ROI."""
    study.mask.ROIContourSequence[0].ContourSequence = contours


@ct(recovered("RT_SNAPPED"))
def rt_off_slice__near(study: Study) -> None:
    """Contours lie 0.2 mm beside their slices, less than a tenth of the distance of slices."""
    shift(study, z=0.2)


@ct(refused("RT_OFF_SLICE"))
def rt_off_slice(study: Study) -> None:
    """Contours lie between the slices."""
    shift(study, z=0.7)


@ct(recovered("MASK_MULTI", "RT_SKIPPED", twin="other"))
def rt_skipped(study: Study) -> None:
    """Only every second slice is contoured."""
    draw(study, study.contours[::2])


@ct(recovered(twin="other"))
def rt_keyhole(study: Study) -> None:
    """A hole is drawn as a keyhole: one line leads in and back."""
    outer = [(5.6, 5.6), (13.4, 5.6), (13.4, 13.4), (5.6, 13.4), (5.6, 5.6)]
    inner = [(8.6, 8.6), (8.6, 11.4), (11.4, 11.4), (11.4, 8.6), (8.6, 8.6)]
    points = [np.array([(x, y, k) for x, y in outer + inner]) * SPACING_MM + ORIGIN_MM for k in SLICES]
    draw(study, [contour_of(one) for one in points])


@ct(recovered(twin="other"))
def rt_hole(study: Study) -> None:
    """A hole is drawn as a contour inside the other."""
    holes = [rectangle(8.6, 8.6, 11.4, 11.4, k) for k in SLICES]
    draw(study, [contour_of(one) for one in (*roi_contours(), *holes)])


@ct(recovered("RT_OVERLAP_ISLANDS"))
def rt_overlap_islands(study: Study) -> None:
    """Two contours of one ROI overlap in part."""
    parts = [(5.6, 5.6, 10.4, 13.4), (8.6, 5.6, 13.4, 13.4)]
    draw(study, [contour_of(rectangle(*part, k)) for k in SLICES for part in parts])


@ct(refused("ROI_EMPTY"))
def rt_empty(study: Study) -> None:
    """The ROI has no contours."""
    del study.mask.ROIContourSequence[0].ContourSequence


@ct(refused("RT_POINT"))
def rt_point(study: Study) -> None:
    """The ROI is a point on each slice."""
    draw(study, [contour_of(rectangle(9, 9, 9, 9, k)[:1], "POINT") for k in SLICES])


@ct(refused("RT_POINT"))
def rt_point__line(study: Study) -> None:
    """Contours have two points."""
    draw(study, [contour_of(rectangle(6, 6, 12, 12, k)[::2]) for k in SLICES])


@ct(refused("RT_POINT"))
def rt_point__flat(study: Study) -> None:
    """Contours enclose no area."""
    draw(study, [contour_of(rectangle(6, 9, 12, 9, k)) for k in SLICES])


@ct(recovered())
def rt_name(study: Study) -> None:
    """The name of the ROI is written in another way, with spaces at its ends."""
    study.mask.StructureSetROISequence[0].ROIName = " gtv p "


def _names(study: Study, *names: str) -> None:
    study.mask = rtstruct_of(study.slices, [(name, roi_contours()[i:]) for i, name in enumerate(names)])


@ct(refused("ROI_AMBIGUOUS"))
def rt_name__several(study: Study) -> None:
    """Several ROIs match the catalog's pattern."""
    _names(study, "GTV-1", "GTV-2")


@union(recovered("ROI_SEVERAL"))
def rt_name__union(study: Study) -> None:
    """Several ROIs match, and the catalog says several: union."""
    _names(study, "GTV-1", "GTV-2")


@ct(refused("ROI_MISSING"))
def rt_name__none(study: Study) -> None:
    """No ROI matches the catalog's pattern."""
    _names(study, "Heart", "Lungs")


@absent(recovered(used=0, ignored_no_roi=9))
def rt_name__ignored(study: Study) -> None:
    """No ROI matches, and the catalog says absent: ignore."""
    _names(study, "Heart")


@ct(refused("FRAME_OF_REFERENCE"))
def rt_for(study: Study) -> None:
    """Contours and image have different frames of reference."""
    other = uid("another frame")
    study.mask.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = other
    study.mask.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = other


@ct(refused("IMAGE_MISSING", stage="index"))
def rt_for__series(study: Study) -> Study:
    """The contours refer to a series that is not there."""
    return Study(study.patient, [], study.mask)


@ct(refused("RT_OUTSIDE"))
def rt_outside(study: Study) -> None:
    """Contours lie outside the image."""
    shift(study, x=1000)


@ct(refused("RT_OBLIQUE"))
def rt_oblique(study: Study) -> None:
    """Contours are drawn on sagittal planes."""
    for contour in study.contours:
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        points[:, 2] = points[:, 0] + 18
        points[:, 0] = 0
        contour.ContourData = [f"{value:.4f}" for value in points.reshape(-1)]


@ct(recovered())
def rt_halfpixel(study: Study) -> None:
    """Edges run exactly through voxel centres: left and upper ones belong to the ROI, right and lower ones do not."""
    _, y, x = ROI
    draw(study, [contour_of(rectangle(x.start, y.start, x.stop, y.stop, k)) for k in SLICES])


@ct(recovered())
def rt_huge(study: Study) -> None:
    """A contour has 2,000 points, and there are 200 other ROIs."""
    contours = roi_contours()
    corners = np.vstack([contours[0], contours[0][:1]])
    many = np.vstack([np.linspace(a, b, 500, endpoint=False) for a, b in pairwise(corners)])
    study.mask = rtstruct_of(study.slices, [("GTV-1", [many, *contours[1:]]), *((f"ROI {i}", []) for i in range(200))])
    study.mask.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian  # explicit VR has no room for more than 64 kB
