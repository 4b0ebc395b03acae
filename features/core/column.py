"""Column: what is known of a column of a table; it goes wherever its values go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "float64", "float32", "int64", "bool", "date"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its entry in the dictionary. `role`: key and fact columns are never predictors; outcomes neither.

    levels: the words that a text may be, in the order that they were declared in; none: any.
    """

    name: str
    type: Type
    description: str
    role: Literal["key", "fact", "predictor", "outcome"] = "predictor"
    unit: str = ""
    family: str = ""
    filter: str = ""
    ibsi: str = ""
    modality: str = ""
    image: str = ""
    recipe: str = ""
    roi: str = ""
    version: str = ""
    levels: tuple[str, ...] = ()
