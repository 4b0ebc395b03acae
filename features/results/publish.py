"""publish: the tables of a cohort, built and committed as a new refresh; nothing happens where nothing changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import pyarrow as pa

from features.core.case import Target
from features.core.column import Column
from features.core.digest import digest_json
from features.core.errors import ConfigError, Fault
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.core.storage.table import dictionary_rows, levels_text
from features.images.index.index_cohort import Index
from features.results.build_tables import build_tables, scan_rows
from features.results.keep_parquet import keep_parquet
from features.results.known_results import KnownResults
from features.results.manifest import CohortState, File, Manifest, commit
from features.results.patients import Tables
from features.results.prefixes import RESULT, settings_digests
from features.results.published import Published, published_of
from features.results.reasons import reason_table
from features.results.scan_name import ABSENT
from features.results.schemas import (
    DICTIONARY,
    FIXED,
    IMAGE_BLOCKS,
    KEY,
    QUARANTINE,
    SCANS,
    UNMATCHED,
    VISITS,
    WARNINGS,
)
from features.results.view import mend_mart
from features.results.visits import Visits, rows_without_scans
from features.results.work import Plan
from features.tables.patient import PatientTable

VERSION = "7"  # raise it when the same results should give other tables


def publish(
    store: Store,
    index: Index,
    plans: Sequence[Plan],
    measured: Sequence[tuple[Recipe, Target]],
    tables: Tables,
    known: KnownResults | None = None,
    own: Sequence[Recipe] = (),
    visits: Visits | None = None,
) -> Published:
    """Build the tables of a cohort and commit them. Every scan of the index ends as used, absent, quarantined or withdrawn.

    measured: the recipes with the images and ROIs that they measure. own: of the recipes, those that do not come with radweave;
    the manifest keeps them for later refreshes. visits: own days of patients.
    Raises ConfigError if a column has another type in another cohort of the store; StoreError if a result is
    damaged, another process refreshed the cohort since `known` was read, or the store is of another key.
    """
    known, visits = known or KnownResults(store, index.cohort), visits or Visits()
    key = _key(index, plans, measured, tables, known, own, visits)
    whole = not known.damaged and _is_whole(store, known.manifest, index.cohort)
    if known.state is not None and known.state.key == key and whole:
        known.mended += mend_mart(store)
        return published_of(index.cohort, known.manifest, changed=False)
    built = build_tables(plans, measured, known)
    patients = tables.load()
    reasons = [(row, "") for row in index.quarantined] + list(built.rejected)
    reasons += [(row, "") for table in patients.values() for row in table.quarantined]
    reasons += [(row, "") for row in rows_without_scans(index, visits)]
    warnings = [
        *((row, "") for row in index.warned),
        *built.warned,
        *((row, "") for table in patients.values() for row in table.warnings),
    ]
    numbered = {
        "quarantine": reason_table(QUARANTINE, reasons, "error", known.table("quarantine")),
        "warnings": reason_table(WARNINGS, warnings, "warning", known.table("warnings")),
    }
    built_tables = {**built.tables, **{name: (table.table, table.columns) for name, table in patients.items()}}
    columns = {name: found for name, (_, found) in built_tables.items()} | {one.name: one.columns for one in FIXED}
    blocks = _blocks(columns)
    _check_types(known, index.cohort, blocks)
    rows_of_scans = scan_rows(plans, built.states)
    fixed: dict[str, pa.Table] = {
        "scans": SCANS.table(rows_of_scans),
        "unmatched": UNMATCHED.table(_unmatched(index, patients)),
        "visits": VISITS.table(visits.rows(index, patients)),
    }
    described = [row for name, found in blocks.items() for row in dictionary_rows(name, index.cohort, found)]
    fixed["dictionary"] = DICTIONARY.table(described)
    settings = settings_digests(measured)
    states = Counter(built.states.values())
    absent = states.pop(ABSENT, 0)

    def keep(name: str, table: pa.Table) -> File:
        levels = {column.name: column.levels for column in columns[name] if column.levels}
        own = {prefix: digest for prefix, digest in settings.items() if f"{prefix}{RESULT}" in table.schema.names}
        told = {"settings": json.dumps(own, sort_keys=True)} if own else {}
        provenance = {"table": name, "cohort": index.cohort, **told, **levels_text(levels)}
        return keep_parquet(store, name, index.cohort, table, provenance)

    files = {name: keep(name, table) for name, (table, _) in built_tables.items()}
    files |= {name: keep(name, table) for name, table in fixed.items()}
    state = CohortState(
        key=key,
        tables_key=tables.key,
        scans=len(index.scans) + len(index.quarantined) + index.withdrawn,
        used=len(built.used),
        absent=absent,
        withdrawn=index.withdrawn,
        quarantined=_counted([*(row.code for row in index.quarantined), *states.elements()]),
        warned=_counted(row.code for row, _ in warnings),
        files=dict(index.files),
        settings=settings,
        recipes={recipe.name: recipe.settings for recipe in own},
        kernels=tuple(sorted(known.kernels)),
    )

    def late(refresh: int) -> dict[str, File]:
        return {name: keep(name, make(refresh)) for name, make in numbered.items()}

    manifest = commit(store, index.cohort, state, files, known.manifest, late, key_fingerprint=index.key_fingerprint)
    known.mended += mend_mart(store)
    return published_of(index.cohort, manifest, changed=True)


def _key(
    index: Index,
    plans: Sequence[Plan],
    measured: Sequence[tuple[Recipe, Target]],
    tables: Tables,
    known: KnownResults,
    own: Sequence[Recipe],
    visits: Visits,
) -> str:
    """Address of a cohort's tables: everything that decides them."""
    scans = [
        [
            str(plan.scan.case),
            plan.scan.centre,
            plan.scan.modality,
            plan.scan.image_name,
            plan.scan.roi_name,
            plan.scan.segmentation,
            [[one.recipe, str(one.roi)] for one in plan.lacking],
            *(work.address for work in (plan.check, *plan.features)),
        ]
        for plan in plans
    ]
    recipes = list({recipe.name: recipe for recipe, _ in measured}.values())
    described = [
        [asdict(column) for column in extractor.columns(recipe)]
        for recipe in recipes
        for extractor in recipe.extractors
    ]
    return digest_json(
        {
            "version": VERSION,
            "scans": scans,
            "rejected": [asdict(row) for row in index.quarantined],
            "warned": [asdict(row) for row in index.warned],
            "withdrawn": index.withdrawn,
            "lost": known.lost_codes(),
            "recipes": [recipe.settings for recipe in recipes],
            "targets": [[recipe.name, *target] for recipe, target in measured],
            "columns": digest_json(described),
            "tables": tables.key,
            **({"own": [recipe.name for recipe in own]} if own else {}),
            **({"visits": visits.digest} if visits.digest else {}),
        }
    )


