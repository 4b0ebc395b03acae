"""Columns that say of each row whose it is: its centre, its time point, and whether a given split trains on it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from features.core.frozen import Frozen

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40)]
Codes = Annotated[
    dict[str, str], BeforeValidator(lambda given: _texts(given), json_schema_input_type=dict[str, str])
]  # a code is a text, as the file's cells are
C = TypeVar("C", bound=Frozen)


class CentreColumn(Frozen):
    """The column that holds the centre of each row."""

    column: str = Field(description="column that holds the centre")
    codes: Codes = Field({}, description="value of the column → centre; without codes, the values are the centres")


class TimepointColumn(Frozen):
    """The column that holds the time point of each row."""

    column: str = Field(description="column that holds the time point")
    codes: Codes = Field({}, description="value → time point; without codes, the values are the time points")


class SplitColumn(Frozen):
    """The column that says which patients are for training and which are held out."""

    column: str = Field(description="column that says so")
    train: tuple[str, ...] = Field(("train",), min_length=1, description="values of the patients that models train on")
    test: tuple[str, ...] = Field(("test",), min_length=1, description="values of the patients that are held out")

    @model_validator(mode="after")
    def check_words(self) -> SplitColumn:
        both = sorted({*self.train} & {*self.test})
        if both:
            raise ValueError(f'the value "{both[0]}" cannot mean both train and test')
        return self

    def part(self, cell: str) -> str | None:
        """`train` or `test`; None if the cell is neither."""
        return "train" if cell in self.train else "test" if cell in self.test else None


def _texts(given: Any) -> Any:
    return {str(key): value for key, value in given.items()} if isinstance(given, dict) else given


def _column(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


# A centre's name, or the column of the centres; and a column that may be given by its name alone.
Centres = Annotated[
    Annotated[Name, Tag("name")] | Annotated[CentreColumn, Tag("CentreColumn")],
    Discriminator(lambda given: "CentreColumn" if isinstance(given, dict | CentreColumn) else "name"),
]
Timepoints = Annotated[TimepointColumn, BeforeValidator(_column, json_schema_input_type=str | TimepointColumn)]
Splits = Annotated[SplitColumn, BeforeValidator(_column, json_schema_input_type=str | SplitColumn)]
