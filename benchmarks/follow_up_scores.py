"""What time-dependent scores cost: 1,000 cases × 100 days, beside scikit-survival.

    python benchmarks/follow_up_scores.py

One run, milliseconds of CPU of this process, one thread: the AUC of each day, the Brier score of each day, and its integral, with
the censoring of the training cases estimated once by radweave and for each of the three by the peer, as its functions do. No
day holds both an event and a censoring, so that both have the same definitions; the largest difference is printed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

LEAST_SPEED, SAME = 5.0, 1e-9
CASES, DAYS, ROUNDS, TIMES = 1_000, 100, 7, 5


def followed(cases: int) -> tuple[Any, Any, Any, Any]:
    """An outcome, risks, the incidence by each day, and the days."""
    from features.core.outcome import Outcome

    rng = np.random.default_rng(0)
    risk = rng.normal(size=cases)
    event, censored = rng.exponential(60 * np.exp(-risk)), rng.exponential(90, cases)
    seen = Outcome.of_days(event <= censored, np.minimum(event, censored))
    days = np.linspace(*np.quantile(np.minimum(event, censored), [0.02, 0.9]), DAYS)
    return seen, risk, 1 - np.exp(-np.exp(risk[:, None]) * days / 60), days


def milliseconds(run: Callable[[], Any]) -> float:
    """The median over rounds, after one that imports and compiles."""
    run()
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(TIMES):
            run()
        found.append((time.process_time() - start) / TIMES * 1e3)
    return float(np.median(found))


def main() -> int:
    """Print both costs and the largest difference; 0 if what is promised was met."""
    from sksurv.metrics import brier_score, cumulative_dynamic_auc, integrated_brier_score

    from features.core.kinds.endpoint import surv
    from tasks.modelling.censoring import Censoring
    from tasks.modelling.follow_up.brier import brier_by_day, mean_over_days
    from tasks.modelling.follow_up.time_auc import auc_by_day

    seen, risk, said, days = followed(CASES)
    y = surv(seen)

    def ours() -> tuple[Any, Any, Any]:
        censoring = Censoring(seen)
        distance = brier_by_day(seen, censoring, said, days)
        return auc_by_day(seen, censoring, risk, days), distance.mean(axis=0), mean_over_days(distance, days).mean()

    def peer() -> tuple[Any, Any, Any]:
        auc, brier = cumulative_dynamic_auc(y, y, risk, days)[0], brier_score(y, y, 1 - said, days)[1]
        return auc, brier, integrated_brier_score(y, y, 1 - said, days)

    own, theirs = milliseconds(ours), milliseconds(peer)
    off = max(float(np.abs(one - two).max()) for one, two in zip(ours(), peer(), strict=True))
    held = theirs / own >= LEAST_SPEED and off <= SAME
    print(
        f"{CASES} cases × {DAYS} days: scikit-survival {theirs:.1f} ms, radweave {own:.1f} ms: {theirs / own:.1f} times"
    )
    print(
        f"{'held' if held else 'NOT held'}: promised {LEAST_SPEED:.0f} times, values at most {off:.1e} apart, promised {SAME:.0e}"
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
