"""Table sources: where the catalog's tables lie, how they are written, and what their columns mean."""

from __future__ import annotations

import codecs
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from features.core.catalog.id_form import IdForm
from features.core.frozen import Frozen

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Cell = Annotated[str, StringConstraints(strip_whitespace=True)]


class Variable(Frozen):
    """A column of the clinical block as analysts see it: one type, one unit, one coding for all centres.

    analyte: what a laboratory measured; mass and molar units convert with it. zero: what a survival time of 0 days
    means: a fault of the row, or half a day. known_at: the time point at which the value is known; studies refuse
    predictors known after their prediction time. leak_checked: a person has made sure that a predictor that looks like
    an outcome is none.
    """

    type: Literal["number", "category", "ordinal", "flag"]
    description: str
    role: Literal["predictor", "outcome"] = "predictor"
    unit: str = ""
    analyte: str = ""
    levels: tuple[str, ...] = ()
    allowed: tuple[float, float] | None = None
    zero: Literal["reject", "half_day"] = "reject"
    known_at: str = "baseline"
    leak_checked: bool = False

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

    `from` one column, or `start` and `end` two date columns whose difference in days is meant. missing: codes of this
    column that mean missing, beside those of the table.
    """

    source: str | None = Field(None, alias="from")
    start: str | None = None
    end: str | None = None
    unit: str = ""
    codes: dict[str, str | bool] = {}
    missing: tuple[Cell, ...] = ()
    date_format: str | None = None

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


class TextSource(Frozen):
    """How a table file is written: CSV, or Excel by its suffix. comment: lines above the header that begin with it."""

    path: str
    id: str
    id_form: IdForm | None = None
    sheet: str | None = None
    separator: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8-sig"
    comment: str = ""
    missing: tuple[Cell, ...] = ("", "NA")

    @field_validator("encoding")
    @classmethod
    def check_encoding(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError("is no known encoding; for example utf-8, latin-1, cp1252, utf-16") from None
        return encoding


class TableSource(TextSource):
    """What all tables of the catalog share. The codes of `missing` never apply to the id column.

    id_form: stands in for the cohort's.
    """

    centre: Name | None = None


class ClinicalTable(TableSource):
    """A table of clinical variables: one row per patient. as_of: no date is later; left out, today in UTC."""

    block: Literal["clinical"]
    as_of: date | None = None
    columns: dict[
        Word, Annotated[ColumnSource, BeforeValidator(_column_source, json_schema_input_type=str | ColumnSource)]
    ]

    @model_validator(mode="after")
    def check_id(self) -> ClinicalTable:
        used = [word for word, source in self.columns.items() if self.id in (source.source, source.start, source.end)]
        if used:
            raise ValueError(f'the id column is no source of "{used[0]}"')
        return self
