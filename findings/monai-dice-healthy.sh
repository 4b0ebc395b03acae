#!/usr/bin/env bash
# One would guess: the mean Dice over patients falls when a network marks disease in a patient who has none; a patient whose reference
# is empty and whose prediction is not has a Dice of 0, and one for whom both are empty has 1.
#
# What happens: MONAI's DiceMetric gives NaN for every patient whose reference is empty, whatever was predicted, and its mean leaves
# NaN out. A network that marks half of the scan of each healthy patient has the same mean Dice as one that marks nothing there: false alarms
# cost nothing, and the number of patients that the mean is of is not told. On a cohort in which most have no lesion, the best
# epoch, and the paper, are chosen by the others alone. `ignore_empty=False` gives 0 and 1.
#
# Versions: monai 1.6.1, torch 2.13.0, numpy 2.4.6. Seen on 2026-12-01.
# Source: documentation of MONAI, monai.metrics.DiceMetric; Maier-Hein et al., Nat Methods 2024;21:195, on empty references.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet monai==1.6.1 torch==2.13.0 numpy==2.4.6
cat > dice.py <<'PYTHON'
import monai
import torch
from monai.metrics import DiceMetric

reference = torch.zeros(4, 1, 8, 8, 8)
reference[0, 0, 2:5, 2:5, 2:5] = 1  # one patient has a lesion, three have none
careful = reference.clone()
careless = reference.clone()
careless[1:, 0, :4] = 1  # half of each healthy scan
print("monai", monai.__version__)
means = {}
for name, predicted in (("marks no healthy patient", careful), ("marks half of each healthy scan", careless)):
    for word, settings in (("usual", {}), ("ignore_empty=False", {"ignore_empty": False})):
        metric = DiceMetric(include_background=True, reduction="mean", **settings)
        metric(predicted, reference)
        means[name, word] = float(metric.aggregate())
        print(f"{name}, {word}: mean Dice {means[name, word]:.3f}")
usual = {value for (_, word), value in means.items() if word == "usual"}
assert usual == {1.0}, "false alarms in healthy patients now count"
assert means["marks half of each healthy scan", "ignore_empty=False"] == 0.25
PYTHON
env/bin/python dice.py
echo "As described."
