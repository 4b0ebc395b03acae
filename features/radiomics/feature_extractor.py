"""RadiomicsFeatureExtractor: pyradiomics' class of this name, to the scripts that use it; what computes is radweave."""
# ruff: noqa: N802

from __future__ import annotations

import json
import logging
import os
import platform
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.errors import ConfigError, Fault
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.core.yaml import Document
from features.radiomics.diagnostics import PREFIX, diagnose
from features.radiomics.dialects.pyradiomics import FEATURES, OF_SHAPE
from features.radiomics.extract import as_errors, check_label
from features.radiomics.extraction import extract_features, prepare, told_of, warnings_of
from features.radiomics.given import Given, read_given
from features.radiomics.maps import map_region
from features.radiomics.names import ORIGINAL
from features.radiomics.pair import Value
from features.radiomics.parameter_file import ImageTypes, VoxelSettings
from features.radiomics.parameters import Parameters, given_document, parameter_document, parse_parameters
from features.radiomics.plan import Plan
from features.radiomics.prepare_pair import crop_around, itk_image

if TYPE_CHECKING:
    from features.radiomics.given import Picture

# What pyradiomics' settings hold before anybody changes them.
DEFAULTS: dict[str, Any] = {
    "minimumROIDimensions": 2,
    "minimumROISize": None,
    "normalize": False,
    "normalizeScale": 1,
    "removeOutliers": None,
    "resampledPixelSpacing": None,
    "interpolator": "sitkBSpline",
    "preCrop": False,
    "padDistance": 5,
    "distances": [1],
    "force2D": False,
    "force2Ddimension": 0,
    "resegmentRange": None,
    "label": 1,
    "additionalInfo": True,
}
IGNORED = ("verbose", "enableCExtensions")  # of pyradiomics before 2.0; scripts still set them, and it looks at neither
OF_MAPS = frozenset(VoxelSettings.model_fields)
PARTS = frozenset({"loadImage", "computeShape", "computeFeatures"})
WHERE = "RadiomicsFeatureExtractor"
logger = logging.getLogger("radweave")
Found = tuple[list[tuple[str, Any]], Mapping[str, Value]]  # features by name, and diagnostics


