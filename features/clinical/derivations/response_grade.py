"""response_grade: the pathological response after neoadjuvant treatment, by one of the grading systems in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from features.core.catalog.table_source import Variable, Word
from features.core.errors import Fault, did_you_mean
from features.core.kinds.derivation import Derivation, Input, NotDerived, Value
from features.core.quarantine import Rejected


@dataclass(frozen=True, slots=True)
class _System:
    """Grades from the poorest response to the best, so that the last is complete; how many of the last are good."""

    grades: tuple[str, ...]
    good: int


VIABLE = "viable_tumour"
MAJOR_PERCENT = 10.0
SYSTEMS = {
    # Mandard et al., Cancer 1994;73:2680: 1 no residual cancer, 2 rare residual cells … 5 no regression.
    "mandard": _System(("5", "4", "3", "2", "1"), 2),
    # Dworak et al., Int J Colorectal Dis 1997;12:19: 0 no regression … 3 very few tumour cells, 4 none.
    "dworak": _System(("0", "1", "2", "3", "4"), 2),
    # Ryan et al., Histopathology 2005;47:141, as modified by AJCC and CAP: 0 no viable cells, 1 single cells … 3 poor.
    "ajcc": _System(("3", "2", "1", "0"), 2),
    # Becker et al., Cancer 2003;98:1521: residual tumour 1a none, 1b under 10 %, 2 10 to 50 %, 3 over 50 %.
    "becker": _System(("3", "2", "1b", "1a"), 2),
    # Ogston et al., Breast 2003;12:320: 1 no change … 4 over 90 % of cells lost, 5 no invasive cells left in the breast.
    "miller_payne": _System(("1", "2", "3", "4", "5"), 2),
    # Hellmann et al., Lancet Oncol 2014;15:e42; Travis et al., J Thorac Oncol 2020;15:709: major up to 10 % viable, complete 0 %.
    VIABLE: _System(("no_major", "major", "complete"), 2),
}


class ResponseGrade(Derivation):
    """The grade as an ordinal from the poorest response to the best, a flag of complete and one of good response.

    Systems count in opposite directions: of Mandard, AJCC and Becker a low grade is the better response, of Dworak and
    Miller-Payne a high one. The ordinal rises with the response in all of them. A grade that the system has not, or a share
    of viable tumour beyond 0 to 100 %, is rejected (TAB_RANGE).
    """

    kind: Literal["response_grade"] = "response_grade"
    system: Literal["mandard", "dworak", "ajcc", "becker", "miller_payne", "viable_tumour"] = Field(
        description="whose grades they are; viable_tumour: percent of viable tumour in the bed"
    )
    grade: Word = Field(description="variable of the grade: an ordinal or a category, or a number")
    good: tuple[str, ...] = Field(
        (), description="grades that are a good response; without it, the best two of the system"
    )

    @model_validator(mode="after")
    def check_good(self) -> ResponseGrade:
        for one in self.good:
            if one not in self._grades:
                raise ValueError(f'"{one}" is no grade of {self.system}; there are {", ".join(self._grades)}')
        return self

    @property
    def _grades(self) -> tuple[str, ...]:
        return SYSTEMS[self.system].grades

    def inputs(self) -> tuple[Input, ...]:
        if self.system == VIABLE:
            return (Input(self.grade, unit="percent"),)
        types = ("ordinal", "category") if self.system == "becker" else ("ordinal", "category", "number")
        return (Input(self.grade, types),)

    def faults(self, variables: Mapping[str, Variable]) -> Iterator[Fault]:
        for level in variables[self.grade].levels:
            if level not in self._grades:
                allowed, hint = ", ".join(self._grades), did_you_mean(level, self._grades)
                yield Fault(
                    "grade",
                    f'"{self.grade}" has a level that is no grade of {self.system}',
                    f'"{level}"',
                    allowed,
                    hint,
                )

    def gives(self, variables: Mapping[str, Variable]) -> dict[str, Variable]:  # noqa: ARG002
        what = self.description or f"response by {self.system.replace('_', ' ')}"
        return {
            "": Variable(type="ordinal", role="outcome", levels=self._grades, description=f"{what}, poorest to best"),
            "complete": Variable(type="flag", role="outcome", description=f"{what}: complete, no viable tumour"),
            "good": Variable(type="flag", role="outcome", description=f"{what}: good"),
        }

    def derive(self, values: Mapping[str, Value]) -> dict[str, Value] | NotDerived:
        value = values[self.grade]
        if value is None:
            return NotDerived.NO_VALUE
        grade = self._of_percent(value) if self.system == VIABLE else _as_text(value)
        if grade not in self._grades:
            raise Rejected("TAB_RANGE", f"{self.grade} is no grade of {self.system}")
        good = self.good or self._grades[-SYSTEMS[self.system].good :]
        return {"": grade, "complete": grade == self._grades[-1], "good": grade in good}

    def _of_percent(self, value: Value) -> str:
        if not isinstance(value, float) or not 0 <= value <= 100:
            raise Rejected("TAB_RANGE", f"{self.grade} lies outside 0 to 100 percent")
        return "complete" if value == 0 else "major" if value <= MAJOR_PERCENT else "no_major"


def _as_text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
