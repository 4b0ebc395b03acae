"""Fine and Gray's regression with a LASSO or an elastic-net penalty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.fine_gray import FittedFineGray
from tasks.modelling.models.lasso import Share
from tasks.modelling.models.model import FittedModel, PathModel
from tasks.modelling.paths import Found, along, by_share
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class ElasticNetFineGray(PathModel):
    """Fine-Gray regression in which few columns keep a weight; the score is the log ratio of the subdistribution hazard.

    Cases with another event stay at risk, weighed by the censoring of the training cases, as in fine_gray. alpha_fraction:
    penalty as a fraction of the smallest one that sets every coefficient to zero; l1_ratio: the part of it on sizes, the rest is
    on half of their squares; 1 is the LASSO. glmnet of R finds the same on the table that survival::finegray makes.
    Fu et al., Biometrics 2017;73:448 (penalised Fine-Gray); Zou & Hastie, J R Stat Soc B 2005;67:301.
    """

    kind: Literal["elastic_net_fine_gray"] = "elastic_net_fine_gray"
    compared: ClassVar[Compared] = Compared(
        "glmnet of R on cgvhd and head-and-neck", "5e-5", "tasks/modelling/models/test_elastic_net_fine_gray.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"competing_risks"})
    tuned: ClassVar[tuple[str, ...]] = ("l1_ratio", "alpha_fraction")
    l1_ratio: tuple[Share, ...] = Field(
        (0.5,), min_length=1, title="Share of L1", description="1 is the LASSO; inner folds choose"
    )
    alpha_fraction: tuple[PositiveFloat, ...] = Field(
        (0.5, 0.25, 0.1),
        min_length=1,
        title="Penalty",
        description="fraction of the smallest penalty that sets every coefficient to zero; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One path for all penalties of one share."""
        asked = [(one.l1_ratio[0], one.alpha_fraction[0]) for one in variants]
        return by_share(asked, lambda own, share: _fit_path(rows, target, own, share))


def _fit_path(rows: Rows, target: Target, fractions: Sequence[float], l1_ratio: float) -> Found:
    from tasks.modelling.solvers.fine_gray import fit_subdistribution, staying
    from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path

    X, outcome, weights = rows.X, target.outcome, np.ones(len(rows.X))
    assert outcome.days is not None
    event, days = outcome.code == 1, outcome.days

    def fit(each: Floats) -> list[FittedModel]:
        stay = staying(outcome)
        largest = largest_cox_penalty(X, event, days, weights, staying=stay)
        # where no column tells anything of the events, every penalty leaves all at zero
        penalties = each * (largest if largest > 0 else 1.0) / l1_ratio
        path = lasso_cox_path(X, event, days, weights, penalties, l1_ratio=l1_ratio, staying=stay)
        return [FittedFineGray(b, fit_subdistribution((X * b).sum(axis=1), outcome)) for b in path]

    return along(fractions, fit)
