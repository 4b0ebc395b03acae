"""CentreEffects: shift and spread of every centre in every column, estimated on training rows and taken out of any rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.errors import FitError
from features.core.wording import counted
from tasks.modelling.preprocessing.harmonise.effects.statistics import Floats, Shrink, Statistics, not_shrunk

CONFOUNDED = 1e-6  # share of a covariate's spread that centres and earlier covariates do not explain
FLAT = 1e-12  # variance within a centre, of the pooled one, below which a column counts as constant there


@dataclass(frozen=True, eq=False)
class CentreEffects:
    """A value is mean + covariates · slopes + scale · (shift of its centre + √spread · noise).

    centres: (k,) names, of those with two training rows or more. rows: (k,) training rows of each. alone: centres with one
    training row, which has no variance; they have no say, and are as centres that were not seen.
    mean, scale: (p,) of all these rows, or of the reference. slopes: (q, p) per unit of a covariate; centred: (q,) means that
    covariates are counted from. shifts, spreads: (k, p), in units of the scale: 0 and 1 where nothing is changed.
    flat: (k,) columns that do not vary within the centre: they are moved and not scaled. fixed: positions of those that vary in
    none, constants: (k, f) their values: all centres get one value to the last bit, else rounding would tell the centre. shrunk:
    False where there was no second column to learn a prior from, so that the effects are those of location and scale.
    """

    centres: NDArray[np.str_]
    rows: NDArray[np.intp]
    alone: NDArray[np.str_]
    mean: Floats
    scale: Floats
    slopes: Floats
    centred: Floats
    shifts: Floats
    spreads: Floats
    flat: NDArray[np.intp]
    fixed: NDArray[np.intp]
    constants: Floats
    shrunk: bool

    def expected(self, covariates: Floats) -> Floats:
        """What rows would have without any centre effect, (n, p). covariates: (n, q), NaN counts as their mean."""
        return self.mean + np.nan_to_num(covariates - self.centred, nan=0.0) @ self.slopes

    def remove(self, X: Floats, centre: str, covariates: Floats) -> Floats:
        """Rows of one centre that training has seen, without its effect, (n, p)."""
        i = int(np.flatnonzero(self.centres == centre)[0])
        found = self._without(X, self.shifts[i], self.spreads[i], covariates)
        if len(self.fixed) and found is not X:
            found[:, self.fixed] = X[:, self.fixed] - self.constants[i] + self.mean[self.fixed]
        return found

    def remove_own(self, X: Floats, covariates: Floats, shrink: Shrink) -> Floats:
        """Rows of one centre that training has not seen, without the effect that these rows themselves show, (n, p)."""
        Z = (X - self.expected(covariates)) / self.scale
        shift, spread, _ = _effect(Z, X.min(axis=0) == X.max(axis=0), shrink)
        return self._without(X, shift, spread, covariates)

    def _without(self, X: Floats, shift: Floats, spread: Floats, covariates: Floats) -> Floats:
        if not shift.any() and (spread == 1).all():
            return X
        expected = self.expected(covariates)
        found: Floats = (X - expected - shift * self.scale) / np.sqrt(spread) + expected
        return found


def estimate_effects(
    X: Floats,
    centres: NDArray[np.str_],
    covariates: Floats,
    names: Sequence[str] = (),
    *,
    shrink: Shrink,
    reference: str | None = None,
) -> CentreEffects:
    """Effects of the centres of training rows.

    X: (n, p) without NaN. centres: (n,) names. covariates: (n, q), with their `names`; NaN counts as the mean of the others,
    and a covariate that does not vary has no slope. reference: the centre whose values stay, and the others take its mean and
    scale. A single centre stays as it is. Raises FitError where no centre has two rows, the reference is none
    of those, or a covariate cannot be told from the centres.
    """
    found, counts = np.unique(centres, return_counts=True)
    known, alone = found[counts > 1], found[counts == 1]
    if not len(known):
        raise FitError(f"no centre has two training rows: {counted(len(found), 'centre')}, {counted(len(X), 'row')}")
    if reference is not None and reference not in known:
        raise FitError(
            f'reference "{reference}" has fewer than two training rows; centres with two: {", ".join(known)}'
        )
    there = np.isin(centres, known)
    X, code = X[there], np.searchsorted(known, centres[there])
    members = [np.flatnonzero(code == i) for i in range(len(known))]
    centred, C = _centred(covariates[there])
    unit = _unit(X)  # squares of large numbers are not finite
    X = X / unit
    around = _within(X, members)
    slopes = _slopes(around, _within(C, members), C, names)
    adjusted = X - C @ slopes
    locations = np.array([adjusted[rows].mean(axis=0) for rows in members])
    residual = adjusted - locations[code]
    constant = np.array([X[rows].min(axis=0) == X[rows].max(axis=0) for rows in members])
    pooled = _pooled(residual, around, constant)
    if reference is None:
        mean, scale, r = adjusted.mean(axis=0), pooled, 0
    else:
        r = int(np.flatnonzero(known == reference)[0])
        own = np.sqrt((residual[members[r]] ** 2).mean(axis=0))
        mean, scale = locations[r], np.where(constant[r] | (own**2 < FLAT * pooled**2), pooled, own)
    fixed = np.flatnonzero(constant.all(axis=0))
    constants = np.array([X[rows[0], fixed] for rows in members])
    mean[fixed] = constants[r]
    Z = (adjusted - mean) / scale
    shifts, spreads = np.zeros((len(known), X.shape[1])), np.ones((len(known), X.shape[1]))
    flat, shrunk = np.zeros(len(known), np.intp), True
    for i, rows in enumerate(members if len(known) > 1 else []):
        if known[i] != reference:
            shifts[i], spreads[i], varies = _effect(Z[rows], constant[i], shrink)
            flat[i], shrunk = len(varies) - varies.sum(), shrunk and bool(varies.sum() > 1)
    return CentreEffects(
        centres=known,
        rows=counts[counts > 1],
        alone=alone,
        mean=mean * unit,
        scale=scale * unit,
        slopes=slopes * unit,
        centred=centred,
        shifts=shifts,
        spreads=spreads,
        flat=flat,
        fixed=fixed,
        constants=constants * unit[fixed],
        shrunk=shrunk,
    )


def _pooled(residual: Floats, around: Floats, constant: NDArray[np.bool_]) -> Floats:
    """The scale of each column within centres, (p,); 1 where it is constant in all, all its spread where covariates explain it."""
    left, all_of_it = (residual**2).mean(axis=0), (around**2).mean(axis=0)
    found: Floats = np.where(constant.all(axis=0), 1.0, np.sqrt(np.where(left < FLAT * all_of_it, all_of_it, left)))
    return found


def _effect(Z: Floats, constant: NDArray[np.bool_], shrink: Shrink) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Shift, spread and whether it varies, of each column of a centre's standardised rows.

    A column that is constant there has a location without error: it is moved in full, not scaled, and no prior of others.
    """
    own = Statistics.of(Z)
    varies = ~constant & (own.variance >= FLAT)
    shift, spread = own.mean.copy(), np.ones(len(varies))
    if varies.any():
        used = shrink if varies.sum() > 1 else not_shrunk
        shift[varies], spread[varies] = used(own.keep(varies))
    return shift, spread, varies


