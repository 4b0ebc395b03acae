"""StudyResult: scores, predictions, selected features and risk groups of one study, with all that a report prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

import pandas as pd

from features.core.design import Copies, FlowRow
from features.core.kinds.endpoint import Endpoint
from features.fusion.sources import Source
from tasks.modelling.claims.claim import Judged
from tasks.modelling.curves.curve import Curve
from tasks.modelling.evaluation.centre_told import CentreTold
from tasks.modelling.evaluation.comparison import Between, Comparison, Controlled
from tasks.modelling.evaluation.horizon_score import INCIDENCE_COLUMNS, HorizonScore
from tasks.modelling.evaluation.label_noise import LabelNoise, Told
from tasks.modelling.fusion.fusion import Fitted

if TYPE_CHECKING:
    from tasks.modelling.evaluation.single import Single

ModelKey = tuple[str, int, str, str, str]  # split, repeat, fold, blocks, model
PREDICTION_COLUMNS = (
    *("split", "repeat", "fold", "blocks", "model", "case", "cohort", "centre", "patient"),
    *("score", "high_risk", "event", "time", "level", "value"),
)
PROBABILITY_COLUMNS = ("split", "repeat", "fold", "blocks", "model", "case", "level", "probability")


@dataclass(frozen=True, slots=True)
class Score:
    """A metric of one candidate (`model` is its name) on one set of blocks under one split.

    reason: why there is no value, or no interval of it. within: "centre" where only cases of one centre were compared with each
    other, "" where all of a fold were. interval_of: what the interval is of, in words. lowest, highest: over the repeats, None
    where there is one.
    centre: the only centre that is scored, "" for all together. cohort: the only cohort that is scored, of splits that predict
    held-out cases; "" for all that develop models. n: scored cases; events: of them, None for endpoints without
    events. columns: columns offered to the model. settings: how many inner folds chose from. warnings: number raised
    while fitting.
    """

    split: str
    blocks: str
    model: str
    metric: str
    centre: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    events: int | None
    columns: int
    settings: int
    warnings: int
    reason: str = ""
    cohort: str = ""
    within: str = ""
    interval_of: str = ""
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """Columns of one source with their stability, and the score of a model that sees these alone."""

    source: Source
    score: Score


@dataclass(frozen=True, slots=True)
class Share:
    """What a block contributed to a candidate, on average over the split's fitted folds.

    share: of what decides the prediction (tasks/modelling/fusion/shares.py says what that is). chosen: how many of its columns
    a fold uses.
    """

    split: str
    blocks: str
    model: str
    block: str
    share: float
    chosen: float
    folds: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A setting that inner folds chose, where there were several: in how many of the split's fitted folds."""

    split: str
    blocks: str
    model: str
    setting: str
    value: str
    chosen: int
    folds: int


@dataclass(frozen=True, slots=True)
class Selected:
    """A feature that models chose: in how many of the split's fitted folds, and its mean weight there (NaN: none)."""

    split: str
    blocks: str
    model: str
    feature: str
    chosen: int
    folds: int
    mean_weight: float


