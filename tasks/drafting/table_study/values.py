"""Values: the different cells of a column that is named, without those that mean missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from features.core.errors import ConfigError, Fault, did_you_mean
from features.tables.number import parse_number
from tasks.drafting.columns import FALSE, LONGEST_LEVEL, MISSING, MOST_LEVELS, TRUE, is_code

_NOT_MISSING = frozenset({"none"})  # of an outcome it is an answer


@dataclass(frozen=True)
class Values:
    """A column of a table: the cells that it holds and how often, and those besides '' and NA that mean missing."""

    table: str
    column: str
    counts: Counter[str]
    missing: tuple[str, ...]
    empty: int
    decimal: Literal[".", ","] = "."

    @classmethod
    def of(cls, table: str, column: str, cells: Sequence[str], decimal: Literal[".", ","] = ".") -> Values:
        """The values of cells."""
        there = Counter(cell for cell in cells if cell not in ("", "NA"))
        missing = tuple(sorted(cell for cell in there if cell.lower() in MISSING - _NOT_MISSING))
        counts = Counter({cell: count for cell, count in sorted(there.items()) if cell not in missing})
        return cls(table, column, counts, missing, len(cells) - counts.total(), decimal)

    @property
    def numbers(self) -> dict[str, float]:
        """The values that are numbers, as numbers."""
        found = {cell: parse_number(cell, self.decimal) for cell in self.counts}
        return {cell: number for cell, number in found.items() if number is not None}

    @property
    def are_numbers(self) -> bool:
        """Whether every value is a number."""
        return len(self.numbers) == len(self.counts)

    @property
    def by_size(self) -> list[str]:
        """The values in their order: of numbers, from low to high."""
        return sorted(self.counts, key=self.numbers.__getitem__) if self.are_numbers else sorted(self.counts)

    @property
    def shown(self) -> str:
        """The values for a message: how many there are alone, where they could be texts of single persons."""
        if len(self.counts) > MOST_LEVELS or any(len(cell) > LONGEST_LEVEL for cell in self.counts):
            return f"{len(self.counts)} different values"
        if any(count < 2 and not is_code(cell) for cell, count in self.counts.items()):
            return f"{len(self.counts)} different values"
        return ", ".join(self.by_size)

    def fault(self, what: str, *, allowed: str = "", hint: str = "") -> ConfigError:
        """What is wrong with the column, with its values."""
        return ConfigError([Fault(self.table, f'the column "{self.column}" {what}', self.shown, allowed, hint)])

    def held(self, value: str, option: str) -> str:
        """A value that an option names. Raises ConfigError with the nearest one if no cell holds it."""
        if value not in self.counts:
            allowed = "" if "different" in self.shown else self.shown
            hint = did_you_mean(value, self.counts) if allowed else ""
            raise ConfigError([Fault(f"{option} {value}", f'no cell of "{self.column}" holds it', "", allowed, hint)])
        return value


def true_value(values: Values, positive: str, option: str) -> str:
    """Which of two values means yes: the one that is named, else the one that says so by itself.

    The words that do are TRUE and FALSE of tasks/drafting/columns.py. Raises ConfigError if nothing tells.
    """
    if positive:
        return values.held(positive, option)
    plain = {cell: re.sub(r"^([01])[.,]0+$", r"\1", cell).lower() for cell in values.counts}
    true = [cell for cell, word in plain.items() if word in TRUE]
    if len(true) == 1 and all(word in TRUE | FALSE for word in plain.values()):
        return true[0]
    if len(plain) == 1 and FALSE.issuperset(plain.values()):
        raise values.fault(
            "says no in all rows: nothing can be predicted", hint=f"if it means yes, name it: {option} VALUE"
        )
    raise values.fault("does not say which value means yes", hint=f"name it: {option} VALUE")


def one_of(values: Values, words: Collection[str]) -> str | None:
    """The only value that is one of these words, in small letters; None if none or several are."""
    found = [cell for cell in values.counts if cell.lower() in words]
    return found[0] if len(found) == 1 else None