def _centred(covariates: Floats) -> tuple[Floats, Floats]:
    """Means over the rows that have a value, (q,), and covariates counted from them, missing ones as 0, (n, q)."""
    there = ~np.isnan(covariates)
    mean = np.where(there, covariates, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return mean, np.where(there, covariates - mean, 0.0)


def _unit(X: Floats) -> Floats:
    """A power of two for each column, (p,), that no value exceeds: dividing by it loses nothing."""
    _, exponent = np.frexp(np.abs(X).max(axis=0))
    found: Floats = np.ldexp(1.0, np.clip(exponent, -1000, 1000))
    return found


def _within(X: Floats, members: Sequence[NDArray[np.intp]]) -> Floats:
    """Values counted from the mean of their centre, (n, p)."""
    found = X.copy()
    for rows in members:
        found[rows] -= X[rows].mean(axis=0)
    return found


def _slopes(X: Floats, within: Floats, C: Floats, names: Sequence[str]) -> Floats:
    """Least squares within centres, (q, p); 0 for a covariate without any spread. Raises FitError for a confounded one.

    X, within: values and covariates counted from the means of their centres; C: covariates counted from their overall mean.
    """
    slopes, used = np.zeros((C.shape[1], X.shape[1])), list[int]()
    basis = np.zeros((len(C), 0))
    for j, name in enumerate(names):
        total, rest = np.linalg.norm(C[:, j]), within[:, j]
        if total == 0:
            continue
        for _ in range(2):  # twice is enough
            rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) <= CONFOUNDED * total:
            others = f" and {', '.join(names[i] for i in used)}" if used else ""
            raise FitError(f'covariate "{name}" is told by the centres{others}: its effect cannot be told from theirs')
        basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
        used.append(j)
    if used:
        size = np.linalg.norm(within[:, used], axis=0)
        slopes[used] = np.linalg.lstsq(within[:, used] / size, X, rcond=None)[0] / size[:, None]
    return slopes
