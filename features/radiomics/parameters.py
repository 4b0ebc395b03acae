"""load_parameters: a parameter file of pyradiomics, as it is: what it says is prepared, derived and computed; and the same
from data."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from features.core.errors import ConfigError, Fault, did_you_mean
from features.core.kinds.filter import FILTERS
from features.core.yaml import Document, Loc
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.settings import Settings
from features.radiomics.parameter_file import ParameterFile
from features.radiomics.plan import ImageType, Plan
from features.radiomics.pyradiomics_preparation import PyradiomicsPreparation
from features.radiomics.voxelwise.window import Window

DEFAULT_FAMILIES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
# Deprecated features that pyradiomics knows but does not compute → what has the same meaning.
REMOVED: dict[str, dict[str, str]] = {
    "glcm": {
        "Dissimilarity": "DifferenceAverage",
        "Homogeneity1": "Id",
        "Homogeneity2": "Idm",
        "SumVariance": "ClusterTendency",
    },
    "gldm": {
        "DependencePercentage": "",
        "GrayLevelNonUniformityNormalized": "Uniformity of firstorder",
    },
}
# Setting → the one without which it changes nothing; several: any of them.
_NEEDS: dict[str, tuple[str, ...]] = {
    "normalizeScale": ("normalize",),
    "removeOutliers": ("normalize",),
    "interpolator": ("resampledPixelSpacing",),
    "padDistance": ("resampledPixelSpacing", "preCrop"),
    "resegmentMode": ("resegmentRange",),
    "resegmentShape": ("resegmentRange",),
    "binWidth": (),
    "force2Ddimension": ("force2D", "LBP2D"),
    "sigma": ("LoG",),
    "wavelet": ("Wavelet",),
    "level": ("Wavelet",),
    "start_level": ("Wavelet",),
    "gradientUseSpacing": ("Gradient",),
    "lbp2DRadius": ("LBP2D",),
    "lbp2DSamples": ("LBP2D",),
    "lbp2DMethod": ("LBP2D",),
    "lbp3DLevels": ("LBP3D",),
    "lbp3DIcosphereRadius": ("LBP3D",),
    "lbp3DIcosphereSubdivision": ("LBP3D",),
    "symmetricalGLCM": ("glcm",),
    "gldm_a": ("gldm",),
    "weightingNorm": ("glcm", "glrlm"),
    "distances": ("glcm", "gldm", "ngtdm"),
    "voxelArrayShift": ("firstorder",),
}
PREPARATION = {
    "label": "label",
    "normalize": "normalise",
    "normalizeScale": "scale",
    "removeOutliers": "outliers",
    "resampledPixelSpacing": "spacing_mm",
    "preCrop": "crop",
    "padDistance": "padding",
    "resegmentRange": "resegment",
    "resegmentMode": "resegment_mode",
    "resegmentShape": "resegment_shape",
    "correctMask": "correct_mask",
    "geometryTolerance": "tolerance",
    "minimumROIDimensions": "minimum_dimensions",
    "minimumROISize": "minimum_voxels",
}
SETTINGS = {
    "binWidth": "bin_width",
    "binCount": "bin_count",
    "distances": "distances",
    "symmetricalGLCM": "symmetrical",
    "weightingNorm": "weighting",
    "gldm_a": "dependence",
    "voxelArrayShift": "array_shift",
    "force2D": "flat",
    "force2Ddimension": "flat_axis",
}
# Image type → kind of filter, and its settings by those of pyradiomics.
_FILTERS: dict[str, tuple[str, dict[str, str]]] = {
    "Wavelet": (
        "wavelet",
        {
            "wavelet": "wavelet",
            "level": "level",
            "start_level": "start_level",
            "force2D": "flat",
            "force2Ddimension": "flat_axis",
        },
    ),
    "Square": ("square", {}),
    "SquareRoot": ("squareroot", {}),
    "Logarithm": ("logarithm", {}),
    "Exponential": ("exponential", {}),
    "Gradient": ("gradient", {"gradientUseSpacing": "use_spacing"}),
    "LBP2D": (
        "lbp2d",
        {
            "lbp2DRadius": "radius",
            "lbp2DSamples": "samples",
            "lbp2DMethod": "method",
            "force2Ddimension": "axis",
        },
    ),
    "LBP3D": (
        "lbp3d",
        {
            "lbp3DLevels": "levels",
            "lbp3DIcosphereRadius": "radius",
            "lbp3DIcosphereSubdivision": "subdivision",
        },
    ),
}
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """Something in a parameter file that changes nothing here. where: file:line."""

    where: str
    setting: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.setting} {self.why}"


@dataclass(frozen=True)
class Parameters:
    """What a parameter file asks for. settings and image_types: as they stand in it, for the record.

    channel: of a mask whose voxels are vectors. additional_info: whether diagnostics are given beside features. window and
    outside: of maps, `voxelSetting`; the default where the file has none.
    """

    preparation: PyradiomicsPreparation
    plan: Plan
    channel: int = 0
    additional_info: bool = True
    window: Window = field(default_factory=Window)
    outside: float = 0.0
    notes: tuple[Note, ...] = ()
    settings: Given = field(default_factory=dict)
    image_types: Mapping[str, Given] = field(default_factory=dict)


def default_parameters() -> Parameters:
    """What pyradiomics does without a parameter file: the original image, all families but shape2D, bins of 25."""
    plan = Plan(images=(ImageType(None, Settings()),), families=dict.fromkeys(DEFAULT_FAMILIES))
    return Parameters(PyradiomicsPreparation(), plan, image_types={"Original": {}})


def load_parameters(path: Path) -> Parameters:
    """A parameter file of pyradiomics 3.0.1, YAML or JSON. Raises ConfigError with all faults, each with file and line."""
    return parse_parameters(parameter_document(path))


def parameters_of(given: str | os.PathLike[str] | Given | None) -> Parameters:
    """A file of parameters, or what such a file holds, as `Parameters`; the defaults where nothing is given.

    Raises ConfigError as `load_parameters`.
    """
    if given is None:
        return default_parameters()
    if isinstance(given, str | os.PathLike):
        return load_parameters(Path(given))
    return parse_parameters(given_document("the parameters", given))


def given_document(name: str, given: object) -> Document:
    """Data of Python as a parameter file would hold them: tuples as lists, numbers and arrays of numpy as plain ones."""
    return Document.given(name, _plain(given))


def parse_parameters(document: Document) -> Parameters:
    """What the data of a parameter file ask for. Raises ConfigError with all faults."""
    file = document.parse(ParameterFile)
    common, of_maps = _given(file.setting), _given(file.voxelSetting)
    types = {name: _given(file.imageType.of(name)) for name in document.data.get("imageType") or {}} or {"Original": {}}
    families = _families(document, file, common)
    faults = list(_faults(document, file, types))
    images: list[ImageType] = []
    for name, own in types.items():
        try:
            images += _images(name, {**common, **own})
        except ValueError as error:
            faults.append(Fault(document.where(("imageType", name)), f"imageType.{name}: {error}"))
    if faults:
        raise ConfigError(faults)
    return Parameters(
        _preparation(common),
        Plan(images=tuple(images), families=families),
        channel=common.get("label_channel", 0),
        additional_info=common.get("additionalInfo", True),
        window=_window(of_maps),
        outside=of_maps.get("initValue", 0.0),
        notes=tuple(_notes(document, file, common, types)),
        settings=common,
        image_types=types,
    )


def parameter_document(path: Path) -> Document:
    """The data of a parameter file, YAML or JSON, with their lines. Raises ConfigError as `Document.load`."""
    try:
        return Document.load(path)
    except ConfigError:
        if path.suffix.lower() != ".json" or not path.is_file():
            raise
        try:  # JSON may hold tabs, which YAML refuses
            return Document(path, json.loads(path.read_text("utf-8")))
        except (ValueError, RecursionError) as error:
            raise ConfigError([Fault(str(path), "is not JSON", str(error))]) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _given(settings: Any) -> dict[str, Any]:
    """Settings that the file gives; null means the default, but for the interpolator."""
    found = settings.model_dump(exclude_unset=True) if settings is not None else {}
    return {name: value for name, value in found.items() if value is not None or name == "interpolator"}


def _preparation(given: Given) -> PyradiomicsPreparation:
    settings = {ours: given[theirs] for theirs, ours in PREPARATION.items() if theirs in given}
    if given.get("interpolator", "sitkBSpline") is None:
        settings.pop("spacing_mm", None)
    else:
        settings["interpolator"] = given.get("interpolator", "sitkBSpline").removeprefix("sitk")
    return PyradiomicsPreparation.model_validate(settings)


def _window(given: Given) -> Window:
    batch = given.get("voxelBatch", -1)
    return Window(given.get("kernelRadius", 1), given.get("maskedKernel", True), None if batch < 0 else batch)


def _images(name: str, given: Given) -> Iterator[ImageType]:
    """The image type with its filter; nothing for a LoG without sigma, as in pyradiomics."""
    wanted = {ours: given[theirs] for theirs, ours in SETTINGS.items() if theirs in given}
    if "bin_count" in wanted:
        wanted["bin_width"] = None
    settings = Settings.model_validate(wanted)
    if name == "Original":
        yield ImageType(None, settings)
    elif name == "LoG":
        for sigma in given.get(
            "sigma", ()
        ):  # a filter each, so that one that the image is too small for leaves the others
            yield ImageType(FILTERS.parse({"kind": "log", "sigma_mm": (sigma,)}), settings)
    else:
        kind, names = _FILTERS[name]
        own = {ours: given[theirs] for theirs, ours in names.items() if theirs in given}
        yield ImageType(FILTERS.parse({"kind": kind, **own}), settings)


def _families(document: Document, file: ParameterFile, given: Given) -> dict[str, tuple[str, ...] | None]:
    chosen = document.data.get("featureClass") or dict.fromkeys((*DEFAULT_FAMILIES, "shape2D"))
    families: dict[str, tuple[str, ...] | None] = {}
    for name in chosen:
        features = file.featureClass.get(name)
        if name == "shape2D" and not given.get("force2D"):
            continue
        kept = tuple(one for one in features or () if one not in REMOVED.get(name, {}))
        if not features or kept:
            families[name] = kept or None
    return families


def _known(family: str) -> list[str]:
    return [feature.name for feature in FEATURES.get(family, ())]


def _faults(document: Document, file: ParameterFile, types: Mapping[str, Given]) -> Iterator[Fault]:
    for name in document.data.get("featureClass") or {}:
        known = _known(name)
        for i, feature in enumerate(file.featureClass.get(name) or ()):
            if known and feature not in known and feature not in REMOVED.get(name, {}):
                where = document.where(("featureClass", name, i))
                hint = did_you_mean(feature, known)
                yield Fault(where, f'unknown feature "{feature}" of {name}', "", ", ".join(known), hint)
    for name, own in types.items():
        for setting in ("label", "label_channel"):
            if setting in own:
                where = document.where(("imageType", name, setting))
                yield Fault(
                    where, f"imageType.{name}.{setting}: the ROI is one for all image types; move it to setting"
                )


def _notes(document: Document, file: ParameterFile, common: Given, types: Mapping[str, Given]) -> Iterator[Note]:
    chosen = document.data.get("featureClass") or dict.fromkeys((*DEFAULT_FAMILIES, "shape2D"))
    for name in chosen:
        if name == "shape2D" and document.data.get("featureClass") and not common.get("force2D"):
            yield _note(document, ("featureClass", name), "is left out: it needs force2D")
        for i, feature in enumerate(file.featureClass.get(name) or ()):
            if feature in REMOVED.get(name, {}):
                instead = REMOVED[name][feature]
                why = f"{feature} is not computed, as in pyradiomics" + (f"; take {instead}" if instead else "")
                yield Note(document.where(("featureClass", name, i)), name, why)
    if document.data.get("voxelSetting"):
        yield _note(document, ("voxelSetting",), "changes nothing here: it is of `radweave map`")
    if "LoG" in types and not {**common, **types["LoG"]}.get("sigma"):
        yield _note(document, ("imageType", "LoG"), "gives no image: it has no sigma")
    if "interpolator" in common and common["interpolator"] is None and common.get("resampledPixelSpacing"):
        yield _note(document, ("setting", "resampledPixelSpacing"), "changes nothing: the interpolator is null")
    own = {setting for settings in types.values() for setting in settings}
    present = {*(name for name, value in common.items() if value), *types, *chosen, *(s for s in own if s == "force2D")}
    for setting in common:
        yield from _idle(document, ("setting", setting), present, common)
    for name, settings in types.items():
        for setting in settings:
            place: Loc = ("imageType", name, setting)
            if setting in PREPARATION or setting in ("interpolator", "additionalInfo"):
                yield _note(document, place, "changes nothing here: pixels are prepared once, by setting")
            else:
                yield from _idle(document, place, {*present, *settings} - (set(types) - {name}), {**common, **settings})


def _idle(document: Document, place: Loc, present: Iterable[str], given: Given) -> Iterator[Note]:
    setting = str(place[-1])
    if setting == "binWidth":
        if given.get("binCount"):
            yield _note(document, place, "changes nothing: binCount goes before it")
    elif setting in _NEEDS and not set(_NEEDS[setting]) & set(present):
        yield _note(document, place, f"changes nothing without {' or '.join(_NEEDS[setting])}")


def _note(document: Document, place: Loc, why: str) -> Note:
    return Note(document.where(place), ".".join(map(str, place)), why)
