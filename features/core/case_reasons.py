"""The quarantine codes of whose a file is, and of which visit, and what each means."""

from __future__ import annotations

from features.core.reason import Reason

CASE_REASONS: dict[str, Reason] = {
    "VISIT_ORDER": Reason(
        "the visits of a patient are out of order: a later time point is not on a later day, two days are one time point, or "
        "table and DICOM tell different days",
        "correct the day, or the time point, in the table, the tag or the folder; or widen tolerance_days or within_days",
    ),
    "TIMEPOINT_UNKNOWN": Reason("the time point is absent or unknown to the catalog", "add its code to the catalog"),
    "PATIENT_UNKNOWN": Reason(
        "a DICOM file has no PatientID, or a path names no patient",
        "export with patient ids; give deidentify the catalog, and as IN the cohort's root",
    ),
}
