"""The catalog: facts about data. Which cohorts there are, where their files lie, what their tables hold, what can be predicted.

No method parameters live here: those are the recipes' and the studies'.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from posixpath import normpath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, SerializeAsAny, Tag, model_validator

from features.core.catalog.derived import derived_faults, derived_variables
from features.core.catalog.drawn_on import drawn_on_faults
from features.core.catalog.genomic_source import AnyGenomicTable, named_form
from features.core.catalog.genomic_source import GenomicTable as GenomicTable
from features.core.catalog.id_form import CohortIdForm, IdForm
from features.core.catalog.image_source import DicomSource, FileSource, ImageSource
from features.core.catalog.outcome_name import outcome_word
from features.core.catalog.outcome_source import HINT, LEAK_HINT, is_same_path, misread_outcomes
from features.core.catalog.ready_table import ReadyTable as ReadyTable
from features.core.catalog.row_columns import CentreColumn
from features.core.catalog.source_faults import code_faults, keyword_faults, pacs_faults
from features.core.catalog.table_source import ClinicalTable as ClinicalTable
from features.core.catalog.table_source import ColumnSource as ColumnSource
from features.core.catalog.table_source import Name as Name
from features.core.catalog.table_source import TableSource as TableSource
from features.core.catalog.table_source import Variable as Variable
from features.core.catalog.table_source import Word as Word
from features.core.catalog.text_labels import TextLabels, labelled_faults, labelled_variables
from features.core.catalog.visit_faults import date_faults, visit_faults, within_faults
from features.core.catalog.visits import (
    BASELINE,
    Numbered,
    PlannedDay,
    VisitTables,
    known_from,
    plan_of,
    with_codes,
)
from features.core.errors import ConfigError, DataError, Fault, RadweaveError, did_you_mean, hint_sentence
from features.core.file_kinds import check_file_kind
from features.core.frozen import Frozen
from features.core.kinds.derivation import DERIVATIONS, Derivation
from features.core.kinds.endpoint import ENDPOINTS, Endpoint
from features.core.yaml import Document, Loc


def _block(table: Any) -> str:
    """Which form of table is meant: every word that radweave has no block of its own for is that of a ready-made table."""
    block = table.get("block") if isinstance(table, dict) else getattr(table, "block", None)
    return block if block in ("clinical", "genomic") else "ReadyTable"


Table = Annotated[
    Annotated[
        Annotated[ClinicalTable, Tag("clinical")]
        | Annotated[AnyGenomicTable, Tag("genomic")]
        | Annotated[ReadyTable, Tag("ReadyTable")],
        Discriminator(_block),
    ],
    BeforeValidator(named_form),
]


class Centre(Frozen):
    """One contributing institution."""

    title: str = Field("", description="name of the institution for readers")


class Cohort(Frozen):
    """A declared source of cases: its centres, licence, files, tables and endpoints."""

    title: str = Field(description="name of the cohort for readers")
    licence: str = Field(description="under which terms the data may be used")
    root: str = Field(
        description="folder of its files, as seen from the catalog; may hold `${VARIABLE}`, an environment variable"
    )
    source: str = Field("", description="where the data come from: a link or a citation")
    id_form: CohortIdForm = Field(
        IdForm(), description="what is done to patient ids of images and tables before they are compared"
    )
    timepoints: Annotated[dict[Word, PlannedDay], Field(min_length=1)] = Field(
        {"baseline": 0},
        description="time points, each with its planned day; the first is meant where files name none. Numbered ones share a "
        "word: week: {to: 7, every: 7} is week1 to week7",
    )
    centres: dict[Name, Centre] = Field(min_length=1, description="the institutions, by short names")
    images: tuple[ImageSource, ...] = Field(
        (),
        description="where the images and masks are, one entry per centre and form of files; none if all is in tables",
    )
    variables: dict[Word, Variable] = Field({}, description="columns of the clinical block, the same for all centres")
    tables: tuple[Table, ...] = Field(
        (), description="clinical, genomic and ready-made tables, and how each is written"
    )
    visits: VisitTables = Field((), description="tables that tell the patient's own day of each time point")
    derived: dict[Word, Annotated[SerializeAsAny[Derivation], BeforeValidator(DERIVATIONS.parse)]] = Field(
        {}, description="outcomes made of variables, such as a survival of days, or a response of diameters"
    )
    labelled: dict[Word, TextLabels] = Field(
        {}, description="outcomes that a text model reads out of reports where nobody labelled by hand"
    )
    endpoints: dict[Word, Annotated[SerializeAsAny[Endpoint], BeforeValidator(ENDPOINTS.parse)]] = Field(
        {}, description="what studies may predict"
    )
    _declared: dict[str, Variable] = PrivateAttr({})
    _unplanned: frozenset[str] = PrivateAttr(frozenset())

    @model_validator(mode="after")
    def add_numbered(self) -> Cohort:
        """From here on, numbered time points are words as others are, and codes with a `#` are spelt out.

        Where no time point is the baseline, the first one is when all is known that does not say otherwise.
        """
        numbered = {word: day for word, day in self.timepoints.items() if isinstance(day, Numbered)}
        if numbered:
            self.__dict__["timepoints"], self._unplanned = plan_of(self.timepoints)
            for name in ("images", "tables", "visits"):
                self.__dict__[name] = tuple(with_codes(one, numbered) for one in getattr(self, name))
        if BASELINE not in self.timepoints:
            first = next(iter(self.timepoints))
            self.__dict__["variables"] = {word: known_from(one, first) for word, one in self.variables.items()}
            self.__dict__["tables"] = tuple(known_from(one, first) for one in self.tables)
        return self

    @model_validator(mode="after")
    def add_derived(self) -> Cohort:
        """From here on, derived outcomes and those labelled from texts are variables as others are."""
        self._declared = self.variables
        first = next(iter(self.timepoints), "")
        given = derived_variables(self.variables, self.derived, first).values()
        known = {**{w: v for one in given for w, v in one.items()}, **self.variables}
        self.__dict__["variables"] = {**labelled_variables(self.labelled, known, first), **known}
        return self

    @cached_property
    def sources(self) -> tuple[DicomSource | FileSource, ...]:
        """The image sources, one for each image and ROI that `images` declares, in their order."""
        return tuple(one for source in self.images for one in source.each())

    @property
    def every_source(self) -> tuple[DicomSource | FileSource, ...]:
        """`sources`, and those of `otherwise`, for images whose masks are missing."""
        return (*self.sources, *(one for source in self.images for one in source.each_instead()))

    @property
    def declared(self) -> dict[str, Variable]:
        """The variables that tables give; `variables` has the derived outcomes, too."""
        return self._declared

    @property
    def planned(self) -> dict[str, int]:
        """Time point → planned day, of those that have one; in `timepoints` the others have numbers that only order them."""
        return {word: day for word, day in self.timepoints.items() if word not in self._unplanned}

    @property
    def has_own_days(self) -> bool:
        """Whether a table, or dates of images, tell days of patients."""
        return bool(self.visits) or any(image.timepoint and image.timepoint.date for image in self.images)

    @property
    def has_pacs(self) -> bool:
        """Whether images are retrieved from a PACS."""
        return any(isinstance(image, DicomSource) and image.pacs for image in self.images)


class Catalog(Frozen):
    """All cohorts, and the folder that relative roots start from."""

    version: Literal[1] = Field(description="form of this file")
    cohorts: dict[Word, Cohort] = Field(min_length=1, description="the cohorts, by short names")
    folder: Path = Field(exclude=True, description="folder that relative roots start from")

    def cohort(self, name: str) -> Cohort:
        """A cohort by name. Raises RadweaveError with the nearest name."""
        if name not in self.cohorts:
            hint = hint_sentence(name, self.cohorts)
            raise RadweaveError(
                f'there is no cohort "{name}"; the catalog has {", ".join(self.cohorts)}. {hint}'.strip()
            )
        return self.cohorts[name]

    def root(self, name: str) -> Path:
        """The folder of a cohort's files. Raises RadweaveError if an environment variable is not set or it is absent."""
        raw = self.cohort(name).root
        unset = [variable for variable in re.findall(r"\${(\w+)}", raw) if not os.environ.get(variable)]
        if unset:
            raise RadweaveError(f'cohort "{name}": set the environment variable {unset[0]} to the folder of its files')
        path = self.folder / re.sub(r"\${(\w+)}", lambda match: os.environ[match[1]], raw)
        if not path.is_dir():
            raise DataError(f'cohort "{name}": there is no folder {path}')
        return path.resolve()


