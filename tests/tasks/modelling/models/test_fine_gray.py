"""Fine-Gray and cause-specific Cox regressions beside R's cmprsk and survival, on textbook tables and on a public one.

tests/golden/competing_risks.csv: R 4.2.2, cmprsk 2.2-11 (crr, predict.crr), survival 3.5-3 (finegray and coxph with ties =
"breslow"). bmt: 35 bone marrow transplants (Scrucca et al., Bone Marrow Transplant 2007;40:381); cgvhd: 100 patients (Pintilie,
Competing Risks 2006), both as in scikit-survival, categories by the order of their codes; head_neck: tests/support/public_tables.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sksurv.datasets import load_bmt, load_cgvhd

from features.core.outcome import Outcome
from tasks.modelling.models.cause_specific_cox import CauseSpecificCox
from tasks.modelling.models.fine_gray import FineGray
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_design, make_rows
from tests.support.public_tables import head_neck

GOLDEN = Path(__file__).parents[3] / "golden" / "competing_risks.csv"
LEVELS = ("none", "of interest", "other", "third")


def told(table: str, program: str) -> pd.Series:
    """What a program of R says of a table."""
    golden = pd.read_csv(GOLDEN, sep=";", comment="#")
    found = golden[(golden["table"] == table) & (golden["program"] == program)]
    return found.set_index("what")["value"]


def textbook(name: str) -> tuple[Rows, Target]:
    X, y = load_bmt() if name == "bmt" else load_cgvhd()
    columns = {c: X[c].cat.codes if isinstance(X[c].dtype, pd.CategoricalDtype) else X[c] for c in X}
    outcome = Outcome(y["status"].astype(np.intp), days=y["ftime"], levels=LEVELS[: y["status"].max() + 1])
    return make_rows(columns), Target(outcome, ANY_ENDPOINT["competing_risks"])


def table_of(name: str, request: pytest.FixtureRequest) -> tuple[Rows, Target]:
    return head_neck(request.getfixturevalue("public_data")) if name == "head_neck" else textbook(name)


TABLES = ["bmt", "cgvhd", pytest.param("head_neck", marks=pytest.mark.data)]


@pytest.mark.parametrize("name", TABLES)
def test_fine_gray_is_that_of_r(name: str, request: pytest.FixtureRequest) -> None:
    """finegray of survival has the same rule where an event and a censoring share a day (bmt, head_neck); else crr has too."""
    rows, target = table_of(name, request)
    found = FineGray(alpha_fraction=(0.0,)).fit(rows, target, 0)
    peer = told(name, "finegray")[rows.columns.names]
    np.testing.assert_allclose(found.importance(), peer, rtol=1e-6)
    tied = np.intersect1d(target.outcome.days[target.outcome.flag], target.outcome.days[~target.outcome.flag])
    tolerance = 1e-6 if not len(tied) else 1e-3
    np.testing.assert_allclose(found.importance(), told(name, "crr")[rows.columns.names], rtol=tolerance)
    curves = found.predict(rows.take(np.array([0, 1]))).incidence
    assert curves is not None
    for what, value in told(name, "crr_incidence").items():
        _, row, _, day = str(what).split()
        assert curves.at(np.array([float(day)]))[int(row) - 1, 0, 0] == pytest.approx(value, rel=tolerance)


@pytest.mark.parametrize("name", TABLES)
def test_cause_specific_hazards_are_those_of_r(name: str, request: pytest.FixtureRequest) -> None:
    rows, target = table_of(name, request)
    found = CauseSpecificCox(alpha_fraction=(1e-9,)).fit(rows, target, 0)
    for cause in (1, 2):
        peer = told(name, f"coxph_cause_{cause}")
        if len(peer):
            np.testing.assert_allclose(found.state()["coefficients"][cause - 1], peer[rows.columns.names], rtol=1e-5)


def test_two_causes_are_told_apart() -> None:
    """A column that brings the other event keeps from this one: incidences know, the hazard of this cause does not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    time = rng.exponential(400 * np.exp(-np.column_stack([0 * X[:, 0], X[:, 0], 2 * X[:, 1]])))
    time[:, 0] *= 3
    outcome = Outcome(time.argmin(axis=1), days=time.min(axis=1), levels=LEVELS[:3])
    rows, target = make_rows({"this": X[:, 0], "other": X[:, 1]}), Target(outcome, ANY_ENDPOINT["competing_risks"])
    own = CauseSpecificCox(alpha_fraction=(0.01,)).fit(rows, target, 0)
    np.testing.assert_allclose(own.state()["coefficients"], [[1, 0], [0, 2]], atol=0.2)
    risk = own.predict(rows).risk
    gray = FineGray(alpha_fraction=(0.01,)).fit(rows, target, 0)
    assert risk is not None and np.corrcoef(risk, X[:, 1])[0, 1] < -0.5
    assert gray.importance()[1] < -0.3 and gray.importance()[0] > 0.5


def test_a_cause_without_events_is_told_and_no_optimum_says_how_many() -> None:
    design = make_design("competing_risks", nan=0.0)
    design.outcome.code[design.outcome.code == 2] = 0
    rows = make_rows({name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1")})
    target = Target(design.outcome, ANY_ENDPOINT["competing_risks"])
    with pytest.warns(UserWarning, match="no training case has the event death: it is never expected"):
        found = CauseSpecificCox(alpha_fraction=(1.0,)).fit(rows, target, 0)
    curves = found.predict(rows).incidence
    assert curves is not None and (curves.value[:, 1] == 0).all()
    twice = make_rows({"a": rows.X[:, 0], "b": rows.X[:, 0]})
    with pytest.raises(
        ArithmeticError, match=r"2 columns and \d+ events have no one optimum at the penalty 0; a stronger"
    ):
        FineGray(alpha_fraction=(0.0,)).fit(twice, target, 0)
