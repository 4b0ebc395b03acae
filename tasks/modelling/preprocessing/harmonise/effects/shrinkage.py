"""Shrinkage: how the effects of a centre are drawn together over its columns, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tasks.modelling.preprocessing.harmonise.effects.non_parametric import non_parametric
from tasks.modelling.preprocessing.harmonise.effects.parametric import parametric
from tasks.modelling.preprocessing.harmonise.effects.statistics import Shrink, not_shrunk

Shrinkage = Literal["parametric", "non_parametric", "none"]
SHRINKAGE: Mapping[Shrinkage, Shrink] = {
    "parametric": parametric,
    "non_parametric": non_parametric,
    "none": not_shrunk,
}
