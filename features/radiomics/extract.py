"""extract: the features of an image and a mask, from Python, as `radweave extract` gives them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from features.core.errors import DataError, RadweaveError
from features.core.memory import TooLarge
from features.core.quarantine import REASONS, Rejected
from features.radiomics.extraction import extract_features, told_of, warnings_of
from features.radiomics.given import read_given
from features.radiomics.pair import Extraction, Value
from features.radiomics.parameters import Note, Parameters, parameters_of

if TYPE_CHECKING:
    from features.radiomics.given import Picture


class PairError(DataError, ValueError):
    """An image and a mask cannot be measured. The message says which file, what is wrong and what to do.

    code: the reason as radweave knows it, such as GEOMETRY; docs/data-manager.md lists all. It is a ValueError too, because
    that is what scripts for pyradiomics catch.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")

    def __reduce__(self) -> tuple[object, ...]:
        return PairError, (self.code, self.message)


class Features(dict[str, float]):
    """Features by their names, in the order of the command's columns; NaN where a feature is undefined.

    outcome: "computed", or "partly" if features are undefined; `code` and `message` then say why, `undefined` of which
    feature. warnings: what is doubtful about the files and does not forbid their use. notes: what the parameters say without
    effect. diagnostics: `diagnostics_…` of versions, settings, image and mask.
    """

    outcome: Literal["computed", "partly"]
    code: str
    message: str
    undefined: Mapping[str, str]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    diagnostics: Mapping[str, Value]

    def __init__(self, found: Extraction, notes: Sequence[Note] = ()) -> None:
        super().__init__(found.features)
        why = found.incomplete
        self.outcome = "partly" if why else "computed"
        self.code, self.message = (why.code, why.message) if why else ("", "")
        self.undefined = found.undefined
        self.warnings = tuple(f"{one.code}: {one.message}" for one in found.warnings)
        self.notes = tuple(map(str, notes))
        self.diagnostics = found.diagnostics


def extract(
    image: Picture,
    mask: Picture,
    *,
    param: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    label: int | None = None,
    channel: int | None = None,
    spacing_mm: Sequence[float] | None = None,
) -> Features:
    """The features of a ROI, by pyradiomics' names and with its values.

    image, mask: a path (NIfTI, NRRD, MetaImage; of an image also a folder with one DICOM series), an image of SimpleITK's,
    or an array of numpy's (z, y, x), which needs `spacing_mm` (x, y, z). param: a parameter file of pyradiomics, or the
    mapping that such a file holds; without it, all features of the original image. label: of the ROI in the mask, 1 unless
    the parameters tell another. channel: of a mask whose voxels hold several numbers.

    Raises PairError where the files cannot be measured, ConfigError with all faults of the parameters; both are RadweaveError.

    >>> import numpy as np
    >>> image = np.arange(1000.0).reshape(10, 10, 10)
    >>> mask = np.zeros((10, 10, 10), np.uint8)
    >>> mask[2:8, 2:8, 2:8] = 1
    >>> found = extract(image, mask, spacing_mm=(1, 1, 3), param={"featureClass": {"shape": ["VoxelVolume"]}})
    >>> found, found.outcome
    ({'original_shape_VoxelVolume': 648.0}, 'computed')
    """
    parameters = parameters_of(param)
    check_label(label)
    with as_errors():
        found = _extract(image, mask, parameters, label, channel, spacing_mm)
    return Features(found, parameters.notes)


def _extract(
    image: Picture,
    mask: Picture,
    parameters: Parameters,
    label: int | None,
    channel: int | None,
    spacing_mm: Sequence[float] | None,
) -> Extraction:
    pixels = read_given(image, "image", spacing_mm=spacing_mm)
    labels = read_given(mask, "mask", spacing_mm=spacing_mm, channel=parameters.channel if channel is None else channel)
    with told_of(pixels.name, labels.name):
        found = extract_features(pixels.volume, labels.volume, parameters, label=label)
    warnings = warnings_of(pixels.name, labels.name, pixels.volume, labels.volume)
    return Extraction(found.features, found.undefined, found.rejected, found.diagnostics, found.flat, warnings)


def check_label(label: object) -> None:
    """Raises RadweaveError if it can be no label of a ROI."""
    if label is not None and (isinstance(label, bool) or not isinstance(label, int | np.integer) or label < 1):
        raise RadweaveError(f"label: found {label!r}; allowed: whole numbers above 0, or None")


@contextmanager
def as_errors() -> Iterator[None]:
    """Inside, what rejects a pair is raised as PairError."""
    try:
        yield
    except Rejected as rejected:
        raise PairError(rejected.code, rejected.message) from None
    except TooLarge as error:
        raise PairError("OOM_RISK", f"the pair {error}; {REASONS['OOM_RISK'].remedy}") from None
