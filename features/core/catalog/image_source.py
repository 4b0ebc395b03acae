"""Image sources: where the catalog's images and masks lie, and how the files of each are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, SerializeAsAny, Tag, model_validator

from features.core.case import ROI, Modality, ReadRule, Unit
from features.core.catalog.pacs_source import PacsSource
from features.core.catalog.series_choice import Choice
from features.core.catalog.table_source import Name
from features.core.catalog.visits import TimepointCodes as TimepointCodes
from features.core.catalog.visits import TimepointTag as TimepointTag
from features.core.frozen import Frozen
from features.core.kinds.calculation import CALCULATIONS, Calculation
from features.core.kinds.mask import MASKS, AnyMask, MaskSource
from features.core.registration import Registration

FileFormat = Literal["nifti", "nrrd", "mha"]


ImageWord = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)]
IMAGE = "word of the image, in columns and recipes; without it, the modality"


AnyCalculation = Annotated[SerializeAsAny[Calculation], BeforeValidator(CALCULATIONS.parse)]


class _Source(Frozen):
    """What sources of DICOM and of other files share."""

    centre: Name | Literal[""] = Field("", description="centre that the files come from")
    centres: tuple[Name, ...] = Field(
        (), description="several centres instead, each with its name in place of `{centre}` in paths"
    )
    modality: Modality = Field(description="modality of the images, as DICOM writes it")
    unit: Unit = Field(description="unit of the intensities")
    registration: Registration | None = Field(
        None,
        description="how the image is brought beside the one that its ROIs were drawn on; without it both share a frame",
    )
    calculate: AnyCalculation | None = Field(
        None, description="how the image is calculated from the b-values or phases that its files hold"
    )
    _steps: tuple[MaskSource, ...] = PrivateAttr(())
    _stands_in: bool = PrivateAttr(False)

    @property
    def steps(self) -> tuple[MaskSource, ...]:
        """What is computed from its mask, of a source of one ROI."""
        return self._steps

    @property
    def stands_in(self) -> bool:
        """Whether it is only for images whose masks are missing, which another source looks for."""
        return self._stands_in

    @property
    def roi_name(self) -> str:
        """The word of its ROI, of a source of one."""
        mask: MaskSource = getattr(self, "mask")  # noqa: B009
        return self._steps[-1].roi_name if self._steps else mask.roi_name

    @property
    def image_name(self) -> str:
        """The word of its image, of a source of one: the modality if it has none, or has that as a word."""
        word: object = getattr(self, "image", None)
        return word if isinstance(word, str) and word != self.modality.lower() else self.modality

    @model_validator(mode="after")
    def check_centres(self) -> Self:
        if bool(self.centre) == bool(self.centres):
            raise ValueError("give either centre, or centres, each with its name in place of {centre} in paths")
        path = str(getattr(self, "path"))  # noqa: B009
        if bool(self.centres) != ("{centre}" in path):
            raise ValueError(f'"{path}" needs {{centre}} if there are several centres, and only then')
        return self

    def _each(self, images: Mapping[str, Mapping[str, object]], mask: MaskSource) -> Iterator[Self]:
        """A source for each centre, image and ROI. images: word, or "" → what becomes of the source, `{image}` for its text."""
        for centre in self.centres or (self.centre,):
            for word, own in images.items():
                texts = {"{centre}": centre, "{image}": str(own.get("{image}", ""))}
                changed = {name: value for name, value in own.items() if name != "{image}"}
                own_path = _replaced(str(getattr(self, "path")), texts)  # noqa: B009
                changed |= {"centre": centre, "centres": (), "image": word or None, "path": own_path}
                for one in mask.each():
                    for base in one.base.each() if one.steps else (one,):
                        placed = base
                        if path := getattr(base, "path", ""):
                            placed = base.model_copy(update={"path": _replaced(path, texts)})
                        found = self.model_copy(update={**changed, "mask": placed})
                        found._steps = one.steps
                        yield found

    def _each_instead(self, images: Mapping[str, Mapping[str, object]]) -> Iterator[Self]:
        """As `_each`, of the source that `otherwise` names at the mask, for each word of the mask that it has."""
        mask: MaskSource = getattr(self, "mask")  # noqa: B009
        instead: MaskSource | None = getattr(mask, "otherwise", None)
        if instead is None:
            return
        words = mask.words
        if len(words) == 1 and not getattr(instead, "rois", None):
            instead = instead.model_copy(update={"roi": "" if words[0] == ROI else words[0]})
        for found in self._each(images, instead):
            if found.roi_name in words:
                found._stands_in = True
                yield found


def _replaced(path: str, texts: Mapping[str, str]) -> str:
    for placeholder, text in texts.items():
        path = path.replace(placeholder, text)
    return path


def _check_calculation(calculation: Calculation | None, unit: str) -> None:
    """Raises ValueError if a calculation gives another unit."""
    if calculation is not None and calculation.gives not in ("", unit):
        raise ValueError(f'{calculation.kind} gives {calculation.gives}, and the unit of the source is "{unit}"')


def _check_mask(mask: MaskSource, files: str, modality: str) -> None:
    """Raises ValueError if masks of a kind cannot belong to images of DICOM, or of files, or of a modality."""
    for one in (mask.base, *mask.steps):
        if one.files not in (files, "none"):
            allowed = [kind for kind in MASKS.modules if MASKS.load(kind).files in (files, "none")]
            raise ValueError(f'the mask cannot be "{one.kind}"; allowed: {", ".join(allowed)}')
        if one.modalities and modality not in one.modalities:
            raise ValueError(f"{one.kind} is for images of {', '.join(one.modalities)}; this one is of {modality}")
    instead: MaskSource | None = getattr(mask, "otherwise", None)
    if instead is None:
        return
    _check_mask(instead, files, modality)
    if missing := [word for word in mask.words if word not in instead.words] if len(mask.words) > 1 else []:
        known = ", ".join(instead.words)
        raise ValueError(
            f'otherwise gives {known}, and the mask has the ROI "{missing[0]}", too; name it under its rois'
        )


class DicomSource(_Source):
    """DICOM files anywhere below `path`, archives included, grouped by series.

    A series is taken if it fits all of `select` and none of `ignore`.
    """

    format: Literal["dicom"] = Field(description="DICOM files, grouped by series")
    path: str = Field(description="folder below the root of the cohort; files at any depth, archives included")
    image: Annotated[
        Annotated[ImageWord | None, Tag("word")]
        | Annotated[dict[ImageWord, dict[str, Choice]], Field(min_length=1), Tag("words")],
        Discriminator(lambda value: "words" if isinstance(value, dict) else "word"),
    ] = Field(None, description=f"{IMAGE}; of several images, word → what `select` says of it")
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
        return ReadRule(regrid=self.regrid, **self.mask.base.rule)

    def each(self) -> tuple[DicomSource, ...]:
        """A source for each of its centres, images and ROIs."""
        return tuple(self._each(self._images, self.mask))

    def each_instead(self) -> tuple[DicomSource, ...]:
        """As `each`, of what `otherwise` says at the mask: for images whose masks are missing."""
        return tuple(self._each_instead(self._images))

    @property
    def _images(self) -> dict[str, dict[str, object]]:
        words = self.image if isinstance(self.image, dict) else {self.image or "": {}}
        return {word: {"select": {**self.select, **own}} for word, own in words.items()}

    @model_validator(mode="after")
    def check_mask(self) -> DicomSource:
        _check_mask(self.mask, "dicom", self.modality)
        if self.pacs is not None and self.centres:
            raise ValueError("a PACS is that of one centre: give centre, and an entry for each")
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
        return ReadRule(volume=self.volume, **self.mask.base.rule)

    @property
    def mask_path(self) -> str:
        """Template of the place of its masks; "" if they have no files of their own."""
        return str(getattr(self.mask.base, "path", ""))

    @property
    def templates(self) -> tuple[str, ...]:
        """Templates of the places of its images and masks."""
        return (self.path, self.mask_path) if self.mask_path else (self.path,)

    @property
    def _has_readers(self) -> bool:
        return bool(getattr(self.mask.base, "readers", False))

    @property
    def atlas_image(self) -> str:
        """Place of the image that an atlas was drawn on; "" if there is none."""
        return str(getattr(self.mask.base, "template", ""))

    def each(self) -> tuple[FileSource, ...]:
        """A source for each of its centres, images and ROIs, `{centre}` and `{image}` replaced."""
        return tuple(self._each(self._images, self.mask))

    def each_instead(self) -> tuple[FileSource, ...]:
        """As `each`, of what `otherwise` says at the mask: for images whose masks are missing."""
        return tuple(self._each_instead(self._images))

    @property
    def _images(self) -> dict[str, dict[str, object]]:
        if isinstance(self.image, dict):
            words = dict(self.image)
        else:
            words = {word: word for word in (self.image if isinstance(self.image, tuple) else (self.image or "",))}
        return {word: {"{image}": text} for word, text in words.items()}

    def codes(self, timepoints: Iterable[str]) -> dict[str, str]:
        """What {timepoint} can stand for in a path, and the time point that is meant by it."""
        return self.timepoint.codes if self.timepoint else {word: word for word in timepoints}

    @model_validator(mode="after")
    def check_placeholders(self) -> FileSource:
        _check_mask(self.mask, "path", self.modality)
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
        allowed |= {"centre"} if self.centres else set()
        lesions = bool(getattr(self.mask.base, "lesions", None))
        if self.registration and self.registration.to == "template" and not self.atlas_image:
            raise ValueError("registration is to a template, and the mask names none; say template: PATH at the mask")
        for path in self.templates:
            own = {"reader"} if path == self.mask_path and self._has_readers else set[str]()
            unknown = set(re.findall(r"{(.*?)}", path)) - allowed - own
            needed = path == self.path or "{" in path.replace(
                "{centre}", ""
            )  # a mask without any placeholder is an atlas, one for all images
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
