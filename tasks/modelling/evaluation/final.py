"""Final: one candidate on one set of blocks, as fitted on every case that develops models of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from features.core.errors import DataError, FitError, did_you_mean
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome
from features.core.wording import counted
from tasks.modelling.candidate import Candidate
from tasks.modelling.decisions.probability import Line
from tasks.modelling.evaluation.recalibration import Recalibration
from tasks.modelling.fusion.fusion import Fitted
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.harmoniser import Harmoniser
from tasks.modelling.rows import Columns, Rows

MOST_NAMED = 20  # columns that a sentence names


@dataclass(frozen=True, eq=False)
class Final:
    """A candidate as fitted on all training rows, with what those who use it elsewhere need to know.

    blocks, model: names, as the study has them. columns: those that it needs, in their order. covariates: clinical columns that
    its harmonisers look at. units: column → unit, of those whose unit is known. settings: how many inner folds chose from;
    chosen: the choice. cut, line: as in Fit: what makes a decision and a probability of a risk, NaN where nothing was learnt.
    selected: column → weight, of those that it uses. levels: classes, ranks, causes or labels of the outcome, in their order.
    seen: the outcomes of the training cases, sorted, so that none tells whose it is: metrics of follow-up weigh by them.
    n, events, counted, patients, centres: of the training rows, as in StudyResult; cohorts: whose they are. warnings, remarks:
    as in Fit, of training rows alone. recalibration: what made another model of it at a new centre, if anything.
    """

    study: str
    blocks: str
    model: str
    candidate: Candidate
    columns: Columns
    covariates: tuple[str, ...]
    fitted: Fitted
    endpoint: Endpoint
    levels: tuple[str, ...]
    seen: Outcome
    settings: int
    chosen: Mapping[str, Any]
    cut: float
    line: Line
    selected: Mapping[str, float]
    shares: Mapping[str, float]
    n: int
    events: int | None
    counted: str
    patients: int
    centres: Mapping[str, int]
    cohorts: tuple[str, ...]
    warnings: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    units: Mapping[str, str] = field(default_factory=dict)
    recalibration: Recalibration | None = None

    @property
    def of_images(self) -> bool:
        """Whether it is shown images."""
        return self.candidate.model.of_images

    @property
    def seen_cohorts(self) -> tuple[str, ...]:
        """Cohorts whose cases it has seen: those that trained it, and the one that it was recalibrated on."""
        return (*self.cohorts, *([] if self.recalibration is None else [self.recalibration.cohort]))

    @property
    def predicts_together(self) -> bool:
        """Whether a row has a say in others: a harmoniser takes location and scale of all rows of an unseen centre."""
        return any(isinstance(step, Harmoniser) and step.unseen == "own" for step in self.candidate.every_step())

    def predict(self, rows: Rows) -> Prediction:
        """What it says of rows of any cohort that have its columns, by name and in any order; more columns do no harm.

        Raises DataError that names what is missing; FitError for a centre that a harmoniser was not fitted on and refuses.
        """
        needed = self.needed(rows)
        try:
            return self.fitted.predict(needed)
        except FitError as error:
            raise FitError(f"the model {self.model} of {self.study}: {error}") from error

    def remarks_on(self, rows: Rows) -> Counter[str]:
        """What is done to these rows that a reader has to know, with how often. Raises as `predict`."""
        return self.fitted.remarks(self.needed(rows))

    def needed(self, rows: Rows) -> Rows:
        """Rows with its columns alone, in their order. Raises DataError that names each that is missing, the covariates too, or
        where a model is shown images and the rows have none.
        """
        if self.of_images and rows.images is None:
            raise DataError(f"the model {self.model} of {self.study} is shown images, and these cases come without any")
        place = {name: i for i, name in enumerate(rows.columns.names.tolist())}
        named = self.columns.names.tolist()
        missing = [name for name in named if name not in place]
        missing += [name for name in self.covariates if name not in rows.covariates and name not in missing]
        if missing:
            there = [name for name in place if name not in set(named)]
            raise DataError(_lacks(f"the model {self.model} of {self.study}", missing, there))
        X = np.ascontiguousarray(rows.X[:, [place[name] for name in named]])
        return replace(rows, X=X, columns=self.columns)


def _lacks(who: str, missing: list[str], there: list[str]) -> str:
    shown = _list(missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    hints = [f"{name}: {hint}" for name in missing[:MOST_NAMED] if (hint := did_you_mean(name, there))]
    is_missing = counted(len(missing), "column is", "columns are")
    return "; ".join([f"{who}: {is_missing} missing that it was fitted on: {shown}{more}", *hints])


def _list(names: list[str]) -> str:
    return ", ".join(names)
