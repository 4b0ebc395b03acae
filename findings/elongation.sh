#!/usr/bin/env bash
# One would guess: Elongation and Flatness of one region are the same numbers in two tables of features; both are ratios of
# axes along the principal directions.
#
# What happens: ITK divides the longer axis by the shorter one, IBSI and pyradiomics the shorter by the longer. Here ITK says
# that the region has an elongation of 3.01 and a flatness of 2.03, pyradiomics of 0.33 and 0.16. Nor are they inverses of
# each other: IBSI's flatness is the least axis over the longest, ITK's the second over the least. CaPTk writes ITK's numbers
# under these names, and pyradiomics before 1.2 wrote the inverse of what it writes since. Two centres whose tables are put
# under each other by the names of columns have a feature that tells the centres apart.
#
# Versions: SimpleITK 2.5.7, pyradiomics-bhklab 3.1.4. Seen on 2026-11-30.
# Source: IBSI reference manual (arXiv:1612.07003), elongation (Q3CK) and flatness (N17B); ITK's ShapeLabelObject;
# pyradiomics' release notes of 1.2.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet pyradiomics-bhklab==3.1.4 numpy==2.4.6 SimpleITK==2.5.7 setuptools
cat > elongation.py <<'PYTHON'
import logging

import numpy as np
import SimpleITK
from radiomics.featureextractor import RadiomicsFeatureExtractor

logging.disable(logging.CRITICAL)
voxels = np.zeros((30, 40, 50), np.uint8)
voxels[5:10, 10:20, 10:40] = 1  # 5 x 10 x 30 voxels of 1 mm
mask = SimpleITK.GetImageFromArray(voxels)
shape = SimpleITK.LabelShapeStatisticsImageFilter()
shape.Execute(mask)
itk = shape.GetElongation(1), shape.GetFlatness(1)
extractor = RadiomicsFeatureExtractor(additionalInfo=False)
extractor.disableAllFeatures()
extractor.enableFeaturesByName(shape=["Elongation", "Flatness"])
found = extractor.execute(SimpleITK.Cast(mask, SimpleITK.sitkFloat32), mask)
ours = float(found["original_shape_Elongation"]), float(found["original_shape_Flatness"])
print("ITK:         elongation {:.2f}, flatness {:.2f}".format(*itk))
print("pyradiomics: elongation {:.2f}, flatness {:.2f}".format(*ours))
assert [round(value, 2) for value in (*itk, *ours)] == [3.01, 2.03, 0.33, 0.16], "changed"
print("as described")
PYTHON
env/bin/python elongation.py
