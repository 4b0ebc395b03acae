"""What it costs to score 10,000 rows of 200 columns by a LASSO-Cox that was saved, beside scikit-survival and lifelines.

Each predicts the survival function of every row: all at once, and in a loop over rows, of which a part is timed. radweave does so
in one call, and in the batches that `radweave score` takes, one after the other in this process. Before, what radweave says is
compared with what scikit-survival says at the same penalty. CPU seconds, best of three.

    python benchmarks/score_rows.py
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from features.core.design import Design
from features.core.kinds.endpoint import ENDPOINTS
from features.core.outcome import Outcome
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.evaluation.study import Study
from tasks.modelling.rows import Rows
from tasks.modelling.saved.arrays_table import arrays_of, arrays_table
from tasks.modelling.saved.saved_final import final_of, saved
from tasks.scoring.batches import BATCH, predict_in_batches

TRAIN, ROWS, COLUMNS, LOOPED = 300, 10_000, 200, 200
FRACTION = 0.3  # of the smallest penalty that sets every coefficient to zero


def make_design(rng: np.random.Generator) -> Design:
    X = rng.normal(size=(TRAIN, COLUMNS))
    days = np.ceil(rng.exponential(300 * np.exp(-0.5 * X[:, 0] - 0.4 * X[:, 1])))
    censored = rng.uniform(50, 900, TRAIN).round()
    names = [f"radiomics__{i}" for i in range(COLUMNS)]
    outcome = Outcome((days <= censored).astype(np.intp), np.minimum(days, censored))
    patients = np.array([f"p{i}" for i in range(TRAIN)])
    endpoint = ENDPOINTS.parse({"kind": "survival", "time": "days", "event": "died"})
    frame = pd.DataFrame(X, columns=names, index=[f"toy:{one}" for one in patients])
    cohorts = np.array(["toy"] * TRAIN)
    return Design(frame, dict.fromkeys(names, "radiomics"), outcome, endpoint, patients, cohorts, cohorts=cohorts)


def saved_model(design: Design) -> Final:
    """The LASSO-Cox as `radweave score` reads it."""
    settings = {
        "name": "toy",
        "cohorts": ["toy"],
        "endpoint": "survival",
        "blocks": {"radiomics": ["radiomics"]},
        "models": [{"kind": "coxnet", "alpha_fraction": [FRACTION]}],
    }
    facts, arrays = saved(fit_final(design, Study.model_validate(settings), "radiomics", "coxnet"))
    return final_of(facts, arrays_of(arrays_table(arrays)))


def cpu(work: Callable[[], object], times: int = 3) -> float:
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def main() -> None:
    warnings.simplefilter("ignore")
    from lifelines import CoxPHFitter
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.util import Surv

    rng = np.random.default_rng(0)
    design = make_design(rng)
    final, train = saved_model(design), Rows.of(design)
    rows = train.take(rng.integers(0, TRAIN, ROWS)).with_values(rng.normal(size=(ROWS, COLUMNS)))
    middle, spread = train.X.mean(axis=0), train.X.std(axis=0)
    Z, many = (train.X - middle) / spread, (rows.X - middle) / spread
    assert design.outcome.days is not None
    y = Surv.from_arrays(design.outcome.code == 1, design.outcome.days)
    largest = CoxnetSurvivalAnalysis(n_alphas=2, l1_ratio=1.0).fit(Z, y).alphas_[0]
    peer = CoxnetSurvivalAnalysis(
        l1_ratio=1.0, alphas=[FRACTION * largest], fit_baseline_model=True, tol=1e-12, max_iter=10**6
    ).fit(Z, y)
    frame = pd.DataFrame(Z, columns=[f"x{i}" for i in range(COLUMNS)]).assign(days=y["time"], died=y["event"])
    fitter = CoxPHFitter(penalizer=0.1).fit(frame, "days", "died")
    asked = pd.DataFrame(many, columns=frame.columns[:COLUMNS])

    told = final.predict(rows).incidence
    assert told is not None
    curves = peer.predict_survival_function(many[:500], return_array=True)
    place = np.searchsorted(peer.unique_times_, told.days)
    apart = float(np.abs(told.survival()[:500] - curves[:, place]).max())
    print(f"largest difference of survival probabilities from scikit-survival's: {apart:.1e}")

    ours = cpu(lambda: final.predict(rows))
    batches = cpu(lambda: predict_in_batches(final, rows, None))
    print(f"{'':<16}{'at once, s':>12}{'in a loop, s':>14}{'the batches of radweave are … times as quick':>48}")
    print(f"{'radweave':<16}{ours:>12.3f}")
    print(f"{f'  by {BATCH}':<16}{batches:>12.3f}")
    part = ROWS / LOOPED
    for name, whole, loop in (
        (
            "scikit-survival",
            lambda: peer.predict_survival_function(many, return_array=True),
            lambda: [peer.predict_survival_function(many[i : i + 1], return_array=True) for i in range(LOOPED)],
        ),
        (
            "lifelines",
            lambda: fitter.predict_survival_function(asked),
            lambda: [fitter.predict_survival_function(asked.iloc[i : i + 1]) for i in range(LOOPED)],
        ),
    ):
        batch, looped = cpu(whole), cpu(loop) * part
        print(
            f"{name:<16}{batch:>12.3f}{looped:>14.3f}"
            f"{f'{batch / batches:.1f} at once, {looped / batches:.0f} in a loop':>48}"
        )


if __name__ == "__main__":
    main()
