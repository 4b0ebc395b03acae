#!/usr/bin/env bash
# One would guess: ComBat with non-parametric priors (parametric=False) gets better with more patients in each centre.
#
# What happens: from some 500 patients in a centre on, all of its values are NaN, and the rest of the program goes on without a
# word. Each column is weighted by the likelihood of all of its centre's rows, a product that falls below the smallest number of the
# machine: zero is divided by zero. On real radiomics, single columns of a centre with 196 patients became infinite. On a
# logarithmic scale the same formula has no such limit.
#
# Versions: neuroCombat 0.2.12, numpy 1.26.4, pandas 2.3.3. Seen on 2026-11-30.
# Source: Johnson et al., Biostatistics 2007;8:118.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet neuroCombat==0.2.12 numpy==1.26.4 pandas==2.3.3
cat > many.py <<'PYTHON'
import contextlib
import io
import warnings

import numpy as np
import pandas as pd
from neuroCombat import neuroCombat

warnings.simplefilter("ignore")
found = {}
for patients in (100, 400, 500, 550):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2 * patients, 50))
    values[patients:] = values[patients:] * 1.3 + 0.5  # what the second centre adds to each of 50 columns
    centres = pd.DataFrame({"centre": np.repeat(["A", "B"], patients)})
    for parametric in (True, False):
        with contextlib.redirect_stdout(io.StringIO()):
            given = neuroCombat(values.T, centres, "centre", parametric=parametric)["data"].T
        found[patients, parametric] = np.isnan(given).mean()
        priors = "parametric" if parametric else "non-parametric"
        print(f"{patients} patients in each centre, {priors}: {found[patients, parametric]:.0%} of the values are NaN")
assert all(share == 0 for (patients, parametric), share in found.items() if parametric or patients < 500), "changed"
assert found[500, False] > 0.9 and found[550, False] == 1, "changed"
print("as described")
PYTHON
env/bin/python many.py
