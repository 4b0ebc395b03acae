"""LASSO-Cox: Cox regression with an L1 penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.core.kinds.endpoint import Predicted
from tasks.modelling.estimators.estimated import EstimatedModel
from tasks.modelling.rows import Floats

if TYPE_CHECKING:
    from tasks.modelling.estimators.lasso_cox import LassoCox


class Coxnet(EstimatedModel):
    """LASSO-Cox on standardised columns; the score is the log hazard ratio.

    alpha_fraction: penalty as a fraction of the smallest one that sets every coefficient to zero.
    Simon et al., J Stat Softw 2011;39:1.
    """

    kind: Literal["coxnet"] = "coxnet"
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    tuned: ClassVar[tuple[str, ...]] = ("alpha_fraction",)
    alpha_fraction: tuple[float, ...] = Field(
        (0.5, 0.25, 0.1),
        min_length=1,
        title="Penalty",
        description="fraction of the smallest penalty that sets every coefficient to zero; inner folds choose",
    )

    def estimator(self, seed: int, predicted: Predicted) -> LassoCox:  # noqa: ARG002 (nothing random in it, one answer)
        from tasks.modelling.estimators.lasso_cox import LassoCox

        return LassoCox(alpha_fraction=self.alpha_fraction[0])

    def weights(self, estimator: LassoCox) -> Floats:
        return estimator.coef_
