"""Standard: mean and spread of columns, for steps that compare columns of different units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.core.errors import FitError
from tasks.modelling.rows import Floats, Rows

_LARGE = 1e100  # beyond, or below one over this, squares may overflow or vanish
FAR = 1e3  # spreads: what lies beyond counts as so far, so that one absurd value decides no distance


@dataclass(frozen=True, eq=False)
class Standard:
    """mean, spread: (p,) of the known training values; a column that does not vary has the spread 1."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, kind: str, rows: Rows) -> Standard:
        """Raises FitError for columns without any training value, and for infinite ones."""
        X = rows.X
        plain = _plain(X)
        if plain is not None:
            return cls(*plain)
        known = ~np.isnan(X)
        count = known.sum(axis=0)
        if not count.all():
            empty = ", ".join(rows.columns.names[count == 0][:3])
            raise FitError(
                f"{kind}: columns without any training value, for example {empty}: put drop_constant before it"
            )
        if np.isinf(X).any():
            names = ", ".join(rows.columns.names[np.isinf(X).any(axis=0)][:3])
            raise FitError(f"{kind}: infinite values in {names}")
        exponent = np.frexp(np.fmax.reduce(np.abs(X), axis=0, initial=0.0))[1]
        X = np.where(
            known, np.ldexp(X, -exponent), 0.0
        )  # at most 1: nothing overflows, and powers of two round nothing
        mean = X.sum(axis=0) / count
        spread = np.sqrt((np.where(known, X - mean, 0.0) ** 2).sum(axis=0) / count)
        return cls(*_varying(np.ldexp(mean, exponent), np.ldexp(spread, exponent)))

    def scaled(self, X: Floats) -> Floats:
        """Values in spreads from the mean, at most 1,000 of them; missing stays missing."""
        with np.errstate(over="ignore"):
            Z = np.asarray(X - self.mean)
            Z /= self.spread
            return np.asarray(np.clip(Z, -FAR, FAR, out=Z))

    def back(self, Z: Floats) -> Floats:
        """Values in their units."""
        return np.asarray(Z * self.spread + self.mean)


def _plain(X: Floats) -> tuple[Floats, Floats] | None:
    """Mean and spread of values that are all known and of ordinary size, to the bit what the careful way gives; else None."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = X.sum(axis=0) / max(len(X), 1)
        off = X - mean
        squares = np.multiply(off, off, out=off).sum(axis=0)
    size = np.abs(mean) + np.sqrt(squares)
    if not len(X) or not (np.isfinite(squares) & (size < _LARGE) & ((size == 0) | (size > 1 / _LARGE))).all():
        return None
    return _varying(mean, np.sqrt(squares / len(X)))


def _varying(mean: Floats, spread: Floats) -> tuple[Floats, Floats]:
    return mean, np.where(spread > 1e-12 * np.abs(mean), spread, 1.0)