def _is_whole(store: Store, manifest: Manifest, cohort: str) -> bool:
    """Whether the files of a cohort's tables are there in their size; their bytes are for `verify`."""
    paths = [(store.root / file.path, file.bytes) for file in manifest.of_cohort(cohort).values()]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def _blocks(columns: Mapping[str, Sequence[Column]]) -> dict[str, tuple[Column, ...]]:
    """Columns as analysts see them: those of all recipes of an image block together, which are there without any, too."""
    found: dict[str, dict[str, Column]] = {block: {one.name: one for one in KEY} for block in IMAGE_BLOCKS}
    for table, own in columns.items():
        found.setdefault(table.split("/")[0], {}).update((one.name, one) for one in own)
    return {block: tuple(own.values()) for block, own in found.items()}


def _unmatched(index: Index, patients: Mapping[str, PatientTable]) -> list[dict[str, str]]:
    """A row for every patient who is in the images but not in a table, or the other way round.

    Where the cohort has no images: in one table but not in another.
    """
    centres: dict[str, str] = {}
    there: dict[str, set[str]] = {} if index.is_of_tables else {"images": set()}
    for centre, case in [(s.centre, s.case.patient) for s in index.scans] + [
        (row.centre, row.case.split(":")[1]) for row in index.quarantined if not row.case.endswith(":unknown")
    ]:
        there["images"].add(case)
        centres.setdefault(case, centre)
    for name, table in patients.items():
        columns = table.table.select(["patient", "centre"]).to_pydict()
        known = dict(zip(columns["patient"], columns["centre"], strict=True))
        known |= {row.case.split(":")[1]: row.centre for row in table.quarantined}
        there[name] = set(known)
        centres = {**known, **centres}
    rows = []
    for patient, centre in sorted(centres.items()):
        present = [name for name, found in there.items() if patient in found]
        for name in there.keys() - set(present):
            if index.is_of_tables or "images" in (name, *present):  # a gene table need not cover the clinical one
                facts = {"cohort": index.cohort, "centre": centre, "present_in": ",".join(present)}
                rows.append({"patient": patient, "absent_from": name, **facts})
    return rows


def _check_types(known: KnownResults, cohort: str, blocks: Mapping[str, Sequence[Column]]) -> None:
    """Raises ConfigError if a column of a block means something else in another cohort of the store."""
    types = {(block, column.name): column.type for block, columns in blocks.items() for column in columns}
    faults = []
    for other in sorted(known.manifest.cohorts.keys() - {cohort}):
        described = KnownResults(known.store, other).table("dictionary")
        for row in described.to_pylist() if described is not None else []:
            now = types.get((row["block"], row["name"]), row["type"])
            if now != row["type"]:
                found, allowed = f'"{now}" in {cohort}', f'"{row["type"]}", as in {other}, or another name'
                faults.append(
                    Fault(f"{row['block']}.{row['name']}", "the type differs between cohorts", found, allowed)
                )
    if faults:
        raise ConfigError(faults)


def _counted(codes: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(codes).items()))
