"""Image sources: where the catalog's images and masks lie, and how the files of each are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from features.core.case import Modality, ReadRule, Unit
from features.core.catalog.pacs_source import PacsSource
from features.core.catalog.table_source import Name
from features.core.catalog.visits import TimepointCodes as TimepointCodes
from features.core.catalog.visits import TimepointTag as TimepointTag
from features.core.frozen import Frozen

FileFormat = Literal["nifti", "nrrd", "mha"]
Lesion = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=40)]


class RtstructMask(Frozen):
    """Contours in an RTSTRUCT that references the image series."""

    format: Literal["rtstruct"] = Field(description="contours in an RTSTRUCT that references the image series")
    roi: str = Field(description="regular expression for the whole name of the ROI, in any case of letters")
    several: Literal["reject", "union", "largest"] = Field(
        "reject", description="what is done if several match: `reject` the case, or take their `union` or the `largest`"
    )
    absent: Literal["reject", "ignore"] = Field(
        "reject", description="what is done if none matches: `reject` the case, or `ignore` it"
    )


class SegMask(Frozen):
    """A DICOM SEG that references the image series."""

    format: Literal["seg"] = Field(description="a DICOM SEG that references the image series")
    roi: str = Field(description="regular expression for the whole label of the segment, in any case of letters")
    several: Literal["reject", "union", "largest"] = Field(
        "reject", description="what is done if several match: `reject` the case, or take their `union` or the `largest`"
    )
    absent: Literal["reject", "ignore"] = Field(
        "reject", description="what is done if none matches: `reject` the case, or `ignore` it"
    )
    threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="share of a voxel from which on a fractional segmentation counts"
    )
    grid: Literal["same", "nearest"] = Field(
        "same",
        description="`same`: frames must be on the grid of the image; `nearest`: they are resampled to it by nearest neighbour",
    )


class FileMask(Frozen):
    """A label map beside the image: one ROI by `label`, or a case for each lesion by `lesions`."""

    format: FileFormat = Field(description="file format of the label map")
    path: str = Field(
        description="template of its place, with the placeholders of the image: `{patient}`, `{timepoint}`, `{lesion}`"
    )
    label: PositiveInt = Field(1, description="number of the voxels of the ROI")
    lesions: Literal["by_label"] | dict[PositiveInt, Lesion] | None = Field(
        None,
        description="a case for each lesion: `by_label` takes every number as a lesion, a mapping names the numbers that are meant",
    )
    grid: Literal["same", "nearest"] = Field(
        "same",
        description="`same`: it must be on the grid of the image; `nearest`: it is resampled to it by nearest neighbour",
    )

    @property
    def lesion_names(self) -> frozenset[str]:
        """The lesions that are named; none if they are those that are there."""
        return frozenset(self.lesions.values()) if isinstance(self.lesions, dict) else frozenset()

    @model_validator(mode="after")
    def check_lesions(self) -> FileMask:
        if self.lesions is None:
            return self
        if "label" in self.model_fields_set:
            raise ValueError("give either label, for one ROI, or lesions, for a case of each")
        if "{lesion}" in self.path:
            raise ValueError('lesions are told apart either by {lesion} in the path, or by "lesions"')
        if isinstance(self.lesions, dict) and not 0 < len(self.lesion_names) == len(self.lesions):
            raise ValueError("lesions needs a name of its own for each number, for example {1: primary, 2: node}")
        return self


class DicomSource(Frozen):
    """DICOM files anywhere below `path`, archives included, grouped by series.

    A series is taken if it fits all of `select` and none of `ignore`.
    """

    format: Literal["dicom"] = Field(description="DICOM files, grouped by series")
    centre: Name = Field(description="centre that the files come from")
    modality: Modality = Field(description="modality of the images, as DICOM writes it")
    unit: Unit = Field(description="unit of the intensities")
    path: str = Field(description="folder below the root of the cohort; files at any depth, archives included")
    mask: Annotated[RtstructMask | SegMask, Field(discriminator="format")] = Field(
        description="where the ROI of each image is"
    )
    timepoint: TimepointTag | None = Field(
        None, description="how a series tells its time point; without it, the first time point is meant"
    )
    select: dict[str, str] = Field(
        {}, description="DICOM keyword → regular expression for the whole value; a series is taken if all fit"
    )
    ignore: dict[str, str] = Field(
        {}, description="DICOM keyword → regular expression; a series is left out if one fits"
    )
    regrid: bool = Field(False, description="resample tilted or unevenly spaced stacks instead of rejecting them")
    pacs: PacsSource | None = Field(None, description="where the files are retrieved from before each refresh")

    @property
    def rule(self) -> ReadRule:
        """How its files are read."""
        own = {"threshold": self.mask.threshold, "mask_grid": self.mask.grid} if isinstance(self.mask, SegMask) else {}
        return ReadRule(regrid=self.regrid, several=self.mask.several, **own)  # type: ignore[arg-type]


class FileSource(Frozen):
    """One file per image at `path`, a template with {patient} and, where there are several, {timepoint} and {lesion}.

    An archive is a folder of its name without ending. Of a pair of .hdr and .img the template names one.
    """

    format: FileFormat = Field(description="file format of the images")
    centre: Name = Field(description="centre that the files come from")
    modality: Modality = Field(description="modality of the images")
    unit: Unit = Field(description="unit of the intensities")
    path: str = Field(
        description="template of its place below the root, with `{patient}` and, if there are several, `{timepoint}` and `{lesion}`"
    )
    mask: FileMask = Field(description="where the label map of each image is")
    timepoint: TimepointCodes | None = Field(
        None, description="what `{timepoint}` stands for in paths, where it is not the catalog's own words"
    )
    volume: Annotated[int, Field(ge=0)] | None = Field(None, description="which volume of a 4D file, counted from 0")

    @property
    def rule(self) -> ReadRule:
        """How its files are read."""
        return ReadRule(volume=self.volume, mask_grid=self.mask.grid)

    def codes(self, timepoints: Iterable[str]) -> dict[str, str]:
        """What {timepoint} can stand for in a path, and the time point that is meant by it."""
        return self.timepoint.codes if self.timepoint else {word: word for word in timepoints}

    @model_validator(mode="after")
    def check_placeholders(self) -> FileSource:
        if self.timepoint and "{timepoint}" not in self.path:
            raise ValueError(f'timepoint tells what {{timepoint}} means, which is not in "{self.path}"')
        for path in (self.path, self.mask.path):
            unknown = set(re.findall(r"{(.*?)}", path)) - {"patient", "timepoint", "lesion"}
            if "{patient}" not in path or unknown:
                raise ValueError(f'"{path}" needs {{patient}}; {{timepoint}} and {{lesion}} are allowed beside it')
            if self.mask.lesions and "{lesion}" in path:
                raise ValueError(
                    f'"{path}" has {{lesion}}, and the mask has "lesions": lesions are told apart by one of them'
                )
            if archive := re.search(r"\.(zip|tar|tar\.gz|tgz)(?=/|$)", path, re.IGNORECASE):
                raise ValueError(f'"{path}" names an archive, which stands there as a folder without "{archive[0]}"')
        return self


ImageSource = Annotated[DicomSource | FileSource, Field(discriminator="format")]
