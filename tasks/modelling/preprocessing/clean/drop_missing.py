"""Columns that too many cases lack."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.kept_columns import KeptColumns, left_out
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class DropMissing(Step):
    """Drops columns of which more than a share is missing: of all training rows, or of those of any centre.

    What one centre never measured tells that centre apart once it is filled in, however little is missing over all: `within:
    centre` drops it. Steyerberg, Clinical Prediction Models, 2019, chapter 7.
    """

    kind: Literal["drop_missing"] = "drop_missing"
    compared: ClassVar[Compared] = Compared("a table by hand", "0", "tasks/modelling/preprocessing/clean/test_clean.py")
    stage: ClassVar[Stage] = "clean"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True

    above: float = Field(0.5, ge=0, lt=1, description="columns with more than this share of missing values are dropped")
    within: Literal["all", "centre"] = Field(
        "all", description="rows of which the share is taken: all, or the centre that lacks the column most"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError if no column is left."""
        missing = np.isnan(rows.X)
        share = missing.mean(axis=0)
        if self.within == "centre":
            centres = rows.groups["centre"]
            share = np.max([missing[centres == one].mean(axis=0) for one in np.unique(centres)], axis=0)
        kept = np.flatnonzero(share <= self.above)
        if not len(kept):
            of = "training rows" if self.within == "all" else "training rows of some centre"
            raise FitError(
                f"drop_missing: each of {len(share)} columns is missing in more than {self.above:.0%} of the {of}; "
                f"the least is {share.min(initial=1.0):.0%}"
            )
        of = "in the training rows" if self.within == "all" else "in the training rows of some centre"
        told = left_out(self.kind, rows.columns, kept, f"missing in more than {self.above:.0%} {of}")
        return KeptColumns(kept, share, left_out=told)