def load_catalog(path: Path) -> Catalog:
    """The catalog of a YAML file, checked as a whole. Raises ConfigError with every fault, its line and the allowed words."""
    if not path.exists():
        hint = "name it by --catalog or RADWEAVE_CATALOG"
        raise ConfigError([Fault(str(path), "there is no such file", hint=hint)])
    document = Document.load(path)
    if not isinstance(document.data, dict):
        raise ConfigError([Fault(str(path), "is not a catalog", allowed="a mapping with the keys version and cohorts")])
    check_file_kind(document, "catalog")
    document.data["folder"] = path.resolve().parent
    catalog = document.parse(Catalog)
    faults = [fault for name, cohort in catalog.cohorts.items() for fault in _cross_faults(document, name, cohort)]
    if faults:
        raise ConfigError(faults)
    return catalog


def _cross_faults(document: Document, name: str, cohort: Cohort) -> list[Fault]:
    """Faults between the parts of one cohort: words used in one place and declared in another."""
    faults: list[Fault] = []

    def known(loc: Loc, what: str, word: str, words: Any) -> None:
        if word not in words:
            place = document.where(("cohorts", name, *loc))
            faults.append(Fault(place, f"unknown {what}", f'"{word}"', ", ".join(words), did_you_mean(word, words)))

    if not cohort.images and not cohort.tables:
        faults.append(Fault(document.where(("cohorts", name)), "the cohort has neither images nor tables"))
    faults += _one_image_faults(document, name, cohort)
    faults += _image_word_faults(document, name, cohort)
    faults += drawn_on_faults(document, name, cohort.images)
    for i, image in enumerate(cohort.images):
        for centre in image.centres or (image.centre,):
            known(("images", i, "centres" if image.centres else "centre"), "centre", centre, cohort.centres)
        for code, timepoint in image.timepoint.codes.items() if image.timepoint else ():
            known(("images", i, "timepoint", "codes", code), "time point", timepoint, cohort.timepoints)
        loc: Loc = ("cohorts", name, "images", i, "timepoint")
        faults += date_faults(document, loc, image.timepoint, cohort.timepoints, cohort.planned)
        if isinstance(image, DicomSource):
            if image.pacs:
                faults += pacs_faults(document, ("cohorts", name, "images", i, "pacs"), image.pacs)
            faults += keyword_faults(document, ("cohorts", name, "images", i), image)
    faults += within_faults(document, ("cohorts", name, "images"), [image.timepoint for image in cohort.images])
    if "split" in cohort.variables and any(table.split for table in cohort.tables):
        what = "a variable has the name of the column of the given split"
        faults.append(Fault(document.where(("cohorts", name, "variables", "split")), what, hint="choose another name"))
    for word, variable in cohort.variables.items():
        known(("variables", word, "known_at"), "time point", variable.known_at, cohort.timepoints)
    for i, table in enumerate(cohort.tables):
        if table.id_form is not None and table.id_form.prefix:
            where = document.where(("cohorts", name, "tables", i, "id_form"))
            faults.append(Fault(where, "prefix is declared for a cohort, not for one of its tables"))
        if isinstance(table.centre, CentreColumn):
            for code, centre in table.centre.codes.items():
                known(("tables", i, "centre", "codes", code), "centre", centre, cohort.centres)
            if cohort.id_form.prefix and isinstance(table, GenomicTable):
                what = "ids that begin with the centre need a table for each centre; a genomic one has no column of centres"
                faults.append(Fault(document.where(("cohorts", name, "tables", i, "centre")), what))
        elif table.centre is not None:
            known(("tables", i, "centre"), "centre", table.centre, cohort.centres)
        elif len(cohort.centres) > 1 and (cohort.id_form.prefix or not any(one.centre for one in cohort.tables)):
            where = document.where(("cohorts", name, "tables", i))
            hint = "the centre, or its column: {column: NAME}"
            faults.append(Fault(where, "the table does not name its centre", "", ", ".join(cohort.centres), hint))
        if isinstance(table, ReadyTable):
            known(("tables", i, "known_at"), "time point", table.known_at, cohort.timepoints)
            for code, timepoint in table.timepoint.codes.items() if table.timepoint else ():
                known(("tables", i, "timepoint", "codes", code), "time point", timepoint, cohort.timepoints)
            continue
        if isinstance(table, GenomicTable):
            known(("tables", i, "known_at"), "time point", table.known_at, cohort.timepoints)
            for pattern, when in table.known_at_columns.items():
                known(("tables", i, "known_at_columns", pattern), "time point", when, cohort.timepoints)
            continue
        for word, source in table.columns.items():
            loc = ("tables", i, "columns", word)
            known(loc, "variable", word, cohort.declared)
            if word in cohort.declared:
                faults += code_faults(document, ("cohorts", name, *loc), source, cohort.declared[word])
    asked = cohort.visits, cohort.timepoints, cohort.centres
    own = ("cohorts", name, "visits")
    faults += visit_faults(document, own, *asked, centre_in_ids=bool(cohort.id_form.prefix))
    faults += _leak_faults(document, name, cohort)
    faults += _ready_leak_faults(document, name, cohort)
    for fault in derived_faults(cohort.declared, cohort.derived, cohort.timepoints):
        faults.append(replace(fault, where=document.where(("cohorts", name, "derived", *fault.where.split(".")))))
    own_words = labelled_variables(cohort.labelled, cohort.variables, "")
    others = {word: one for word, one in cohort.variables.items() if word in cohort.declared or word not in own_words}
    for fault in labelled_faults(cohort.labelled, others, cohort.tables):
        faults.append(replace(fault, where=document.where(("cohorts", name, "labelled", *fault.where.split(".")))))
    for word, endpoint in cohort.endpoints.items():
        faults += _endpoint_faults(document, ("cohorts", name), word, endpoint, cohort)
    return faults


