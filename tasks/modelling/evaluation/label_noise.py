"""Label noise: how well labels that a text model read out of reports agree with those that were given by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.catalog.text_labels import HAND, TAUGHT, TEXT
from features.core.design import Design
from tasks.modelling.curves.calibration import wilson
from tasks.modelling.intervals.estimate import NORMAL

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Told:
    """A value with its bounds of 95 %; None where there is nobody to tell by."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """Patients of a cohort, and how the text model and the hand agree, patient by patient, on those labelled by hand.

    scored, taught, text: who labelled whom. positive: of those labelled by the text model. compared: with a label by hand and a
    report. Each of them is read by a model that he did not teach. wrong: share that it reads otherwise. Bounds are Wilson's, of
    kappa by its large-sample error, and none of a kappa where nobody differs.
    """

    outcome: str
    cohort: str
    scored: int
    taught: int
    text: int
    positive: int
    compared: int
    kappa: Told
    sensitivity: Told
    specificity: Told
    wrong: Told

    def row(self) -> dict[str, str | int | float | None]:
        """Its row of the table `label_noise`."""
        names = ("outcome", "cohort", "scored", "taught", "text", "positive", "compared")
        row: dict[str, str | int | float | None] = {name: getattr(self, name) for name in names}
        for name in ("kappa", "sensitivity", "specificity", "wrong"):
            told: Told = getattr(self, name)
            row |= {name: told.value, f"{name}_low": told.low, f"{name}_high": told.high}
        return row


def label_noise(design: Design) -> tuple[LabelNoise, ...]:
    """One for each outcome and cohort in which a text model labelled anybody, or was taught."""
    found = []
    for word in [str(name).removesuffix("_label") for name in design.labels if str(name).endswith("_label")]:
        table = design.labels[[word, f"{word}_label", f"{word}_by_text"]].set_axis(["flag", "by", "read"], axis=1)
        table = table.assign(cohort=design.cohorts, patient=design.patients).drop_duplicates("patient")
        for cohort, own in table.groupby("cohort", sort=False):
            counts = {who: int((own["by"] == who).sum()) for who in (HAND, TAUGHT, TEXT)}
            if not (counts[TAUGHT] or counts[TEXT]):
                continue
            both = own[own["by"].isin([HAND, TAUGHT]) & own["read"].notna()]
            hand, read = (both[name].to_numpy(bool) for name in ("flag", "read"))
            positive = int(own["flag"][own["by"] == TEXT].astype(bool).sum())
            found.append(
                LabelNoise(
                    outcome=word,
                    cohort=str(cohort),
                    scored=counts[HAND],
                    taught=counts[TAUGHT],
                    text=counts[TEXT],
                    positive=positive,
                    compared=len(both),
                    kappa=kappa(hand, read),
                    sensitivity=_share(read[hand]),
                    specificity=_share(~read[~hand]),
                    wrong=_share(hand != read),
                )
            )
    return tuple(found)


def kappa(one: Flags, other: Flags) -> Told:
    """Cohen's kappa of two raters of yes and no, (n,) each, and its bounds of 95 %. Fleiss et al., Psychol Bull 1969;72:323.

    None where a rater has one answer alone, or nobody is rated; no bounds where they never differ.
    """
    if not len(one) or one.all() or not one.any():
        return Told()
    p = np.array([[(one & other).mean(), (one & ~other).mean()], [(~one & other).mean(), (~one & ~other).mean()]])
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    seen, chance = float(np.trace(p)), float(rows @ columns)
    value = (seen - chance) / (1 - chance)
    if seen == 1:
        return Told(value)
    first = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in range(2))
    second = (1 - value) ** 2 * sum(p[i, j] * (columns[i] + rows[j]) ** 2 for i in range(2) for j in range(2) if i != j)
    third = (value - chance * (1 - value)) ** 2
    error = math.sqrt(max(float(first + second - third), 0.0) / len(one)) / (1 - chance)
    return Told(value, max(-1.0, value - NORMAL * error), min(1.0, value + NORMAL * error))


def _share(flags: Flags) -> Told:
    if not len(flags):
        return Told()
    hits = int(flags.sum())
    return Told(hits / len(flags), *wilson(hits, len(flags)))
