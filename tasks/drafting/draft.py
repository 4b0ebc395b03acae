"""draft_catalog: a folder of images and tables as a catalog and recipes that are ready to be written."""

from __future__ import annotations

import secrets
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.clinical.read_clinical import read_clinical
from features.core.case import Modality, Unit
from features.core.catalog.catalog import Catalog, load_catalog
from features.core.errors import ConfigError, DataError
from features.core.progress import tell
from features.images.index.file_cache import FileCache
from features.images.index.findings import Listener
from features.images.index.index_cohort import preview_cohort
from tasks.drafting.centres import centre_of, centre_remark, find_centres, in_centres, places_of
from tasks.drafting.clinical import TableDraft, holds_id
from tasks.drafting.commented import Noted, plain, remarks_in, to_yaml
from tasks.drafting.dicom_headers import Headers, read_headers
from tasks.drafting.dicom_images import DicomDraft
from tasks.drafting.file_images import FileDraft, without_masks
from tasks.drafting.ids import known_ids
from tasks.drafting.no_id import check_no_id
from tasks.drafting.recipes import draft_recipe, recipe_text
from tasks.drafting.regions import name_alike
from tasks.drafting.remark import Remark, question, several
from tasks.drafting.sheets import Sheet, read_sheets
from tasks.drafting.source import CENTRE, SourceDraft
from tasks.drafting.survey import Survey, look_into
from tasks.drafting.timepoints import both_plans

HEADER = """\
Drafted by `radweave init`. `# guess` says why the value below it stands there: look whether it is right.
`# question` asks what could not be decided, with the answers below it: take one out of its comment.
{{patient}} in a path stands for a patient's folder or name. docs/your-data.md tells more.
"""


@dataclass(frozen=True)
class Draft:
    """A catalog and recipes, as texts by their places, and what is to be said of them.

    scans: how many a refresh will find, by modality and unit. refused: how many it will refuse before it looks at pixels,
    by code. patients: how many patients have images. looked: what there was, in a sentence. left: what was left out, in
    sentences. tables: file → patients of the images that it names.
    """

    cohort: str
    catalog: str
    recipes: dict[str, str]
    sources: tuple[SourceDraft, ...]
    scans: Counter[tuple[Modality, Unit]]
    refused: Counter[str]
    patients: int
    looked: str
    left: tuple[str, ...]
    tables: dict[str, int]
    remarks: tuple[Remark, ...] = field(default=())


def draft_catalog(folder: Path, cohort: str, root: str) -> Draft:
    """Look at a folder and draft a catalog with one cohort, and a recipe for each modality and unit of its images.

    root: the folder as it is to stand in the catalog. Nothing is written. No id, name, date or UID of a patient is in what
    is given: patterns stand for paths. Raises RadweaveError if the folder is none, DataError if it holds nothing that a
    catalog can describe, StoreError if archives cannot be unpacked.
    """
    key = secrets.token_hex(32).encode()
    cache = FileCache(None, key)
    with look_into(folder, cohort, key, cache) as survey:
        return _Drafting(survey, cohort, root, key, cache).draft(folder)


