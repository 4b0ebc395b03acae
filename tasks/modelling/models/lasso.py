"""LASSO regression of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.core.kinds.endpoint import Predicted
from tasks.modelling.estimators.estimated import EstimatedModel
from tasks.modelling.rows import Floats

if TYPE_CHECKING:
    from tasks.modelling.estimators.lasso_regression import LassoRegression


class Lasso(EstimatedModel):
    """Least squares with an L1 penalty on standardised columns.

    alpha_fraction: penalty as a fraction of the smallest one that sets every coefficient to zero.
    Tibshirani, J R Stat Soc B 1996;58:267.
    """

    kind: Literal["lasso"] = "lasso"
    endpoints: ClassVar[frozenset[str]] = frozenset({"continuous"})
    tuned: ClassVar[tuple[str, ...]] = ("alpha_fraction",)
    alpha_fraction: tuple[float, ...] = Field(
        (0.5, 0.25, 0.1),
        min_length=1,
        title="Penalty",
        description="fraction of the smallest penalty that sets every coefficient to zero; inner folds choose",
    )

    def estimator(self, seed: int, predicted: Predicted) -> LassoRegression:  # noqa: ARG002 (nothing random, one answer)
        from tasks.modelling.estimators.lasso_regression import LassoRegression

        return LassoRegression(alpha_fraction=self.alpha_fraction[0])

    def weights(self, estimator: LassoRegression) -> Floats:
        return estimator.coef_
