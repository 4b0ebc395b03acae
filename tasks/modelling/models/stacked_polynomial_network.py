"""Stacked deep polynomial network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.answers import indicators, is_finite
from tasks.modelling.models.model import CLEANED, NUMERICAL, FittedModel, Model, PathModel, Settings
from tasks.modelling.models.ridge import Ridge
from tasks.modelling.models.ridge_logistic import RidgeLogistic
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.polynomial_network import Polynomials


class StackedPolynomialNetwork(PathModel):
    """Deep polynomial networks, each of which sees the units of the one before; on the units of the last a ridge regression.

    A network holds polynomials of the columns up to `degree`, orthonormal over the training cases, of which a layer keeps those
    that tell most; two stacked networks of degree 2 hold some of degree 4. Nothing in it is random and nothing is iterated but
    the regression, whose C and score are those of ridge_logistic (of a number ridge). Columns have no weights.
    Shi et al., Neurocomputing 2016;194:87; Livni et al., arXiv:1304.7045.
    """

    kind: Literal["stacked_polynomial_network"] = "stacked_polynomial_network"
    compared: ClassVar[Compared] = Compared(
        "PolynomialFeatures, PCA and LogisticRegression of scikit-learn, where no unit is left out, on WORC-Lipo",
        "1e-5",
        "tasks/modelling/models/test_stacked_polynomial_network.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "ordinal", "continuous"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (30,)})
    tuned: ClassVar[tuple[str, ...]] = ("width", "C")
    stacked: PositiveInt = Field(2, title="Networks", description="how many stand one on the other")
    degree: PositiveInt = Field(2, title="Degree", description="layers of each network; 1: linear units alone")
    width: tuple[PositiveInt, ...] = Field(
        (3, 10), min_length=1, title="Width", description="units of each layer; inner folds choose"
    )
    C: tuple[PositiveFloat, ...] = Field(
        (0.1, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="of the regression on the units; small values draw it towards zero; inner folds choose",
    )

    def fit_variants(
        self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]
    ) -> list[FittedModel | Exception]:
        """The networks of a width are those of all its settings."""
        found: dict[tuple[int, float], FittedModel | Exception] = {}
        for width in dict.fromkeys(one.width[0] for one in variants):
            own = tuple(one.C[0] for one in variants if one.width[0] == width)
            fits = self._fit(rows, target, seed, width, own)
            found |= {(width, C): one for C, one in zip(own, fits, strict=True)}
        return [found[one.width[0], one.C[0]] for one in variants]

    def _fit(
        self, rows: Rows, target: Target, seed: int, width: int, each: tuple[float, ...]
    ) -> list[FittedModel | Exception]:
        from tasks.modelling.solvers.polynomial_network import fit_polynomials

        try:
            found, wanted = is_finite(rows.X, self.kind), indicators(target)
            networks = []
            for _ in range(self.stacked):
                networks.append(fit_polynomials(found, wanted, degree=self.degree, width=width))
                found = networks[-1].apply(found)
        except NUMERICAL as error:
            return [error for _ in each]
        last: Model = RidgeLogistic(C=each)
        if target.endpoint.predicted == "value":
            last = Ridge(alpha=tuple(1 / C for C in each))
        fits = last.fit_variants(_units(rows, found), target, seed, last.variants())
        return [
            one if isinstance(one, Exception) else FittedPolynomials(tuple(networks), one, rows.X.shape[1])
            for one in fits
        ]


@dataclass(frozen=True, eq=False)
class FittedPolynomials(FittedModel):
    """networks: in their order. last: the regression on the units of the last of them. columns: how many there are."""

    networks: tuple[Polynomials, ...]
    last: FittedModel
    columns: int

    def predict(self, rows: Rows) -> Prediction:
        found = is_finite(rows.X, "stacked_polynomial_network")
        for network in self.networks:
            found = network.apply(found)
        return self.last.predict(_units(rows, is_finite(found, "stacked_polynomial_network")))

    def importance(self) -> Floats:
        return np.full(self.columns, np.nan)

    def state(self) -> dict[str, Any]:
        networks = [(one.first, one.products, one.mixed) for one in self.networks]
        return {"networks": networks, "last": self.last.state()}


def _units(rows: Rows, units: Floats) -> Rows:
    """Units in the place of the columns."""
    names = np.array([f"unit_{i}" for i in range(units.shape[1])])
    return Rows(units, Columns(names, np.full(len(names), "unit")), rows.groups)
