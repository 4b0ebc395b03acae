"""correct_bias: an MR without the slow variation of intensity that coils leave in it (N4)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.core.kinds.normaliser import BiasCorrection
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.foreground import no_contrast


def correct_bias(volume: Volume, settings: BiasCorrection) -> Volume:
    """The volume divided by its bias field, float64, on the same grid; equal volumes give equal bytes.

    The field is fitted to the voxels above Otsu's threshold of the shrunken image, in one thread, and evaluated on all.
    Padding counts as background.
    Raises Rejected: NAN_IN_ROI (anywhere in the image), IMAGE_FLAT.
    """
    import SimpleITK as sitk

    from features.core.portable import exp

    if not np.isfinite(volume.array).all():
        raise Rejected("NAN_IN_ROI", "the image holds NaN or infinite voxels, which the bias correction would spread")
    if volume.array.min() == volume.array.max():
        raise no_contrast()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)  # N4's inner filters ask for it, and sums depend on it
    values = volume.array.astype(np.float64)
    image = sitk.GetImageFromArray(values if volume.padding is None else np.where(volume.padding, 0.0, values))
    image.SetSpacing(volume.spacing_mm)
    factors = [min(settings.shrink, size) for size in image.GetSize()]
    small = sitk.Shrink(image, factors)
    otsu = sitk.OtsuThresholdImageFilter()
    otsu.SetInsideValue(0)
    otsu.SetOutsideValue(1)
    inside = sitk.And(otsu.Execute(small), sitk.Cast(small > 0, sitk.sitkUInt8))  # its logarithm has to exist
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations(settings.iterations)
    try:
        n4.Execute(small, inside)
        field = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image))
    except RuntimeError as error:
        raise no_contrast() from error
    return replace(volume, array=values / exp(field))
