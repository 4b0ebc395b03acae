"""extract_features: the features of one image and label map by the parameters of pyradiomics, from pixels or from files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import REASONS, Rejected
from features.core.region import Volume
from features.images.volume import read_volume
from features.radiomics.box import bounding_box
from features.radiomics.diagnostics import Value, diagnose
from features.radiomics.engine import ORIGINAL, ImageType, Plan, Prepared, compute_features, feature_names
from features.radiomics.family import FAMILIES
from features.radiomics.parameters import Parameters
from features.radiomics.preparation import prepare_pair
from features.radiomics.settings import Settings

_OF_IMAGE = frozenset({"NAN_IN_ROI", "TOO_MANY_BINS"})
_OF_MASK = frozenset({"LABEL_ABSENT", "MASK_EMPTY", "MASK_TINY", "MASK_VALUES"})


@dataclass(frozen=True)
class Pair:
    """The files of an image and a label map; label and channel: those of the parameters where they are None."""

    image: Path
    mask: Path
    label: int | None = None
    channel: int | None = None


@dataclass(frozen=True)
class Extraction:
    """features: by pyradiomics' names; NaN where a feature is undefined. undefined: image type → why none of its features
    is defined. flat: the ROI has one intensity, so that many features are undefined."""

    features: Mapping[str, float]
    undefined: Mapping[str, Rejected]
    diagnostics: Mapping[str, Value]
    flat: bool

    @property
    def incomplete(self) -> Rejected | None:
        """Why features are empty, if any are: the code of the first image type that could not be had, MASK_FLAT, UNDEFINED."""
        empty = [name for name, value in self.features.items() if math.isnan(value)]
        if not empty:
            return None
        which = f"{len(empty)} features of {', '.join(dict.fromkeys(name.split('_')[0] for name in empty))} are empty"
        if self.undefined:
            whys = {f"{image}: {why.message}": None for image, why in self.undefined.items()}
            return Rejected(next(iter(self.undefined.values())).code, f"{'; '.join(whys)}; {which}")
        code = "MASK_FLAT" if self.flat else "UNDEFINED"
        return Rejected(code, f"{REASONS[code].means}; {which}")


def extract_pair(pair: Pair, parameters: Parameters) -> Extraction:
    """The features of two files. Raises Rejected as the readers and `extract_features`; its message names file and remedy."""
    image = _read(pair.image, "IMAGE_MISSING", 0)
    labels = _read(pair.mask, "MASK_MISSING", parameters.channel if pair.channel is None else pair.channel)
    try:
        return extract_features(image, labels, parameters, label=pair.label)
    except Rejected as rejected:
        if rejected.code in _OF_MASK:
            where = f"{pair.mask}"
        else:
            where = f"{pair.image}" if rejected.code in _OF_IMAGE else f"{pair.image} and {pair.mask}"
        raise _placed(rejected, where) from rejected


def extract_features(image: Volume, labels: Volume, parameters: Parameters, *, label: int | None = None) -> Extraction:
    """The features of a label. Image types that cannot be had (too small for a filter) leave the others alone.

    Raises Rejected as `prepare_pair`, and NAN_IN_ROI where NaN round the ROI would be spread by a filter.
    """
    preparation = parameters.preparation
    if label is not None:
        preparation = preparation.model_copy(update={"label": label})
    steps = prepare_pair(image, labels, preparation)
    prepared = steps.prepared
    _check_surroundings(prepared, parameters.plan)
    has_original = any(image.filter is None for image in parameters.plan.images)
    plans = [parameters.plan] if has_original else [*_of_shape(parameters.plan), parameters.plan]
    features: dict[str, float] = {}
    undefined: dict[str, Rejected] = {}
    try:
        for plan in plans:
            features |= compute_features(prepared, plan)
    except Rejected:
        features, undefined = _one_by_one(prepared, parameters.plan)
    box = bounding_box(prepared.kept)
    values: NDArray[Any] = prepared.volume.array[box][prepared.kept[box]]
    diagnostics = diagnose(image, labels, steps, parameters, preparation.label) if parameters.additional_info else {}
    features = {name: value if math.isfinite(value) else math.nan for name, value in features.items()}
    return Extraction(features, undefined, diagnostics, bool(values.min() == values.max()))


def _of_shape(plan: Plan) -> list[Plan]:
    """A plan of the families of shape alone, which do not depend on image types; none if there are none."""
    shapes = {name: wanted for name, wanted in plan.families.items() if FAMILIES.load(name).of_shape}
    settings = plan.images[0].settings if plan.images else Settings()
    return [plan.model_copy(update={"images": (ImageType(None, settings),), "families": shapes})] if shapes else []


def _one_by_one(prepared: Prepared, plan: Plan) -> tuple[dict[str, float], dict[str, Rejected]]:
    """Each image type for itself, so that one that is rejected has no features and the others have theirs."""
    others = {name: wanted for name, wanted in plan.families.items() if not FAMILIES.load(name).of_shape}
    alone = [plan.model_copy(update={"images": (image,), "families": others}) for image in plan.images]
    features: dict[str, float] = {}
    undefined: dict[str, Rejected] = {}
    for part in (*_of_shape(plan), *alone):
        try:
            features |= compute_features(prepared, part)
        except Rejected as rejected:
            (image_type,) = part.images
            names = image_type.filter.names() if image_type.filter else [ORIGINAL]
            undefined |= dict.fromkeys(names, rejected)
            features |= {f"{image}_{family}_{name}": math.nan for image, family, name in feature_names(part)}
    return features, undefined


def _check_surroundings(prepared: Prepared, plan: Plan) -> None:
    array = prepared.volume.array
    if array.dtype.kind == "f" and any(image.filter is not None for image in plan.images):
        ends = float(np.min(array)), float(np.max(array))
        if not all(map(math.isfinite, ends)):
            raise Rejected(
                "NAN_IN_ROI", "the image holds NaN or infinite voxels round the ROI, which filters would spread"
            )


def _read(path: Path, missing: str, channel: int) -> Volume:
    if not path.exists():
        raise _placed(Rejected(missing, "there is no such file"), str(path))
    try:
        return read_volume(path, channel=channel)
    except Rejected as rejected:
        raise _placed(rejected, str(path)) from rejected


def _placed(rejected: Rejected, where: str) -> Rejected:
    """The rejection with a message for the user who gave the files: where, what, remedy."""
    message = f"{where}: {rejected.message}; {REASONS[rejected.code].remedy}"
    return Rejected(rejected.code, message, **rejected.details)
