"""What samplings have in common: how far round the ROI they look, and whether they look outside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from features.core.bounds import MarginMm
from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Sampling, Shape

QUARTER = 0.25
MOST_MARGINS = 4


def listed(value: object) -> object:
    """One number, or several."""
    return (value,) if isinstance(value, int | float | str) and not isinstance(value, bool) else value


def is_default(value: object) -> bool:
    """Whether a setting leaves no trace: it is empty, or off."""
    return value in ((), "", False, None)


Share = Annotated[float, Field(ge=0, le=10)]


class Margin(NamedTuple):
    """What is shown round the ROI, on each side: a share of the ROI's longest side, and mm. word: in names of columns."""

    share: float
    mm: float
    word: str

    def reach(self, extents: Sequence[float], axis: int) -> float:
        """How far beyond the box of a ROI a square or cube of these extents reaches along an axis, at most.

        The square stands round some of the ROI, which may be a thin part at the edge of the box.
        """
        others = max((one for i, one in enumerate(extents) if i != axis), default=0.0)
        return max((0.5 + self.share) * others, self.share * extents[axis]) + self.mm


class Masked(Sampling):
    """A sampling that can hide what lies outside the ROI."""

    masked: bool = Field(
        False, exclude_if=is_default, description="whether all outside the ROI becomes the floor of the window"
    )

    def bare(self) -> Sampling:
        return self.model_copy(update={"masked": False})

    def fault(self, shape: Shape) -> str | None:
        if self.dimensions == len(shape.size) == 2 and len(set(shape.size)) > 1:
            return f"{self.kind} shows squares, and the network takes {' × '.join(map(str, shape.size))}: they would be distorted"
        return super().fault(shape)


class Looks(Masked):
    """A sampling with one or several margins round the ROI, each of which makes views."""

    margin: Annotated[tuple[Share, ...], BeforeValidator(listed)] = Field(
        (),
        max_length=MOST_MARGINS,
        exclude_if=is_default,
        description="what is shown round the ROI, on each side, as a share of its longest side; several: views of each; "
        "without it and margin_mm 0.25",
    )
    margin_mm: Annotated[tuple[MarginMm, ...], BeforeValidator(listed)] = Field(
        (), max_length=MOST_MARGINS, exclude_if=is_default, description="the same in mm, instead of a share"
    )

    @model_validator(mode="after")
    def check_margins(self) -> Any:
        if self.margin and self.margin_mm:
            raise ValueError("give either margin or margin_mm")
        for name, values in (("margin", self.margin), ("margin_mm", self.margin_mm)):
            if len(set(values)) < len(values):
                raise ValueError(f"{name}: {max(values, key=values.count):g} stands twice")
        return self

    @property
    def margins(self) -> tuple[Margin, ...]:
        """The margins; a quarter where none is given."""
        if self.margin_mm:
            return tuple(Margin(0.0, mm, _word(mm, "mm")) for mm in self.margin_mm)
        shares = self.margin or (QUARTER,)
        return tuple(Margin(share, 0.0, "" if shares == (QUARTER,) else _word(100 * share, "pc")) for share in shares)

    def reach_of(self, extents: Sequence[float], axis: int, spacing_mm: Sequence[float]) -> float:
        """How far beyond the box of a ROI squares or cubes of these extents reach along an axis, at most.

        The ROI may be larger by a voxel on the prepared grid.
        """
        spare = (2 + 2 * max(margin.share for margin in self.margins)) * max(spacing_mm)
        return spare + max(margin.reach(extents, axis) for margin in self.margins)

    def worded(self, ways: Sequence[str] = ("",), *words: str) -> Iterator[str]:
        """Words of views: of each margin, of each way. A setting has a word where it is not the default."""
        for margin in self.margins:
            for way in ways:
                parts = (self.kind, way, *words, margin.word, "masked" if self.masked else "")
                yield "_".join(part for part in parts if part)


def _word(number: float, unit: str) -> str:
    return f"{number:.6g}{unit}".replace(".", "p").replace("+", "").replace("-", "m")


def window_of(preparation: Preparation) -> tuple[float, float]:
    """The intensities that become 0 and 1. A recipe with networks has them."""
    if preparation.window is None:
        raise ValueError("deep features need a recipe with a window")
    return preparation.window
