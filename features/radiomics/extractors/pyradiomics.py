"""pyradiomics: the package itself, for shape, first order and five texture families of each derived image."""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.metadata import version
from typing import Any, ClassVar, Literal

import numpy as np

from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.filter import Filter
from features.core.kinds.preparation import FixedBinWidth, Preparation
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.radiomics.dialects.pyradiomics import code_of
from features.radiomics.names import ORIGINAL, UNDEFINED, word

FAMILIES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
VERSION = "2"  # raise it when values change that pyradiomics' own version does not tell of
LARGEST_BIN_COUNT = 1024
IMAGINARY = 1e-6  # of a value, or of 1: less is rounding
# Filters that it has: its name of each, and its names of their settings.
IMAGE_TYPES: dict[str, tuple[str, dict[str, str]]] = {
    "log": ("LoG", {"sigma_mm": "sigma"}),
    "wavelet": ("Wavelet", {"wavelet": "wavelet", "level": "level", "start_level": "start_level"}),
    "square": ("Square", {}),
    "squareroot": ("SquareRoot", {}),
    "logarithm": ("Logarithm", {}),
    "exponential": ("Exponential", {}),
    "gradient": ("Gradient", {"use_spacing": "gradientUseSpacing"}),
}


class Pyradiomics(Extractor):
    """van Griethuysen et al., Cancer Res 2017;77:e104. The region is already resampled and normalised by the recipe.

    Texture features of an image whose ROI falls into a single grey level are NaN (pyradiomics would return numbers); a
    feature that is not finite is, too. Eigenvalues that are equal come out complex under some BLAS kernels: the real part
    is kept if the rest is rounding, else the feature is NaN. `undefined` says why.
    """

    kind: Literal["pyradiomics"] = "pyradiomics"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"

    @cached_property
    def version(self) -> str:
        packages = ("pyradiomics-bhklab", "SimpleITK", "PyWavelets", "numpy")
        return "; ".join([f"radweave {VERSION}", *(f"{package} {version(package)}" for package in packages)])

    def columns(self, preparation: Preparation) -> list[Column]:
        columns = []
        for image in _image_types(preparation):
            for family, feature in _features(shape=image == "original"):
                columns.append(
                    Column(
                        name=f"{image}_{family}_{feature}",
                        type="float64",
                        description=f"{feature} of {family} on the {image} image",
                        family=family,
                        filter=image,
                        ibsi=code_of(family, feature),
                    )
                )
        return [*columns, UNDEFINED]

    def applies(self, one: Filter) -> bool:
        return one.kind in IMAGE_TYPES

    def warm(self, preparation: Preparation) -> None:
        _engine(preparation)

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> list[Mapping[str, float | str]]:
        """Raises Rejected(TOO_MANY_BINS) where the bin width would give more than 1,024 grey levels."""
        return [self._extract(region, preparation) for region in regions]

    def _extract(self, region: Region, preparation: Preparation) -> Mapping[str, float | str]:
        if isinstance(preparation.discretise, FixedBinWidth):
            bins = math.ceil(float(np.ptp(region.values)) / preparation.discretise.bin_width) + 1
            if bins > LARGEST_BIN_COUNT:
                raise Rejected("TOO_MANY_BINS", grey_levels=bins, largest=LARGEST_BIN_COUNT)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # pyradiomics' own imports and divisions warn
            found = _engine(preparation).execute(
                _image(region.volume), _image(region.volume, region.mask.astype(np.uint8))
            )
        columns = self.columns(preparation)[:-1]
        given = {column.name: complex(found[_native(column, preparation)]) for column in columns}
        values, reasons = dict[str, float](), dict[str, list[str]]()
        for column in columns:
            why = _undefined(given[column.name])
            if column.family in FAMILIES[2:] and abs(given[f"{column.filter}_firstorder_Entropy"]) < 1e-9:
                why = "ONE_GREY_LEVEL"
            values[column.name] = math.nan if why else given[column.name].real
            if why:
                reasons.setdefault(why, []).append(column.name)
        return {**values, UNDEFINED.name: json.dumps(reasons, sort_keys=True) if reasons else ""}


def _undefined(value: complex) -> str:
    """Why a value of pyradiomics is none, or ""."""
    if not math.isfinite(value.real):
        return "DEGENERATE"
    return "" if abs(value.imag) <= IMAGINARY * max(abs(value.real), 1) else "COMPLEX"


def _image_types(preparation: Preparation) -> list[str]:
    """Images as they stand in names of columns."""
    return [ORIGINAL, *(word(name) for one in preparation.filters for name in one.names())]


def _native(column: Column, preparation: Preparation) -> str:
    """pyradiomics' own name: `log-sigma-2-0-mm-3D_glcm_Contrast`, `wavelet-LLH_glcm_Contrast`."""
    images = {word(name): name for one in preparation.filters for name in one.names()}
    return f"{images.get(column.filter, column.filter)}_{column.name.removeprefix(column.filter + '_')}"


@lru_cache(maxsize=2)
def _features(*, shape: bool) -> list[tuple[str, str]]:
    from radiomics.featureextractor import getFeatureClasses

    classes = getFeatureClasses()
    names: list[tuple[str, str]] = []
    for family in FAMILIES if shape else FAMILIES[1:]:
        names += [(family, name) for name, deprecated in classes[family].getFeatureNames().items() if not deprecated]
    return names


@lru_cache(maxsize=8)
def _engine(preparation: Preparation) -> Any:
    import SimpleITK as sitk
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)  # the runner gives one process per core
    engine = RadiomicsFeatureExtractor(additionalInfo=False)
    settings = preparation.discretise
    engine.settings["binWidth"] = settings.bin_width if isinstance(settings, FixedBinWidth) else None
    engine.settings["binCount"] = None if isinstance(settings, FixedBinWidth) else settings.bin_count
    engine.settings["minimumROISize"] = None
    engine.disableAllImageTypes()
    engine.enableImageTypeByName("Original")
    for one in preparation.filters:
        image_type, names = IMAGE_TYPES[one.kind]
        custom = {theirs: _plain(getattr(one, ours)) for ours, theirs in names.items()}
        engine.enableImageTypeByName(image_type, customArgs=custom)
    engine.disableAllFeatures()
    for family in FAMILIES:
        engine.enableFeatureClassByName(family)
    return engine


def _image(volume: Volume, array: Any = None) -> Any:
    """A SimpleITK image on the volume's grid, of its own array (as float64) or of another one of that shape."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(volume.array.astype(np.float64) if array is None else array)
    image.SetSpacing(volume.spacing_mm)
    image.SetOrigin(volume.origin_mm)
    image.SetDirection(volume.direction)
    return image


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
