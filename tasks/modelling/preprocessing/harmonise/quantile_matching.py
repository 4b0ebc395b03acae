"""Quantile matching: the distribution of each centre becomes that of all, column by column."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.harmonise.quantiles.centre_quantiles import CentreQuantiles, centre_quantiles
from tasks.modelling.preprocessing.harmoniser import Harmoniser
from tasks.modelling.rows import Floats, Names


class QuantileMatching(Harmoniser):
    """A value takes the place in the common distribution that it has among the training values of its centre, column by column.

    So centres lose more than location and scale: the whole shape of their distribution, and with it what their patients differ
    in. It needs many rows a centre, and centres whose patients are alike; it knows no covariates. The common distribution is the
    mean of the centres' quantiles, or that of the reference. Bolstad et al., Bioinformatics 2003;19:185.
    """

    kind: Literal["quantile_matching"] = "quantile_matching"
    compared: ClassVar[Compared] = Compared(
        "ordered means by numpy, as Bolstad 2003",
        "1e-7",
        "tasks/modelling/preprocessing/harmonise/test_quantile_matching.py",
    )

    quantiles: int = Field(
        100, ge=2, description="points of each distribution, at most as many as the smallest centre has rows"
    )

    def effects(self, X: Floats, groups: Names, known: Floats) -> CentreQuantiles:  # noqa: ARG002 (there are no covariates)
        return centre_quantiles(X, groups, most=self.quantiles, reference=self.reference)
