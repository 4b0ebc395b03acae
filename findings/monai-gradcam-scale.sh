#!/usr/bin/env bash
# One would guess: a map of MONAI's GradCAM is high where the network found evidence for the class, as in the paper and in every
# colour bar, so that its largest values, drawn over the scan, are what the network looked at.
#
# What happens: the usual post-processing turns the map over while it scales it: the place of the strongest evidence gets 0, and where
# there is none 1. A network whose logit is the mean of the image, shown a bright lesion in an empty volume, gets a map of 0 in the
# lesion and 1 everywhere else. Overlays, thresholds and overlaps with a mask that take the map as it comes point at the background.
# `postprocessing=lambda found: found` gives the map as published.
#
# Versions: monai 1.6.1, torch 2.13.0, numpy 2.4.6. Seen on 2026-12-01.
# Source: documentation of MONAI, monai.visualize, and Selvaraju et al., ICCV 2017, arXiv:1610.02391.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet monai==1.6.1 torch==2.13.0 numpy==2.4.6
cat > cam.py <<'PYTHON'
import warnings

import monai
import torch
from monai.visualize import GradCAM

warnings.simplefilter("ignore")


class Mean(torch.nn.Module):
    """Its logit is the mean of the volume: brighter is more of the class."""

    def __init__(self):
        super().__init__()
        self.maps = torch.nn.Conv3d(1, 1, 1, bias=False)
        torch.nn.init.ones_(self.maps.weight)

    def forward(self, volume):
        return self.maps(volume).mean(dim=(2, 3, 4))


volume = torch.zeros(1, 1, 16, 16, 16)
lesion = torch.zeros_like(volume, dtype=torch.bool)
lesion[..., 10:14, 2:6, 2:6] = True
volume[lesion] = 1.0
network = Mean().eval()
usual = GradCAM(nn_module=network, target_layers="maps")(volume, class_idx=0)
plain = GradCAM(nn_module=network, target_layers="maps", postprocessing=lambda found: found)(volume, class_idx=0)
print("monai", monai.__version__)
for name, found in (("usual", usual), ("as published", plain)):
    found = torch.as_tensor(found)
    print(f"{name}: in the lesion {found[lesion].mean():.6f}, elsewhere {found[~lesion].mean():.6f}")
usual, plain = torch.as_tensor(usual), torch.as_tensor(plain)
assert plain[lesion].min() > plain[~lesion].max(), "the map as published is no longer high in the lesion"
assert usual[lesion].max() < usual[~lesion].min(), "the usual map is no longer turned over"
PYTHON
env/bin/python cam.py
echo "As described."
