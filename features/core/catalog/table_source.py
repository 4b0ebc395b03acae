"""Table sources: where the catalog's tables lie, how they are written, and what their columns mean."""

from __future__ import annotations

import codecs
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from features.core.catalog.id_form import IdForm
from features.core.catalog.row_columns import CentreColumn, Centres, Splits
from features.core.catalog.row_columns import Name as Name
from features.core.frozen import Frozen

NUMBERED = "#"  # in place of an id column: the table has none, and the number of the row is the id
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Cell = Annotated[str, StringConstraints(strip_whitespace=True)]


class Variable(Frozen):
    """A column of the clinical block as analysts see it: one type, one unit, one coding for all centres."""

    type: Literal["number", "category", "ordinal", "flag"] = Field(description="type of the values")
    description: str = Field(description="what the variable is, for readers")
    role: Literal["predictor", "outcome"] = Field("predictor", description="whether it may predict or is an outcome")
    unit: str = Field("", description="unit that all centres are converted to; of a survival time, days")
    analyte: str = Field("", description="what a laboratory measured; by it, mass and molar units are converted")
    levels: tuple[str, ...] = Field((), description="values of a category, or of an ordinal in their order")
    allowed: tuple[float, float] | None = Field(None, description="lowest and highest value; others are faults")
    zero: Literal["reject", "half_day"] = Field(
        "reject", description="what a survival time of 0 days means: a fault of the row, or half a day"
    )
    known_at: str = Field(
        "baseline",
        description="time point at which the value is known; studies leave out what is known after their prediction. A cohort "
        "without a time point `baseline`: its first one",
    )
    leak_checked: bool = Field(
        False, description="true: a person has checked that a predictor that looks like an outcome is none"
    )

    @model_validator(mode="after")
    def check_levels(self) -> Variable:
        if (self.type in ("category", "ordinal")) != bool(self.levels):
            raise ValueError("levels belong to the types category and ordinal, and to them alone")
        if self.allowed and self.type != "number":
            raise ValueError("an allowed range belongs to the type number")
        if self.analyte and self.type != "number":
            raise ValueError("an analyte belongs to the type number")
        if self.zero != "reject" and (self.type, self.role, self.unit) != ("number", "outcome", "days"):
            raise ValueError("zero belongs to survival times: an outcome of type number in days")
        return self


class ColumnSource(Frozen):
    """Where a variable's values stand in one table and how they are coded there.

    `from` one column, or `start` and `end` two date columns whose difference in days is meant.
    """

    source: str | None = Field(None, alias="from", description="column of the table")
    start: str | None = Field(
        None, description="column of the first date; the value is the number of days from it to `end`"
    )
    end: str | None = Field(None, description="column of the second date")
    unit: str = Field("", description="unit of the values in this table, if it differs from that of the variable")
    codes: dict[str, str | bool] = Field(
        {}, description="value in the table → level of the variable, or true and false"
    )
    missing: tuple[Cell, ...] = Field(
        (), description="codes of this column that mean missing, beside those of the table"
    )
    date_format: str | None = Field(None, description="how dates are written, such as `%d.%m.%Y`; never guessed")

    @model_validator(mode="after")
    def check_source(self) -> ColumnSource:
        dates = [name for name in (self.start, self.end) if name is not None]
        if len(dates) != (2 if self.source is None else 0):
            raise ValueError('give either "from", or "start" and "end"')
        if self.start and not self.date_format:
            raise ValueError('"start" and "end" need a date_format, for example "%d.%m.%Y": formats are never guessed')
        if self.date_format and "%Y" not in self.date_format:
            raise ValueError("a date_format needs %Y, the year with its century: two digits do not tell which")
        both = sorted(self.codes.keys() & set(self.missing))
        if both:
            raise ValueError(f'the code "{both[0]}" cannot both have a meaning and be missing')
        return self


