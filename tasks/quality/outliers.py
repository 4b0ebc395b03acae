"""Outliers: scans that stand apart from the others of their centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.quality.scan_facts import Fact, ScanFacts
from tasks.reports.number_format import decimal

LEAST_SCANS = 8  # of a centre and modality: below, a median says little
LIMIT = 3.5  # of the modified z-score: Iglewicz & Hoaglin, How to Detect and Handle Outliers (1993)
RARE = 0.1  # where most scans have one value, a share of others up to which each of them stands apart
SAME = 0.005  # relative differences up to which two values count as one: spacings are written with few digits
PER_SD = 1.4826  # the median absolute deviation of a normal distribution, as a part of its standard deviation
LOGARITHMIC = ("volume_ml", "intensity_sd")  # never negative and skewed: looked at on a logarithmic scale
LOOKED_AT: tuple[str, ...] = (
    "volume_ml",
    "intensity_mean",
    "intensity_sd",
    "spacing_x_mm",
    "spacing_z_mm",
    "slice_thickness_mm",
)
LOOKED_AT += ("kvp", "exposure_mas", "ctdi_vol_mgy", "repetition_time_ms", "echo_time_ms")


@dataclass(frozen=True)
class Outlier:
    """A value that stands apart. z: the robust z-score; infinite where all other scans have one value."""

    case: str
    centre: str
    modality: str
    fact: Fact
    value: float
    median: float
    z: float

    @property
    def shown(self) -> str:
        """The z-score as it is printed."""
        return decimal(self.z, 1) if np.isfinite(self.z) else "unlike the others"


def find_outliers(found: ScanFacts) -> tuple[Outlier, ...]:
    """Outliers of each centre and modality, the largest first. NaN is left out; centres with few scans too."""
    outliers: list[Outlier] = []
    for modality in found.modalities:
        facts = found.facts_of(modality)
        for centre, part in found.of(modality).groupby("centre"):
            for name in (name for name in LOOKED_AT if name in facts):
                known = part[part[name].notna()]
                for i, z in robust_z(known[name], logarithmic=name in LOGARITHMIC).items():
                    value, median = float(known[name][i]), float(known[name].median())
                    case = str(known["case"][i])
                    outliers.append(Outlier(case, str(centre), modality, facts[name], value, median, z))
    return tuple(sorted(outliers, key=lambda one: (-abs(one.z), one.case, one.fact.name)))


def robust_z(values: pd.Series, *, logarithmic: bool = False) -> dict[int, float]:
    """Row → modified z-score, of the values that stand apart: 0.6745 (x − median) / median absolute deviation.

    Where more than half of the values are equal, the few others stand apart by ±infinity.
    """
    numbers = values.to_numpy(dtype=np.float64)
    if len(numbers) < LEAST_SCANS:
        return {}
    if logarithmic and (numbers > 0).all():
        numbers = np.log(numbers)
    away = numbers - np.median(numbers)
    away[np.abs(away) <= SAME * abs(float(np.median(numbers)))] = 0.0
    spread = PER_SD * float(np.median(np.abs(away)))
    if spread > 0:
        scores = away / spread
    elif np.mean(away != 0) <= RARE:
        scores = np.where(away == 0, 0.0, np.copysign(np.inf, away))
    else:
        return {}
    rows = zip(values.index, scores.tolist(), strict=True)
    return {int(i): z for i, z in rows if abs(z) > LIMIT}
