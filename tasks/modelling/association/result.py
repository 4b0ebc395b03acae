"""AssociationResult: every test of an association study, with all that a report prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Copies, FlowRow
from tasks.modelling.association.variable import Variable
from tasks.modelling.claims.claim import Judged
from tasks.modelling.effects.effect import Floats, Sample


@dataclass(frozen=True, slots=True)
class Association:
    """One test: an effect of a column and a variable. variable: "" where the effect is of days alone.

    p_corrected: over all tests of the study. discovery: whether it is at most the study's alpha. cases: all of the study = n +
    those without the variable, the column, or what is held fixed. events: positive cases or events of interest, None for
    others. sd: of the column in these cases, for effects per standard deviation. centres: those with an effect of their own;
    i2, i2_p: share of their differences that chance does not explain, and its test, from three on. reason: why there is no
    effect, or no interval.
    """

    variable: str
    effect: str
    block: str
    column: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None
    discovery: bool
    cases: int
    n: int
    patients: int
    events: int | None
    without_variable: int
    without_column: int
    without_adjusted: int
    sd: float | None
    centres: int
    i2: float | None
    i2_p: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class CentreEffect:
    """An effect in the cases of one centre; no test of the study: its p is not corrected. link, spread: as in Estimate."""

    variable: str
    effect: str
    column: str
    centre: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    reason: str
    link: float | None = None
    spread: float | None = None


@dataclass(frozen=True, eq=False)
class Shown:
    """What a scatter or box plot draws: an association with its cases. centres: (n,)."""

    row: Association
    variable: Variable | None
    sample: Sample
    centres: NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Together:
    """Spearman's ρ of columns with each other, (p, p), NaN where one is constant; blocks: of each."""

    columns: tuple[str, ...]
    blocks: tuple[str, ...]
    rho: Floats


@dataclass(frozen=True, eq=False)
class AssociationResult:
    """rows: every test, by p, those without one last. by_centre: the same centre by centre. tests: how many have a p.

    n: cases of the study; patients, centres: of them. shown: the first ones, as they are drawn. together: columns with each other.
    late: columns that were left out because they are known later → when. claims: those of the study, with their verdicts.
    """

    study: str
    digest: str
    n: int
    patients: int
    centres: Mapping[str, int]
    flow: tuple[FlowRow, ...]
    blocks: Mapping[str, tuple[str, ...]]
    variables: tuple[Variable, ...]
    rows: tuple[Association, ...]
    by_centre: tuple[CentreEffect, ...]
    tests: int
    shown: tuple[Shown, ...] = ()
    together: Together | None = None
    copies: tuple[Copies, ...] = ()
    late: Mapping[str, str] | None = None
    claims: tuple[Judged, ...] = ()

    @property
    def discoveries(self) -> tuple[Association, ...]:
        """The rows whose corrected p is at most the study's alpha."""
        return tuple(row for row in self.rows if row.discovery)

    def associations_table(self) -> pd.DataFrame:
        """Every test as a table, one row each."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=[one.name for one in fields(Association)])

    def claims_table(self) -> pd.DataFrame:
        """The claims as a table, one row each."""
        return pd.DataFrame([asdict(one) for one in self.claims], columns=[one.name for one in fields(Judged)])

    def by_centre_table(self) -> pd.DataFrame:
        """The same centre by centre, one row each."""
        names = [one.name for one in fields(CentreEffect) if one.name not in ("link", "spread")]
        return pd.DataFrame([asdict(row) for row in self.by_centre], columns=[*names, "link", "spread"])[names]
