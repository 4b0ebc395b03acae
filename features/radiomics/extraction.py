"""extract_features: the features of one image and label map by the parameters of pyradiomics, from pixels or from files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.quarantine import REASONS, Rejected, Warned
from features.core.region import Region, Volume
from features.images.formats.volume import read_volume
from features.radiomics.diagnostics import diagnose
from features.radiomics.engine import compute_features
from features.radiomics.pair import Extraction, Pair, Value, remedy_of
from features.radiomics.parameters import Parameters
from features.radiomics.plan import Plan
from features.radiomics.prepare_pair import Steps, prepare_pair

_OF_IMAGE = frozenset({"NAN_IN_ROI", "TOO_MANY_BINS"})
_OF_MASK = frozenset({"LABEL_ABSENT", "MASK_EMPTY", "MASK_TINY", "MASK_VALUES"})


def extract_pair(pair: Pair, parameters: Parameters) -> Extraction:
    """The features of two files. Raises Rejected as the readers and `extract_features`; its message names file and remedy."""
    image, labels = read_pair(pair, parameters)
    with told_of(pair.image, pair.mask):
        found = extract_features(image, labels, parameters, label=pair.label)
    return replace(found, warnings=warnings_of(pair.image, pair.mask, image, labels))


def read_pair(pair: Pair, parameters: Parameters) -> tuple[Volume, Volume]:
    """Image and label map. Raises Rejected as the readers, IMAGE_MISSING and MASK_MISSING."""
    image = read_file(pair.image, "IMAGE_MISSING", None)
    return image, read_file(pair.mask, "MASK_MISSING", parameters.channel if pair.channel is None else pair.channel)


@contextmanager
def told_of(image: Path | str, mask: Path | str) -> Iterator[None]:
    """Inside, a rejection gets a message for the user who gave image and mask, by these names: where, what, remedy."""
    try:
        yield
    except Rejected as rejected:
        of_one = {**dict.fromkeys(_OF_MASK, mask), **dict.fromkeys(_OF_IMAGE, image)}
        raise placed(rejected, str(of_one.get(rejected.code, f"{image} and {mask}"))) from rejected


def warnings_of(image_name: Path | str, mask_name: Path | str, image: Volume, labels: Volume) -> tuple[Warned, ...]:
    """What the readers noticed, each with its file and the remedy."""
    told = [(image_name, one) for one in image.warnings]
    told += [(mask_name, one) for one in labels.warnings if one not in image.warnings]
    return tuple(_warned(name, one) for name, one in told)


def extract_features(image: Volume, labels: Volume, parameters: Parameters, *, label: int | None = None) -> Extraction:
    """The features of a label. Image types that cannot be had (too small for a filter) leave the others alone.

    Raises Rejected as `prepare`.
    """
    steps, plan = prepare(image, labels, parameters, label)
    region = steps.region
    found = compute_features(region, plan)
    box = bounding_box(region.mask, region.within)
    diagnostics: Mapping[str, Value] = {}
    if parameters.additional_info:
        diagnostics = diagnose(image, labels, steps, parameters, label or parameters.preparation.label)
    return Extraction(
        found.values, found.undefined, found.rejected, diagnostics, _is_flat(region.volume.array[box], region.mask[box])
    )


def prepare(image: Volume, labels: Volume, parameters: Parameters, label: int | None = None) -> tuple[Steps, Plan]:
    """What is measured of a label (of the parameters if None), and what is computed of it.

    Raises Rejected as `prepare_pair`, and NAN_IN_ROI where NaN round the ROI would be spread by a filter.
    """
    preparation = parameters.preparation
    if label is not None:
        preparation = preparation.model_copy(update={"label": label})
    steps = prepare_pair(image, labels, preparation)
    _check_surroundings(steps.region, parameters.plan)
    return steps, parameters.plan.for_plane() if steps.region.volume.plane else parameters.plan


def _is_flat(array: NDArray[Any], mask: NDArray[np.bool_]) -> bool:
    first = array[np.unravel_index(np.argmax(mask), mask.shape)]
    return all(bool((plane[inside] == first).all()) for plane, inside in zip(array, mask, strict=True))


def _check_surroundings(region: Region, plan: Plan) -> None:
    array = region.volume.array
    if array.dtype.kind == "f" and any(image.filter is not None for image in plan.images):
        ends = float(np.min(array)), float(np.max(array))
        if not all(map(math.isfinite, ends)):
            raise Rejected(
                "NAN_IN_ROI", "the image holds NaN or infinite voxels round the ROI, which filters would spread"
            )


def read_file(path: Path, missing: str, channel: int | None) -> Volume:
    """The volume of a file or a DICOM folder. channel: of voxels that hold several numbers; None where they may not.

    Raises Rejected as the readers, and `missing`; its message names the file.
    """
    if not path.exists():
        raise placed(Rejected(missing, "there is no such file"), str(path))
    try:
        return read_volume(path, channel=channel)
    except Rejected as rejected:
        raise placed(rejected, str(path)) from rejected


def _warned(path: Path | str, warned: Warned) -> Warned:
    """The warning with a message for the user who gave the file: where, what, remedy."""
    reason = REASONS[warned.code]
    what = warned.message or reason.means.removeprefix("warning: ")
    return replace(warned, message=f"{path}: {what}; {reason.remedy}")


def placed(rejected: Rejected, where: str) -> Rejected:
    """The rejection with a message for the user who gave the files: where, what, remedy."""
    message = f"{where}: {rejected.message}; {remedy_of(rejected.code)}"
    return Rejected(rejected.code, message, **rejected.details)
