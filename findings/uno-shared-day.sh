#!/usr/bin/env bash
# One would guess: scikit-survival's concordance_index_ipcw and brier_score weight an event by the share of cases that could
# still be seen on its day, also where follow-up is counted in months and an event and a censoring share one.
#
# What happens: both take the Kaplan-Meier curve of censoring after the day, G(t) for G(t-). A case with an event in month t
# is seen if it is censored in month t or later (their own pairs say so: whoever is censored in month t is later than the
# event), which is G(t-). On eight cases Uno's C is 0.788 for 0.838. A model that says "one half" for everybody has to have a
# Brier score of 1/4, whatever the censoring: it has 0.269 on these cases, and 0.264 on 4,000 simulated ones in months.
# Without shared days all agree.
#
# Versions: scikit-survival 0.28.0. Seen on 2026-11-30.
# Source: Graf et al., Stat Med 1999;18:2529; Uno et al., Stat Med 2011;30:1105; the formula with G(T-) in riskRegression's
# issue 6. scikit-survival's issue 428 tells of the C-index, and is open; we found none of the Brier score.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet scikit-survival==0.28.0
cat > shared.py <<'PYTHON'
from fractions import Fraction

import numpy as np
from sksurv.metrics import brier_score, concordance_index_ipcw


def follow(event, months):
    return np.array(list(zip(event, months)), dtype=[("event", bool), ("months", float)])


months = [1, 2, 2, 3, 3, 4, 5, 6]
event = [1, 1, 0, 1, 0, 1, 0, 1]
risk = [8, 6, 7, 3, 5, 4, 2, 1]
still = {1: Fraction(1), 2: Fraction(1), 3: Fraction(5, 6), 4: Fraction(5, 8)}  # G just before the month
pairs = good = Fraction(0)
for i in range(8):
    for j in range(8):
        later = months[i] < months[j] or (months[i] == months[j] and not event[j])
        if event[i] and months[i] < 6 and later:
            pairs += 1 / still[months[i]] ** 2
            good += (risk[i] > risk[j]) / still[months[i]] ** 2
y = follow(event, months)
found = concordance_index_ipcw(y, y, np.array(risk, float), tau=6.0)[0]
half = brier_score(y, y, np.full(8, 0.5), 4.0)[1][0]
apart = follow(event, np.array(months) + 0.5 * (1 - np.array(event)))
print(f"Uno's C: scikit-survival {found:.3f}, with G(t-) {float(good / pairs):.3f}")
print(f"Brier score of one half: scikit-survival {half:.3f}; has to be 0.250")
print(f"without shared days: {brier_score(apart, apart, np.full(8, 0.5), 4.2)[1][0]:.3f}")

rng = np.random.default_rng(0)
died, left = np.ceil(rng.exponential(12, (2, 4000)))
y = follow(died <= left, np.minimum(died, left))
large = brier_score(y, y, np.full(4000, 0.5), 12.0)[1][0]
print(f"4,000 simulated cases in months: {large:.3f}")
assert [round(float(v), 3) for v in (found, good / pairs, half)] == [0.788, 0.838, 0.269], "changed"
assert large > 0.26, "changed"
print("as described")
PYTHON
env/bin/python shared.py
