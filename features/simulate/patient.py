"""Patients of one centre: what the truth planted, with ids, dates and a second time point for some."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from features.simulate.truth import TruthModel, draw_population

FIRST_DAY = date(2015, 1, 5)
WEEK4_DAYS = 28
Timepoint = Literal["baseline", "week4"]


@dataclass(frozen=True, slots=True)
class Tumour:
    """A tumour at one time point: its volume, the sd of its texture and the Gaussian sigma of the texture's grain."""

    volume_ml: float
    texture_hu: float
    grain_mm: float


@dataclass(frozen=True, slots=True)
class Patient:
    """One simulated patient. pack_years is None where unknown; `tumours` has a week-4 entry where there was a second scan."""

    id: str
    centre: str
    state: float
    logit: float
    log_hazard: float
    age_years: float
    sex: Literal["female", "male"]
    stage: int
    pack_years: float | None
    response: bool
    os_days: int
    death: bool
    start: date
    tumours: dict[Timepoint, Tumour]

    def scan_date(self, timepoint: Timepoint) -> date:
        """Day of the scan: the start of treatment, or 28 days later."""
        return self.start + timedelta(days=WEEK4_DAYS if timepoint == "week4" else 0)


def draw_patients(model: TruthModel, rng: np.random.Generator, centre: str, n: int, *, first: int = 1) -> list[Patient]:
    """`n` patients of a centre, numbered from `first`. Every third one has a week-4 scan, where responders' tumours shrink
    and grow even.
    """
    patients: list[Patient] = []
    people = draw_population(model, rng, n)
    for i, row in enumerate(people.to_dict("records")):
        response = bool(row["response"])
        tumours: dict[Timepoint, Tumour] = {
            "baseline": Tumour(float(row["volume_ml"]), float(row["texture_hu"]), float(row["grain_mm"]))
        }
        shrink, fade = rng.standard_normal(2)
        if i % 3 == 0:
            tumours["week4"] = Tumour(
                volume_ml=tumours["baseline"].volume_ml * float(np.exp(-0.45 * response + 0.12 * shrink)),
                texture_hu=tumours["baseline"].texture_hu * float(np.exp(-0.25 * response + 0.08 * fade)),
                grain_mm=tumours["baseline"].grain_mm,
            )
        patients.append(
            Patient(
                id=f"{centre}-{i + first:04d}",
                centre=centre,
                state=float(row["state"]),
                logit=float(row["logit"]),
                log_hazard=float(row["log_hazard"]),
                age_years=float(row["age_years"]),
                sex="female" if row["sex"] == "female" else "male",
                stage=int(row["stage"]),
                pack_years=None if np.isnan(row["pack_years"]) else float(row["pack_years"]),
                response=response,
                os_days=int(row["os_days"]),
                death=bool(row["death"]),
                start=FIRST_DAY + timedelta(days=int(rng.integers(0, 1400))),
                tumours=tumours,
            )
        )
    return patients
