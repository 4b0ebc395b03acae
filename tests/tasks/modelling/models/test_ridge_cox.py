"""Ridge Cox: its penalty means the same whatever the columns are, and a path gives what each penalty alone does."""

from __future__ import annotations

import numpy as np

from tasks.modelling.models.ridge_cox import RidgeCox
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import SURVIVAL, make_design, make_rows


def problem() -> tuple[Rows, Target]:
    design = make_design("survival", n=100, nan=0.0)
    rows = make_rows({f"radiomics_{i}": design.X[f"radiomics_{i}"].to_numpy() for i in range(20)})
    return rows, Target(design.outcome, SURVIVAL)


def test_a_setting_alone_is_that_of_the_path() -> None:
    rows, target = problem()
    model = RidgeCox()
    for one, together in zip(model.variants(), model.fit_variants(rows, target, 0, model.variants()), strict=True):
        assert not isinstance(together, Exception)
        np.testing.assert_allclose(one.fit(rows, target, 0).importance(), together.importance(), atol=1e-8)


def test_columns_that_stand_several_times_or_in_another_unit_change_no_risk() -> None:
    rows, target = problem()
    names = [f"{name}_{i}" for i in range(3) for name in rows.columns.names]
    risk = RidgeCox().fit(rows, target, 0).predict(rows).risk
    thrice = make_rows(dict(zip(names, 7.0 * np.tile(rows.X, 3).T, strict=True)))
    found = RidgeCox().fit(thrice, target, 0).predict(thrice).risk
    assert risk is not None and found is not None
    np.testing.assert_allclose(found, risk, atol=1e-8)
