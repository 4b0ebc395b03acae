"""The mart: per-case results and patient tables woven into what analysts query, with dictionary and manifest."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.core.case import Scan
from features.core.digest import digest_file, digest_json
from features.core.errors import StoreError
from features.core.quarantine import Quarantined, Rejected, Stage
from features.core.recipe import Recipe
from features.core.store import Store
from features.core.table import Column, Schema, dictionary_rows, read_table, write_bytes, write_table
from features.images.region import REGION_COLUMNS
from features.results.check import BLOCK, check_address
from features.results.extract import extract_address
from features.tables.patient import PatientTable

SCHEMA_VERSION = 1
_PARTS = ("files", "refreshes")
KEY = (
    Column("case", "string", "case id: cohort:patient:timepoint[:lesion]", role="key"),
    Column("cohort", "string", "cohort of the catalog", role="fact"),
    Column("centre", "string", "contributing centre", role="fact"),
    Column("patient", "string", "pseudonym of the patient", role="fact"),
    Column("timepoint", "string", "time point of the image", role="fact"),
    Column("lesion", "string", "lesion, where a patient has several", role="fact"),
)
SCANS = Schema(
    "index",
    (
        Column("case", "string", "case id", role="key"),
        Column("modality", "string", "DICOM Modality", role="key"),
        *(replace(column, role="fact") for column in KEY[1:]),
        Column("unit", "string", "unit of the intensities", role="fact"),
        Column("image_format", "string", "format of the image files", role="fact"),
        Column("image_files", "int64", "number of image files", role="fact"),
        Column("image_digest", "string", "sha-256 over the image files", role="fact"),
        Column("mask_format", "string", "format of the mask files", role="fact"),
        Column("mask_digest", "string", "sha-256 over the mask files", role="fact"),
    ),
)
QUARANTINE = Schema(
    "quarantine",
    tuple(
        Column(name, "string", description, role="fact")
        for name, description in (
            ("cohort", "cohort of the catalog"),
            ("centre", "contributing centre"),
            ("case", "case id, as far as it is known"),
            ("modality", "DICOM Modality, or empty"),
            ("stage", "step that rejected it: index, quality, extract or tables"),
            ("code", "reason code"),
            ("message", "what is wrong"),
            ("details", "facts, as JSON"),
        )
    ),
)
DICTIONARY = Schema(
    "dictionary",
    (
        Column("block", "string", "table of the mart", role="key"),
        Column("cohort", "string", "cohort of the catalog", role="key"),
        Column("name", "string", "column", role="key"),
        *(
            Column(name, "string", description, role="fact")
            for name, description in (
                ("type", "type of the values"),
                ("description", "what the column means"),
                ("role", "key, fact, predictor or outcome"),
                ("unit", "unit of the values"),
                ("family", "feature family, network or kind of variable"),
                ("filter", "derived image, or view"),
                ("ibsi", "IBSI code, where IBSI defines the feature"),
                ("modality", "DICOM Modality"),
                ("recipe", "recipe that prepared the pixels"),
                ("roi", "region of interest"),
                ("version", "versions that computed it"),
            )
        ),
    ),
)


@dataclass(frozen=True)
class Published:
    """What a refresh left behind: scans in = scans used + scans quarantined; rows per table; the refresh id."""

    cohort: str
    refresh: str
    scans: int
    used: int
    quarantined: Mapping[str, int]
    rows: Mapping[str, int]

    def __post_init__(self) -> None:
        if self.scans != self.used + sum(self.quarantined.values()):
            raise AssertionError(f"{self.scans} scans in, {self.used} used, quarantined {dict(self.quarantined)}")


def publish(
    store: Store,
    cohort: str,
    scans: Sequence[Scan],
    rejected: Sequence[Quarantined],
    recipes: Sequence[Recipe],
    tables: Mapping[str, PatientTable],
) -> Published:
    """Weave the tables of a cohort and swap them into the mart; the manifest is written last.

    `rejected` holds the index's rows, one per scan that never became a Scan. Every scan ends as used or quarantined.
    """
    rows = list(rejected)
    seen = len(scans) + len(rejected)
    usable, facts = _checked(store, scans, rows)
    blocks: dict[str, tuple[pa.Table, tuple[Column, ...]]] = {"region": _region_table(usable, facts)}
    lost: set[Scan] = set()
    for block in ("radiomics", "deep"):
        blocks[block] = _feature_table(store, block, usable, recipes, rows, lost)
    used = [scan for scan in usable if scan not in lost]
    counts = Counter(row.code for row in _one_per_scan(rows))
    table_rows = [row for table in tables.values() for row in table.quarantined]
    blocks |= {name: (table.table, table.columns) for name, table in tables.items()}
    index = SCANS.table([_scan_row(scan) for scan in scans])
    refresh = digest_json(
        {"scans": index.to_pylist(), "recipes": [recipe.model_dump(mode="json") for recipe in recipes]}
    )[:16]
    write_table(store.index(cohort), index)
    settings = json.dumps(settings_digests(recipes), sort_keys=True)
    for block, (table, _) in blocks.items():
        provenance = {"block": block, "cohort": cohort, "refresh": refresh, "settings": settings}
        write_table(store.mart(block, cohort), table, provenance)
    ordered = sorted([*rows, *table_rows], key=lambda row: (row.case, row.modality, row.stage, row.code))
    quarantine = [{**asdict(row), "details": json.dumps(row.details, sort_keys=True)} for row in ordered]
    write_table(store.quarantine(cohort), QUARANTINE.table(quarantine))
    _write_dictionary(store, cohort, {block: columns for block, (_, columns) in blocks.items()})
    _write_manifest(store, cohort, refresh)
    return Published(
        cohort,
        refresh,
        seen,
        len(used),
        dict(sorted(counts.items())),
        {block: t.num_rows for block, (t, _) in blocks.items()},
    )


def settings_digests(recipes: Sequence[Recipe]) -> dict[str, str]:
    """Column prefix → digest of the recipe's and the extractor's settings behind the columns."""
    return {
        f"{extractor.kind}__{recipe.name}__": digest_json([recipe.digest(), extractor.model_dump(mode="json")])
        for recipe in recipes
        for extractor in recipe.extractors
    }


def _checked(
    store: Store, scans: Sequence[Scan], rows: list[Quarantined]
) -> tuple[list[Scan], list[dict[str, float | str]]]:
    usable, facts = [], []
    for scan in scans:
        result = _result(store, BLOCK, check_address(scan))
        if isinstance(result, Rejected):
            rows.append(_quarantined(scan, "quality", result))
        else:
            usable.append(scan)
            facts.append(result)
    return usable, facts


def _result(store: Store, block: str, address: str) -> dict[str, float | str] | Rejected:
    return store.load(block, address) if store.has(block, address) else Rejected("WORKER_LOST")


def _quarantined(scan: Scan, stage: Stage, why: Rejected) -> Quarantined:
    return Quarantined(
        scan.case.cohort, scan.centre, str(scan.case), scan.modality, stage, why.code, why.message, why.details
    )


def _one_per_scan(rows: Sequence[Quarantined]) -> list[Quarantined]:
    """The first reason of each rejected scan; rows of the index stand for one scan each."""
    first: dict[object, Quarantined] = {}
    for i, row in enumerate(rows):
        first.setdefault(i if row.stage == "index" else (row.case, row.modality), row)
    return list(first.values())


def _region_table(
    scans: Sequence[Scan], facts: Sequence[dict[str, float | str]]
) -> tuple[pa.Table, tuple[Column, ...]]:
    columns = list(KEY)
    for modality in sorted({scan.modality for scan in scans}):
        for column in REGION_COLUMNS:
            columns.append(
                replace(column, name=f"region__{modality.lower()}__{column.name}", modality=modality, family="region")
            )
    rows: dict[str, dict[str, object]] = {}
    for scan, values in zip(scans, facts, strict=True):
        row = rows.setdefault(str(scan.case), _case_row(scan))
        row |= {f"region__{scan.modality.lower()}__{name}": _null_if_nan(value) for name, value in values.items()}
    schema = Schema("region", tuple(columns))
    return schema.table(rows.values()), schema.columns


def _feature_table(
    store: Store,
    block: str,
    scans: Sequence[Scan],
    recipes: Sequence[Recipe],
    rejected: list[Quarantined],
    lost: set[Scan],
) -> tuple[pa.Table, tuple[Column, ...]]:
    columns = list(KEY)
    rows: dict[str, dict[str, object]] = {}
    for recipe in recipes:
        for extractor in (extractor for extractor in recipe.extractors if extractor.block == block):
            prefix = f"{extractor.kind}__{recipe.name}__"
            columns.append(
                Column(f"{prefix}result", "string", "address of the per-case result", role="fact", recipe=recipe.name)
            )
            for column in extractor.columns(recipe):
                named = replace(column, name=prefix + column.name, modality=recipe.modality, recipe=recipe.name)
                columns.append(replace(named, version=extractor.version))
            for scan in (scan for scan in scans if scan.modality == recipe.modality and scan.unit == recipe.unit):
                address = extract_address(scan, recipe, extractor)
                result = _result(store, block, address)
                if isinstance(result, Rejected):
                    rejected.append(_quarantined(scan, "extract", result))
                    lost.add(scan)
                    continue
                row = rows.setdefault(str(scan.case), _case_row(scan))
                row[f"{prefix}result"] = address
                row |= {prefix + name: _null_if_nan(value) for name, value in result.items()}
    schema = Schema(block, tuple(columns))
    return schema.table(rows.values()), schema.columns


def _case_row(scan: Scan) -> dict[str, object]:
    case = scan.case
    facts = {"case": str(case), "cohort": case.cohort, "centre": scan.centre, "patient": case.patient}
    return {**facts, "timepoint": case.timepoint, "lesion": case.lesion}


def _scan_row(scan: Scan) -> dict[str, object]:
    files = {"image_format": scan.image.format, "image_files": len(scan.image.paths), "image_digest": scan.image.digest}
    masks = {"mask_format": scan.mask.format, "mask_digest": scan.mask.digest}
    return {**_case_row(scan), "modality": scan.modality, "unit": scan.unit, **files, **masks}


def _null_if_nan(value: float | str) -> float | str | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def _write_dictionary(store: Store, cohort: str, blocks: Mapping[str, Sequence[Column]]) -> None:
    rows: list[dict[str, str]] = []
    if store.dictionary.is_file():
        rows = [row for row in read_table(store.dictionary).to_pylist() if row["cohort"] != cohort]
    for block, columns in blocks.items():
        rows += dictionary_rows(block, cohort, columns)
    write_table(store.dictionary, DICTIONARY.table(rows))


def _write_manifest(store: Store, cohort: str, refresh: str) -> None:
    """Digest and rows of every file of the mart; readers trust only what stands here."""
    refreshes = _manifest(store)["refreshes"] if store.manifest.is_file() else {}
    mart = store.manifest.parent
    files: dict[str, dict[str, object]] = {
        str(path.relative_to(mart)): {"sha256": digest_file(path), "rows": read_table(path, columns=[]).num_rows}
        for path in sorted(mart.rglob("*.parquet"))
    }
    manifest = {"schema": SCHEMA_VERSION, "refreshes": {**refreshes, cohort: refresh}, "files": files}
    write_bytes(store.manifest, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())


def read_mart(store: Store, block: str, cohort: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A table of the mart, checked against the manifest.

    Raises StoreError if the cohort was never refreshed, or the file is not the one that the manifest names.
    """
    path = store.mart(block, cohort)
    entry = manifest_files(store).get(str(path.relative_to(store.manifest.parent)))
    if entry is None:
        raise StoreError(f'the store has no {block} table of cohort "{cohort}": run radweave refresh {cohort}')
    if not path.is_file() or digest_file(path) != entry["sha256"]:
        raise StoreError(f"{path}: is not the file that the manifest names; run radweave refresh {cohort}")
    return read_table(path, columns)


def manifest_files(store: Store) -> dict[str, dict[str, object]]:
    """Files of the mart by their path in it; empty before the first refresh. Raises StoreError as `_manifest`."""
    return _manifest(store)["files"] if store.manifest.is_file() else {}


def _manifest(store: Store) -> dict[str, dict[str, Any]]:
    """The manifest. Raises StoreError if it is damaged or of another schema."""
    try:
        manifest = json.loads(store.manifest.read_text("utf-8"))
        schema = manifest["schema"]
        found: dict[str, dict[str, Any]] = {} if schema != SCHEMA_VERSION else {k: manifest[k] for k in _PARTS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{store.manifest}: cannot be read; remove it and refresh every cohort") from error
    if not found:
        raise StoreError(f"{store.manifest}: schema {schema}, this radweave reads {SCHEMA_VERSION}")
    return found


def mart_paths(store: Store, block: str) -> list[Path]:
    """Files of one block, of all cohorts."""
    mart = store.manifest.parent
    return [mart / name for name in sorted(manifest_files(store)) if name.startswith(f"{block}/")]
