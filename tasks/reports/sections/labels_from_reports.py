"""Labels from reports: how many cases a text model labelled, and how well it agrees with labels by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from tasks.modelling.evaluation.label_noise import LabelNoise, Told
from tasks.modelling.evaluation.result import StudyResult
from tasks.reports.number_format import DASH, decimal, interval, share
from tasks.reports.section import Findings, Section

RULE = (
    "Patients without a label by hand are labelled by a text model that read their reports: these labels are weak. They train "
    "models and are never scored, and neither are the patients who taught the text model: their labels are in those of the "
    "others. All scores of this report are of patients labelled by hand. The text model is compared with the labels by hand "
    "patient by patient, each read by a model that he did not teach. Of the labels that it gave, about as many are wrong as it "
    "read wrong there. It is forgotten after each refresh: no word of a report is kept for it."
)


class LabelsFromReports(Section):
    """A table of agreement; not there where nobody was labelled by a text."""

    kind: Literal["labels_from_reports"] = "labels_from_reports"
    order: ClassVar[int] = 12

    def applies(self, found: Findings) -> bool:
        return bool(found.result.label_noise)

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"rows": noise_rows(found.result), "rule": RULE}


@dataclass(frozen=True)
class NoiseRow:
    """An outcome of a cohort, numbers in words."""

    outcome: str
    cohort: str
    scored: int
    taught: int
    text: str
    compared: int
    kappa: str
    sensitivity: str
    specificity: str
    wrong: str


def noise_rows(result: StudyResult) -> tuple[NoiseRow, ...]:
    """A row for each outcome and cohort."""
    return tuple(_row(one) for one in result.label_noise)


def _row(one: LabelNoise) -> NoiseRow:
    return NoiseRow(
        one.outcome,
        one.cohort,
        one.scored,
        one.taught,
        f"{one.text}, of these {share(one.positive, one.text)} positive" if one.text else "0",
        one.compared,
        _told(one.kappa),
        _told(one.sensitivity),
        _told(one.specificity),
        _told(one.wrong),
    )


def _told(one: Told) -> str:
    bounds = interval(one.low, one.high)
    return DASH if one.value is None else decimal(one.value) + (f" ({bounds})" if bounds else "")
