"""nyul: histogram standardisation (Nyúl & Udupa, Magn Reson Med 1999;42:1072; Nyúl et al., IEEE Trans Med Imaging 2000;19:143).

Landmarks, percentiles of the foreground, are learnt from other images; each image's landmarks are moved onto them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PositiveFloat, ValidationError, model_validator

from features.core.digest import digest_json
from features.core.frozen import Frozen
from features.core.kinds.normaliser import Change, FittedOn, Normaliser
from features.core.region import Region
from features.core.wording import counted
from features.images.foreground import no_contrast, values_above_mean

PERCENTILES = (1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 99.0)


class Landmarks(Frozen):
    """Where the percentiles of an image belong on the standard scale, from 0 to 1; whose images said so.

    sha256: of the file that they come from, which lists the cases.
    """

    percentiles: tuple[float, ...] = Field(min_length=2, description="percentiles of the foreground")
    values: tuple[float, ...] = Field(description="where they belong on the standard scale")
    origin: FittedOn = Field(description="whose images said so")
    sha256: str = Field(description="digest of the file that they come from")

    @model_validator(mode="after")
    def check_order(self) -> Landmarks:
        if len(self.values) != len(self.percentiles):
            raise ValueError(
                f"found {counted(len(self.percentiles), 'percentile')} and {counted(len(self.values), 'value')}"
            )
        for numbers in (self.percentiles, self.values):
            if not (np.diff(numbers) > 0).all():
                raise ValueError("percentiles and values have to rise")
        return self


def read_landmarks(path: Path) -> Landmarks:
    """Landmarks of a file that `radweave standardise` wrote. Raises ValueError if it is absent, damaged or was edited."""
    try:
        found = json.loads(path.read_text("utf-8"))
        said, names = found.pop("sha256"), found.pop("cases")
    except OSError as error:
        raise ValueError(f"{path.name}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path.name}: is no file of landmarks: run radweave standardise") from error
    if digest_json({**found, "cases": names}) != said:
        raise ValueError(f"{path.name}: was changed after it was written: run radweave standardise again")
    try:
        return Landmarks.model_validate({**found, "sha256": said})
    except ValidationError as error:
        raise ValueError(f"{path.name}: is no file of landmarks: run radweave standardise") from error


def landmarks_file(values: Sequence[float], origin: FittedOn, cases: Iterable[str]) -> bytes:
    """The file of landmarks at PERCENTILES, fitted on the images of `cases` (pseudonymous ids)."""
    found = {
        "percentiles": list(PERCENTILES),
        "values": list(values),
        "origin": origin.model_dump(mode="json"),
        "cases": sorted(cases),
    }
    return (json.dumps({**found, "sha256": digest_json(found)}, indent=2) + "\n").encode()


def image_landmarks(image: NDArray[np.generic], percentiles: Sequence[float] = PERCENTILES) -> NDArray[np.float64]:
    """Intensities at the percentiles of an image's foreground, its voxels above the mean. Raises Rejected: IMAGE_FLAT."""
    values = values_above_mean(image)
    found = np.percentile(values, percentiles) if len(values) else np.zeros(len(percentiles))
    if not (np.diff(found) > 0).all():
        raise no_contrast()
    return np.asarray(found, np.float64)


def fit_landmarks(landmarks: Iterable[Sequence[float]]) -> tuple[float, ...]:
    """The mean of several images' landmarks, each brought to the standard scale: first at 0, last at 1."""
    arrays = [np.asarray(one, np.float64) for one in landmarks]
    scaled = [(one - one[0]) / (one[-1] - one[0]) for one in arrays]
    return tuple(float(value) for value in np.mean(scaled, axis=0))


class Nyul(Normaliser):
    """The image's landmarks become the standard ones × scale, linear between them and beyond the outer ones as next to them.

    landmarks: path of a file of `radweave standardise`, from the folder of the recipe; it becomes part of the recipe.
    """

    kind: Literal["nyul"] = "nyul"
    landmarks: Annotated[
        Landmarks,
        BeforeValidator(
            lambda value: read_landmarks(Path(value)) if isinstance(value, str | Path) else value,
            json_schema_input_type=str | Landmarks,
        ),
    ] = Field(description="path of a file that `radweave standardise` wrote")
    scale: PositiveFloat = Field(100.0, description="what the highest landmark becomes")

    @property
    def fitted_on(self) -> FittedOn:
        return self.landmarks.origin

    def fit(self, region: Region) -> Change:
        own = image_landmarks(region.volume.intensities, self.landmarks.percentiles)
        standard = np.array(self.landmarks.values) * self.scale
        slopes = np.diff(standard) / np.diff(own)

        def change(array: NDArray[np.float64]) -> NDArray[np.float64]:
            part = np.clip(np.searchsorted(own, array, side="right") - 1, 0, len(slopes) - 1)
            return np.asarray(standard[part] + (array - own[part]) * slopes[part])

        return change
