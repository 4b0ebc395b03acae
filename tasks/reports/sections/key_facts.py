"""The numbers that a reader looks for first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from tasks.reports.number_format import decimal, digits
from tasks.reports.plain_labels import held_out_parts
from tasks.reports.section import Findings, Section


class KeyFacts(Section):
    """Cases, patients, events, centres, and how much was compared."""

    kind: Literal["key_facts"] = "key_facts"
    order: ClassVar[int] = 2
    is_front: ClassVar[bool] = True

    def content(self, found: Findings) -> Mapping[str, object]:
        tuned = found.result.tuned
        per_column = events_per_column(found.result.scarce, [score.columns for score in found.result.scores])
        return {
            "held_out": held_out_parts(found.result),
            "combinations": tuned.combinations,
            "per_column": per_column,
        }


def events_per_column(scarce: int, columns: Sequence[int]) -> str:
    """Cases of the scarcer outcome for each column that a set of blocks offers, over all sets; "" where none has columns.

    >>> events_per_column(44, [6, 6, 1000]), events_per_column(44, [4]), events_per_column(44, [0])
    ('0.044 to 7.3', '11', '')
    """
    each = sorted({scarce / count for count in columns if count})
    return " to ".join(dict.fromkeys(decimal(one, digits(one, 2)) for one in (each[:1] + each[-1:])))
