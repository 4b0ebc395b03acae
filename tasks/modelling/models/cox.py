"""Cox regression on a handful of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveFloat

from features.core.kinds.endpoint import Predicted
from tasks.modelling.estimators.estimated import EstimatedModel
from tasks.modelling.models.model import CLEANED, Settings
from tasks.modelling.rows import Floats

if TYPE_CHECKING:
    from tasks.modelling.estimators.ridge_cox import RidgeCox


class Cox(EstimatedModel):
    """Cox regression with a small ridge penalty (lifelines), one feature per ten training events and at most five.

    One candidate by default: as many features as the events allow. The score is the log hazard ratio.
    Cox, J R Stat Soc B 1972;34:187; Peduzzi et al., J Clin Epidemiol 1995;48:1503.
    """

    kind: Literal["cox"] = "cox"
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    tuned: ClassVar[tuple[str, ...]] = ("penalizer",)
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (5,), "events_per_feature": 10})
    penalizer: tuple[PositiveFloat, ...] = Field(
        (0.05,), min_length=1, title="Penalty", description="strength of the ridge penalty; inner folds choose"
    )

    def estimator(self, seed: int, predicted: Predicted) -> RidgeCox:  # noqa: ARG002 (nothing random in it, one answer)
        from tasks.modelling.estimators.ridge_cox import RidgeCox

        return RidgeCox(penalizer=self.penalizer[0])

    def weights(self, estimator: RidgeCox) -> Floats:
        return estimator.coef_
