"""AUC by the day: whether those with the event by a day have a higher risk than those without."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring
from tasks.modelling.follow_up.weights import weights_by_day

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def auc_by_day(outcome: Outcome, censoring: Censoring, risk: Floats, days: Floats) -> Floats:
    """The cumulative, dynamic AUC of each day, (k,); NaN where nobody, or everybody, had the event by then.

    risk: (n,), higher is likelier earlier; equal risks count one half. Cases with the event of interest by a day count 1/G(t−) at
    their own day t; controls are free at the day (1/G(day−)) or had another event by then (1/G(t−)).
    scikit-survival's cumulative_dynamic_auc has 1/G(t) at events and 1/G(day): equal unless an event and a censoring share a day,
    somebody is censored on the day itself, or risks lie closer together than 1e-8. Uno et al., J Am Stat Assoc 2007;102:527;
    Blanche et al., Stat Med 2013;32:5381 (definition with competing events among the controls). Raises ValueError as
    weights_by_day.
    """
    assert outcome.days is not None
    own, longer = weights_by_day(outcome, censoring, days)
    order = np.argsort(risk, kind="stable")
    concordant, total = _pairs(
        np.asarray(risk[order], np.float64),
        outcome.days[order],
        outcome.code[order],
        own[order],
        longer,
        np.asarray(days, np.float64),
    )
    return np.where(total > 0, concordant / np.where(total > 0, total, 1.0), np.nan)


@njit(cache=True)
def _pairs(risk: Floats, time: Floats, code: Codes, own: Floats, longer: Floats, days: Floats) -> tuple[Floats, Floats]:
    """Concordant and comparable weight of each day, (k,) each; rows by rising risk."""
    concordant, total = np.zeros(len(days)), np.zeros(len(days))
    for k in range(len(days)):
        below, cases, tied_cases, tied_controls = 0.0, 0.0, 0.0, 0.0
        for i in range(len(risk)):
            if time[i] > days[k] or (time[i] == days[k] and code[i] == 0):
                tied_controls += longer[k]
            elif code[i] == 1:
                tied_cases += own[i]
            elif code[i] > 1:
                tied_controls += own[i]
            if i + 1 == len(risk) or risk[i + 1] > risk[i]:
                concordant[k] += tied_cases * (below + tied_controls / 2)
                below += tied_controls
                cases += tied_cases
                tied_cases = tied_controls = 0.0
        total[k] = cases * below
    return concordant, total
