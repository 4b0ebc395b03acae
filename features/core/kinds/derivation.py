"""Derivation: makes outcomes of a cohort's variables, patient by patient. The catalog names them under `derived`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from features.core.catalog.table_source import Variable
from features.core.errors import Fault
from features.core.kinds.registry import Kind, Registry

Value = float | bool | str | None  # None: missing


class NotDerived(StrEnum):
    """Why a patient without any fault has no derived outcome."""

    NO_VALUE = "a value that is needed is missing"
    NO_START = "the day from which the time counts is missing"
    NO_FOLLOW_UP = "there is no event, and no day on which the patient was last seen"
    EVENT_UNKNOWN = "it is not known whether an event was seen"
    DAY_UNKNOWN = "the day of an event or a visit is missing"
    NO_TARGET_LESION = "no target lesion was measured at baseline"
    NO_VISIT = "there was no visit after baseline, or not the one that is meant"
    BEFORE_IS_ZERO = "the first value is zero, of which there is no percent"
    EVENT_BEFORE = "the event was seen by the landmark"
    ENDED_BEFORE = "follow-up had ended by the landmark"
    ENDED_EARLY = "follow-up ended before the day that is asked for"


@dataclass(frozen=True, slots=True)
class Input:
    """A variable that a derivation reads, with what it has to be. unit: "" for any.

    is_early: what is known at baseline may stand here; all else that an outcome is made of is known later.
    """

    variable: str
    types: tuple[str, ...] = ("number",)
    unit: str = ""
    is_early: bool = False


class Derivation(Kind):
    """Turns variables of a patient into outcomes. Frozen settings; the same values give the same outcomes."""

    description: str = Field("", description="what it means, for readers")

    @abstractmethod
    def inputs(self) -> tuple[Input, ...]:
        """The variables that it reads, each once."""

    @abstractmethod
    def gives(self, variables: Mapping[str, Variable]) -> dict[str, Variable]:
        """The outcomes that it makes: ending → variable. Under the word `os`, the ending `days` makes `os_days`, "" is `os`.

        variables: those that it reads, all declared and of a type that `inputs` allows.
        """

    @abstractmethod
    def derive(self, values: Mapping[str, Value]) -> dict[str, Value] | NotDerived:
        """Ending → value of one patient, or why there is none. values: of the variables that it reads; None is missing.

        Raises Rejected if the values cannot be true together; the message names variables, and no value.
        """

    def faults(self, variables: Mapping[str, Variable]) -> Iterator[Fault]:
        """What does not fit between its settings and the variables that it reads; `where` is the key of the settings."""
        del variables
        return iter(())


DERIVATIONS: Registry[Derivation] = Registry(Derivation, "features.clinical.derivations")
