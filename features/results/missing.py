"""missing: files of a store that something else of it implies, and that are not there. What nothing implies nobody can miss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from features.core.errors import StoreError
from features.core.quarantine import TRANSIENT
from features.core.storage.place import find_files
from features.core.storage.seal import read_page
from features.core.storage.store import REGION, REGISTRATION, SAMPLES, THUMBNAIL, Store
from features.core.storage.table import column_names, read_table
from features.images.registration.facts import ADDRESS
from features.results.manifest import Manifest
from features.results.prefixes import RESULT
from features.results.runs import STUDY, is_run
from features.results.schemas import IMAGE_BLOCKS, SAMPLE, SHOWN

MOST = 20  # results of a kind that are named one by one
_SHOWN = re.compile(r'data-result="([0-9a-f]{64})"')
_ANY = "*"  # stands for the block of a rejection, which tables do not tell


def missing_results(store: Store, manifest: Manifest) -> Iterator[str]:
    """Results that the tables of a refresh were made of, and are no longer in work/. No damage: the tables hold what they said."""
    kept = store.results()
    there = set().union(*kept.values())
    for name, file in sorted(manifest.files.items()):
        table = name.split("/")[0]
        where = f"what it said stands in the {table} table of refresh {manifest.refresh}"
        where = "studies of images need it: refresh again with the recipe" if table == SHOWN.name else where
        lacking = [
            store.work(block, digest)
            for block, digest in _addresses(store.root / file.path, table)
            if digest not in (there if block == _ANY else kept.get(block, ()))
        ]
        yield from _told(lacking, f"is not there; {where}", f"more results are not in work/; {where}")


def _addresses(path: Path, table: str) -> list[tuple[str, str]]:
    """Blocks and addresses of the results in a table. A warning stands with a result that another table has."""
    names = column_names(path)
    if table == "quarantine" and RESULT in names:
        rows = read_table(path, ["stage", "code", RESULT]).to_pylist()
        found = [row for row in rows if row[RESULT] and row["code"] not in TRANSIENT]  # those are kept nowhere
        return sorted({(REGION if row["stage"] == "quality" else _ANY, row[RESULT]) for row in found})
    if table == SHOWN.name:
        return sorted({(SAMPLES, one) for one in read_table(path, [SAMPLE])[SAMPLE].to_pylist()})
    columns = [name for name in names if name.endswith(f"__{RESULT}")]
    values = read_table(path, columns) if columns else None
    kept = {name: REGISTRATION if name.endswith(f"__{ADDRESS}") else table for name in columns}
    return sorted({(kept[name], one) for name in columns for one in values[name].to_pylist() if one}) if values else []


def missing_pictures(store: Store, cohorts: Iterable[str]) -> Iterator[str]:
    """Thumbnails that the quality pages of cohorts show, and are no longer in work/."""
    kept = store.results().get(THUMBNAIL, set())
    for cohort in cohorts:
        shown: set[str] = set()
        for page in store.quality_pages(cohort):
            with suppress(StoreError):  # which is among the faults
                shown.update(_SHOWN.findall(read_page(page)))
        what = f"the quality page of {cohort} shows it; radweave quality {cohort} --draw draws it again"
        lacking = [store.work(THUMBNAIL, digest) for digest in sorted(shown - kept)]
        yield from _told(lacking, f"is not there, though {what}", f"more thumbnails are not in work/, though {what}")


def missing_stability(store: Store, manifest: Manifest) -> Iterator[str]:
    """Tables of stability that are not there, though regions of the cohort were measured for them."""
    measured = set().union(*(found for block, found in store.results().items() if block.startswith("stability_")))
    tables = [
        (cohort, file.path)
        for cohort in manifest.cohorts
        for block in IMAGE_BLOCKS
        for file in manifest.parts(block, cohort)
    ]
    for cohort, table in tables if measured else ():
        for name in column_names(store.root / table):
            prefix = name.removesuffix(RESULT)
            path = store.stability(cohort, prefix)
            if prefix != name and not path.is_file():
                found = set(read_table(store.root / table, [name])[name].to_pylist())
                if found & measured:
                    yield f"{path}: is not there, though its regions were measured; run radweave stability again"


def missing_studies(store: Store) -> Iterator[str]:
    """A study.json that is not there, though the report is, which is written just before it."""
    for name in find_files(store.root / "studies"):
        folder = (store.root / "studies" / name).parent
        if name.endswith("/report.html") and not is_run(folder):
            yield (
                f"{folder / STUDY}: is not there, though the report is: it was removed, or the run was killed at its end; run "
                "the study again"
            )


def missing_releases(store: Store, manifest: Manifest, rows: int) -> Iterator[str]:
    """Whether the audit of releases has fewer rows than the newest refresh remembers."""
    if rows < manifest.releases:
        yield (
            f"{store.releases}: holds {rows} releases, the newest refresh remembers {manifest.releases}; restore it from a "
            "backup; without one, the next release goes on with what is there"
        )


def _told(paths: list[Path], each: str, others: str) -> Iterator[str]:
    yield from (f"{path}: {each}" for path in paths[:MOST])
    if len(paths) > MOST:
        yield f"{len(paths) - MOST} {others}"
