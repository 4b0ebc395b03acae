"""DICOM: a PET in activity per ml, with the dose, the times and the weight that its uptake is computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np

from features.simulate.grid import Grid, Image
from features.simulate.write_dicom import CLOCK, StudyFacts
from features.simulate.write_series import Series, write_series

HALF_LIFE_S = 6586.2  # fluorine-18
HIGHEST = 32767


@dataclass(frozen=True, slots=True)
class Injected:
    """What a patient was given: dose_mbq at the injection, wait_min before the scan; the patient's weight and size."""

    dose_mbq: float
    wait_min: float
    weight_kg: float
    size_m: float

    @property
    def bq_per_suv(self) -> float:
        """Activity (Bq/ml) of a SUV of 1 at the start of the scan."""
        left = math.exp2(-self.wait_min * 60 / HALF_LIFE_S)
        return self.dose_mbq * 1e6 * left / (self.weight_kg * 1000)


def write_pet(folder: Path, suv: Image, grid: Grid, facts: StudyFacts, injected: Injected, manufacturer: str) -> None:
    """Write a PET (z, y, x in SUV) as BQML, decay corrected to the start of the scan; every slice has a slope of its own."""
    activity = suv * np.float32(injected.bq_per_suv)
    slopes = [max(float(plane.max()), 1.0) / HIGHEST for plane in activity]
    stored = np.stack([np.rint(plane / step) for plane, step in zip(activity, slopes, strict=True)]).astype(np.int16)
    write_series(
        folder,
        stored,
        grid,
        facts,
        Series("pet", "PT", "PET AC", 4, manufacturer, tags=_tags(facts, injected), slope=1.0),
        slice_tags=[{"RescaleSlope": f"{step:.10g}", "ImageIndex": k} for k, step in enumerate(slopes, 1)],
    )


def _tags(facts: StudyFacts, injected: Injected) -> dict[str, object]:
    from pydicom.dataset import Dataset

    scan = datetime.combine(facts.day, time.fromisoformat(f"{CLOCK[:2]}:{CLOCK[2:4]}:{CLOCK[4:]}"))
    given = scan - timedelta(seconds=round(injected.wait_min * 60))
    dose = Dataset()
    dose.Radiopharmaceutical = "Fluorodeoxyglucose"
    dose.RadiopharmaceuticalStartTime = f"{given:%H%M%S}"
    dose.RadiopharmaceuticalStartDateTime = f"{given:%Y%m%d%H%M%S}"
    dose.RadionuclideTotalDose = f"{injected.dose_mbq * 1e6:.0f}"
    dose.RadionuclideHalfLife = f"{HALF_LIFE_S:g}"
    return {
        "Units": "BQML",
        "CountsSource": "EMISSION",
        "SeriesType": ["STATIC", "IMAGE"],
        "CorrectedImage": ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"],
        "DecayCorrection": "START",
        "CollimatorType": "NONE",
        "AcquisitionDate": f"{facts.day:%Y%m%d}",
        "AcquisitionTime": CLOCK,
        "PatientWeight": f"{injected.weight_kg:g}",
        "PatientSize": f"{injected.size_m:g}",
        "FrameReferenceTime": "0",
        "RadiopharmaceuticalInformationSequence": [dose],
    }
