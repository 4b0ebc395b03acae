#!/usr/bin/env bash
# One would guess: ComBat that was fitted with a covariate, such as age, treats a patient of the training data as it did in training
# when it is given that patient again (neuroCombatFromTraining).
#
# What happens: the function takes no covariates. Every patient is treated as if she had the mean age of the training
# patients: her age counts as an effect of the scanner and is shrunk or stretched with it. Here the training patients themselves come
# back with values that are off by up to 0.7 standard deviations, without an error, although a model fitted on the first values
# is to be applied to the second.
#
# Versions: neuroCombat 0.2.12, numpy 1.26.4, pandas 2.3.3. Seen on 2026-11-30.
# Source: Fortin et al., NeuroImage 2018;167:104: the effect of covariates is kept.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet neuroCombat==0.2.12 numpy==1.26.4 pandas==2.3.3
cat > new.py <<'PYTHON'
import contextlib
import io
import warnings

import numpy as np
import pandas as pd
from neuroCombat import neuroCombat, neuroCombatFromTraining

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
centre = np.repeat(["A", "B"], 100)
age = rng.normal(60, 10, 200) + np.where(centre == "B", 10, 0)
values = rng.normal(size=(200, 30)) + 0.1 * age[:, None]
values[centre == "B"] = values[centre == "B"] * 1.5 + 2
off = {}
for covariates in ([], ["age"]):
    with contextlib.redirect_stdout(io.StringIO()):
        fitted = neuroCombat(values.T, pd.DataFrame({"centre": centre, "age": age}), "centre", continuous_cols=covariates)
        fitted["estimates"]["batches"] = np.array(["A", "B"])  # it keeps numbers, and compares them with names
        again = neuroCombatFromTraining(values.T, centre, fitted["estimates"])["data"].T
    first = fitted["data"].T
    off[len(covariates)] = (abs(again - first) / first.std(axis=0)).max()
    print(f"covariates {covariates}: the training patients, given again, are off by up to {off[len(covariates)]:.1e} SD")
assert off[0] < 1e-10 < 0.5 < off[1], "changed"
print("as described")
PYTHON
env/bin/python new.py
