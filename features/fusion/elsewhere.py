"""Elsewhere: a cohort whose predictors a question asks for, whatever was seen of its cases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    """predict_at: the time point up to which is read. All of the cohort's cases are asked for, and no outcome is read."""

    cohort: str
    predict_at: str
