"""The catalog: facts about data. Which cohorts there are, where their files lie, what their tables hold, what can be predicted.

No method parameters live here: those are the recipes' and the studies'.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import normpath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from features.core.case import Modality, ReadRule, Unit
from features.core.catalog.genomic_source import AnyGenomicTable, named_form
from features.core.catalog.genomic_source import GenomicTable as GenomicTable
from features.core.catalog.id_form import CohortIdForm, IdForm
from features.core.catalog.outcome_name import outcome_word
from features.core.catalog.outcome_source import HINT, is_same_path, misread_outcomes
from features.core.catalog.pacs_source import PacsSource, url_fault
from features.core.catalog.table_source import ClinicalTable as ClinicalTable
from features.core.catalog.table_source import ColumnSource as ColumnSource
from features.core.catalog.table_source import Name as Name
from features.core.catalog.table_source import TableSource as TableSource
from features.core.catalog.table_source import Variable as Variable
from features.core.catalog.table_source import Word as Word
from features.core.dicom_keywords import dicom_keywords
from features.core.errors import ConfigError, DataError, Fault, RadweaveError, did_you_mean, hint_sentence
from features.core.frozen import Frozen
from features.core.kinds.endpoint import BinaryEndpoint, Endpoint
from features.core.yaml import Document, Loc

FileFormat = Literal["nifti", "nrrd", "mha"]
Lesion = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=40)]


class TimepointTag(Frozen):
    """Which DICOM attribute (by keyword) tells the time point, and which value means which."""

    tag: str
    codes: dict[str, str]


class RtstructMask(Frozen):
    """Contours in an RTSTRUCT that references the image series; `roi` is a regular expression for its ROI name.

    several: where several ROIs match, refuse the case, or take their union or the largest.
    absent: where none matches, refuse the case, or ignore it.
    """

    format: Literal["rtstruct"]
    roi: str
    several: Literal["reject", "union", "largest"] = "reject"
    absent: Literal["reject", "ignore"] = "reject"


class SegMask(Frozen):
    """A DICOM SEG that references the image series; `roi` is a regular expression for its segment label.

    several, absent: as for contours. threshold: share of a voxel from which on a fractional segmentation counts.
    grid: its frames must be on the image's grid, or are brought there by nearest neighbour.
    """

    format: Literal["seg"]
    roi: str
    several: Literal["reject", "union", "largest"] = "reject"
    absent: Literal["reject", "ignore"] = "reject"
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    grid: Literal["same", "nearest"] = "same"


class FileMask(Frozen):
    """A label map beside the image; `path` has the same placeholders as the image's.

    label: the number of the ROI's voxels. lesions: instead, a case for each lesion: `by_label` takes every number that is
    there as the lesion of that name, a mapping names the numbers that are meant.
    grid: it must be on the image's grid, or is brought there by nearest neighbour.
    """

    format: FileFormat
    path: str
    label: PositiveInt = 1
    lesions: Literal["by_label"] | dict[PositiveInt, Lesion] | None = None
    grid: Literal["same", "nearest"] = "same"

    @property
    def lesion_names(self) -> frozenset[str]:
        """The lesions that are named; none if they are those that are there."""
        return frozenset(self.lesions.values()) if isinstance(self.lesions, dict) else frozenset()

    @model_validator(mode="after")
    def check_lesions(self) -> FileMask:
        if self.lesions is None:
            return self
        if "label" in self.model_fields_set:
            raise ValueError("give either label, for one ROI, or lesions, for a case of each")
        if "{lesion}" in self.path:
            raise ValueError('lesions are told apart either by {lesion} in the path, or by "lesions"')
        if isinstance(self.lesions, dict) and not 0 < len(self.lesion_names) == len(self.lesions):
            raise ValueError("lesions needs a name of its own for each number, for example {1: primary, 2: node}")
        return self


class DicomSource(Frozen):
    """DICOM files anywhere below `path` (relative to the cohort's root), archives included, grouped by series.

    select, ignore: DICOM keyword → regular expression for the whole value, any case; a series is taken if it fits all of
    `select` and none of `ignore`. regrid: resample tilted or unevenly spaced stacks instead of refusing them. pacs: where
    the files are retrieved from before each refresh.
    """

    format: Literal["dicom"]
    centre: Name
    modality: Modality
    unit: Unit
    path: str
    mask: Annotated[RtstructMask | SegMask, Field(discriminator="format")]
    timepoint: TimepointTag | None = None
    select: dict[str, str] = {}
    ignore: dict[str, str] = {}
    regrid: bool = False
    pacs: PacsSource | None = None

    @property
    def rule(self) -> ReadRule:
        """How its files are read."""
        own = {"threshold": self.mask.threshold, "mask_grid": self.mask.grid} if isinstance(self.mask, SegMask) else {}
        return ReadRule(regrid=self.regrid, several=self.mask.several, **own)  # type: ignore[arg-type]


class FileSource(Frozen):
    """One file per image at `path`, a template with {patient} and, where there are several, {timepoint} and {lesion}.

    An archive is a folder of its name without ending. Of a pair of .hdr and .img the template names one.
    volume: which volume of a 4D file, counted from 0.
    """

    format: FileFormat
    centre: Name
    modality: Modality
    unit: Unit
    path: str
    mask: FileMask
    volume: Annotated[int, Field(ge=0)] | None = None

    @property
    def rule(self) -> ReadRule:
        """How its files are read."""
        return ReadRule(volume=self.volume, mask_grid=self.mask.grid)

    @model_validator(mode="after")
    def check_placeholders(self) -> FileSource:
        for path in (self.path, self.mask.path):
            unknown = set(re.findall(r"{(.*?)}", path)) - {"patient", "timepoint", "lesion"}
            if "{patient}" not in path or unknown:
                raise ValueError(f'"{path}" needs {{patient}}; {{timepoint}} and {{lesion}} are allowed beside it')
            if self.mask.lesions and "{lesion}" in path:
                raise ValueError(
                    f'"{path}" has {{lesion}}, and the mask has "lesions": lesions are told apart by one of them'
                )
            if archive := re.search(r"\.(zip|tar|tar\.gz|tgz)(?=/|$)", path, re.IGNORECASE):
                raise ValueError(f'"{path}" names an archive, which stands there as a folder without "{archive[0]}"')
        return self


ImageSource = Annotated[DicomSource | FileSource, Field(discriminator="format")]


Table = Annotated[
    Annotated[ClinicalTable | AnyGenomicTable, Field(discriminator="block")],
    BeforeValidator(named_form),
]


class Centre(Frozen):
    """One contributing institution."""

    title: str = ""


class Cohort(Frozen):
    """A declared source of cases: its centres, licence, files, tables and endpoints.

    id_form: what is done to patient ids of images and tables before they are compared.
    """

    title: str
    licence: str
    root: str
    source: str = ""
    id_form: CohortIdForm = IdForm()
    timepoints: dict[Word, int] = {"baseline": 0}
    centres: dict[Name, Centre] = Field(min_length=1)
    images: tuple[ImageSource, ...] = Field(min_length=1)
    variables: dict[Word, Variable] = {}
    tables: tuple[Table, ...] = ()
    endpoints: dict[Word, Endpoint] = {}

    @property
    def has_pacs(self) -> bool:
        """Whether images are retrieved from a PACS."""
        return any(isinstance(image, DicomSource) and image.pacs for image in self.images)


class Catalog(Frozen):
    """All cohorts, and the folder that relative roots start from."""

    version: Literal[1]
    cohorts: dict[Word, Cohort] = Field(min_length=1)
    folder: Path = Field(exclude=True)

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

    faults += _one_image_faults(document, name, cohort)
    for i, image in enumerate(cohort.images):
        known(("images", i, "centre"), "centre", image.centre, cohort.centres)
        if isinstance(image, DicomSource):
            if image.pacs:
                faults += _pacs_faults(document, ("cohorts", name, "images", i, "pacs"), image.pacs)
            if image.timepoint:
                for code, timepoint in image.timepoint.codes.items():
                    known(("images", i, "timepoint", "codes", code), "time point", timepoint, cohort.timepoints)
            faults += _keyword_faults(document, ("cohorts", name, "images", i), image)
    for word, variable in cohort.variables.items():
        known(("variables", word, "known_at"), "time point", variable.known_at, cohort.timepoints)
    for i, table in enumerate(cohort.tables):
        if table.id_form is not None and table.id_form.prefix:
            where = document.where(("cohorts", name, "tables", i, "id_form"))
            faults.append(Fault(where, "prefix is declared for a cohort, not for one of its tables"))
        if table.centre is not None:
            known(("tables", i, "centre"), "centre", table.centre, cohort.centres)
        elif len(cohort.centres) > 1:
            where = document.where(("cohorts", name, "tables", i))
            faults.append(Fault(where, "the table does not name its centre", allowed=", ".join(cohort.centres)))
        if isinstance(table, GenomicTable):
            known(("tables", i, "known_at"), "time point", table.known_at, cohort.timepoints)
            for pattern, when in table.known_at_columns.items():
                known(("tables", i, "known_at_columns", pattern), "time point", when, cohort.timepoints)
            continue
        for word, source in table.columns.items():
            loc: Loc = ("tables", i, "columns", word)
            known(loc, "variable", word, cohort.variables)
            if word in cohort.variables:
                faults += _code_faults(document, ("cohorts", name, *loc), source, cohort.variables[word])
    faults += _leak_faults(document, name, cohort)
    for word, endpoint in cohort.endpoints.items():
        wanted = {"column": "flag"} if isinstance(endpoint, BinaryEndpoint) else {"time": "number", "event": "flag"}
        for key, type_ in wanted.items():
            column = getattr(endpoint, key)
            declared = [w for w, v in cohort.variables.items() if v.type == type_ and v.role == "outcome"]
            known(("endpoints", word, key), f"outcome of type {type_}", column, declared)
            if key == "time" and column in declared and cohort.variables[column].unit != "days":
                place = document.where(("cohorts", name, "variables", column))
                faults.append(
                    Fault(place, "a survival time is not in days", f'"{cohort.variables[column].unit}"', "days")
                )
    return faults


def _one_image_faults(document: Document, name: str, cohort: Cohort) -> Iterator[Fault]:
    """Sources that give the same images a second mask out of the same label maps, and no lesion of its own."""
    seen: dict[tuple[str, ...], list[tuple[int, FileMask]]] = {}
    for i, source in enumerate(cohort.images):
        if not isinstance(source, FileSource):
            continue
        place = (source.modality, *(normpath(path) for path in (source.path, source.mask.path)))
        for first, other in seen.setdefault(place, []):
            names = source.mask.lesion_names, other.lesion_names
            if not all(names) or names[0] & names[1]:
                where = document.where(("cohorts", name, "images", i, "mask"))
                what = f"images.{first} gives the same images a mask of the same label maps, and a case has one mask"
                hint = "for a case of each lesion give the mask of one source lesions: by_label, or lesions: {1: NAME, 2: NAME}"
                yield Fault(where, what, hint=hint)
                break
        seen[place].append((i, source.mask))


def _keyword_faults(document: Document, loc: Loc, source: DicomSource) -> Iterator[Fault]:
    """DICOM keywords that there are not, and patterns that are none."""
    keywords: dict[Loc, str] = {("timepoint", "tag"): source.timepoint.tag} if source.timepoint else {}
    rules = {"select": source.select, "ignore": source.ignore}
    keywords |= {(rule, keyword): keyword for rule, patterns in rules.items() for keyword in patterns}
    if not keywords:
        return
    known = dicom_keywords()
    for place, keyword in keywords.items():
        if keyword not in known:
            hint = did_you_mean(keyword, known)
            yield Fault(document.where((*loc, *place)), "unknown DICOM keyword", f'"{keyword}"', hint=hint)
    for rule, patterns in rules.items():
        for keyword, pattern in patterns.items():
            try:
                re.compile(pattern)
            except re.error as error:
                where = document.where((*loc, rule, keyword))
                yield Fault(where, f"the pattern is no regular expression: {error}", f'"{pattern}"')


def _pacs_faults(document: Document, loc: Loc, pacs: PacsSource) -> Iterator[Fault]:
    """Faults that are told without the value: it may be a password."""
    if wrong := url_fault(pacs.url):
        hint = "credentials come from RADWEAVE_PACS_USER and RADWEAVE_PACS_PASSWORD, or from a Prefect block"
        yield Fault(document.where((*loc, "url")), f"the URL of the PACS {wrong}", "", "https://host[:port]/path", hint)
    try:
        re.compile(pacs.description)
    except re.error as error:
        place = document.where((*loc, "description"))
        yield Fault(place, "the description is no regular expression", f'"{pacs.description}"', "", str(error))


def _code_faults(document: Document, loc: Loc, source: ColumnSource, variable: Variable) -> list[Fault]:
    where = document.where(loc)
    if source.start and variable.type != "number":
        return [Fault(where, "the days between two dates are a number", variable.type, "number")]
    if variable.type == "number":
        return [Fault(where, "codes do not go with the type number")] if source.codes else []
    if variable.type == "flag":
        wrong = [str(code) for code in source.codes.values() if not isinstance(code, bool)]
        allowed = ["true", "false"]
    else:
        wrong = [str(code) for code in source.codes.values() if code not in variable.levels]
        allowed = list(variable.levels)
    return [
        Fault(where, "a code means an unknown level", f'"{w}"', ", ".join(allowed), did_you_mean(w, allowed))
        for w in wrong
    ]


def _leak_faults(document: Document, name: str, cohort: Cohort) -> Iterator[Fault]:
    """Predictors that are the column of an outcome, or whose own name, or that of a column behind them, is that of one."""
    misread = list(misread_outcomes(cohort.tables, cohort.variables, is_same_path))
    for one in misread:
        key = ("columns", one.word) if one.word else ("genes",)
        where = document.where(("cohorts", name, "tables", one.table, *key))
        yield Fault(where, one.what, cohort.tables[one.table].path, hint=HINT)
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
