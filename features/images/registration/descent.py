"""descend: SimpleITK's optimiser on one pair of images of one resolution."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.images.registration.ready import Ready
from features.images.registration.similarity import BINS, SEED
from features.images.registration.transform import Transform

RELAXED = 0.7  # of a step that went too far


class Descended(NamedTuple):
    """transform: from the fixed to the moving image. settled: whether the steps became as small as they were to be."""

    transform: Transform
    iterations: int
    settled: bool


class Descent(NamedTuple):
    """How to go: longest and shortest step in mm (of a point at `radius_mm` from the centre), and how many at most."""

    kind: str
    centre: NDArray[np.float64]
    radius_mm: float
    step_mm: float
    least_mm: float
    iterations: int
    samples: int


def descend(fixed: Ready, moving: Ready, start: Transform, how: Descent) -> Descended:
    """The transform from the fixed to the moving image where Mattes' mutual information is highest near `start`.

    One thread, places in a regular grid with a fixed seed: equal images give equal bits.
    Raises Rejected: REGISTRATION_FAILED, if the images do not overlap there.
    """
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetInterpolator(sitk.sitkLinear)
    share = min(1.0, how.samples / fixed.array.size)
    method.SetMetricSamplingStrategy(method.REGULAR if share < 1 else method.NONE)
    if share < 1:
        method.SetMetricSamplingPercentage(share, SEED)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=how.step_mm,
        minStep=how.least_mm,
        numberOfIterations=how.iterations,
        relaxationFactor=RELAXED,
        gradientMagnitudeTolerance=1e-8,
    )
    model = _model(start, how)
    turn = 9 if how.kind == "affine" else 3
    method.SetOptimizerScales([how.radius_mm**2] * turn + [1.0] * 3)
    method.SetInitialTransform(model, inPlace=True)
    try:
        method.Execute(_image(fixed), _image(moving))
    except RuntimeError as error:  # too few points inside both
        raise Rejected("REGISTRATION_FAILED", "the images do not overlap where they were put") from error
    settled = method.GetOptimizerIteration() < how.iterations
    return Descended(_transform(model), int(method.GetOptimizerIteration()), settled)


def _model(start: Transform, how: Descent) -> Any:
    """SimpleITK's transform, turned about the centre."""
    import SimpleITK as sitk

    centre = how.centre
    model = sitk.AffineTransform(3) if how.kind == "affine" else sitk.Euler3DTransform()
    model.SetCenter(centre.tolist())
    model.SetMatrix(list(start.matrix), *(() if how.kind == "affine" else (1e-6,)))
    model.SetTranslation((start(centre) - centre).tolist())
    return model


def _transform(model: Any) -> Transform:
    matrix = np.array(model.GetMatrix()).reshape(3, 3)
    centre = np.array(model.GetCenter())
    return Transform.of(matrix, centre + np.array(model.GetTranslation()) - matrix @ centre)


def _image(ready: Ready) -> Any:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(ready.array)
    image.SetSpacing(ready.spacing_mm)
    image.SetOrigin(ready.origin_mm.tolist())
    image.SetDirection(ready.direction.ravel().tolist())
    return image