class RadiomicsFeatureExtractor:
    """Features by pyradiomics' names, values and order, from the calls that scripts make of its class.

    parameters: a parameter file, or the mapping that one holds. Keyword arguments are settings and go before it. settings,
    enabledImagetypes and enabledFeatures may be changed at any time, as there. docs/python.md lists the differences; the
    logger `radweave` warns of what is undefined or left out.

    Raises ConfigError with all faults of the parameters.

    >>> extractor = RadiomicsFeatureExtractor(binWidth=10, additionalInfo=False)
    >>> extractor.enableImageTypeByName("LoG", customArgs={"sigma": [1.0, 2.0]})
    >>> sorted(extractor.enabledImagetypes)
    ['LoG', 'Original']
    """

    def __init__(
        self, parameters: str | os.PathLike[str] | Mapping[str, Any] | None = None, /, **settings: Any
    ) -> None:
        self.featureClassNames = sorted(FEATURES)
        self.settings: dict[str, Any] = {}
        self.enabledImagetypes: dict[str, Any] = {}
        self.enabledFeatures: dict[str, Any] = {}
        if parameters is None:
            self._apply(given_document(WHERE, {}))
            del self.enabledFeatures["shape2D"]
        elif isinstance(parameters, str | os.PathLike):
            self.loadParams(parameters)
        else:
            self._apply(given_document(WHERE, parameters))
        self.settings |= settings
        self._parameters({})

    def loadParams(self, paramsFile: str | os.PathLike[str]) -> None:
        """Settings, image types and features of a parameter file, in place of all that were set before."""
        self._apply(parameter_document(Path(paramsFile)))

    def loadJSONParams(self, JSON_configuration: str) -> None:
        """The same of the text of a JSON file."""
        try:
            data = json.loads(JSON_configuration)
        except (TypeError, ValueError, RecursionError) as error:
            raise ConfigError([Fault(WHERE, "the text is not JSON", str(error))]) from error
        self._apply(given_document(WHERE, data))

    def _apply(self, document: Document) -> None:
        parse_parameters(document)
        data = document.data
        self.settings = {**deepcopy(DEFAULTS), **(data.get("setting") or {}), **(data.get("voxelSetting") or {})}
        self.enabledImagetypes = {name: own or {} for name, own in (data.get("imageType") or {"Original": {}}).items()}
        every: dict[str, list[str]] = {name: [] for name in self.featureClassNames}
        self.enabledFeatures = dict(data.get("featureClass") or every)

    def addProvenance(self, provenance_on: bool = True) -> None:
        """Whether `diagnostics_…` are given beside the features."""
        self.settings["additionalInfo"] = provenance_on

    def enableAllImageTypes(self) -> None:
        """All image types, with the settings of the extractor."""
        for name in sorted(ImageTypes.model_fields):
            self.enabledImagetypes[name] = {}

    def disableAllImageTypes(self) -> None:
        """None: only shape is computed."""
        self.enabledImagetypes = {}

    def enableImageTypeByName(
        self, imageType: str, enabled: bool = True, customArgs: Mapping[str, Any] | None = None
    ) -> None:
        """Add an image type with settings of its own, or take it away. One that is not known is warned of and left out."""
        if imageType not in ImageTypes.model_fields:
            logger.warning("there is no image type %s: it is left out", imageType)
        elif enabled:
            self.enabledImagetypes[imageType] = {} if customArgs is None else customArgs
        else:
            self.enabledImagetypes.pop(imageType, None)

    def enableImageTypes(self, **enabledImagetypes: Mapping[str, Any]) -> None:
        """Add image types, each with settings of its own."""
        self.enabledImagetypes.update(enabledImagetypes)

    def enableAllFeatures(self) -> None:
        """All families with all features but deprecated ones."""
        for name in self.featureClassNames:
            self.enabledFeatures[name] = []

    def disableAllFeatures(self) -> None:
        """No family."""
        self.enabledFeatures = {}

    def enableFeatureClassByName(self, featureClass: str, enabled: bool = True) -> None:
        """Add a family with all its features, or take it away. One that is not known is warned of and left out."""
        if featureClass not in self.featureClassNames:
            logger.warning("there is no family %s: it is left out", featureClass)
        elif enabled:
            self.enabledFeatures[featureClass] = []
        else:
            self.enabledFeatures.pop(featureClass, None)

    def enableFeaturesByName(self, **enabledFeatures: Iterable[str] | None) -> None:
        """Features of families by their names; none or an empty list: all of the family."""
        self.enabledFeatures.update(enabledFeatures)

    def execute(
        self,
        imageFilepath: Picture,
        maskFilepath: Picture,
        label: int | None = None,
        label_channel: int | None = None,
        voxelBased: bool = False,
    ) -> OrderedDict[str, Any]:
        """`diagnostics_…`, then features: arrays of no axis as pyradiomics gives them; voxelBased: images of SimpleITK's.

        Image and mask are paths or images of SimpleITK's. Raises PairError, a ValueError, where they cannot be measured;
        ConfigError with all faults of settings, image types and features.
        """
        check_label(label)
        told = {name: one for name, one in (("label", label), ("label_channel", label_channel)) if one is not None}
        parameters = self._parameters(told)
        with as_errors():
            image = read_given(imageFilepath, "image")
            labels = read_given(maskFilepath, "mask", channel=parameters.channel)
            if image.volume.plane:
                parameters = self._parameters(told, plane=True)
            elif self._has_two_spacings():
                what = "setting.resampledPixelSpacing: has two numbers, and the image three axes"
                raise ConfigError([Fault(WHERE, what)])
            with told_of(image.name, labels.name):
                compute = self._maps if voxelBased else self._features
                values, diagnostics = compute(image, labels, parameters)
        for note in parameters.notes:
            if not note.setting.startswith(("setting.", "voxelSetting")):  # the defaults are among them
                logger.warning("%s", note)
        for one in warnings_of(image.name, labels.name, image.volume, labels.volume):
            logger.warning("%s: %s", one.code, one.message)
        if voxelBased:
            told["voxelBased"] = True
        return OrderedDict([*self._diagnostics(diagnostics, told), *values])

    def _parameters(self, told: Mapping[str, Any], *, plane: bool = False) -> Parameters:
        """What the settings and `told`, which goes before them, ask for now. plane: of an image of two axes."""
        # Where these two are deleted, pyradiomics does not resample, and gives no diagnostics.
        given = {"interpolator": None, "additionalInfo": False, **self.settings, **told}
        if self._has_two_spacings():
            given["resampledPixelSpacing"] = [*given["resampledPixelSpacing"], 0]
        if plane and "shape2D" in self.enabledFeatures:
            given |= {"force2D": True, "force2Ddimension": 0}  # the one slice is flat without being told so
        data = {
            "setting": {name: one for name, one in given.items() if name not in OF_MAPS and name not in IGNORED},
            "voxelSetting": {name: one for name, one in given.items() if name in OF_MAPS},
            "imageType": self.enabledImagetypes,
            "featureClass": self.enabledFeatures,
        }
        found = parse_parameters(given_document(WHERE, data))
        images = found.plan.images if self.enabledImagetypes else ()
        return replace(found, plan=Plan(images=images, families=found.plan.families if self.enabledFeatures else {}))

    def _has_two_spacings(self) -> bool:
        spacing = self.settings.get("resampledPixelSpacing")
        return spacing is not None and np.shape(spacing) == (2,)

    def _features(self, image: Given, labels: Given, parameters: Parameters) -> Found:
        found = extract_features(image.volume, labels.volume, parameters)
        left_out = _left_out(found.rejected, image)
        names = [
            name for name, of in self._names(parameters.plan, plane=bool(image.volume.plane)) if of not in left_out
        ]
        undefined = {name: found.undefined[name] for name in names if name in found.undefined}
        if "SEVERAL_SLICES" in undefined.values():
            raise Rejected("UNDEFINED", "the ROI has several slices, and shape2D is of one")
        if why := replace(found, undefined=undefined, rejected={}).incomplete:
            logger.warning("%s and %s: %s", image.name, labels.name, why.message)
        return [(name, np.array(found.features[name])) for name in names], found.diagnostics

    def _maps(self, image: Given, labels: Given, parameters: Parameters) -> Found:
        steps, plan = prepare(image.volume, labels.volume, parameters)
        region, window = steps.region, parameters.window
        grid, box = crop_around(region.volume, bounding_box(region.mask, region.within), window.radius)
        diagnostics: Mapping[str, Value] = {}
        if parameters.additional_info:
            label = parameters.preparation.label
            diagnostics = diagnose(image.volume, labels.volume, steps, parameters, label)
        found = []
        for name, maps in map_region(region, plan, window, outside=parameters.outside):
            if isinstance(maps, Rejected):
                _left_out({name: maps}, image)
                continue
            shown = maps.within(box)
            found += [(f"{name}_{one}", _image(grid, shown[one])) for one in self._of_images(plan)]
        return found, diagnostics

    def _names(self, plan: Plan, *, plane: bool) -> Iterator[tuple[str, str]]:
        """Features, each with its image, in pyradiomics' order: shape first, then images as they were enabled."""
        if plane and "shape" in plan.families:
            logger.warning("shape is of three axes, and the image has two: it is left out")
        for kind in ("shape2D",) if plane else ("shape", "shape2D"):
            if kind in plan.families:
                yield from ((f"{ORIGINAL}_{one}", ORIGINAL) for one in self._of_family(plan, kind))
        for image in (plan.for_plane() if plane else plan).images:
            for name in image.names():
                yield from ((f"{name}_{one}", name) for one in self._of_images(plan))

    def _of_images(self, plan: Plan) -> list[str]:
        return [one for kind in plan.families if kind not in OF_SHAPE for one in self._of_family(plan, kind)]

    def _of_family(self, plan: Plan, kind: str) -> list[str]:
        """Features of a family: as they were enabled, where they were enabled by name."""
        computed = plan.names(kind)
        wanted = dict.fromkeys(self.enabledFeatures.get(kind) or computed)
        return [f"{kind}_{name}" for name in wanted if name in computed]

    def _diagnostics(self, found: Mapping[str, Value], told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """`diagnostics_…` under pyradiomics' names, in its order; none where there are none."""
        if not found:
            return
        yield f"{PREFIX}Versions_PyRadiomics", f"radweave {version('radweave')}"
        for name, package in (("Numpy", "numpy"), ("SimpleITK", "SimpleITK"), ("PyWavelet", "PyWavelets")):
            yield f"{PREFIX}Versions_{name}", version(package)
        yield f"{PREFIX}Versions_Python", platform.python_version()
        yield f"{PREFIX}Configuration_Settings", deepcopy({**self.settings, **told})
        yield f"{PREFIX}Configuration_EnabledImageTypes", deepcopy(self.enabledImagetypes)
        others = ["Versions_", "Configuration_"]
        if self.settings.get("preCrop"):  # pyradiomics then tells of the original and the re-segmented mask alone
            others.append("Mask-corrected_")
        start = tuple(f"{PREFIX}{word}" for word in others)
        yield from ((name, value) for name, value in found.items() if not name.startswith(start))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            what = f"{type(self).__name__} has no attribute {name!r}"
            if name in PARTS:
                what += ": radweave computes a pair as a whole; call execute, or write the step with SimpleITK"
            raise AttributeError(what)


def _left_out(rejected: Mapping[str, Rejected], image: Given) -> set[str]:
    """Images that pyradiomics leaves out too. Raises Rejected for those of which it would give numbers."""
    for name, why in rejected.items():
        if why.code != "FILTER_SIZE":
            raise Rejected(why.code, f"{name}: {why.message}")
        logger.warning("%s: %s: %s; its features are left out", image.name, name, why.message)
    return set(rejected)


def _image(grid: Volume, voxels: NDArray[np.float64]) -> Any:
    """A SimpleITK image on the grid of a volume; of two axes, where the volume is a plane."""
    import SimpleITK as sitk

    if not grid.plane:
        return itk_image(grid, voxels)
    image = sitk.GetImageFromArray(voxels[0])
    image.SetSpacing(grid.spacing_mm[:2])
    image.SetOrigin(grid.origin_mm[:2])
    image.SetDirection([grid.direction[i] for i in (0, 1, 3, 4)])
    return image
