"""Tunable: what has settings of which inner folds choose."""

from __future__ import annotations

from itertools import product
from typing import Any, ClassVar, Self

from features.core.kinds.registry import Kind


class Tunable(Kind):
    """tuned: fields that are tuples of settings, each from simple to complex: a tie takes the first. unkept: why a fitted one
    cannot be saved as arrays and JSON; "" where it can, as it should.
    """

    tuned: ClassVar[tuple[str, ...]] = ()
    unkept: ClassVar[str] = ""

    def variants(self) -> list[Self]:
        """One for each combination of settings, whose tuples hold one value each; itself if nothing is to be chosen."""
        values = [getattr(self, name) for name in self.tuned]
        if all(len(one) == 1 for one in values):
            return [self]
        combined = (dict(zip(self.tuned, ((one,) for one in each), strict=True)) for each in product(*values))
        return [self.model_copy(update=settings) for settings in combined]

    def chosen(self) -> dict[str, Any]:
        """The first value of each tuned field: what a variant is fitted with."""
        return {name: getattr(self, name)[0] for name in self.tuned}
