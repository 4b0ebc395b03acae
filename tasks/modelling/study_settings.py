"""StudySettings: what every kind of study says, whether it predicts or not, and what flows ask of any of them."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny

from features.core.case import Segmentation
from features.core.catalog.catalog import Word
from features.core.frozen import Frozen
from features.core.kinds.delta import DELTAS, Delta
from features.core.kinds.registry import Kind
from features.fusion.lesions import Lesions
from features.fusion.repeated import RowsOf
from features.fusion.stable import Stable

NAME_OR_FILE = re.compile(r"[a-z][a-z0-9_/]*|.*\.ya?ml")


def _name_or_file(given: str) -> str:
    if not NAME_OR_FILE.fullmatch(given):
        raise ValueError("give the name of a recipe, or a file that ends in .yaml")
    return given


class StudySettings(Frozen):
    """Cohorts × recipes, and how their rows are made: the part that a study has whatever it asks of them."""

    name: Word = Field(description="short name; without it, the name of the file")
    title: str = Field("", description="title of the report")
    description: str = Field("", description="what is asked, for readers")
    catalog: str = Field("", description="path of the catalog that declares the cohorts, as seen from the study's file")
    cohorts: tuple[Word, ...] = Field(min_length=1, description="cohorts of the catalog")
    recipes: tuple[Annotated[str, AfterValidator(_name_or_file)], ...] = Field(
        (), description="recipes whose features are used: names, or files as seen from the file of the study"
    )
    lesions: Lesions = Field("each", description="what becomes of several lesions: each, largest, sum or mean")
    deltas: tuple[Annotated[SerializeAsAny[Delta], BeforeValidator(DELTAS.parse)], ...] = Field(
        (), description="how features go from visit to visit: the block delta"
    )
    visits: RowsOf = Field("one", description="one: a row per patient; each: a row for each visit")
    segmentation: tuple[Segmentation, ...] = Field(
        (),
        description="how the ROIs of a case may have been made: given, manual, semiautomatic, automatic, none; cases with others "
        "leave. Without it all are taken, and the flow of cases tells how they were made",
    )
    stable: Stable | None = Field(None, description="lowest stability of the handcrafted features that are used")

    @property
    def all_cohorts(self) -> tuple[str, ...]:
        """The cohorts that it reads."""
        return self.cohorts

    @property
    @abstractmethod
    def used_blocks(self) -> frozenset[str]:
        """The blocks that it names."""

    @property
    @abstractmethod
    def time_point(self) -> str:
        """The time point of its rows; what is known later is left out."""

    @property
    @abstractmethod
    def endpoints(self) -> tuple[str, ...]:
        """Words that are, or may be, endpoints of the catalog."""

    @abstractmethod
    def kinds(self) -> Sequence[Kind]:
        """The kinds whose code decides its results, besides those of endpoints."""

    @abstractmethod
    def digest(self) -> str:
        """Address of the settings: all but the name, the title, the description and the place of the catalog."""


def twice_named(what: str, words: Sequence[str]) -> None:
    """Raises ValueError if a word stands twice in a list."""
    if twice := sorted({word for word in words if words.count(word) > 1}):
        raise ValueError(f'the {what} "{twice[0]}" stands twice')
