"""Patients of one centre: what the truth planted, with ids, dates and a second time point for some."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np

from features.simulate.truth import TruthModel, draw_population, draw_rims

FIRST_DAY = date(2015, 1, 5)
WEEK4_DAYS = 28
Timepoint = Literal["baseline", "week4"]


@dataclass(frozen=True, slots=True)
class Tumour:
    """A tumour at one time point: volume, sd of the texture, and the Gaussian sigmas of the texture's grain and of the rim's."""

    volume_ml: float
    texture_hu: float
    grain_mm: float
    rim_grain_mm: float


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

    @property
    def rim_grain_mm(self) -> float:
        """The grain of the rim, the same at every time point."""
        return self.tumours["baseline"].rim_grain_mm

    def scan_date(self, timepoint: Timepoint) -> date:
        """Day of the scan: the start of treatment, or 28 days later."""
        return self.start + timedelta(days=WEEK4_DAYS if timepoint == "week4" else 0)


def draw_patients(
    model: TruthModel, rng: np.random.Generator, rims: np.random.Generator, centre: str, n: int, *, first: int = 1
) -> list[Patient]:
    """`n` patients of a centre, numbered from `first`. Every third one has a week-4 scan, where responders' tumours shrink
    and grow even. `rims` draws the grain of the rims alone.
    """
    patients: list[Patient] = []
    people = draw_population(model, rng, n)
    people["rim_grain_mm"] = draw_rims(model, rims, people["state"].to_numpy())
    for i, row in enumerate(people.to_dict("records")):
        response = bool(row["response"])
        tumours: dict[Timepoint, Tumour] = {
            "baseline": Tumour(*(float(row[name]) for name in ("volume_ml", "texture_hu", "grain_mm", "rim_grain_mm")))
        }
        shrink, fade = rng.standard_normal(2)
        if i % 3 == 0:
            before = tumours["baseline"]
            tumours["week4"] = replace(
                before,
                volume_ml=before.volume_ml * float(np.exp(model.week4_volume * response + 0.12 * shrink)),
                texture_hu=before.texture_hu * float(np.exp(model.week4_texture * response + 0.08 * fade)),
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
