"""Step: what is done to the columns before a model sees them, fitted on training rows alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, Literal, Self

from features.core.kinds.registry import Registry
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tasks.modelling.tunable import Tunable

Stage = Literal["clean", "impute", "scale", "harmonise", "encode", "select"]
STAGES: tuple[Stage, ...] = ("clean", "impute", "scale", "harmonise", "encode", "select")


class FittedStep(ABC):
    """A step as fitted: a frozen dataclass of arrays, numbers and names."""

    @abstractmethod
    def apply(self, rows: Rows) -> Rows:
        """What becomes of rows, of any fold, that have the columns which it was fitted on."""

    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]

    def remarks(self, rows: Rows) -> Counter[str]:  # noqa: ARG002 (most have nothing to say)
        """What it does to these rows that a reader of the report has to know, with how often."""
        return Counter()


class Step(Tunable):
    """What is done to columns. stage: what for; the folder that the kind lies in."""

    stage: ClassVar[Stage]

    @abstractmethod
    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        """Learnt from training rows, with the first setting of every tuned field. Raises FitError where it cannot be."""

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedStep]:
        """Each of its variants, fitted: a kind may share work among them."""
        return [variant.fit(rows, target, seed) for variant in variants]


STEPS: Registry[Step] = Registry(Step, *(f"tasks.modelling.preprocessing.{stage}" for stage in STAGES))
