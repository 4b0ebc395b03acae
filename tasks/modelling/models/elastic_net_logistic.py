"""Elastic net logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.lasso import Share
from tasks.modelling.models.lasso_logistic import fit_paths
from tasks.modelling.models.model import FittedModel, PathModel
from tasks.modelling.paths import by_share
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class ElasticNetLogistic(PathModel):
    """Logistic regression with an L1 and an L2 penalty and a free intercept: correlated columns enter together.

    The score is the log odds; of several classes, labels and ranks it asks what lasso_logistic asks. C: inverse strength of the
    penalty, as in scikit-learn: sum of losses × C + l1_ratio × sum of the sizes of coefficients + (1 − l1_ratio) × half the sum
    of their squares. Zou & Hastie, J R Stat Soc B 2005;67:301; Friedman et al., J Stat Softw 2010;33:1.
    """

    kind: Literal["elastic_net_logistic"] = "elastic_net_logistic"
    compared: ClassVar[Compared] = Compared(
        "LogisticRegression of scikit-learn (saga) on WORC-Lipo; glmnet of R, of three classes",
        "1e-3; glmnet 1e-5",
        "contracts/test_model_peers.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal"})
    tuned: ClassVar[tuple[str, ...]] = ("l1_ratio", "C")
    l1_ratio: tuple[Share, ...] = Field(
        (0.5,), min_length=1, title="Share of L1", description="1 is the LASSO; inner folds choose"
    )
    C: tuple[PositiveFloat, ...] = Field(
        (0.03, 0.1, 0.3, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="small values keep few columns; inner folds choose",
    )
    class_weight: Literal["none", "balanced"] = Field(
        "none",
        title="Class weights",
        description="balanced: the rarer answer counts more in the fit; the intercept is set back to how common it was",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One path for all penalties of one share."""
        asked = [(one.l1_ratio[0], one.C[0]) for one in variants]
        return by_share(asked, lambda own, share: fit_paths(rows, target, own, share, self.class_weight))
