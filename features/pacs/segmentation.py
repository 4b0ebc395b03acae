"""make_segmentation: the mask of a region as a DICOM SEG that references the image it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from features.core.case import Segmentation
from features.core.digest import digest_bytes
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.images.dicom.dataset import quiet

SERIES_NUMBER = 9001
# Of type 2, or copied by highdicom: empty where a file has none.
_COPIED = (
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "Manufacturer",
)


def read_sources(paths: Sequence[Path]) -> list[Dataset]:
    """The headers of an image's files. Raises Rejected: DICOM_TRUNC, if one of them cannot be read now."""
    found = []
    for path in paths:
        try:
            with quiet():
                source = dcmread(path, stop_before_pixels=True, force=True)
        except Exception as error:  # a broken file can raise anything inside the parser
            raise Rejected("DICOM_TRUNC") from error
        for keyword in _COPIED:
            if keyword not in source:
                setattr(source, keyword, "")
        found.append(source)
    return found


def make_segmentation(
    region: Region,
    sources: Sequence[Dataset],
    *,
    label: str,
    description: str,
    basis: Sequence[str],
    made: Segmentation = "given",
    by: str = "",
) -> Dataset:
    """A BINARY segmentation of one segment, whose frames lie where the mask has voxels.

    sources: headers of all files of the image, in any order. label: of the segment, description: of the series. basis: what
    the mask was made from; equal bases and masks give equal UIDs, so that a PACS keeps one copy of what is sent twice.
    made, by: how the ROI was made, and which program did if one did; a ROI of which nothing else is known counts as MANUAL.
    The patient and the study are those of the sources: what comes out names the patient.
    Raises Rejected: GEOMETRY, if the sources do not have what a segmentation copies from them.
    """
    import highdicom as hd  # takes a while to import
    from pydicom.sr.codedict import codes

    digest = digest_bytes(np.packbits(region.mask).tobytes())
    seed = [*basis, label, digest, sources[0].SOPInstanceUID]
    segment = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=words(label) or "ROI",
        segmented_property_category=codes.SCT.Tissue,  # what the ROI holds is not known
        segmented_property_type=codes.SCT.Tissue,
        **_algorithm(made, by),
        tracking_uid=generate_uid(entropy_srcs=[*seed, "segment"]),
        tracking_id=words(label) or "ROI",
    )
    frame = str(sources[0].get("FrameOfReferenceUID", ""))
    mask = hd.Volume(region.mask.astype(np.uint8), _affine(region.volume), "PATIENT", frame or None)
    try:
        with quiet():
            return hd.seg.Segmentation(
                source_images=list(sources),
                pixel_array=mask,
                segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
                segment_descriptions=[segment],
                series_instance_uid=generate_uid(entropy_srcs=[*seed, "series"]),
                series_number=SERIES_NUMBER,
                sop_instance_uid=generate_uid(entropy_srcs=[*seed, "instance"]),
                instance_number=1,
                manufacturer="radweave",
                manufacturer_model_name="radweave",
                device_serial_number="1",
                software_versions=version("radweave"),
                series_description=words(description),
                content_label="ROI",
            )
    except (AttributeError, ValueError, TypeError) as error:
        raise Rejected("GEOMETRY", "the image lacks what a segmentation copies from it") from error


def _algorithm(made: Segmentation, by: str) -> dict[str, Any]:
    """How a segment was made, in the words of DICOM, and by which program of radweave."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    kinds = hd.seg.SegmentAlgorithmTypeValues
    if made not in ("semiautomatic", "automatic"):
        return {"algorithm_type": kinds.MANUAL}
    family = (
        codes.cid7162.HistogramAnalysis
        if "threshold" in by or "percent" in by
        else codes.cid7162.ArtificialIntelligence
    )
    told = hd.AlgorithmIdentificationSequence(
        name=words(by) or "radweave", family=family, version=version("radweave"), source="radweave"
    )
    return {"algorithm_type": kinds[made.upper()], "algorithm_identification": told}


def _affine(volume: Volume) -> NDArray[np.float64]:
    """From (z, y, x) of a voxel to patient coordinates in mm."""
    axes = np.array(volume.direction).reshape(3, 3) * np.array(volume.spacing_mm)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes[:, ::-1], volume.origin_mm
    return affine


def words(text: str) -> str:
    """At most 64 characters, as DICOM's long strings allow; a backslash would part them."""
    return text.replace("\\", "/")[:64].strip()
