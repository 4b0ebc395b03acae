"""Comparing: how a study compares its combinations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from features.core.frozen import Frozen

Draws = Annotated[int, Field(ge=99, le=100_000)]


class Comparing(Frozen):
    """Settings of the comparisons of a study."""

    correction: Literal["holm", "benjamini_hochberg"] = Field(
        "holm",
        description="holm: the chance of any false claim among the pairs of a split stays below the level; benjamini_hochberg: the "
        "expected share of false ones among the claims does",
    )
    test: Literal["usual", "permutation"] = Field(
        "usual",
        description="of predictions by one fitted model (external, given, temporal). usual: DeLong's for shares of concordant "
        "pairs, permutation for others; permutation: for all",
    )
    draws: Draws = Field(
        999, description="how often patients exchange predictions in a permutation test; all ways if they are fewer"
    )