class _Drafting:
    """What the steps of drafting share."""

    def __init__(self, survey: Survey, cohort: str, root: str, key: bytes, cache: FileCache) -> None:
        self.survey, self.cohort, self.root, self.key, self.cache = survey, cohort, root, key, cache
        self.unread: dict[str, str] = {}

    def draft(self, folder: Path) -> Draft:
        survey = self.survey
        left: list[str] = []
        sheets = list(self._sheets())
        headers = read_headers(survey.dicom, self._listener(), self.cache) if survey.dicom else Headers()
        dicom = DicomDraft(headers, self._trial, find_centres(headers.places))
        taken = {one.modality: one.patients for one in dicom.sources}
        files = FileDraft(survey, known_ids(sheets) | set(headers.ids.values()), taken)
        sources = [*dicom.sources, *files.sources]
        plan = both_plans(dicom.visits.plan, files.visits.plan)
        left += [*dicom.left, *files.left]
        if not sources and files.alone:
            sources = without_masks(files.alone, taken, files.visits, files.naming.level)
        elif files.alone:
            left.append(f"{several(len(files.alone), 'kind')} of image files left out: no mask belongs to them")
        if not sources:
            raise DataError(_nothing(folder, survey, headers, sheets, left))
        name_alike(sources)
        cohort, tables, sources = self._whole(sources, plan, sheets)
        patients = {patient for source in sources for patient in source.patients} - {""}
        catalog = {"version": 1, "cohorts": {self.cohort: cohort}}
        text = to_yaml(catalog, HEADER.format())
        _check(text)
        scans, refused = self._preview(cohort)
        recipes, remarks = self._recipes(sources), list(remarks_in(catalog))
        remarks += [one for values in recipes.values() for one in remarks_in(values)]
        check_no_id(text, patients, folder)
        texts = {name: recipe_text(values, self.cohort) for name, values in recipes.items()}
        left += tables.left
        for name, why in self.unread.items():
            left.append(f"{'a table' if holds_id(name, patients) else name} left out: {why}")
        told = dict.fromkeys(remarks)
        return Draft(
            self.cohort,
            text,
            texts,
            tuple(sources),
            scans,
            refused,
            len(patients),
            _looked(survey, headers),
            tuple(left),
            tables.matched,
            tuple(told),
        )

    def _whole(
        self, sources: list[SourceDraft], plan: Mapping[str, Any], sheets: Sequence[Sheet]
    ) -> tuple[dict[str, Any], TableDraft, list[SourceDraft]]:
        """The cohort, with its centres if its tables are of one centre each; its tables and its sources."""
        folders = find_centres(places_of(sources))
        parts = in_centres(sources, folders) if folders else None
        folders = folders if parts else {}
        everybody = frozenset(one for source in sources for one in source.patients) - {""}
        centres = {centre_of(folder): patients for folder, patients in folders.items()} or {CENTRE: everybody}
        parts = parts or list(sources)
        cohort = self._cohort(parts, plan, list(centres))
        tables = self._tables(cohort, sheets, centres)
        if mixed := tables.mixed:
            parts, centres = list(sources), {CENTRE: everybody}
            cohort = self._cohort(parts, plan, list(centres))
            tables = self._tables(cohort, sheets, centres)
        cohort["centres"] = Noted(plain(cohort["centres"]), (centre_remark(folders, mixed, tables.centre_columns),))
        return cohort, tables, parts

    def _listener(self) -> Listener:
        return Listener(self.cohort, self.key)

    def _sheets(self) -> Iterator[Sheet]:
        for done, file in enumerate(self.survey.tables, start=1):
            if not file.real.startswith("\0"):  # a table in an archive has no place that a catalog can name
                found, left = read_sheets(file.path, file.name)
                yield from found
                self.unread |= left
            tell("tables", done, len(self.survey.tables))

    def _catalog(self, cohort: dict[str, Any]) -> Catalog:
        values = {**plain(cohort), "root": str(self.survey.folder)}
        return Catalog.model_validate({"version": 1, "cohorts": {self.cohort: values}, "folder": self.survey.folder})

    def _trial(self, sources: list[dict[str, Any]], plan: Mapping[str, Any]) -> Counter[str]:
        if not sources:
            return Counter()
        timepoints = days_of(plan) or {"baseline": 0}
        cohort: dict[str, Any] = {
            "title": "",
            "licence": "",
            "centres": {CENTRE: {}},
            "images": sources,
            "timepoints": timepoints,
        }
        found, refused, _ = preview_cohort(self._catalog(cohort), self._listener(), self.cache, tell)
        modality = sources[0]["modality"]
        return Counter(["" for _ in found] + [one.code for one in refused if one.modality == modality and one.patient])

    def _preview(self, cohort: dict[str, Any]) -> tuple[Counter[tuple[Modality, Unit]], Counter[str]]:
        found, refused, _ = preview_cohort(self._catalog(cohort), self._listener(), self.cache, tell)
        return Counter((one.modality, one.unit) for one in found), Counter(one.code for one in refused)

    def _cohort(
        self, sources: Sequence[SourceDraft], plan: Mapping[str, Any], centres: Sequence[str]
    ) -> dict[str, Any]:
        text = "what may be done with the data?"
        cohort: dict[str, Any] = {
            "title": self.cohort.replace("_", " "),
            "licence": Noted("not stated", (question("licence", text, "licence: internal", "licence: CC BY 4.0"),)),
            "root": self.root,
        }
        if plan:
            text = "how many days after the first is each? Written is their order alone"
            asked = (question("days of time points", text),) if None in plan.values() else ()
            cohort["timepoints"] = Noted(days_of(plan), asked)
        cohort["centres"] = {centre: {} for centre in centres}
        cohort["images"] = [one.values for one in sources]
        return cohort

    def _tables(
        self, cohort: dict[str, Any], sheets: Sequence[Sheet], centres: Mapping[str, frozenset[str]]
    ) -> TableDraft:
        """Add the tables that radweave's own reader takes as they are drafted; the others become questions."""
        refused: dict[str, str] = {}
        while True:
            tables = TableDraft(sheets, centres, refused)
            whole = dict(cohort)
            for name, value in (
                ("id_form", tables.noted_form),
                ("variables", tables.variables),
                ("tables", tables.tables),
                ("endpoints", tables.endpoints),
            ):
                if value:
                    whole[name] = value
            if tables.mixed:
                return tables
            declared = self._catalog(whole).cohort(self.cohort)
            try:
                read_clinical(self.survey.folder, self.cohort, declared, self.key)
            except ConfigError as error:
                found = [(one.path, fault) for one in declared.tables for fault in error.faults]
                fresh = {path: fault.what for path, fault in found if fault.where.startswith(path)}
                if fresh.keys() <= refused.keys():
                    raise
                refused |= fresh
                continue
            cohort |= whole
            return tables

    def _recipes(self, sources: Sequence[SourceDraft]) -> dict[str, dict[str, Any]]:
        groups: dict[tuple[Modality, Unit], list[SourceDraft]] = defaultdict(list)
        for one in sources:
            groups[one.modality, one.unit].append(one)
        return dict(draft_recipe(group) for group in groups.values())


