"""Endpoint: what a study predicts, declared in the catalog over the columns of a cohort's tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from features.core.frozen import Frozen


class BinaryEndpoint(Frozen):
    """A response of yes or no: `column` holds a flag."""

    kind: Literal["binary"] = "binary"
    column: str
    description: str = ""


class SurvivalEndpoint(Frozen):
    """Time to event: `time` in days from baseline, `event` a flag that is true where the event was seen.

    horizon_days: Uno's C-index and curves stop here; null means the last event seen.
    """

    kind: Literal["survival"] = "survival"
    time: str
    event: str
    horizon_days: PositiveFloat | None = None
    description: str = ""


Endpoint = Annotated[BinaryEndpoint | SurvivalEndpoint, Field(discriminator="kind")]
