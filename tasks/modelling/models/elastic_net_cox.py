"""Elastic-net Cox regression: an L1 and a ridge penalty together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from tasks.modelling.models.cox import FittedCox
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target

L1Share = Annotated[float, Field(gt=0, le=1)]


class ElasticNetCox(PathModel):
    """Elastic-net Cox, with Breslow's rule for ties; the score is the log hazard ratio; curves have Breslow's baseline.

    Columns that go together share their weight, where LASSO-Cox takes one of them. alpha_fraction: penalty as a fraction of the
    smallest one that sets every coefficient to zero; l1_ratio: the part of it on sizes, the rest is on half of their squares, as
    in scikit-survival and glmnet. Simon et al., J Stat Softw 2011;39:1; Zou & Hastie, J R Stat Soc B 2005;67:301.
    """

    kind: Literal["elastic_net_cox"] = "elastic_net_cox"
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    tuned: ClassVar[tuple[str, ...]] = ("l1_ratio", "alpha_fraction")
    l1_ratio: tuple[L1Share, ...] = Field(
        (0.5,), min_length=1, title="L1 share", description="part of the penalty that is on sizes; inner folds choose"
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
        """One path for all penalties of an L1 share, from the strongest to the weakest."""
        from tasks.modelling.solvers.baseline import fit_baseline
        from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path

        X, event, time, weights = rows.X, target.y["event"], target.y["time"], np.ones(len(rows.X))
        found: dict[tuple[float, float], FittedModel | Exception] = {}
        for share in dict.fromkeys(one.l1_ratio[0] for one in variants):
            fractions = np.unique([one.alpha_fraction[0] for one in variants if one.l1_ratio[0] == share])[::-1]
            try:
                largest = largest_cox_penalty(X, event, time, weights)
                # where no column tells anything of the events, every penalty leaves all at zero
                penalties = fractions * (largest if largest > 0 else 1.0) / share
                path = lasso_cox_path(X, event, time, weights, penalties, l1_ratio=share)
            except NUMERICAL as error:
                found |= {(share, float(one)): error for one in fractions}
                continue
            for one, b in zip(fractions, path, strict=True):
                found[share, float(one)] = FittedCox(b, fit_baseline((X * b).sum(axis=1), target.outcome))
        return [found[one.l1_ratio[0], float(one.alpha_fraction[0])] for one in variants]
