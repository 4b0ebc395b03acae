"""NamedRois: the settings that RTSTRUCT and SEG share, whose ROIs have names."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from features.core.case import ROI
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
    MaskSource,
    Reader,
    RoiWord,
    check_otherwise,
    check_readers,
)


class NamedRois(MaskSource):
    """One ROI by a pattern of its name, or several by words."""

    files: ClassVar[Literal["dicom", "path", "none"]] = "dicom"
    roi: str = Field("", description="regular expression for the whole name of the ROI, in any case of letters")
    rois: dict[RoiWord, str] = Field({}, description=ROIS)
    several: Literal["reject", "union", "largest"] = Field(
        "reject", description="what is done if several match: `reject` the case, or take their `union` or the `largest`"
    )
    absent: Literal["reject", "ignore"] = Field(
        "reject", description="what is done if none matches: `reject`, or `ignore`: the patient has no such region"
    )
    overlap: Literal["allow", "reject"] = Field("allow", description=OVERLAP)
    readers: tuple[Reader, ...] | dict[Reader, str] = Field(
        (),
        description="words of the readers, or word → what stands for `{reader}` in the pattern, of readers whose names are part of "
        f"those of ROIs; {READERS_SAID}",
    )
    segmentation: Made = Field("given", description=SEGMENTATION)
    otherwise: AnyMask | None = Field(None, description=OTHERWISE)
    consensus: ConsensusWord = Field("majority", description=CONSENSUS)

    @model_validator(mode="after")
    def check_named(self) -> Self:
        if not self.roi and not self.rois:
            raise ValueError("give either roi, for one ROI, or rois, for several by words")
        if self.roi and len(self.rois) > 1:
            raise ValueError("give either roi, for one ROI, or rois, for several by words")
        for pattern in self.rois.values() or (self.roi,):
            if bool(self.readers) != ("{reader}" in pattern):
                raise ValueError(f'"{pattern}" needs {{reader}} if readers are named, and only then')
        check_readers(tuple(self.readers), self.consensus)
        check_otherwise(self.otherwise, self.readers)
        return self

    @property
    def roi_name(self) -> str:
        word = next(iter(self.rois), ROI)
        return f"{word}_by_{self.reader}" if self.reader else word

    @property
    def reader(self) -> str:
        """The reader, of a source of one of them."""
        return next(iter(self.readers)) if self.readers and "{reader}" not in self.pattern else ""

    @property
    def declared_readers(self) -> tuple[str, ...]:
        return () if self.reader else tuple(self.readers)

    @property
    def agreed_by(self) -> str:
        return self.consensus if self.declared_readers else ""

    @property
    def pattern(self) -> str:
        return self.roi or next(iter(self.rois.values()))

    @property
    def rule(self) -> dict[str, Any]:
        absent = (
            {"absent": self.absent} if self.rois or self.readers else {}
        )  # without a word, the index leaves such a case out
        return {"several": self.several, "overlap": self.overlap, **absent}

    def each(self) -> tuple[Self, ...]:
        """A source for each of its ROIs, and of each for every reader, the consensus first."""
        if not self.rois and not self.readers:
            return (self,)
        texts = dict(self.readers) if isinstance(self.readers, dict) else {one: one for one in self.readers}
        found: list[Self] = []
        for word, pattern in (self.rois or {"": self.roi}).items():
            if not self.readers or self.consensus != "none":
                found.append(self._of(word, pattern, self.readers))
            found += [self._of(word, pattern.replace("{reader}", text), (one,)) for one, text in texts.items()]
        return tuple(found)

    def _of(self, word: str, pattern: str, readers: tuple[str, ...] | dict[str, str]) -> Self:
        rois = {word: pattern} if word else {}
        return self.model_copy(update={"roi": pattern, "rois": rois, "readers": readers})
