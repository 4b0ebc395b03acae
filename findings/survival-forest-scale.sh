#!/usr/bin/env bash
# One would guess: two random survival forests of one kind of patients give risks on one scale, so that a cut between high and
# low risk which is learnt on inner folds also parts the patients whom a forest of all training patients predicts.
#
# What happens: scikit-survival's RandomSurvivalForest.predict is the sum of the cumulative hazard over the days with an event of
# its training patients. A forest that learnt from twice as many patients gives about twice the risk. Here the median risk of
# inner forests, each of half the training patients, is 30; 247 of 300 new patients lie above it under the forest of all of them.
# Scores that count order (C-index) do not change; groups, calibration and averages over folds do. The mean over these days, in place
# of the sum, has no such scale.
#
# Versions: scikit-survival 0.28.0, scikit-learn 1.9.1, numpy 2.4.6. Seen on 2026-11-30.
# Source: scikit-survival's documentation of predict ("the total number of events, which can be expected"); Ishwaran et al., Ann Appl
# Stat 2008;2:841, section 3.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet scikit-survival==0.28.0 scikit-learn==1.9.1 numpy==2.4.6
cat > scale.py <<'PYTHON'
import numpy as np
from sksurv.ensemble import RandomSurvivalForest
from sksurv.metrics import concordance_index_censored
from sksurv.util import Surv

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 5))
time, end = 500 * rng.exponential(np.exp(-X[:, 0])), 1000 * rng.exponential(size=500)
y = Surv.from_arrays(time <= end, np.minimum(time, end))
train, new = np.arange(200), np.arange(200, 500)


def forest(rows):
    return RandomSurvivalForest(100, min_samples_leaf=3, random_state=0, low_memory=True).fit(X[rows], y[rows])


halves = train[:100], train[100:]
inner = np.concatenate([forest(halves[1 - i]).predict(X[halves[i]]) for i in (0, 1)])
cut, risk = np.median(inner), forest(train).predict(X[new])
c = concordance_index_censored(y[new]["event"], y[new]["time"], risk)[0]
print(f"median risk of training patients under forests of the other half: {cut:.0f}")
print(f"median risk of new patients under the forest of all: {np.median(risk):.0f} (C-index {c:.2f})")
print(f"new patients above the cut: {(risk > cut).sum()} of {len(new)}")
assert (risk > cut).mean() > 0.7, "changed"
print("as described")
PYTHON
env/bin/python scale.py
