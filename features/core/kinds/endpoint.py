"""Endpoint: what a study predicts, declared in the catalog over the columns of a cohort's tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from features.core.frozen import Frozen


class BinaryEndpoint(Frozen):
    """A response of yes or no: `column` holds a flag."""

    kind: Literal["binary"] = "binary"
    column: str = Field(description="outcome of type flag")
    description: str = Field("", description="what it means, for readers")


class SurvivalEndpoint(Frozen):
    """Time to event: `time` in days from baseline, `event` a flag that is true where the event was seen."""

    kind: Literal["survival"] = "survival"
    time: str = Field(description="outcome of type number, in days from baseline")
    event: str = Field(description="outcome of type flag, true where the event was seen")
    horizon_days: PositiveFloat | None = Field(
        None, description="Uno's C-index and curves stop here; null: at the last event seen"
    )
    description: str = Field("", description="what it means, for readers")


Endpoint = Annotated[BinaryEndpoint | SurvivalEndpoint, Field(discriminator="kind")]
