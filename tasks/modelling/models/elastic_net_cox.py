"""Elastic-net Cox regression: an L1 and a ridge penalty together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.coxnet import fit_cox_path
from tasks.modelling.models.lasso import Share
from tasks.modelling.models.model import FittedModel, PathModel
from tasks.modelling.paths import by_share
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class ElasticNetCox(PathModel):
    """Elastic-net Cox, with Breslow's rule for ties; the score is the log hazard ratio; curves have Breslow's baseline.

    Columns that go together share their weight, where LASSO-Cox takes one of them. alpha_fraction: penalty as a fraction of the
    smallest one that sets every coefficient to zero; l1_ratio: the part of it on sizes, the rest is on half of their squares, as
    in scikit-survival and glmnet. Simon et al., J Stat Softw 2011;39:1; Zou & Hastie, J R Stat Soc B 2005;67:301.
    """

    kind: Literal["elastic_net_cox"] = "elastic_net_cox"
    compared: ClassVar[Compared] = Compared(
        "CoxnetSurvivalAnalysis of scikit-survival on nki70 and vdv",
        "2e-5",
        "tasks/modelling/models/test_elastic_net_cox.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
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
        return by_share(asked, lambda own, share: fit_cox_path(rows, target, own, share))
