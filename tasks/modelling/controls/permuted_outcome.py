"""The whole pipeline on shuffled outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from features.core.design import Design
from features.core.kinds.compared import Compared
from tasks.modelling.controls.control import MOST_TIMES, Control, Given, Run, Times


class PermutedOutcome(Control):
    """Steps, settings and model again, on outcomes that patients of a centre have exchanged: what chance scores.

    All choices are made again. Patients (or copies) with as many rows in the centres are exchanged whole. Folds are cut anew, since
    they are even in the outcome. Ojala & Garriga, J Mach Learn Res 2010;11:1833.
    """

    kind: Literal["permuted_outcome"] = "permuted_outcome"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/test_controls.py")
    is_null: ClassVar[bool] = True
    of_images: ClassVar[bool] = True
    says: ClassVar[str] = (
        "A pipeline that scores well on shuffled outcomes leaks; p is the share of shuffles that score as high."
    )
    times: Times = Field(
        MOST_TIMES, title="Times", description="how often outcomes are shuffled; the least p is 1 / (times + 1)"
    )

    def runs(self, given: Given) -> list[Run]:
        design = given.design
        found = []
        for i in range(self.times):
            shuffled = replace(design, outcome=design.outcome.take(_exchanged(design, given.rng)))
            found.append(Run(f"shuffle {i + 1}", shuffled, given.columns, tuple(given.cut(shuffled))))
        return found


def _exchanged(design: Design, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The row from which each row takes its outcome, (n,)."""
    label, _ = pd.factorize(design.groups)
    centre, _ = pd.factorize(design.centres)
    alike: dict[tuple[int, ...], list[np.ndarray[tuple[int], np.dtype[np.intp]]]] = {}
    for i in range(int(label.max()) + 1):
        own = np.flatnonzero(label == i)
        own = own[np.argsort(centre[own], kind="stable")]
        alike.setdefault(tuple(centre[own].tolist()), []).append(own)
    found = np.arange(len(label))
    for same in (np.stack(own) for own in alike.values()):
        found[same.ravel()] = same[rng.permutation(len(same))].ravel()
    return found
