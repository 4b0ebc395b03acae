"""Elastic net regression of a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.lasso import Share, fit_path
from tasks.modelling.models.model import FittedModel, PathModel
from tasks.modelling.paths import by_share
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class ElasticNet(PathModel):
    """Least squares with an L1 and an L2 penalty and a free intercept: correlated columns enter together.

    alpha_fraction: penalty as a fraction of the smallest one that sets every coefficient to zero. l1_ratio: the share of it that
    is L1, as in scikit-learn; the number is taken in units of its spread, as in glmnet, so that both mean the same in every
    unit. Zou & Hastie, J R Stat Soc B 2005;67:301.
    """

    kind: Literal["elastic_net"] = "elastic_net"
    compared: ClassVar[Compared] = Compared(
        "ElasticNet of scikit-learn on WORC-Lipo", "1e-4", "contracts/test_model_peers.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"continuous"})
    tuned: ClassVar[tuple[str, ...]] = ("l1_ratio", "alpha_fraction")
    l1_ratio: tuple[Share, ...] = Field(
        (0.5,), min_length=1, title="Share of L1", description="1 is the LASSO; inner folds choose"
    )
    alpha_fraction: tuple[PositiveFloat, ...] = Field(
        (0.5, 0.25, 0.1, 0.05),
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
        return by_share(asked, lambda own, share: fit_path(rows, target, own, share, self.kind))
