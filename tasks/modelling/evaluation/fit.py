"""Fit: what one candidate gave on one fold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tasks.modelling.decisions.probability import NO_LINE, Line
from tasks.modelling.fusion.fusion import Fitted
from tasks.modelling.prediction import Prediction
from tasks.modelling.splits.split import Fold


@dataclass(frozen=True, eq=False)
class Fit:
    """Of one set of blocks on one fold: the prediction of the test rows, or None and the reason.

    model: name of the candidate. cut: the risk above which a case counts as of high risk, or positive; line: what makes
    probabilities of risks. Both are learnt of the training rows that inner folds predicted, NaN where none did (see unit.py).
    selected, shares, encoded, settings, chosen: as in Joined. warnings: messages raised while fitting, with their number.
    remarks: what steps did to the training and the test rows that a reader has to know.
    """

    blocks: str
    split: str
    fold: Fold
    model: str
    prediction: Prediction | None = None
    cut: float = np.nan
    line: Line = NO_LINE
    selected: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    encoded: dict[str, str] = field(default_factory=dict)
    settings: int = 0
    chosen: dict[str, Any] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    reason: str = ""
    fitted: Fitted | None = None
