"""Tables of a refresh in a store, without any image: those that a test gives, and a small store of three refreshes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from features.core.column import Column
from features.core.storage.store import Store
from features.core.storage.table import Schema, dictionary_rows, levels_text, parquet_bytes
from features.results.manifest import CohortState, commit, keep_table, newest
from features.results.schemas import DICTIONARY, KEY, QUARANTINE, SCANS, UNMATCHED, VISITS, WARNINGS
from features.tables.patient import KEY as PATIENT_KEY

Rows = Sequence[Mapping[str, Any]]
VOLUME = Column("region__ct__volume_ml", "float64", "volume of the region", unit="ml", modality="CT")
KERNEL = Column("region__ct__kernel", "string", "reconstruction kernel", role="fact", modality="CT")
SHAPE = Column("pyradiomics__ct__shape_Sphericity", "float64", "Sphericity", ibsi="QCFX", modality="CT", recipe="ct")
DEEP = Column("net__ct__largest_0000", "float32", "first activation", modality="CT", recipe="ct")
AGE = Column("age_years", "float64", "age", unit="years")
STAGE = Column("stage", "string", "clinical stage")
SEEN = Column("seen", "date", "last contact", role="outcome")
DEATH = Column("death", "bool", "died", role="outcome")
GENE = Column("TP53", "float64", "expression", unit="log2")
EXTRA = Column("pyradiomics__pet__firstorder_Mean", "float64", "Mean", modality="PT", recipe="pet")


def publish_tables(
    store: Store,
    cohort: str,
    state: CohortState,
    tables: Mapping[str, tuple[Sequence[Column], Rows]],
) -> None:
    """Commit tables of a cohort as the refresh would, with their dictionary and whatever else a cohort has.

    tables: name → columns and rows.
    """
    fixed = {schema.name: (schema.columns, ()) for schema in (SCANS, QUARANTINE, WARNINGS, UNMATCHED, VISITS)}
    found = {**fixed, **tables}
    blocks: dict[str, dict[str, Column]] = {}
    for name, (columns, _) in found.items():
        blocks.setdefault(name.split("/")[0], {}).update((column.name, column) for column in columns)
    described = [row for name, own in blocks.items() for row in dictionary_rows(name, cohort, [*own.values()])]
    made, levels = {}, {}
    for name, (columns, rows) in {**found, "dictionary": (DICTIONARY.columns, described)}.items():
        made[name] = Schema(name, tuple(columns)).table(rows)
        levels[name] = levels_text({column.name: column.levels for column in columns if column.levels})
    commit_tables(store, cohort, state, made, levels)


def commit_tables(
    store: Store,
    cohort: str,
    state: CohortState,
    tables: Mapping[str, pa.Table],
    metadata: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> None:
    """Commit tables as they are; metadata: of a table's file, by its name."""
    files = {}
    for name, table in tables.items():
        data = parquet_bytes(table, {"cohort": cohort, **metadata.get(name, {})})
        files[name] = keep_table(store, name, cohort, data, table.num_rows)
    commit(store, cohort, state, files, newest(store))


def case_row(cohort: str, patient: str, timepoint: str = "baseline", **values: Any) -> dict[str, Any]:
    """A row of a block: the keys of a case of centre A, and values of further columns."""
    facts = {"cohort": cohort, "centre": "A", "patient": patient, "timepoint": timepoint, "lesion": ""}
    return {"case": f"{cohort}:{patient}:{timepoint}", **facts, **values}


def fill_store(store: Store) -> Store:
    """Refresh 1: cohort one; 2: cohort two, with a feature that one lacks; 3: cohort one, where a volume changed."""

    def one(volume: float) -> dict[str, tuple[Sequence[Column], Rows]]:
        regions = [
            case_row("one", "p1", region__ct__volume_ml=volume, region__ct__kernel="=B30f"),
            case_row("one", "p2", region__ct__volume_ml=-2.0, region__ct__kernel="B40f"),
            case_row("one", "p2", "week4", region__ct__volume_ml=3.5),
        ]
        shapes = [case_row("one", "p1", **{SHAPE.name: 0.5}), case_row("one", "p2", **{SHAPE.name: None})]
        activations = [case_row("one", "p1", **{DEEP.name: 0.1}), case_row("one", "p2", **{DEEP.name: 0.2})]
        patients = [
            {"patient": "p1", "cohort": "one", "centre": "A", "age_years": 61.5, "stage": "+", "death": True,
             "seen": datetime.date(2020, 2, 29)},
            {"patient": "p9", "cohort": "one", "centre": "A", "age_years": 40.0, "stage": "II", "death": None},
        ]  # fmt: skip
        genes = [{"patient": "p2", "cohort": "one", "centre": "A", "TP53": 7.25}]
        return {
            "region": ((*KEY, VOLUME, KERNEL), regions),
            "radiomics/ct": ((*KEY, SHAPE), shapes),
            "deep/ct": ((*KEY, DEEP), activations),
            "clinical": ((*PATIENT_KEY, AGE, STAGE, SEEN, DEATH), patients),
            "genomic": ((*PATIENT_KEY, GENE), genes),
        }

    publish_tables(store, "one", CohortState(key="1"), one(1.25))
    two = {
        "region": ((*KEY, VOLUME), [case_row("two", "p1", region__ct__volume_ml=9.0)]),
        "radiomics/ct": ((*KEY, SHAPE), [case_row("two", "p1", **{SHAPE.name: 0.7})]),
        "radiomics/pet": ((*KEY, EXTRA), [case_row("two", "p1", **{EXTRA.name: 4.0})]),
    }
    publish_tables(store, "two", CohortState(key="1"), two)
    publish_tables(store, "one", CohortState(key="2"), one(1.5))
    return store
