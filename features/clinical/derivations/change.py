"""change: the change between two values in percent, and its class by cut-offs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Literal

from pydantic import Field, model_validator

from features.core.catalog.table_source import Variable, Word
from features.core.errors import Fault
from features.core.kinds.derivation import Derivation, Input, NotDerived, Value
from features.core.quarantine import Rejected


class Change(Derivation):
    """100 × (after − before) / before, of quantities that are never negative; with cut-offs, its class.

    A change that just reaches a cut-off counts as having passed it, seen from zero: with -65 and 73, a change of -65 is in the
    first class and one of 73 in the third. Negative values are rejected (TAB_RANGE).
    """

    kind: Literal["change"] = "change"
    before: Word = Field(description="variable of the first value")
    after: Word = Field(description="variable of the second value, in the same unit")
    cut_offs: tuple[float, ...] = Field((), description="limits between classes in percent, rising")
    levels: tuple[str, ...] = Field(
        (), description="names of the classes, from the largest decrease on; one more than limits"
    )

    @model_validator(mode="after")
    def check_classes(self) -> Change:
        if len(self.levels) != (len(self.cut_offs) + 1 if self.cut_offs else 0):
            raise ValueError("levels are one more than cut_offs")
        if any(a >= b for a, b in zip(self.cut_offs, self.cut_offs[1:], strict=False)):
            raise ValueError("cut_offs rise")
        if len(set(self.levels)) != len(self.levels):
            raise ValueError("levels differ from each other")
        return self

    def inputs(self) -> tuple[Input, ...]:
        return Input(self.before, is_early=True), Input(self.after)

    def faults(self, variables: Mapping[str, Variable]) -> Iterator[Fault]:
        before, after = variables[self.before].unit, variables[self.after].unit
        if before != after:
            yield Fault("after", "the two values have different units", f'"{before}" and "{after}"')

    def gives(self, variables: Mapping[str, Variable]) -> dict[str, Variable]:  # noqa: ARG002
        what = self.description or f"change from {self.before} to {self.after}"
        given = {"": Variable(type="number", role="outcome", unit="percent", description=f"{what} in percent")}
        if self.levels:
            given["class"] = Variable(type="ordinal", role="outcome", levels=self.levels, description=f"{what}, class")
        return given

    def derive(self, values: Mapping[str, Value]) -> dict[str, Value] | NotDerived:
        before, after = values[self.before], values[self.after]
        if not isinstance(before, float) or not isinstance(after, float):
            return NotDerived.NO_VALUE
        for variable, value in ((self.before, before), (self.after, after)):
            if value < 0:
                raise Rejected("TAB_RANGE", f"{variable} is below zero: no change in percent")
        if before == 0:
            return NotDerived.BEFORE_IS_ZERO
        percent = 100 * (after - before) / before
        found: dict[str, Value] = {"": percent}
        if self.levels:
            found["class"] = self.levels[sum(_is_past(percent, limit) for limit in self.cut_offs)]
        return found


def _is_past(percent: float, limit: float) -> bool:
    """Whether a change belongs above a limit: 6.3 after 9.0 is -30 %, although its last binary digit says otherwise."""
    if isclose(percent, limit, rel_tol=1e-9, abs_tol=1e-9):
        return limit >= 0
    return percent > limit
