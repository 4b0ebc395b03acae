"""IdForm: how patient ids that sites write differently become one, as the catalog declares it. Nothing is guessed."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from features.core.frozen import Frozen
from features.core.pseudonym import canonical_id


class IdForm(Frozen):
    """What is done to an id besides cutting blanks and composing letters (NFC), in the order of these keys.

    `prefix` is declared for a whole cohort, its images and tables; `id_form: prefix` is short for it alone.
    """

    drop_decimal: bool = Field(False, description='1. "7.0", as Excel writes the number 7, becomes "7"')
    pattern: str | None = Field(
        None, description="2. regular expression for the whole id with one group, which is kept"
    )
    upper: bool = Field(False, description="3. small letters become capitals")
    strip_zeros: bool = Field(False, description="4. zeros in front are cut")
    pad: int = Field(0, ge=0, le=64, description="5. zeros are put in front up to this number of letters")
    prefix: Annotated[bool | str, WithJsonSchema({"type": "boolean"})] = Field(
        False,
        description="6. the centre and a hyphen are put in front, so that equal ids of two centres are two patients",
    )

    @model_validator(mode="before")
    @classmethod
    def read_short(cls, value: Any) -> Any:
        if value == "prefix":
            return {"prefix": True}
        if isinstance(value, dict) and isinstance(value.get("prefix"), str):  # a centre's name is put in by `at` alone
            raise ValueError("prefix is true or false: the name of each centre goes in front of its ids")
        return value

    @field_validator("pattern")
    @classmethod
    def check_pattern(cls, pattern: str | None) -> str | None:
        try:
            groups = 1 if pattern is None else re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"is not a regular expression ({error})") from None
        if groups != 1:
            raise ValueError(f"the pattern needs one group, the part of the id that is kept; it has {groups}")
        return pattern

    def at(self, centre: str) -> IdForm:
        """The form of the ids of one centre: what goes in front is known."""
        return self.model_copy(update={"prefix": f"{centre}-"}) if self.prefix is True else self

    def within(self, cohort: IdForm) -> IdForm:
        """The form of a table of its own, with what the form of its cohort puts in front of all ids."""
        return self.model_copy(update={"prefix": cohort.prefix})


# `id_form: prefix` is short for a cohort's; `read_short` reads it, and a schema has to say so.
CohortIdForm = Annotated[
    IdForm, BeforeValidator(lambda value: value, json_schema_input_type=IdForm | Literal["prefix"])
]


def normalise_id(patient: str, form: IdForm) -> str:
    """The canonical id of a patient in a declared form, or "" if there is none or the form's pattern does not fit.

    >>> normalise_id(" p-0017 ", IdForm(pattern="p-(.+)", strip_zeros=True, pad=3))
    '017'
    """
    found = canonical_id(patient)
    if form.drop_decimal:
        found = re.sub(r"(?<=\d)\.0+$", "", found)
    if form.pattern is not None:
        match = re.fullmatch(form.pattern, found)
        found = canonical_id(match[1] or "") if match else ""
    if form.upper:
        found = canonical_id(found.upper())
    if form.strip_zeros and found:
        found = found.lstrip("0") or "0"
    if form.prefix is True:
        raise AssertionError("the centre of an id is not known")
    return f"{form.prefix or ''}{found.rjust(form.pad, '0')}" if found else ""
