"""Harmoniser: a step that takes out of each column what sets the centres of the training rows apart."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.errors import FitError, hint_sentence
from features.core.wording import counted
from tasks.modelling.preprocessing.harmonise.effects.centre_effects import CentreEffects, estimate_effects
from tasks.modelling.preprocessing.harmonise.effects.shrinkage import SHRINKAGE, Shrinkage
from tasks.modelling.preprocessing.harmonise.quantiles.centre_quantiles import CentreQuantiles
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Names, Rows
from tasks.modelling.target import Target

Unseen = Literal["refuse", "pooled", "own"]


class Harmoniser(Step):
    """What sets centres apart is estimated on training rows; that of a row's centre is taken out of it, in any fold.

    The outcome has no part in it. A centre with one training row has no variance: it has no say, and is as one that training has
    not seen.
    """

    stage: ClassVar[Stage] = "harmonise"

    by: Literal["centre", "cohort"] = Field("centre", description="what is evened out: centres or cohorts")
    reference: str | None = Field(
        None, description="the centre whose values stay, and the others take its mean and scale; null: those of all"
    )
    unseen: Unseen = Field(
        "refuse",
        description="a centre that training has not seen: refuse (no score of that fold), pooled (its values stay), own "
        "(location and scale of its own rows, so that a prediction depends on who else is predicted: transductive)",
    )
    minimum_rows: int = Field(10, ge=2, description="rows that an unseen centre needs for own")
    untouched: tuple[str, ...] = Field(
        ("clinical",), description="blocks whose columns stay as they are, unless `blocks` names them"
    )

    @property
    def shrinkage(self) -> Shrinkage:
        """How the effects of a centre are drawn together over its columns."""
        return "none"

    @property
    def known(self) -> tuple[str, ...]:
        """Names of the covariates."""
        return ()

    @abstractmethod
    def effects(self, X: Floats, groups: Names, known: Floats) -> CentreEffects | CentreQuantiles:
        """Of training rows X (n, p), their groups (n,) and covariates (n, q). Raises FitError, without the kind."""

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedHarmoniser:  # noqa: ARG002 (the outcome has no part in it)
        """Raises FitError for missing values, covariates that are none or are told by the centres, and centres that are too small.

        A centre is too small if it has one row and `unseen` is not pooled, or if it is the reference.
        """
        touched = self.touched(rows)
        X, known = _values(self.kind, rows, touched), self._known(rows)
        steady = tuple(n for n, one in zip(self.known, known.T, strict=True) if np.nanmin(one) == np.nanmax(one))
        fitted = FittedHarmoniser(
            None, touched, self.kind, self.by, self.known, steady, self.shrinkage, self.unseen, self.minimum_rows
        )
        return replace(fitted, effects=self._effects(X, rows.groups[self.by], known)) if len(touched) else fitted

    def touched(self, rows: Rows) -> NDArray[np.intp]:
        """Positions of the columns that are harmonised; a block that `blocks` names is, whatever stays untouched."""
        return np.flatnonzero(~np.isin(rows.columns.blocks, [one for one in self.untouched if one not in self.blocks]))

    def _effects(self, X: Floats, groups: Names, known: Floats) -> CentreEffects | CentreQuantiles:
        try:
            effects = self.effects(X, groups, known)
        except FitError as error:
            raise FitError(f"{self.kind}: {error}") from error
        if len(effects.alone) and self.unseen != "pooled":
            raise FitError(
                f'{self.kind}: the {self.by} "{effects.alone[0]}" has one training row, which has no variance; '
                "unseen: pooled leaves its values as they are"
            )
        return effects

    def _known(self, rows: Rows) -> Floats:
        """Covariates of the training rows, (n, q)."""
        for name in self.known:
            if name not in rows.covariates:
                there = ", ".join(rows.covariates) or "none"
                hint = hint_sentence(name, rows.covariates)
                raise FitError(
                    f'{self.kind}: no covariate "{name}" (outcomes are none); clinical columns: {there[:60]}. {hint}'.strip()
                )
            if np.isnan(rows.covariates[name]).all():
                raise FitError(f'{self.kind}: the covariate "{name}" has no value in the training rows')
        return _covariates(rows, self.known)


class EffectsHarmoniser(Harmoniser):
    """A harmoniser that takes location and scale of each centre; what clinical columns explain of them may stay.

    covariates are clinical columns, of which outcomes are none.
    """

    covariates: tuple[str, ...] = Field(
        (), description="clinical columns whose effect on the columns is kept, where centres differ in them"
    )

    @property
    @abstractmethod
    def shrinkage(self) -> Shrinkage: ...

    @property
    def known(self) -> tuple[str, ...]:
        return self.covariates

    def effects(self, X: Floats, groups: Names, known: Floats) -> CentreEffects:
        return estimate_effects(
            X, groups, known, self.covariates, shrink=SHRINKAGE[self.shrinkage], reference=self.reference
        )


@dataclass(frozen=True, eq=False)
class FittedHarmoniser(FittedStep):
    """effects: of the training rows in the columns at the positions `touched`, None where there are none of these.

    steady: covariates that did not vary there. The other fields are those of the step.
    """

    effects: CentreEffects | CentreQuantiles | None
    touched: NDArray[np.intp]
    kind: str
    by: str
    covariates: tuple[str, ...]
    steady: tuple[str, ...]
    shrinkage: Shrinkage
    unseen: Unseen
    minimum_rows: int

    def apply(self, rows: Rows) -> Rows:
        """Raises FitError for missing values, and for an unseen centre that is refused or has too few rows of its own."""
        if self.effects is None:
            return rows
        values, known = _values(self.kind, rows, self.touched), _covariates(rows, self.covariates)
        X = rows.X.copy()
        for centre, own in _members(rows.groups[self.by]):
            X[np.ix_(own, self.touched)] = self._harmonised(self.effects, values[own], centre, known[own])
        return rows.with_values(X)

    def _harmonised(self, effects: CentreEffects | CentreQuantiles, X: Floats, centre: str, known: Floats) -> Floats:
        if centre in effects.centres:
            return effects.remove(X, centre, known)
        if self.unseen == "pooled":
            return X
        unseen = f'{self.kind}: the {self.by} "{centre}" ({counted(len(X), "row")}) was not seen in training'
        if self.unseen == "refuse":
            raise FitError(f"{unseen}; unseen: pooled leaves its values, own takes its own location and scale")
        if len(X) < self.minimum_rows:
            raise FitError(
                f"{unseen}, and unseen: own needs {counted(self.minimum_rows, 'row')}; unseen: pooled leaves its values"
            )
        return effects.remove_own(X, known, SHRINKAGE[self.shrinkage])

    def state(self) -> dict[str, Any]:
        found = super().state()
        effects = found.pop("effects")
        return found if effects is None else {**found, **{f.name: getattr(effects, f.name) for f in fields(effects)}}

    def remarks(self, rows: Rows) -> Counter[str]:
        """What becomes of unseen centres and missing covariates, with how many rows."""
        found, effects = Counter[str](), self.effects
        if effects is None:
            return found
        for centre, own in _members(rows.groups[self.by]):
            if centre in effects.centres:
                continue
            why = "has one training row" if centre in effects.alone else "was not seen in training"
            what = (
                "location and scale of its own rows are used (transductive: predictions depend on who is predicted together)"
                if self.unseen == "own"
                else "its values stay as they are"
            )
            found[f'{self.kind}: the {self.by} "{centre}" {why}: {what}'] = len(own)
        for name in self.covariates:
            if name not in self.steady and (missing := int(np.isnan(rows.covariates[name]).sum())):
                found[f'{self.kind}: the covariate "{name}" is missing: the mean of training rows is taken'] = missing
        return found

    def notes(self) -> Counter[str]:
        """Training rows of one centre, steady covariates, and columns that cannot be scaled or shrunk."""
        found, effects = Counter[str](), self.effects
        if effects is None:
            return found
        if len(effects.centres) == 1:
            found[f"{self.kind}: training rows are of one {self.by}: its values stay as they are"] = 1
        for name in self.steady:
            found[f'{self.kind}: the covariate "{name}" does not vary in training rows and is left out'] = 1
        for centre, flat in zip(effects.centres, effects.flat, strict=True):
            if flat:
                found[f'{self.kind}: columns do not vary within the {self.by} "{centre}": moved, not scaled'] = int(
                    flat
                )
        if not effects.shrunk and self.shrinkage != "none":
            found[f"{self.kind}: less than two columns vary within a {self.by}: nothing to shrink its effects by"] = 1
        return found


def _values(kind: str, rows: Rows, touched: NDArray[np.intp]) -> Floats:
    X = rows.X[:, touched]
    wrong = ~np.isfinite(X)
    if wrong.any():
        names = ", ".join(rows.columns.names[touched[wrong.any(axis=0)]][:3])
        raise FitError(f"{kind}: missing or infinite values ({int(wrong.sum())}), in {names}; put median before it")
    return X


def _covariates(rows: Rows, names: tuple[str, ...]) -> Floats:
    return np.array([rows.covariates[name] for name in names], np.float64).reshape(len(names), len(rows)).T


def _members(groups: Names) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Each name with the positions of its rows."""
    for name in np.unique(groups):
        yield str(name), np.flatnonzero(groups == name)
