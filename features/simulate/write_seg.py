"""DICOM SEG: regions as a binary segmentation, one segment each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.simulate.anatomy import Phantom
from features.simulate.grid import Mask
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
    write_segments(path, {LABEL: phantom.tumour}, slices, facts)


def write_segments(
    path: Path,
    segments: Mapping[str, Mask],
    slices: Sequence[Dataset],
    facts: StudyFacts,
    *,
    word: str = "seg",
    number: int = 3,
) -> None:
    """Write a SEG of the series' `slices` (lowest first), a segment for each label; segments may overlap. `word` makes its UIDs."""
    from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
    from pydicom.sr.codedict import codes
    from pydicom.uid import UID

    masks = list(segments.values())
    seg = Segmentation(
        source_images=list(slices),
        pixel_array=masks[0] if len(masks) == 1 else np.stack(masks, axis=-1).astype(np.uint8),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[
            SegmentDescription(
                segment_number=place,
                segment_label=label,
                segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
                segmented_property_type=codes.SCT.Neoplasm,
                algorithm_type=SegmentAlgorithmTypeValues.MANUAL,
            )
            for place, label in enumerate(segments, 1)
        ],
        series_instance_uid=facts.uid(f"{word} series"),
        series_number=number,
        sop_instance_uid=facts.uid(word),
        instance_number=1,
        manufacturer="Contour Works",
        manufacturer_model_name="Simulator",
        software_versions="1",
        device_serial_number="1",
        content_label="GTV",
    )
    _fix_clock(seg, facts, facts.uid(f"{word} dimensions"))
    for keyword in TRIAL:
        setattr(seg, keyword, slices[0][keyword].value)
    seg.file_meta.ImplementationClassUID = UID(derive_uid("radweave simulator"))
    seg.file_meta.ImplementationVersionName = "RADWEAVE_SIM"
    seg.save_as(path, enforce_file_format=True)


def _fix_clock(seg: Dataset, facts: StudyFacts, dimensions: str) -> None:
    """Replace what highdicom took from the clock or at random."""
    day = facts.day.strftime("%Y%m%d")
    for when in ("Series", "Content", "InstanceCreation"):
        setattr(seg, f"{when}Date", day)
        setattr(seg, f"{when}Time", CLOCK)
    for item in seg.ContributingEquipmentSequence:
        item.ContributionDateTime = day + CLOCK
    for item in (*seg.DimensionOrganizationSequence, *seg.DimensionIndexSequence):
        item.DimensionOrganizationUID = dimensions
