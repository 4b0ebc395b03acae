"""DICOM SEG: the tumour as a binary segmentation with the label "GTV"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from features.simulate.anatomy import Phantom
from features.simulate.uid import derive_uid
from features.simulate.write_dicom import CLOCK, StudyFacts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LABEL = "GTV"
TRIAL = (
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialSubjectID",
    "ClinicalTrialTimePointID",
)


def write_seg(path: Path, phantom: Phantom, slices: Sequence[Dataset], facts: StudyFacts) -> None:
    """Write the segmentation of the CT `slices` (lowest first). Dates and UIDs follow from the facts, not from the clock."""
    from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
    from pydicom.sr.codedict import codes
    from pydicom.uid import UID

    seg = Segmentation(
        source_images=list(slices),
        pixel_array=phantom.tumour,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[
            SegmentDescription(
                segment_number=1,
                segment_label=LABEL,
                segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
                segmented_property_type=codes.SCT.Neoplasm,
                algorithm_type=SegmentAlgorithmTypeValues.MANUAL,
            )
        ],
        series_instance_uid=facts.uid("seg series"),
        series_number=3,
        sop_instance_uid=facts.uid("seg"),
        instance_number=1,
        manufacturer="Contour Works",
        manufacturer_model_name="Simulator",
        software_versions="1",
        device_serial_number="1",
        content_label="GTV",
    )
    _fix_clock(seg, facts)
    for keyword in TRIAL:
        setattr(seg, keyword, slices[0][keyword].value)
    seg.file_meta.ImplementationClassUID = UID(derive_uid("radweave simulator"))
    seg.file_meta.ImplementationVersionName = "RADWEAVE_SIM"
    seg.save_as(path, enforce_file_format=True)


def _fix_clock(seg: Dataset, facts: StudyFacts) -> None:
    """Replace what highdicom took from the clock or at random."""
    day, dimensions = facts.day.strftime("%Y%m%d"), facts.uid("seg dimensions")
    for when in ("Series", "Content", "InstanceCreation"):
        setattr(seg, f"{when}Date", day)
        setattr(seg, f"{when}Time", CLOCK)
    for item in seg.ContributingEquipmentSequence:
        item.ContributionDateTime = day + CLOCK
    for item in (*seg.DimensionOrganizationSequence, *seg.DimensionIndexSequence):
        item.DimensionOrganizationUID = dimensions
