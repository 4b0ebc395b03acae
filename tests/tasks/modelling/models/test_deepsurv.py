"""DeepSurv: its scores have a level, which the partial likelihood leaves open."""

from __future__ import annotations

from tasks.modelling.models.deepsurv import DeepSurv
from tasks.modelling.target import Target
from tests.support.design import SURVIVAL, make_design, make_rows


def test_training_scores_are_0_on_average_and_curves_do_not_depend_on_that() -> None:
    """Risk groups are cut at the median of what models of inner folds predict: with free levels all cases may be of high risk."""
    design = make_design("survival", n=80, nan=0.0)
    rows = make_rows({name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1")})
    found = DeepSurv(penalty=(0.1,), epochs=30).fit(rows, Target(design.outcome, SURVIVAL), 0).predict(rows)
    assert found.risk is not None and found.incidence is not None
    assert abs(found.risk.mean()) < 1e-9 and found.risk.std() > 0.1
    assert 0.2 < found.incidence.value[:, 0, -1].mean() < 1
