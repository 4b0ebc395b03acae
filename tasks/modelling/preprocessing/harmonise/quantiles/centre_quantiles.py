"""CentreQuantiles: the distribution of every column in every centre, and in all of them, of training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.errors import FitError
from tasks.modelling.preprocessing.quantiles import quantiles_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CentreQuantiles:
    """centres: (c,) names, of those with two training rows or more. alone: centres with one, which have no say.

    own: (c, k, p) quantiles of each centre at shares (k,) from 0 to 1; common: (k, p) those that all centres take. flat: (c,)
    columns that do not vary within the centre. stays: the centre whose values stay, "" if none. shrunk: nothing is drawn together.
    """

    centres: NDArray[np.str_]
    alone: NDArray[np.str_]
    own: Floats
    common: Floats
    shares: Floats
    flat: NDArray[np.intp]
    stays: str
    shrunk: bool = True

    def remove(self, X: Floats, centre: str, known: Floats) -> Floats:  # noqa: ARG002 (there are no covariates)
        """Rows of one centre that training has seen, in the common distribution, (n, p)."""
        if centre == self.stays or len(self.centres) == 1:
            return X
        return self._matched(X, self.own[int(np.flatnonzero(self.centres == centre)[0])])

    def remove_own(self, X: Floats, known: Floats, shrink: object) -> Floats:  # noqa: ARG002 (there are neither)
        """Rows of one centre that training has not seen, by the distribution that these rows themselves have, (n, p)."""
        return self._matched(X, quantiles_of(X, self.shares))

    def _matched(self, X: Floats, own: Floats) -> Floats:
        """Between quantiles values are linear; beyond the last, as far from it as they were. Equal values take the middle place."""
        found = np.empty_like(X)
        for j, values in enumerate(X.T):
            mine, theirs = np.maximum.accumulate(own[:, j]), self.common[:, j]
            up = np.interp(values, mine, self.shares)
            down = -np.interp(-values, -mine[::-1], -self.shares[::-1])
            beyond = np.minimum(values - mine[0], 0.0) + np.maximum(values - mine[-1], 0.0)
            found[:, j] = np.interp((up + down) / 2, self.shares, theirs) + beyond
        return found


def centre_quantiles(X: Floats, groups: NDArray[np.str_], *, most: int, reference: str | None) -> CentreQuantiles:
    """Of training rows X (n, p) and their centres (n,). most: quantiles, or as many as the smallest centre has rows.

    The common distribution is the mean of the centres' quantiles, whose sizes do not count, or that of the reference. Raises
    FitError for a reference with fewer than two training rows, and where no centre has two.
    """
    names, count = np.unique(groups, return_counts=True)
    centres, alone = names[count > 1], names[count == 1]
    _check(centres, reference)
    shares = np.linspace(0.0, 1.0, int(np.clip(count[count > 1].min(), 2, most)))
    parts = [X[groups == one] for one in centres]
    own = np.array([quantiles_of(part, shares) for part in parts])
    common = own.mean(axis=0) if reference is None else own[int(np.flatnonzero(centres == reference)[0])]
    flat = np.array([(part.max(axis=0) == part.min(axis=0)).sum() for part in parts], np.intp)
    return CentreQuantiles(centres, alone, own, np.maximum.accumulate(common), shares, flat, reference or "")


def _check(centres: Sequence[str] | NDArray[np.str_], reference: str | None) -> None:
    if not len(centres):
        raise FitError("no centre has two training rows")
    if reference is not None and reference not in centres:
        raise FitError(
            f'reference "{reference}" has fewer than two training rows; centres with two: {", ".join(centres)}'
        )
