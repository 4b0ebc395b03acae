"""Planted faults: patients beside the sound ones, each with one fault of the kind that real exports have, and its code."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from features.simulate.acquisition import Format
from features.simulate.anatomy import Phantom
from features.simulate.patient import Patient
from features.simulate.uid import derive_uid
from features.simulate.write_dicom import StudyFacts
from features.simulate.write_nifti import write_label_map, write_nifti
from features.simulate.write_rtstruct import write_rtstruct
from features.simulate.write_seg import write_seg

TRUE_RISKS = ("state", "logit", "log_hazard", "rim_grain_mm")
RESENT = "resent"  # folder of what a site would send again, once it is told of a fault


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and the code by which it ought to be found.

    error: whether the scan or the value is to be rejected, else it is used with a warning. has_images, in_clinical: where
    the patient is. A patient who is used is in no clinical table, so that no study counts more cases than without faults.
    """

    name: str
    told: str
    code: str
    error: bool = True
    has_images: bool = True
    in_clinical: bool = True


FAULTS: dict[Format, tuple[Fault, ...]] = {
    "rtstruct": (
        Fault("missing_slice", "a slice inside the CT series was lost on the way", "DICOM_MISSING_SLICE"),
        Fault("other_series", "the RTSTRUCT was drawn on another series, which was not sent", "MASK_MISSING"),
        Fault("truncated_slice", "the copy of one CT slice ended half way", "DICOM_SHORT_PIXELS"),
        Fault(
            "skipped_contours", "only every second slice was contoured", "RT_SKIPPED", error=False, in_clinical=False
        ),
    ),
    "seg": (
        Fault("empty_mask", "the segmentation was saved before anything was drawn", "MASK_EMPTY"),
        Fault("no_rescale", "an anonymiser removed the rescale values of the CT", "DICOM_NO_RESCALE"),
    ),
    "nifti": (
        Fault("other_grid", "the mask was drawn on a coarser grid than that of the CT", "GEOMETRY"),
        Fault("truncated_volume", "the upload of the CT ended early", "NII_TRUNC"),
        Fault(
            "copied_image",
            "the CT and mask are those of another patient, under a second id",
            "IMAGE_COPY",
            error=False,
            in_clinical=False,
        ),
        Fault("lost_comma", "the decimal comma of an age was lost; no scan was sent", "TAB_RANGE", has_images=False),
    ),
}


def faulty_patient(patient: Patient, fault: Fault) -> Patient:
    """The patient as the tables tell it: one scan, and a wrong value if that is the fault."""
    found = replace(patient, tumours={"baseline": patient.tumours["baseline"]})
    return replace(found, age_years=found.age_years * 10) if fault.name == "lost_comma" else found


def write_faulty_mask(path: Path, fault: Fault, phantom: Phantom, slices: Sequence[Dataset], facts: StudyFacts) -> None:
    """Write the RTSTRUCT or SEG of a CT, spoilt where the fault is one of masks. `slices`: the CT's, lowest first."""
    from pydicom import dcmread

    write = write_seg if fault in FAULTS["seg"] else write_rtstruct
    if fault.name == "other_series":
        slices = [_of_another_series(one) for one in slices]
    elif fault.name == "skipped_contours":
        drawn = np.flatnonzero(phantom.tumour.any(axis=(1, 2)))
        kept = phantom.tumour.copy()
        kept[drawn[1:-1:2]] = False
        phantom = replace(phantom, tumour=kept)
    write(path, phantom, slices, facts)
    if fault.name == "empty_mask":  # afterwards: highdicom refuses, or complains about, an empty one
        seg = dcmread(path)
        seg.PixelData = bytes(len(seg.PixelData))
        seg.save_as(path, enforce_file_format=True)


def _of_another_series(one: Dataset) -> Dataset:
    """The header by which an RTSTRUCT names a slice of another series of the same study."""
    other = Dataset()
    other.SOPClassUID, other.StudyInstanceUID = one.SOPClassUID, one.StudyInstanceUID
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(other, keyword, derive_uid("another series", one[keyword].value))
    return other


def spoil_series(folder: Path, fault: Fault) -> None:
    """Damage the files of a written CT series, where the fault is one of them."""
    from pydicom import dcmread

    files = sorted(folder.glob("*.dcm"))
    middle = files[len(files) // 2]
    if fault.name == "missing_slice":
        middle.unlink()
    elif fault.name == "truncated_slice":
        middle.write_bytes(middle.read_bytes()[: middle.stat().st_size // 2])
    elif fault.name == "no_rescale":
        for path in files:
            ds = dcmread(path)
            del ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType
            ds.save_as(path, enforce_file_format=True)


def write_faulty_nifti(folder: Path, fault: Fault, phantom: Phantom, *, another: Path, resent: Path) -> None:
    """Write CT.nii.gz and GTV.nii.gz with the fault. `another`: the folder of a sound scan; `resent`: for a mended mask."""
    if fault.name == "copied_image":
        folder.mkdir(parents=True)
        for path in sorted(another.iterdir()):
            (folder / path.name).write_bytes(path.read_bytes())
        return
    write_nifti(folder, phantom)
    if fault.name == "truncated_volume":
        image = folder / "CT.nii.gz"
        image.write_bytes(image.read_bytes()[: image.stat().st_size * 3 // 5])
    elif fault.name == "other_grid":
        x, y, z = phantom.spacing_mm
        resent.mkdir(parents=True)
        write_label_map(resent / "GTV.nii.gz", phantom)
        coarse = phantom.tumour[:, ::2, ::2]
        write_label_map(folder / "GTV.nii.gz", replace(phantom, tumour=coarse, spacing_mm=(2 * x, 2 * y, z)))


def write_planted(path: Path, planted: Sequence[tuple[Patient, Fault]]) -> None:
    """Write the truth about faults, a row per patient: who, which fault, its code, and the true risks as in patients.csv."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["patient", "centre", "fault", "code", "severity", "told", *TRUE_RISKS])
    for patient, fault in planted:
        severity = "error" if fault.error else "warning"
        risks = [f"{getattr(patient, name):.6f}" for name in TRUE_RISKS]
        writer.writerow([patient.id, patient.centre, fault.name, fault.code, severity, fault.told, *risks])
    path.write_bytes(text.getvalue().encode())