def _endpoint_faults(document: Document, loc: Loc, word: str, endpoint: Endpoint, cohort: Cohort) -> Iterator[Fault]:
    """What an endpoint needs and the outcomes of the cohort do not give."""
    unknown = False
    for need in endpoint.needs():
        declared = [w for w, v in cohort.variables.items() if v.type == need.type and v.role == "outcome"]
        if need.variable not in declared:
            where, allowed = document.where((*loc, "endpoints", word, need.key)), ", ".join(declared)
            other = cohort.variables.get(need.variable)
            hint = did_you_mean(need.variable, declared)
            if other is not None:
                hint = f"it is {'an outcome' if other.role == 'outcome' else 'a predictor'} of type {other.type}"
            yield Fault(where, f"unknown outcome of type {need.type}", f'"{need.variable}"', allowed, hint)
            unknown = True
        elif need.unit and cohort.variables[need.variable].unit != need.unit:
            where, found = document.where((*loc, "variables", need.variable)), cohort.variables[need.variable].unit
            yield Fault(where, f"a survival time is not in {need.unit}", f'"{found}"', need.unit)
    if not unknown:
        levels = {column: cohort.variables[column].levels for column in endpoint.columns}
        for key, level, allowed_levels in endpoint.unknown_levels(levels):
            where, hint = document.where((*loc, "endpoints", word, key)), did_you_mean(level, allowed_levels)
            yield Fault(where, "unknown level", f'"{level}"', ", ".join(allowed_levels), hint)


