"""Outliers: scans that stand apart from the others of their centre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.results.scan_name import scan_name
from tasks.quality.scan_facts import Fact, ScanFacts
from tasks.reports.number_format import decimal

LEAST_SCANS = 8  # of a centre, image and ROI: below, a median says little
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
    """A value that stands apart. z: the robust z-score; infinite where all other scans have one value.

    images: those whose value it is, several where they share a grid or a mask; roi: "" of a fact of the image.
    """

    case: str
    centre: str
    images: tuple[str, ...]
    roi: str
    fact: Fact
    value: float
    median: float
    z: float

    @property
    def name(self) -> str:
        """Images and ROI, as people call them."""
        return scan_name(", ".join(self.images), self.roi)

    @property
    def shown(self) -> str:
        """The z-score as it is printed."""
        return decimal(self.z, 1) if np.isfinite(self.z) else "unlike the others"


def find_outliers(found: ScanFacts) -> tuple[Outlier, ...]:
    """Outliers of each centre, image and ROI, the largest first. NaN is left out; centres with few scans too.

    What several images of a case have alike is one outlier.
    """
    outliers: dict[tuple[object, ...], Outlier] = {}
    for image in found.images:
        for name, fact in found.facts_of(image).items():
            if name not in LOOKED_AT:
                continue
            for roi in found.rois_of(image) if fact.is_of_roi else [None]:
                for one in _of_fact(found.of(image, roi), fact, image, roi or ""):
                    key = one.case, one.roi, name, one.value, one.median, one.z
                    before = outliers[key].images if key in outliers else ()
                    outliers[key] = replace(one, images=(*before, image))
    return tuple(sorted(outliers.values(), key=lambda one: (-abs(one.z), one.case, one.fact.name, one.name)))


def _of_fact(scans: pd.DataFrame, fact: Fact, image: str, roi: str) -> Iterator[Outlier]:
    for centre, part in scans.groupby("centre"):
        known = part[part[fact.name].notna()]
        for i, z in robust_z(known[fact.name], logarithmic=fact.name in LOGARITHMIC).items():
            value, median = float(known[fact.name][i]), float(known[fact.name].median())
            yield Outlier(str(known["case"][i]), str(centre), (image,), roi, fact, value, median, z)


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
