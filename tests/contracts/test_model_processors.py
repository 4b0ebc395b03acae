"""What our own models say is the same to the bit whichever instructions BLAS and numpy take from the processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.modelling.models.model import MODELS
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_design, make_rows
from tests.support.kinds import of_columns, small_model

ROOT = Path(__file__).parents[2]
# Their last digits are those of a processor: they add by BLAS, or in scikit-learn, scikit-survival and torch.
ADD_BY_BLAS = {
    *("elastic_net", "extra_trees", "gaussian_process", "gradient_boosting", "lasso", "mixed_effects", "ridge"),
    "priority_lasso",
    *("multilayer_perceptron", "naive_bayes", "residual_network", "ridge_logistic", "stacked_polynomial_network"),
    *("stacking", "tabicl", "voting"),
    *(
        "aft",
        "cause_specific_cox",
        "elastic_net_fine_gray",
        "fine_gray",
        "gradient_boosting_survival",
        "ridge_cox",
        "survival_svm",
    ),
    *("deepsurv", "discrete_time_network"),
}


def predict_all() -> dict[str, list[str]]:
    """Predictions and weights of every setting of every own model, for each endpoint, as text that holds all of their bits."""
    found = {}
    for kind in of_columns(MODELS.modules):
        model = MODELS.parse(small_model(kind, trees=10))
        if kind in ADD_BY_BLAS:
            continue
        for endpoint in sorted(model.endpoints):
            design = make_design(endpoint, n=90, nan=0.0)
            rows = make_rows(
                {name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1", "clinical_age")}
            )
            target = Target(design.outcome, ANY_ENDPOINT[endpoint])
            for i, fitted in enumerate(model.fit_variants(rows, target, 0, model.variants())):
                assert not isinstance(fitted, Exception), (kind, endpoint, fitted)
                told = fitted.predict(rows)
                curves = None if told.incidence is None else told.incidence.value
                parts = [told.risk, told.probability, told.value, curves, fitted.importance()]
                found[f"{kind} {endpoint} {i}"] = ["" if part is None else part.tobytes().hex() for part in parts]
    return found


@pytest.mark.slow
def test_predictions_do_not_depend_on_the_kernel_of_blas_or_on_wide_instructions() -> None:
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    wide = " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name) and name != "X86_V3")
    code = (
        "import json\nfrom tests.contracts.test_model_processors import predict_all\nprint(json.dumps(predict_all()))"
    )
    settings = {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": wide, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    there = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=300, check=False
    )
    assert there.returncode == 0, there.stderr
    here, narrow = predict_all(), json.loads(there.stdout)
    assert here
    assert [name for name in here if here[name] != narrow[name]] == []
