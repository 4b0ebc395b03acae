"""Ridge Cox regressions of any number of columns at several penalties: Newton's method in as many directions as there are cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float64]

_ENOUGH = 1e-13  # Newton's decrement at which it ends
_MOST_STEPS = 50


@dataclass(frozen=True, eq=False)
class Staying:
    """Cases that stay at risk after another event, as in the hazard of a subdistribution.

    weight: (n,) 1/G(t−) at the day of a case's other event, 0 of cases without one. free: (days,) G(t−) at the days of the events
    of interest, G the share that is not censored. Such a case counts G(t−)/G(own day−) at a later day t.
    """

    weight: Floats
    free: Floats


def penalty_unit(X: Floats) -> float:
    """The penalty of which fractions are named: the summed variance of the columns over the number of cases; 1 if that is 0."""
    return float(X.var(axis=0).sum()) / len(X) or 1.0


def ridge_cox_path(
    X: Floats, event: NDArray[np.bool_], time: Floats, penalties: Floats, staying: Staying | None = None
) -> Floats:
    """Coefficients at each penalty, (penalties, p): least −log partial likelihood / n + penalty / 2 × sum of their squares.

    X: (n, p) finite; columns are taken as they are, so standardise them first. event, time: (n,) right-censored follow-up; events
    of one day share one sum of risks (Breslow), as in glmnet; scikit-survival's CoxPHSurvivalAnalysis has alpha = n × penalty.
    penalties: falling, 0 or more; each starts from the one before. staying: of Fine and Gray's model (fine_gray.py). With more
    columns than cases the coefficients lie in the space that the cases span, so all is solved there, and exactly.
    Raises ValueError without any event, ArithmeticError where no optimum is found.
    Verweij & van Houwelingen, Stat Med 1994;13:2427; Hastie & Tibshirani, Biostatistics 2004;5:329.
    """
    if not event.any():
        raise ValueError("a Cox regression needs at least one event")
    order = np.argsort(time, kind="stable")
    rows = np.ascontiguousarray(X[order], np.float64)
    axes = None
    if rows.shape[1] > rows.shape[0]:
        axes, directions = np.linalg.qr(rows.T)
        rows = np.ascontiguousarray(directions.T)
    stay = np.zeros(len(time)) if staying is None else staying.weight[order]
    likelihood = _Likelihood.of(rows, event[order], time[order], stay, None if staying is None else staying.free)
    found, theta = [], np.zeros(rows.shape[1])
    for penalty in penalties.tolist():
        theta = _optimum(likelihood, theta, penalty)
        found.append(theta if axes is None else axes @ theta)
    return np.array(found).reshape(len(penalties), X.shape[1])


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """Breslow's partial likelihood over cases in the order of time, by the number of cases.

    Z: (n, r). died: (n,) 1/n of an event. started: (days,) of each day with events the first case at risk. deaths: (days,) their
    number by n. seen: (n,) how many such days each case was at risk on. stay, free: see Staying.
    """

    Z: Floats
    died: Floats
    started: NDArray[np.intp]
    deaths: Floats
    seen: NDArray[np.intp]
    stay: Floats
    free: Floats | None

    @classmethod
    def of(cls, Z: Floats, event: NDArray[np.bool_], time: Floats, stay: Floats, free: Floats | None) -> _Likelihood:
        days, counts = np.unique(time[event], return_counts=True)
        started, seen = np.searchsorted(time, days, side="left"), np.searchsorted(days, time, side="right")
        return cls(Z, event / len(time), started, counts / len(time), seen, stay, free)

    def at_risk(self, values: Floats) -> Floats:
        """Sums over those at risk on each day with events, (days, …), of values of cases, (n, …)."""
        found: Floats = np.cumsum(values[::-1], axis=0)[::-1][self.started]
        if self.free is None:
            return found
        shape = (-1, *[1] * (values.ndim - 1))
        staying = np.cumsum(self.stay.reshape(shape) * values, axis=0)
        before = np.concatenate([np.zeros_like(staying[:1]), staying])[self.started]
        found += self.free.reshape(shape) * before
        return found

    @property
    def events(self) -> int:
        return int(np.count_nonzero(self.died))

    def loss(self, theta: Floats) -> tuple[float, Floats, Floats, Floats]:
        """The negative log likelihood; its falling gradient by the log hazards; their risks, and the sums at risk by day."""
        eta = self.Z @ theta
        highest = float(eta.max())
        risk = np.exp(eta - highest)
        at_risk = np.maximum(self.at_risk(risk), 1e-300)
        hazard = np.concatenate([[0.0], np.cumsum(self.deaths / at_risk)])[self.seen]
        if self.free is not None:
            later = np.concatenate([[0.0], np.cumsum(self.deaths / at_risk * self.free)])
            hazard = hazard + self.stay * (later[-1] - later[self.seen])
        loss = float((self.deaths * (np.log(at_risk) + highest)).sum() - (self.died * eta).sum())
        return loss, self.died - risk * hazard, risk, at_risk

    def curvature(self, residual: Floats, risk: Floats, at_risk: Floats) -> Floats:
        """Of the loss by theta, (r, r)."""
        means = self.at_risk(risk[:, None] * self.Z)
        means *= (np.sqrt(self.deaths) / at_risk)[:, None]
        found: Floats = (self.Z * (self.died - residual)[:, None]).T @ self.Z - means.T @ means
        return found


def _optimum(likelihood: _Likelihood, theta: Floats, penalty: float) -> Floats:
    loss, residual, risk, at_risk = likelihood.loss(theta)
    value = loss + 0.5 * penalty * float(theta @ theta)
    for _ in range(_MOST_STEPS):
        slope = likelihood.Z.T @ residual - penalty * theta
        curve = likelihood.curvature(residual, risk, at_risk)
        curve[np.diag_indices_from(curve)] += penalty
        try:
            step = cho_solve(cho_factor(curve, check_finite=False), slope, check_finite=False)
        except np.linalg.LinAlgError as error:
            raise ArithmeticError(
                f"ridge Cox: {theta.size} columns and {likelihood.events} events have no one optimum at the penalty "
                f"{penalty:.3g}; a stronger penalty or fewer columns have one"
            ) from error
        gain = float(slope @ step)
        if not np.isfinite(gain):
            raise ArithmeticError(f"ridge Cox: the log hazards are out of range at the penalty {penalty:.3g}")
        size = 1.0
        while True:
            tried = theta + size * step
            loss, residual, risk, at_risk = likelihood.loss(tried)
            now = loss + 0.5 * penalty * float(tried @ tried)
            if now <= value + 1e-12 * abs(value):
                break
            size /= 2
            if size < 1e-6:
                raise ArithmeticError(f"ridge Cox: no step makes it better at the penalty {penalty:.3g}")
        theta, value = tried, now
        if gain <= _ENOUGH:
            return theta
    raise ArithmeticError(
        f"ridge Cox: no optimum within {_MOST_STEPS} steps at the penalty {penalty:.3g}; a stronger penalty has one sooner"
    )
