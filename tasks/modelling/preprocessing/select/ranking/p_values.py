"""p_values: a test of each column against the outcome."""

from __future__ import annotations

import numpy as np

from features.core.outcome import Outcome
from tasks.modelling.preprocessing.ranker import contrasts_of
from tasks.modelling.rows import Floats
from tasks.modelling.target import Target


def p_values(kind: str, X: Floats, target: Target) -> Floats:
    """Two-sided, (p,); 1 for a column that does not vary. X: (n, p) finite.

    Yes and no: Mann-Whitney, by the normal approximation with ties and continuity. Number, rank: Spearman's ρ by Student's t.
    Follow-up, or a cause of interest: score test of a Cox model. Of several classes or labels each against the rest, and the
    least p times their number (Bonferroni). Raises FitError for an outcome that does not vary.
    """
    contrasts = contrasts_of(kind, target)
    found = np.array([_tested(X, one) for one in contrasts])
    return np.asarray(np.minimum(np.where(np.isnan(found), 1.0, found).min(axis=0) * len(contrasts), 1.0))


def _tested(X: Floats, contrast: Outcome) -> Floats:
    from scipy.stats import mannwhitneyu, norm, t

    from features.core.association import cox_score_z, rank_correlation

    if contrast.value is not None:
        r = np.minimum(rank_correlation(X, contrast.value), 1.0)
        freedom = len(X) - 2
        with np.errstate(divide="ignore"):
            return np.asarray(2.0 * t.sf(r * np.sqrt(freedom / (1.0 - r * r)), freedom))
    if contrast.days is not None:
        return np.asarray(2.0 * norm.sf(cox_score_z(X, contrast.flag, contrast.days)))
    varies = X.max(axis=0) > X.min(axis=0)
    found = np.ones(X.shape[1])
    if varies.any():
        own = X[:, varies]
        found[varies] = mannwhitneyu(own[contrast.flag], own[~contrast.flag], method="asymptotic", axis=0).pvalue
    return found
