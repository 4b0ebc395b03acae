"""Cases of two visits, told apart by a DICOM attribute, with dates: change what is in memory, then write it."""

from __future__ import annotations

from typing import Any

from tests.corpus.study import Study, body, encode, roi_contours, rtstruct_of, series_of, uid

FIRST, LATER = "T0", "W4"
TIMEPOINTS = {"baseline": 0, "week4": 28}
TIMEPOINT: dict[str, Any] = {
    "tag": "ClinicalTrialTimePointID",
    "codes": {FIRST: "baseline", LATER: "week4"},
    "date": "StudyDate",
}


def visits_study(patient: str, seed: int = 0) -> Study:
    """Two CT series of one body, four weeks apart, each with contours of its own."""
    study = Study(patient, [], None)
    for name, code, date in (("image", FIRST, "20200315"), ("later", LATER, "20200411")):
        series = series_of(patient, body(seed), name=name)
        for ds in series:
            ds.ClinicalTrialTimePointID, ds.StudyDate = code, date
        study.images += series
        mask = rtstruct_of(series, [("GTV-1", roi_contours())])
        mask.SOPInstanceUID = mask.file_meta.MediaStorageSOPInstanceUID = uid(patient, "struct", name)
        study.others[f"{name}-struct.dcm"] = encode(mask)
    return study
