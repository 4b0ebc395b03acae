"""People: age, sex and stage of simulated patients, what these do to an outcome, and times to events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from features.simulate import declared
from features.simulate.write_csv import csv_bytes

Floats = NDArray[np.float64]

STAGES = ("I", "II", "III", "IV")
SHARES = (0.2, 0.3, 0.3, 0.2)
AGE_YEARS, AGE_SD, ADULT, OLD = 65.0, 9.0, 30.0, 90.0
STAGE_EFFECT, AGE_EFFECT = 0.30, 0.02  # on a logit or log hazard, of a stage and of a year
SHAPE = 1.2  # of the Weibull times to events
FIRST_DAY, DAYS = date(2016, 3, 1), 1200

VARIABLES: dict[str, dict[str, Any]] = {
    "age_years": declared.age("age at the first scan"),
    "sex": declared.SEX,
    "stage": {"type": "ordinal", "description": "clinical stage", "levels": list(STAGES)},
}
COLUMNS: dict[str, Any] = {
    "age_years": "age",
    "sex": declared.SEX_CODES,
    "stage": "stage",
}
YES_NO = {"yes": True, "no": False}


def draw_people(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """`n` people: age_years, sex, stage (1 to 4), clinical (what stage and age add to a logit), start (days since `FIRST_DAY`)."""
    age = np.round(np.clip(rng.normal(AGE_YEARS, AGE_SD, n), ADULT, OLD), 1)
    stage = rng.choice(len(STAGES), size=n, p=SHARES) + 1
    return pd.DataFrame(
        {
            "age_years": age,
            "sex": np.where(rng.random(n) < 0.45, "female", "male"),
            "stage": stage,
            "clinical": STAGE_EFFECT * (stage - 2.5) + AGE_EFFECT * (age - AGE_YEARS),
            "start": rng.integers(0, DAYS, n),
        }
    )


def first_day(facts: Mapping[Any, Any]) -> date:
    """The day of a patient's first scan."""
    return FIRST_DAY + timedelta(days=int(facts["start"]))


def toss(rng: np.random.Generator, logit: Floats) -> NDArray[np.bool_]:
    """Who has an outcome of this logit."""
    return np.asarray(rng.random(logit.size) < expit(logit))


def draw_days(rng: np.random.Generator, log_hazard: Floats, scale_days: float) -> Floats:
    """Days to the event: Weibull times with proportional hazards. scale_days: where 63 % have had it at a log hazard of 0."""
    days: Floats = scale_days * (rng.exponential(size=log_hazard.size) * np.exp(-log_hazard)) ** (1 / SHAPE)
    return days


def follow(
    rng: np.random.Generator, days: Floats, first: float, last: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days that were seen, whole and at least 1, and whether the event was: follow-up ends between two days, by lot."""
    end = rng.uniform(first, last, days.size)
    return np.maximum(np.ceil(np.minimum(days, end)), 1).astype(np.int64), days <= end


def write_people(path: Path, people: pd.DataFrame, outcomes: Sequence[str]) -> None:
    """Write a clinical table: patient, age, sex, stage, and these columns of `people`, flags as yes and no."""
    rows: list[list[str | int | float]] = [["patient", "age", "sex", "stage", *outcomes]]
    for row in people.to_dict("records"):
        own = [("yes" if row[name] else "no") if isinstance(row[name], bool) else row[name] for name in outcomes]
        rows.append([row["patient"], row["age_years"], row["sex"][0].upper(), STAGES[row["stage"] - 1], *own])
    path.write_bytes(csv_bytes(rows))
