#!/usr/bin/env bash
# One would guess: an image of 8 bits gets the same features as the same image of 16 bits.
#
# What happens: with numpy 2, pyradiomics adds its bin width to the highest intensity in the image's own type. With the
# default width of 25 and 8-bit intensities from 0 to 255 the sum runs over, and all of them fall into 2 bins in place of
# 11. Entropy and every texture feature are numbers of an almost flat image; a RuntimeWarning is all that is said, and a
# script that silences warnings sees nothing. A width that is a float (25.0) is not affected, nor is numpy 1. 16-bit images
# near the end of their range are affected too.
#
# Versions: pyradiomics-bhklab 3.1.4, numpy 2.4.6, SimpleITK 2.5.7. Seen on 2026-11-30.
# Source: NEP 50, Python integers take the type of the numpy value that they are added to.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet pyradiomics-bhklab==3.1.4 numpy==2.4.6 SimpleITK==2.5.7 setuptools
cat > bits.py <<'PYTHON'
import logging
import warnings

import numpy as np
import SimpleITK
from radiomics.featureextractor import RadiomicsFeatureExtractor

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
voxels = np.random.default_rng(0).integers(0, 256, (12, 12, 12))
mask = np.zeros(voxels.shape, np.uint8)
mask[1:-1, 1:-1, 1:-1] = 1
found = {}
for name, dtype, width in (("8 bits", np.uint8, 25), ("16 bits", np.int16, 25), ("8 bits, 25.0", np.uint8, 25.0)):
    extractor = RadiomicsFeatureExtractor(binWidth=width, additionalInfo=False)
    image = SimpleITK.GetImageFromArray(voxels.astype(dtype))
    features = extractor.execute(image, SimpleITK.GetImageFromArray(mask))
    found[name] = float(features["original_firstorder_Entropy"]), float(features["original_glcm_Contrast"])
    print(f"{name:14} entropy {found[name][0]:.3f}, GLCM contrast {found[name][1]:.3f}")
assert found["8 bits"] != found["16 bits"] == found["8 bits, 25.0"], "changed"
print("as described")
PYTHON
env/bin/python bits.py
