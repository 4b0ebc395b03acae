"""Ready-made tables: features, measurements or reports from elsewhere, one row per patient, time point or lesion.

They make a block of their own under a word of the catalog; several tables may feed one block.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from features.core.catalog.row_columns import Timepoints
from features.core.catalog.table_source import TableSource
from features.core.errors import did_you_mean
from features.core.kinds.extractor import EXTRACTORS
from features.core.kinds.writer import WRITERS

BUILT_IN = (
    "clinical",
    "genomic",
    "radiomics",
    "deep",
    "region",
    "delta",
    "images",
)  # blocks with a meaning of their own
ROW_FACTS = ("case", "patient", "cohort", "centre", "timepoint", "lesion", "split")  # columns of every block
# Other tables of the mart, and what the names of columns begin with.
_TAKEN = (
    *(
        "scans",
        "dictionary",
        "quarantine",
        "warnings",
        "stability",
        "missing",
        "unmatched",
        "visits",
        "accounts",
        "cases",
        "regions",
        "samples",
    ),
    *(
        "scores",
        "predictions",
        "probabilities",
        "selected",
        "shares",
        "singles",
        "centre_told",
        "worth",
        "comparisons",
        "claims",
        "controls",
        "risk_groups",
        "horizon_scores",
        "signature_scores",
        "incidences",
        "copies",
        "label_noise",
        "fits",
        "associations",
        "associations_by_centre",
    ),
)
_SIGNS = frozenset("*?[")
BlockWord = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]


class ReadyTable(TableSource):
    """A table of ready-made features."""

    block: BlockWord = Field(
        description="the block that its columns make, by a word of your own, such as radiomics_ct or proteins",
        json_schema_extra={"not": {"enum": list(BUILT_IN)}},
    )
    timepoint: Timepoints | None = Field(None, description="column of the time point; without it, see known_at")
    known_at: str = Field(
        "baseline", description="time point at which all is known, where there is no timepoint column"
    )
    lesion: str | None = Field(None, description="column of the lesion, where a patient has several rows")
    columns: tuple[str, ...] = Field(
        ("*",),
        min_length=1,
        description="names or shell patterns of the columns that are read; `*`: all that neither another key nor a "
        "clinical table of the same file names",
    )
    exclude: tuple[str, ...] = Field((), description="names or shell patterns of columns that are not read")
    prefix: str = Field("", max_length=40, description="put in front of the names of the columns")
    type: Literal["number", "text"] = Field("number", description="numbers, or texts such as reports")
    shared: bool = Field(
        False, description="true: texts are written to the mart, where everyone who reads it sees them"
    )
    categories: dict[str, tuple[str, ...]] = Field(
        {}, description="column that holds codes instead of numbers → its levels"
    )
    unit: str = Field("", description="unit of all columns, where they have one and the same")
    description: str = Field("", description="what the columns are, for readers")
    written_by: str = Field("", description="tool that wrote the table; without it, recognised by the names of columns")
    leak_checked: tuple[str, ...] = Field((), description="columns that a person has checked for leaks")

    @field_validator("block")
    @classmethod
    def check_block(cls, block: str) -> str:
        taken = (*BUILT_IN, *_TAKEN, *EXTRACTORS.names)
        if block in taken:
            raise ValueError("is a word of radweave's own; choose another one for the block of a ready-made table")
        return block

    @field_validator("written_by")
    @classmethod
    def check_writer(cls, writer: str) -> str:
        return WRITERS.parse(writer).kind if writer else ""

    @model_validator(mode="before")
    @classmethod
    def check_form(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        other = "clinical" if isinstance(given.get("columns"), dict) else ""
        other = "genomic" if {"form", "genes", "known_at_columns", "pathways", "panel_mb"} & given.keys() else other
        if other:
            hint = did_you_mean(given.get("block"), BUILT_IN)
            what = f'"{given.get("block")}" is a block of ready-made features; the keys of this table are of the block {other}'
            raise ValueError(f"{what}; {hint}" if hint else what)
        return given

    @model_validator(mode="after")
    def check_columns(self) -> ReadyTable:
        if self.shared and self.type != "text":
            raise ValueError("shared belongs to the type text")
        if self.categories and self.type != "number":
            raise ValueError("categories belong to the type number")
        empty = next(
            (name for name, levels in self.categories.items() if len({*levels}) < len(levels) or not levels), ""
        )
        if empty:
            raise ValueError(f'the levels of the category "{empty}" are none, or one stands twice')
        named = [name for name in self.named if name in self.own]
        if named:
            raise ValueError(f'the column "{named[0]}" cannot be both a feature and what another key names')
        return self

    @property
    def own(self) -> frozenset[str]:
        """Columns that other keys name: ids, time point, lesion, centre, split."""
        timepoint = self.timepoint.column if self.timepoint else self.id
        return super().own | {timepoint, self.id if self.lesion is None else self.lesion}

    @property
    def named(self) -> tuple[str, ...]:
        """Columns that are named, not matched by a pattern."""
        return (*(one for one in self.columns if not _SIGNS & {*one}), *self.categories)

    def takes(self, column: str, others: Iterable[str] = ()) -> bool:
        """Whether a column is read as a feature. others: columns that clinical tables of the same file name."""
        if column in self.named:
            return True
        if column in self.own or column in others or any(fnmatchcase(column, one) for one in self.exclude):
            return False
        return any(fnmatchcase(column, one) for one in self.columns)