def _one_image_faults(document: Document, name: str, cohort: Cohort) -> Iterator[Fault]:
    """Sources that give the same images a second mask out of the same label maps, and no lesion or ROI of its own."""
    seen: dict[tuple[str, ...], list[tuple[int, frozenset[str]]]] = {}
    for i, declared in enumerate(cohort.images):
        for source in declared.each() if isinstance(declared, FileSource) and declared.mask_path else ():
            lesions: frozenset[str] = getattr(source.mask, "lesion_names", frozenset())
            place = (source.image_name, source.roi_name, *map(normpath, source.templates))
            for first, others in seen.setdefault(place, []):
                if not lesions or not others or lesions & others:
                    where = document.where(("cohorts", name, "images", i, "mask"))
                    what = f"images.{first} gives the same images a mask of the same label maps, and an image has one of a ROI"
                    hint = (
                        "for several ROIs give the mask of one source rois: {WORD: 1, WORD: 2}; for a case of each lesion "
                        "lesions: by_label, or lesions: {1: NAME, 2: NAME}"
                    )
                    yield Fault(where, what, hint=hint)
                    break
            seen[place].append((i, lesions))


def _image_word_faults(document: Document, name: str, cohort: Cohort) -> Iterator[Fault]:
    """Words of images that mean two things."""
    kinds: dict[str, tuple[str, str]] = {}
    for i, declared in enumerate(cohort.images):
        loc: Loc = ("cohorts", name, "images", i)
        for source in {one.image_name: one for one in declared.each()}.values():
            word, kind = source.image_name, (source.modality, source.unit)
            first = kinds.setdefault(word.lower(), kind)
            if first[0] != kind[0] or (first != kind and word != source.modality):
                found, allowed = f"{kind[0]} in {kind[1]}", f"{first[0]} in {first[1]}"
                hint = "give it a word of its own"
                yield Fault(
                    document.where((*loc, "image")), f'the image "{word}" is declared twice', found, allowed, hint
                )