def days_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The time points as the catalog has them; a number in their order where the day is not known."""
    return {word: number if day is None else day for number, (word, day) in enumerate(plan.items())}


def _check(text: str) -> None:
    """Raises ConfigError if the draft is no catalog without faults, which would be a fault of radweave."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data_catalog.yaml"
        path.write_text(text, "utf-8")
        load_catalog(path)


def _looked(survey: Survey, headers: Headers) -> str:
    parts = []
    if survey.dicom:
        parts.append(f"{len(survey.dicom):,} DICOM in {several(len(headers.series), 'series', 'series')}")
    if survey.images:
        parts.append(f"{len(survey.images):,} NIfTI, NRRD or MetaImage")
    if survey.tables:
        parts.append(several(len(survey.tables), "table"))
    if survey.others:
        parts.append(several(survey.others, "other"))
    if survey.refused:
        parts.append(f"{survey.refused:,} that cannot be read")
    inside = f", some of them in {several(survey.archives, 'archive')}" if survey.archives else ""
    return f"{several(survey.count, 'file')}: {', '.join(parts)}{inside}"


def _nothing(folder: Path, survey: Survey, headers: Headers, sheets: Sequence[Sheet], left: Sequence[str]) -> str:
    """Why a folder gives no catalog, in a sentence, with what to do."""
    if survey.images or headers.series or headers.not_read:
        return f"{folder}: no image here can be described: {'; '.join(left)}"
    if sheets:
        return (
            f"{folder}: {several(len(sheets), 'table')} and no images, and init begins with images. For a table of features: "
            "radweave study --table FILE; for other tables, see docs/ready-made-tables.md"
        )
    return f"{folder}: {several(survey.count, 'file')}, of which none is an image (DICOM, NIfTI, NRRD, MetaImage) or a table"
