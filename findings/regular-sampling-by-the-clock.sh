#!/usr/bin/env bash
# One would guess: SimpleITK's metric sampling REGULAR takes voxels on a regular grid, so two registrations of the same two images
# with the same settings end at the same transform; RANDOM is the one that needs a seed. And an optimiser that says that it met its
# tolerance has found how two images fit.
#
# What happens: REGULAR moves each place of its grid by a random part of a voxel, and its seed is the clock of the computer unless
# SetMetricSamplingPercentage gets one (the second argument; 0 is the clock, too). Here four runs in one thread differ by about a
# tenth of a millimetre with 3 mm voxels and a tenth of the voxels; with a seed they are equal to the last bit. A ROI that is carried
# by such a transform has other voxels every time. An image of pure noise ends with the same words of success as a head: the stop
# text tells that steps or gradient became small, not that anything fits (the metric is 0.005 nats beside 0.878).
#
# Versions: SimpleITK 2.5.7 (ITK 5.4), numpy 2.4.6. Seen on 2026-11-30.
# Source: signature of ImageRegistrationMethod.SetMetricSamplingPercentage (seed=sitkWallClock); nothing there speaks of REGULAR.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet SimpleITK==2.5.7 numpy==2.4.6
cat > sampling.py <<'PYTHON'
import numpy as np
import SimpleITK as sitk

sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
rng = np.random.default_rng(0)
z, y, x = np.indices((40, 64, 64)).astype(float)


def head(shift):
    skin = np.sqrt(((x - 32 - shift) / 24) ** 2 + ((y - 32) / 28) ** 2 + ((z - 20) / 17) ** 2)
    inner = np.sqrt(((x - 40 - shift) / 8) ** 2 + ((y - 30) / 8) ** 2 + ((z - 20) / 7) ** 2)
    return (skin < 1) + 1.0 * (skin < 0.8) + 2.0 * (inner < 1)


def image(array):
    found = sitk.GetImageFromArray((array + rng.normal(0, 0.2, array.shape)).astype(np.float32))
    found.SetSpacing((3, 3, 3))
    return found


def register(fixed, moving, *seed):
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.1, *seed)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(4.0, 0.01, 100)
    method.SetOptimizerScales([3600] * 3 + [1] * 3)
    model = sitk.Euler3DTransform()
    method.SetInitialTransform(model, inPlace=True)
    method.Execute(fixed, moving)
    return np.array(model.GetParameters()), method.GetMetricValue(), method.GetOptimizerStopConditionDescription()


fixed, moving, noise = image(head(0)), image(4 - head(1)), image(0 * x)
spread = {seed: np.ptp([register(fixed, moving, *seed)[0][3:] for _ in range(4)], axis=0).max() for seed in ((), (7,))}
print(f"largest difference of a shift in four runs, without a seed: {spread[()]:.3f} mm, with one: {spread[(7,)]:.3f} mm")
for name, one in (("head", moving), ("noise", noise)):
    _, metric, said = register(fixed, one, 7)
    print(f"{name}: mutual information {-metric:.3f} nats; {said}")
assert spread[()] > 0.01 and spread[(7,)] == 0, "changed"
print("as described")
PYTHON
env/bin/python sampling.py