def _column_source(value: Any) -> Any:
    if isinstance(value, str):
        return {"from": value}
    if isinstance(value, dict) and isinstance(value.get("codes"), dict):
        return {**value, "codes": {_code(key): code for key, code in value["codes"].items()}}
    return value


def _code(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def usual_separator(path: str) -> str:
    """What stands between the cells of a file, where the catalog does not say it: in .tsv a tab, else a comma."""
    return "\t" if re.search(r"\.tsv(\.gz)?$", path, re.IGNORECASE) else ","


class TextSource(Frozen):
    """How a table file is written: CSV, or another format by its suffix."""

    path: str = Field(description="file below the root of the cohort")
    id: str = Field(
        description="column of the patient id; `#` if there is none: the number of the row, from 1, is the id then"
    )
    id_form: IdForm | None = Field(None, description="how ids are written here, in place of that of the cohort")
    sheet: str | None = Field(None, description="sheet of an Excel file; without it, the only one")
    key: str = Field("", description="name of the table in an HDF5 file; without it, the only one")
    separator: str = Field(
        ",", min_length=1, max_length=1, description="character between cells; without it, of .tsv a tab, else a comma"
    )
    decimal: Literal[".", ","] = Field(".", description="decimal mark")
    encoding: str = Field("utf-8-sig", description="encoding of the text, such as utf-8 or cp1252")
    comment: str = Field("", description="lines above the header that begin with this are left out")
    missing: tuple[Cell, ...] = Field(("", "NA"), description="codes that mean missing, in all columns but the id")

    @model_validator(mode="before")
    @classmethod
    def separate_by_suffix(cls, given: Any) -> Any:
        is_tabbed = isinstance(given, dict) and usual_separator(str(given.get("path"))) == "\t"
        return {"separator": "\t", **given} if is_tabbed else given

    @field_validator("encoding")
    @classmethod
    def check_encoding(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError("is no known encoding; for example utf-8, latin-1, cp1252, utf-16") from None
        return encoding


class TableSource(TextSource):
    """What all tables of the catalog share. The codes of `missing` never apply to the id column."""

    centre: Centres | None = Field(
        None,
        description="centre that the table comes from, or its column of centres; without it, the cohort's only one, or "
        "that which the patients have in other tables",
    )
    split: Splits | None = Field(
        None, description="column that says which patients are for training, and which are held out"
    )

    @property
    def own(self) -> frozenset[str]:
        """Columns that say of a row whose it is: of ids, centre, split."""
        centre = self.centre.column if isinstance(self.centre, CentreColumn) else self.id
        return frozenset({self.id, centre, self.split.column if self.split else self.id})


class ClinicalTable(TableSource):
    """A table of clinical variables: one row per patient."""

    block: Literal["clinical"] = Field(description="a table of clinical variables, one row per patient")
    as_of: date | None = Field(None, description="no date in the table is later; without it, today in UTC")
    start: str | None = Field(None, description="column of the first date where columns name `end` alone")
    date_format: str | None = Field(None, description="how dates are written where columns do not say it")
    columns: dict[
        Word, Annotated[ColumnSource, BeforeValidator(_column_source, json_schema_input_type=str | ColumnSource)]
    ] = Field(description="variable → column of the table, by name or with its coding")

    @model_validator(mode="before")
    @classmethod
    def share_dates(cls, given: Any) -> Any:
        """Columns of dates take `start` and `date_format` of the table where they say none of their own."""
        if not isinstance(given, dict) or not isinstance(given.get("columns"), dict):
            return given
        shared = {key: given[key] for key in ("start", "date_format") if given.get(key) is not None}
        columns = {
            word: {**shared, **column}
            if isinstance(column, dict) and "end" in column and "from" not in column
            else column
            for word, column in given["columns"].items()
        }
        return {**given, "columns": columns}

    @model_validator(mode="after")
    def check_id(self) -> ClinicalTable:
        used = [word for word, source in self.columns.items() if self.id in (source.source, source.start, source.end)]
        if used:
            raise ValueError(f'the id column is no source of "{used[0]}"')
        return self
