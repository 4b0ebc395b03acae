"""LabelMap: the settings of label maps in files, whatever their format, and how a ROI of one is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from features.core.case import ROI, Scan
from features.core.kinds.mask import (
    CONSENSUS,
    OTHERWISE,
    OVERLAP,
    READERS_SAID,
    ROIS,
    SEGMENTATION,
    AnyMask,
    ConsensusWord,
    Made,
    Mask,
    MaskSource,
    Opened,
    Reader,
    RoiWord,
    check_otherwise,
    check_readers,
)
from features.core.quarantine import Warned
from features.core.region import Volume

Labels = PositiveInt | Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
Lesion = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=40)]


class LabelMap(MaskSource):
    """A label map beside the image: one ROI by `label`, several by `rois`, or a case for each lesion by `lesions`."""

    files: ClassVar[Literal["dicom", "path", "none"]] = "path"
    path: str = Field(
        description="template of its place, with the placeholders of the image: `{patient}`, `{timepoint}`, `{lesion}`; without "
        "`{patient}` one file is for all, such as an atlas. `{reader}` if `readers` says so"
    )
    label: Labels = Field(1, description="number of the voxels of the ROI, or several that make it up")
    rois: dict[RoiWord, Labels] = Field({}, description=ROIS)
    lesions: Literal["by_label"] | dict[PositiveInt, Lesion] | None = Field(
        None,
        description="a case for each lesion: `by_label` takes every number as a lesion, a mapping names the numbers that are meant",
    )
    absent: Literal["reject", "ignore"] = Field(
        "reject",
        description="what is done if a mask lacks the label: `reject` the scan, or `ignore` it: the patient has no such region",
    )
    grid: Literal["same", "nearest"] = Field(
        "same",
        description="`same`: it must be on the grid of the image; `nearest`: it is resampled to it by nearest neighbour",
    )
    overlap: Literal["allow", "reject"] = Field("allow", description=OVERLAP)
    readers: tuple[Reader, ...] = Field(
        (), description=f"words of the readers whose masks lie at `{{reader}}`; {READERS_SAID}"
    )
    segmentation: Made = Field("given", description=SEGMENTATION)
    otherwise: AnyMask | None = Field(None, description=OTHERWISE)
    consensus: ConsensusWord = Field("majority", description=CONSENSUS)
    template: str = Field(
        "",
        description="place of the image that an atlas was drawn on; without it, images are in the space of the atlas already",
    )

    @property
    def lesion_names(self) -> frozenset[str]:
        """The lesions that are named; none if they are those that are there."""
        return frozenset(self.lesions.values()) if isinstance(self.lesions, dict) else frozenset()

    @model_validator(mode="after")
    def check_their_readers(self) -> Self:
        if bool(self.readers) != ("{reader}" in self.path):
            raise ValueError(f'"{self.path}" needs {{reader}} if readers are named, and only then')
        check_readers(self.readers, self.consensus)
        check_otherwise(self.otherwise, self.readers)
        if self.readers and self.lesions is not None:
            raise ValueError("give either readers, whose masks are of the same ROI, or lesions")
        if "{" in self.template:
            raise ValueError(f'the template "{self.template}" is one image for all: it has no placeholders')
        return self

    @model_validator(mode="after")
    def check_overlap(self) -> Self:
        labels = {word: {label} if isinstance(label, int) else set(label) for word, label in self.rois.items()}
        for one, other in combinations(labels, 2) if self.overlap == "reject" else ():
            if shared := labels[one] & labels[other]:
                raise ValueError(
                    f"{one} and {other} share the label {min(shared)}, and overlap is reject: they always overlap"
                )
        return self

    @model_validator(mode="after")
    def check_lesions(self) -> Self:
        if self.rois and (self.label != 1 or self.lesions is not None) and len(self.rois) > 1:
            raise ValueError(
                "give one of label, for one ROI, rois, for several by words, and lesions, for a case of each"
            )
        if self.lesions is None:
            return self
        if self.label != 1:
            raise ValueError("give either label, for one ROI, or lesions, for a case of each")
        if "{lesion}" in self.path:
            raise ValueError('lesions are told apart either by {lesion} in the path, or by "lesions"')
        if isinstance(self.lesions, dict) and not 0 < len(self.lesion_names) == len(self.lesions):
            raise ValueError("lesions needs a name of its own for each number, for example {1: primary, 2: node}")
        return self

    @property
    def roi_name(self) -> str:
        word = next(iter(self.rois), ROI)
        return f"{word}_by_{self.reader}" if self.reader else word

    @property
    def reader(self) -> str:
        """The reader, of a source of one of them; of a consensus, "" ."""
        return self.readers[0] if self.readers and "{reader}" not in self.path else ""

    @property
    def declared_readers(self) -> tuple[str, ...]:
        return () if self.reader else self.readers

    @property
    def agreed_by(self) -> str:
        return self.consensus if self.declared_readers else ""

    @property
    def pattern(self) -> str:
        """Its label, or labels as `1+4`."""
        return "+".join(map(str, self.label if isinstance(self.label, tuple) else (self.label,)))

    @property
    def rule(self) -> dict[str, Any]:
        return {"mask_grid": self.grid, "absent": self.absent, "overlap": self.overlap}

    def each(self) -> tuple[Self, ...]:
        """A source for each of its ROIs, and of each for every reader, the consensus first."""
        rois = [{"label": label, "rois": {word: label}} for word, label in self.rois.items()] or [{}]
        if not self.readers:
            return tuple(self.model_copy(update=roi) for roi in rois)
        own = [{"readers": (one,), "path": self.path.replace("{reader}", one)} for one in self.readers]
        changes = [*([] if self.consensus == "none" else [{}]), *own]
        return tuple(self.model_copy(update={**roi, **change}) for roi in rois for change in changes)

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:
        """The voxels that equal one of the labels `scan.roi`."""
        from features.images.masks.label_voxels import labels_of_text, mask_on_image  # a catalog needs no readers

        found, regrid = opened.labels(scan.mask.paths[0]), scan.rule.mask_grid == "nearest"
        return mask_on_image(found, image, labels_of_text(scan.roi), regrid=regrid)
