"""Predictions in batches: those of the whole, of endpoints of every kind, to the bit whoever computes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows
from tasks.running.pool import AnyRunner, Pool
from tasks.running.runners.dask import Dask
from tasks.running.runners.processes import Processes
from tasks.running.runners.threads import Threads
from tasks.scoring.batches import predict_in_batches
from tests.support.design import ANY_ENDPOINT, make_design, make_study
from tests.tasks.reports.test_sealed_result import fitted


def parts_of(prediction: Prediction) -> list[np.ndarray]:
    curves = prediction.incidence
    parts = (prediction.risk, prediction.probability, prediction.value, None if curves is None else curves.value)
    return [part for part in parts if part is not None]


@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_batches_say_what_the_whole_says(kind: str) -> None:
    rows = Rows.of(make_design(kind, n=47, seed=2))
    whole, found = fitted(kind).predict(rows), predict_in_batches(fitted(kind), rows, None, 10)
    assert len(found) == 47 and len(parts_of(found)) == len(parts_of(whole)) > 0
    for one, other in zip(parts_of(found), parts_of(whole), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_a_model_that_takes_the_rows_of_an_unseen_centre_together_is_asked_once() -> None:
    """In batches each would have a location and a scale of its own, and the last of them too few rows."""
    steps = ["drop_constant", "median", {"kind": "combat", "unseen": "own"}, "zscore"]
    study = make_study(models=[{"name": "one", "model": "ridge_logistic", "steps": steps}])
    final = fit_final(make_design(n=60), study, "radiomics", "one")
    design = make_design(n=47, seed=2)
    rows = Rows.of(replace(design, centres=np.array(["new"] * 47)))
    found = predict_in_batches(final, rows, None, 20)
    assert [part.tobytes() for part in parts_of(found)] == [part.tobytes() for part in parts_of(final.predict(rows))]


@pytest.mark.slow
@pytest.mark.parametrize(
    "runner", [Threads(workers=2), Processes(workers=1), Dask(workers=1)], ids=lambda one: one.kind
)
def test_whoever_computes_them_bits_are_the_same(runner: AnyRunner) -> None:
    rows, final = Rows.of(make_design("survival", n=47, seed=2)), fitted("survival")
    here, there = (predict_in_batches(final, rows, pool, 10) for pool in (None, Pool(runner)))
    assert [part.tobytes() for part in parts_of(here)] == [part.tobytes() for part in parts_of(there)]