@dataclass(frozen=True, slots=True)
class RiskGroups:
    """Out-of-fold cases above and below the cut of their fold (see risk_groups), first repeat, up to the horizon.

    Curves are the share without the event (Kaplan–Meier), or that had the one of interest among others (Aalen–Johansen).
    cohort: as in Score. p: log-rank, with other events as censored. Folds share training cases, so p is descriptive. A curve is
    None where its group is empty.
    """

    split: str
    blocks: str
    model: str
    p: float | None
    reason: str
    high: Curve | None
    low: Curve | None
    cohort: str = ""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Cases of a cohort that models only predict. role: "external", or "test" of a given split. n, events, patients and
    counted: as in StudyResult.
    """

    cohort: str
    role: str
    n: int
    events: int | None
    patients: int
    counted: str


@dataclass(frozen=True, slots=True)
class Tuned:
    """How much was tried: sets of blocks, models, combinations of them (each a reported score), their settings, and all fits."""

    block_sets: int
    models: int
    combinations: int
    settings: int
    fits: int


@dataclass(frozen=True, eq=False)
class StudyResult:
    """All that one study gave. predictions: PREDICTION_COLUMNS, one row per case, fold, set of blocks and model.

    probabilities: PROBABILITY_COLUMNS, a row for each class, rank or label of these; of yes or no for yes, where a fold learned
    what makes probabilities of risks.
    n, events, counted (by outcome, in words), patients, centres: of the cases that develop models; held_out: of the others.
    uncommon: as in the design.
    scarce: how many of them limit what can be learnt.
    small: a sentence for the report where cases or events are few, else "". warnings: message → number, over all fits.
    chosen: settings, as inner folds chose them.
    copies: patients that may be one, as in the design. singles: the best column of each block. centre_told: how well features
    tell the centre, empty where there is one. shares: of sets of several blocks.
    incidences: INCIDENCE_COLUMNS, what was predicted at the horizons; by_horizon: the scores there. Empty without follow-up.
    worth: sources of columns with their stability and their scores alone, where stability was measured; no scores of the study.
    comparisons: pairs of combinations. between: how much left-out centres differ. controlled: sets of
    blocks under the controls of the study.
    claims: those of the study, with their verdicts. label_noise: of outcomes that a text model reads out of reports.
    models: fitted candidates, only if asked for.
    """

    study: str
    digest: str
    endpoint: Endpoint
    n: int
    events: int | None
    scarce: int
    counted: str
    patients: int
    centres: Mapping[str, int]
    blocks: Mapping[str, tuple[str, ...]]
    flow: tuple[FlowRow, ...]
    scores: tuple[Score, ...]
    predictions: pd.DataFrame
    probabilities: pd.DataFrame
    selected: tuple[Selected, ...]
    shares: tuple[Share, ...]
    groups: tuple[RiskGroups, ...]
    tuned: Tuned
    small: str
    warnings: Mapping[str, int]
    chosen: tuple[Chosen, ...] = ()
    copies: tuple[Copies, ...] = ()
    singles: tuple[Single, ...] = ()
    centre_told: tuple[CentreTold, ...] = ()
    held_out: tuple[HeldOut, ...] = ()
    uncommon: Mapping[str, str] = field(default_factory=dict)
    worth: tuple[Worth, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    between: tuple[Between, ...] = ()
    controlled: tuple[Controlled, ...] = ()
    incidences: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(INCIDENCE_COLUMNS)))
    by_horizon: tuple[HorizonScore, ...] = ()
    claims: tuple[Judged, ...] = ()
    label_noise: tuple[LabelNoise, ...] = ()
    models: Mapping[ModelKey, Fitted] = field(default_factory=dict)

    def scores_table(self) -> pd.DataFrame:
        """The scores as a table, one row each."""
        return pd.DataFrame([asdict(score) for score in self.scores])

    def selected_table(self) -> pd.DataFrame:
        """The selected features as a table, one row each."""
        columns = ["split", "blocks", "model", "feature", "chosen", "folds", "mean_weight"]
        return pd.DataFrame([asdict(one) for one in self.selected], columns=columns)

    def shares_table(self) -> pd.DataFrame:
        """What each block contributed as a table, one row each."""
        columns = ["split", "blocks", "model", "block", "share", "chosen", "folds"]
        return pd.DataFrame([asdict(one) for one in self.shares], columns=columns)

    def singles_table(self) -> pd.DataFrame:
        """The best column of each block as a table, one row each."""
        columns = ["block", "column", "columns", "value", "n", "p", "out_of_fold", "chosen", "folds"]
        return pd.DataFrame([asdict(one) for one in self.singles], columns=columns)

    def centre_told_table(self) -> pd.DataFrame:
        """How well centres are told as a table, one row each."""
        columns = ["blocks", "model", "stage", "value", "chance", "n", "folds", "centres", "reason"]
        return pd.DataFrame([asdict(one) for one in self.centre_told], columns=columns)

    def worth_table(self) -> pd.DataFrame:
        """Stability beside worth as a table, a row for each source."""
        columns = [
            *(
                "source",
                "block",
                "extractor",
                "family",
                "recipe",
                "image",
                "columns",
                "cohort",
                "regions",
                "measurements",
            ),
            *(
                "median_icc",
                "stable_share",
                "split",
                "model",
                "metric",
                "within",
                "value",
                "low",
                "high",
                "n",
                "events",
                "reason",
            ),
        ]
        rows = []
        for one in self.worth:
            source, score = asdict(one.source), asdict(one.score)
            source |= {
                "source": one.source.name,
                "columns": len(one.source.columns),
                "stable_share": one.source.stable_share,
            }
            rows.append([source[name] if name in source else score[name] for name in columns])
        return pd.DataFrame(rows, columns=columns)

    def comparisons_table(self) -> pd.DataFrame:
        """The comparisons as a table, one row each."""
        return pd.DataFrame([asdict(one) for one in self.comparisons], columns=[one.name for one in fields(Comparison)])

    def controls_table(self) -> pd.DataFrame:
        """The controls as a table, one row for each run; of a control without runs one row with its reason."""
        columns = [
            "control",
            "blocks",
            "model",
            "split",
            "metric",
            "within",
            "as_it_is",
            "under",
            "value",
            "p",
            "reason",
        ]
        rows = [
            (c.control, c.blocks, c.model, c.split, c.metric, c.within, c.value, label, value, c.p, c.reason)
            for c in self.controlled
            for label, value in (c.runs or (("", None),))
        ]
        return pd.DataFrame(rows, columns=columns)

    def groups_table(self) -> pd.DataFrame:
        """The risk groups as a table, one row each: how many cases are in each, and the log-rank p between them."""
        columns = ["split", "blocks", "model", "cohort", "n_high", "events_high", "n_low", "events_low", "p", "reason"]
        rows = []
        for one in self.groups:
            sizes = [(curve.n, curve.events) if curve else (0, 0) for curve in (one.high, one.low)]
            rows.append((one.split, one.blocks, one.model, one.cohort, *sizes[0], *sizes[1], one.p, one.reason))
        return pd.DataFrame(rows, columns=columns)

    def claims_table(self) -> pd.DataFrame:
        """The claims as a table, one row each."""
        return pd.DataFrame([asdict(one) for one in self.claims], columns=[one.name for one in fields(Judged)])

    def label_noise_table(self) -> pd.DataFrame:
        """Agreement of labels out of reports with those by hand as a table, a row for each outcome and cohort."""
        empty = LabelNoise("", "", 0, 0, 0, 0, 0, *[Told()] * 4).row()
        return pd.DataFrame([one.row() for one in self.label_noise], columns=list(empty))

    def by_horizon_table(self) -> pd.DataFrame:
        """The scores at the horizons as a table, one row each."""
        return pd.DataFrame(
            [asdict(one) for one in self.by_horizon], columns=[one.name for one in fields(HorizonScore)]
        )

    def copies_table(self) -> pd.DataFrame:
        """The copies as a table, a row for each patient of each set; `case` is the patient."""
        columns = ["copies", "case", "alike", "joined"]
        rows = [(i, patient, c.alike, c.joined) for i, c in enumerate(self.copies, start=1) for patient in c.patients]
        return pd.DataFrame(rows, columns=columns)
