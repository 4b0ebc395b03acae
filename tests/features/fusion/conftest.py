"""A small mart without pixels: per-case results are saved as if they had been computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import pytest

from features.clinical.read_clinical import read_clinical
from features.core.case import CaseId, FileSet, Scan
from features.core.catalog.catalog import Catalog
from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.pseudonym import pseudonym
from features.core.quarantine import Quarantined, Rejected
from features.core.region import Region
from features.core.storage.store import REGION, Store
from features.core.storage.table import Schema
from features.genomic.read_genomic import read_genomic
from features.images.index.index_cohort import Index
from features.results.patients import Tables
from features.results.prefixes import recipe_targets
from features.results.publish import publish
from features.results.visits import find_visits
from features.results.work import check_of, features_of, plan_scans
from features.tables.patient import KEY as PATIENT_KEY
from features.tables.patient import PatientTable
from features.tables.visit_days import TableDays
from tests.support.catalog import catalog_of, cohort_of, dicom_images

SECRET = b"k" * 64
UNITS = {"CT": "HU", "PT": "SUV"}
VARIABLES: dict[str, Any] = {
    "age": {"type": "number", "description": "age", "unit": "years"},
    "sex": {"type": "category", "description": "sex", "levels": ["female", "male"]},
    "site": {"type": "category", "description": "site", "levels": ["arm", "leg", "trunk"]},
    "stage": {"type": "ordinal", "description": "stage", "levels": ["I", "II", "III"]},
    "smoker": {"type": "flag", "description": "smoker"},
    "weight_loss": {"type": "number", "description": "weight loss", "known_at": "week_6"},
    "death": {"type": "flag", "description": "died", "role": "outcome"},
    "os_days": {"type": "number", "description": "survival", "unit": "days", "role": "outcome"},
}


class Fake(Extractor):
    kind: Literal["fake"] = "fake"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    depth: int = 1

    @property
    def version(self) -> str:
        return "1"

    def columns(self, recipe: Recipe) -> list[Column]:
        return [Column("a", "float64", "first"), Column("b", "float64", "second")]

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        raise NotImplementedError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def code() -> Callable[..., str]:
    return lambda patient, cohort="demo": pseudonym(SECRET, cohort, patient)


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    def build(modality: str = "CT", *, depth: int = 1, **settings: Any) -> Recipe:
        settings = {"name": modality.lower(), "unit": UNITS[modality], "discretise": {"bin_count": 8}, **settings}
        return Recipe.model_validate({"modality": modality, "extractors": [Fake(depth=depth)], **settings})

    return build


@pytest.fixture
def make_catalog(tmp_path: Path) -> Callable[..., Catalog]:
    """Cohorts by name → changes to the cohort that all share."""

    def build(**cohorts: dict[str, Any]) -> Catalog:
        found = {}
        for name, changes in (cohorts or {"demo": {}}).items():
            columns = list(changes.get("variables", VARIABLES))
            settings = {
                "timepoints": {"baseline": 0, "week_6": 42},
                "variables": VARIABLES,
                "tables": [
                    {"block": "clinical", "path": f"{name}.csv", "id": "id", "columns": {c: c for c in columns}}
                ],
                "endpoints": {
                    "died": {"kind": "binary", "column": "death"},
                    "survival": {"kind": "survival", "time": "os_days", "event": "death"},
                },
                **changes,
            }
            images = [dicom_images(modality=modality, unit=unit) for modality, unit in UNITS.items()]
            found[name] = cohort_of(*images, **settings)
        return catalog_of(tmp_path, **found)

    return build


@pytest.fixture
def build_tables(tmp_path: Path, store: Store) -> Callable[..., None]:
    """Publish a cohort. scans: (patient, modality, result) with the result a number, a code of the check ("MASK_EMPTY")
    or a code of the extraction ("extract TOO_MANY_BINS"). clinical and genomic: CSV text. ready: tables of ready-made
    blocks. facts: of a patient's images. secret: key of the pseudonyms. place: another store.
    days: own days of visits, `p1 week_6` each.
    """

    def build(
        catalog: Catalog,
        scans: Sequence[tuple[Any, ...]],
        recipes: Sequence[Recipe],
        clinical: str,
        *,
        name: str = "demo",
        genomic: str = "",
        ready: Mapping[str, PatientTable] = MappingProxyType({}),
        secret: bytes = SECRET,
        place: Store | None = None,
        rejected: Sequence[Quarantined] = (),
        facts: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
        days: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        made = []
        for patient, modality, result, *timepoint in scans:
            case = CaseId(name, pseudonym(secret, name, patient), *timepoint)
            files = [FileSet("nifti", (), f"{case}{modality}{kind}") for kind in ("image", "mask")]
            scan = Scan(case, "A", modality, UNITS[modality], files[0], files[1], "1")  # type: ignore[arg-type]
            made.append(scan)
            if isinstance(result, str) and not result.startswith("extract "):
                store.save(REGION, check_of(scan).address, Rejected(result), {})
                continue
            number = float(result) if not isinstance(result, str) else 0.0
            store.save(REGION, check_of(scan).address, {"volume_ml": 10.0 + number, **facts.get(patient, {})}, {})
            for recipe in (recipe for recipe in recipes if recipe.modality == modality):
                values = (
                    Rejected(result.removeprefix("extract "))
                    if isinstance(result, str)
                    else {"a": number, "b": number * 2}
                )
                store.save("radiomics", features_of(scan, recipe, recipe.extractors[0]).address, values, {})
        cohort = catalog.cohort(name)
        (tmp_path / f"{name}.csv").write_text(clinical)
        tables = {"clinical": read_clinical(tmp_path, name, cohort, secret), **ready}
        if genomic:
            (tmp_path / f"{name}_genes.csv").write_text(genomic)
            tables["genomic"] = read_genomic(tmp_path, name, cohort, secret)
        own = {(pseudonym(secret, name, key.split()[0]), key.split()[1]): day for key, day in days.items()}
        index = Index(name, tuple(made), tuple(rejected), {})
        publish(
            place or store,
            index,
            plan_scans(index.scans, recipes),
            recipe_targets(cohort, recipes),
            Tables(clinical + genomic + repr(ready), lambda: tables),
            visits=find_visits(cohort, {}, TableDays(own)),
        )

    return build


@pytest.fixture
def make_ready() -> Callable[..., PatientTable]:
    """A ready-made block: rows of patient, and timepoint and lesion where they are keys, and values of the columns."""

    def build(
        keys: Sequence[str], columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, secret: bytes = SECRET
    ) -> PatientTable:
        own = [Column(key, "string", key, role="key") for key in keys]
        schema = Schema("ready", (*PATIENT_KEY, *own, *columns))
        names = ["patient", *keys, *(column.name for column in columns)]
        made = [dict(zip(names, row, strict=True)) | {"cohort": "demo", "centre": "A"} for row in rows]
        found = [{**row, "patient": pseudonym(secret, "demo", row["patient"])} for row in made]
        return PatientTable(schema.table(found), schema.columns)

    return build
