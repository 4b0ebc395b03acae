"""SignatureSource: which study gives a signature, as a study that uses it declares it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from features.core.catalog.catalog import Word
from features.core.frozen import Frozen

_NAME_OR_FILE = re.compile(r"[a-z][a-z0-9_]*|.*\.ya?ml")


def _name_or_file(given: str) -> str:
    if not _NAME_OR_FILE.fullmatch(given):
        raise ValueError("give the name of a study, or a file that ends in .yaml")
    return given


class SignatureSource(Frozen):
    """A candidate of another study, fitted on all of that study's cohorts. It is only applied where it is used."""

    study: Annotated[str, AfterValidator(_name_or_file)] = Field(
        description="the study that it is fitted by: a name, or a file as seen from the file of the study that uses it"
    )
    blocks: Word | None = Field(None, description="which of its sets of blocks; null: the only one")
    model: Word | None = Field(None, description="which of its candidates, by name; null: the only one")
    at: Word | None = Field(
        None,
        description="time point of the cohorts where it is used at which its columns are read; null: predict_at of its study",
    )