def _leak_faults(document: Document, name: str, cohort: Cohort) -> Iterator[Fault]:
    """Predictors that are the column of an outcome, or whose own name, or that of a column behind them, is that of one."""
    misread = list(misread_outcomes(cohort.tables, cohort.variables, is_same_path))
    for one in misread:
        table = cohort.tables[one.table]
        key = ("columns", one.word) if one.word else ("columns" if isinstance(table, ReadyTable) else "genes",)
        where = document.where(("cohorts", name, "tables", one.table, *key))
        yield Fault(where, one.what, table.path, hint=HINT)
    refused = {one.word for one in misread}
    hint = "declare role: outcome, or leak_checked: true if it is known at the prediction time"
    for word, variable in cohort.variables.items():
        if variable.role != "predictor" or variable.leak_checked or word in refused:
            continue
        places: dict[Loc, list[str]] = {("variables", word): [word]}
        for i, table in enumerate(cohort.tables):
            source = table.columns.get(word) if isinstance(table, ClinicalTable) else None
            if source:
                places["tables", i, "columns", word] = [n for n in (source.source, source.start, source.end) if n]
        for loc, names in places.items():
            looks = [f'"{n}" ({found})' for n in names if (found := outcome_word(n))]
            if looks:
                where = document.where(("cohorts", name, *loc))
                yield Fault(where, f'the predictor "{word}" looks like an outcome', ", ".join(looks), hint=hint)


def _ready_leak_faults(document: Document, name: str, cohort: Cohort) -> Iterator[Fault]:
    """Ready-made columns that are named in the catalog and named as outcomes are; those of patterns are found by the reader."""
    told = {(one.table, one.column) for one in misread_outcomes(cohort.tables, cohort.variables, is_same_path)}
    for i, table in enumerate(cohort.tables):
        if not isinstance(table, ReadyTable):
            continue
        for column in table.named:
            if (i, column) not in told and column not in table.leak_checked and (found := outcome_word(column)):
                where = document.where(("cohorts", name, "tables", i, "columns"))
                yield Fault(where, f'the column "{column}" looks like an outcome', found, hint=LEAK_HINT)
