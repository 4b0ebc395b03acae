"""Distributions: a small histogram of a fact for each centre, as shapes that a template draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.wording import counted
from tasks.quality.outliers import SAME
from tasks.quality.scan_facts import Fact
from tasks.reports.number_format import decimal

BINS = 20
LABEL, WIDTH, ROW, TOP, FOOT = 62, 232, 30, 4, 20  # pixels
QUIET = {"voxels", "components", "touches_border", "size_x", "size_y", "size_z", "spacing_y_mm"}
QUIET |= {"intensity_min", "intensity_max"}
SKEWED = 30.0  # a positive fact whose largest value is so many times its smallest stands on a logarithmic axis


@dataclass(frozen=True)
class Bars:
    """The histogram of a centre. bars: x, y, width, height in pixels. median: its place; text: in words."""

    centre: str
    y: int
    bars: tuple[tuple[float, float, float, float], ...]
    median: float
    text: str


@dataclass(frozen=True)
class Distribution:
    """A fact over the centres on one axis; low, high: what its ends mean. height: of the whole, in pixels."""

    id: str
    title: str
    rows: tuple[Bars, ...]
    low: str
    high: str
    scale: str
    height: int
    width: int = LABEL + WIDTH + 6
    left: int = LABEL


def same_value(fact: Fact, known: pd.DataFrame, scans: int) -> str:
    """The value that all scans share, with how many of them say so; "" if it varies. known: those of the scans that tell it."""
    values = known[fact.name].to_numpy(np.float64)
    if np.ptp(values) > SAME * float(np.abs(values).max()):
        return ""
    return f"{number(values[0])} in {len(values)} of {counted(scans, 'scan')}"


def number(value: float) -> str:
    """A number with three digits that tell something.

    >>> number(1234.5), number(12.34), number(0.97656)
    ('1234', '12.3', '0.977')
    """
    size = abs(value)
    text = decimal(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3)
    return text.rstrip("0").rstrip(".") if "." in text else text


def distribution(name: str, fact: Fact, known: pd.DataFrame) -> Distribution:
    """The histograms of a fact that varies. known: the scans that tell it; name: of the figure, among all."""
    values = known[fact.name].to_numpy(np.float64)
    logarithmic = bool(values.min() > 0 and values.max() / values.min() > SKEWED)
    ends = (np.log(values) if logarithmic else values).min(), (np.log(values) if logarithmic else values).max()
    rows = []
    for i, (centre, part) in enumerate(known.groupby("centre")):
        own = part[fact.name].to_numpy(np.float64)
        placed = (np.log(own) if logarithmic else own) - ends[0]
        placed = placed / (ends[1] - ends[0])
        low, median, high = np.quantile(own, [0.25, 0.5, 0.75])
        at = float(np.interp(np.log(median) if logarithmic else median, ends, (0.0, 1.0)))
        text = f"{centre}: median {number(median)} [{number(low)}–{number(high)}], n = {len(own)}"
        y = TOP + i * ROW
        rows.append(Bars(str(centre), y, _bars(placed, y), round(LABEL + at * WIDTH, 1), text))
    low_text, high_text = number(values.min()), number(values.max())
    height = TOP + len(rows) * ROW + FOOT
    scale = "logarithmic" if logarithmic else ""
    return Distribution(f"distribution-{name}", fact.title, tuple(rows), low_text, high_text, scale, height)


def _bars(placed: NDArray[np.float64], y: int) -> tuple[tuple[float, float, float, float], ...]:
    """Bars of values between 0 and 1, the highest nearly as high as the row."""
    counts = np.bincount(np.minimum((placed * BINS).astype(int), BINS - 1), minlength=BINS)
    step, most = WIDTH / BINS, ROW - 6
    found = []
    for i, count in enumerate(counts):
        if count:
            height = max(1.5, float(count / counts.max() * most))
            found.append(
                (round(LABEL + i * step, 1), round(y + ROW - 2 - height, 1), round(step - 1, 1), round(height, 1))
            )
    return tuple(found)
