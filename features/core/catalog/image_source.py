"""Image sources: where the catalog's images and masks lie, and how the files of each are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from features.core.case import Modality, ReadRule, Unit
from features.core.catalog.pacs_source import PacsSource
from features.core.catalog.series_choice import Choice
from features.core.catalog.table_source import Name
from features.core.catalog.visits import TimepointCodes as TimepointCodes
from features.core.catalog.visits import TimepointTag as TimepointTag
from features.core.frozen import Frozen
from features.core.kinds.calculation import CALCULATIONS, Calculation
from features.core.kinds.mask import MASKS, MaskSource
from features.core.registration import Registration

FileFormat = Literal["nifti", "nrrd", "mha"]


ImageWord = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)]
IMAGE = "word of the image, in columns and recipes; without it, the modality"


AnyCalculation = Annotated[SerializeAsAny[Calculation], BeforeValidator(CALCULATIONS.parse)]


class _Source(Frozen):
    """What sources of DICOM and of other files share."""

    centre: Name = Field(description="centre that the files come from")
    modality: Modality = Field(description="modality of the images, as DICOM writes it")
    unit: Unit = Field(description="unit of the intensities")
    registration: Registration | None = Field(
        None,
        description="how the image is brought beside the one that its ROIs were drawn on; without it both share a frame",
    )
    calculate: AnyCalculation | None = Field(
        None, description="how the image is calculated from the b-values or phases that its files hold"
    )

    @property
    def image_name(self) -> str:
        """The word of its image, of a source of one: the modality if it has none, or has that as a word."""
        word: object = getattr(self, "image", None)
        return word if isinstance(word, str) and word != self.modality.lower() else self.modality

    def _each_roi(self) -> tuple[Self, ...]:
        """A source for each ROI of the mask."""
        mask: MaskSource = getattr(self, "mask")  # noqa: B009
        return tuple(self.model_copy(update={"mask": one}) for one in mask.each())


def _mask_of(value: object) -> MaskSource:
    return MASKS.parse(value)


AnyMask = Annotated[SerializeAsAny[MaskSource], BeforeValidator(_mask_of)]


def _check_calculation(calculation: Calculation | None, unit: str) -> None:
    """Raises ValueError if a calculation gives another unit."""
    if calculation is not None and calculation.gives not in ("", unit):
        raise ValueError(f'{calculation.kind} gives {calculation.gives}, and the unit of the source is "{unit}"')


def _check_mask(mask: MaskSource, files: str) -> None:
    """Raises ValueError if masks of a kind cannot belong to images of DICOM, or of files."""
    if mask.files not in (files, "none"):
        allowed = [kind for kind in MASKS.modules if MASKS.load(kind).files in (files, "none")]
        raise ValueError(f'the mask cannot be "{mask.kind}"; allowed: {", ".join(allowed)}')


class DicomSource(_Source):
    """DICOM files anywhere below `path`, archives included, grouped by series.

    A series is taken if it fits all of `select` and none of `ignore`.
    """

    format: Literal["dicom"] = Field(description="DICOM files, grouped by series")
    path: str = Field(description="folder below the root of the cohort; files at any depth, archives included")
    image: ImageWord | Annotated[dict[ImageWord, dict[str, Choice]], Field(min_length=1)] | None = Field(
        None, description=f"{IMAGE}; of several images, word → what `select` says of it"
    )
    mask: AnyMask = Field(description="where the ROIs of each image are")
    timepoint: TimepointTag | None = Field(
        None, description="how a series tells its time point; without it, the first time point is meant"
    )
    select: dict[str, Choice] = Field(
        {},
        description="DICOM keyword → regular expression for the whole value, number, [low, high], `present` or `absent`; a "
        "series is taken if all fit",
    )
    ignore: dict[str, Choice] = Field({}, description="as `select`; a series is left out if one fits")
    regrid: bool = Field(False, description="resample tilted or unevenly spaced stacks instead of rejecting them")
    pacs: PacsSource | None = Field(None, description="where the files are retrieved from before each refresh")

    @property
    def rule(self) -> ReadRule:
        """How its files are read."""
        return ReadRule(regrid=self.regrid, **self.mask.rule)

    def each(self) -> tuple[DicomSource, ...]:
        """A source for each of its images and ROIs."""
        words = self.image if isinstance(self.image, dict) else {self.image or "": {}}
        sources = (
            self.model_copy(update={"image": word or None, "select": {**self.select, **own}})
            for word, own in words.items()
        )
        return tuple(one for source in sources for one in source._each_roi())

    @model_validator(mode="after")
    def check_mask(self) -> DicomSource:
        _check_mask(self.mask, "dicom")
        _check_calculation(self.calculate, self.unit)
        return self


class FileSource(_Source):
    """One file per image at `path`, a template with {patient} and, where there are several, {image}, {timepoint} and {lesion}.

    An archive is a folder of its name without ending. Of a pair of .hdr and .img the template names one.
    """

    format: FileFormat = Field(description="file format of the images")
    path: str = Field(
        description="template of its place below the root, with `{patient}` and, if there are several, `{image}`, `{timepoint}` "
        "and `{lesion}`"
    )
    image: ImageWord | Annotated[tuple[ImageWord, ...] | dict[ImageWord, str], Field(min_length=1)] | None = Field(
        None,
        description=f"{IMAGE}; of several images, a list of words, or word → what stands for `{{image}}` in the path",
    )
    mask: AnyMask = Field(description="where the ROIs of each image are")
    timepoint: TimepointCodes | None = Field(
        None, description="what `{timepoint}` stands for in paths, where it is not the catalog's own words"
    )
    volume: Annotated[int, Field(ge=0)] | None = Field(None, description="which volume of a 4D file, counted from 0")

    @property
    def rule(self) -> ReadRule:
        """How its files are read."""
        return ReadRule(volume=self.volume, **self.mask.rule)

    @property
    def mask_path(self) -> str:
        """Template of the place of its masks; "" if they have no files of their own."""
        return str(getattr(self.mask, "path", ""))

    @property
    def templates(self) -> tuple[str, ...]:
        """Templates of the places of its images and masks."""
        return (self.path, self.mask_path) if self.mask_path else (self.path,)

    @property
    def _has_readers(self) -> bool:
        return bool(getattr(self.mask, "readers", False))

    @property
    def atlas_image(self) -> str:
        """Place of the image that an atlas was drawn on; "" if there is none."""
        return str(getattr(self.mask, "template", ""))

    def each(self) -> tuple[FileSource, ...]:
        """A source for each of its images and ROIs, `{image}` replaced."""
        if isinstance(self.image, dict):
            words = dict(self.image)
        else:
            words = {word: word for word in (self.image if isinstance(self.image, tuple) else (self.image or "",))}
        found: list[FileSource] = []
        for word, text in words.items():
            mask = self.mask
            if "{image}" in self.mask_path:
                mask = mask.model_copy(update={"path": self.mask_path.replace("{image}", text)})
            changed = {"image": word or None, "path": self.path.replace("{image}", text), "mask": mask}
            found += self.model_copy(update=changed)._each_roi()
        return tuple(found)

    def codes(self, timepoints: Iterable[str]) -> dict[str, str]:
        """What {timepoint} can stand for in a path, and the time point that is meant by it."""
        return self.timepoint.codes if self.timepoint else {word: word for word in timepoints}

    @model_validator(mode="after")
    def check_placeholders(self) -> FileSource:
        _check_mask(self.mask, "path")
        _check_calculation(self.calculate, self.unit)
        if self.calculate is not None and (self.format != "nifti" or self.volume is not None):
            raise ValueError(
                "calculate takes the volumes of a NIfTI file of four axes; volume is for those that take one"
            )
        if self.timepoint and "{timepoint}" not in self.path:
            raise ValueError(f'timepoint tells what {{timepoint}} means, which is not in "{self.path}"')
        several = isinstance(self.image, tuple | dict)
        if several != ("{image}" in self.path):
            raise ValueError(f'"{self.path}" needs {{image}} if image names several, and only then')
        allowed = {"patient", "timepoint", "lesion"} | ({"image"} if several else set())
        lesions = bool(getattr(self.mask, "lesions", None))
        if self.registration and self.registration.to == "template" and not self.atlas_image:
            raise ValueError("registration is to a template, and the mask names none; say template: PATH at the mask")
        for path in self.templates:
            own = {"reader"} if path == self.mask_path and self._has_readers else set[str]()
            unknown = set(re.findall(r"{(.*?)}", path)) - allowed - own
            needed = path == self.path or "{" in path  # a mask without any placeholder is an atlas, one for all images
            if (needed and "{patient}" not in path) or unknown:
                raise ValueError(f'"{path}" needs {{patient}}; {{timepoint}} and {{lesion}} are allowed beside it')
            if lesions and "{lesion}" in path:
                raise ValueError(
                    f'"{path}" has {{lesion}}, and the mask has "lesions": lesions are told apart by one of them'
                )
            if archive := re.search(r"\.(zip|tar|tar\.gz|tgz)(?=/|$)", path, re.IGNORECASE):
                raise ValueError(f'"{path}" names an archive, which stands there as a folder without "{archive[0]}"')
        return self


ImageSource = Annotated[DicomSource | FileSource, Field(discriminator="format")]
