"""How quick the store is to read, beside one wide CSV and one HDF5 file: python benchmarks/store.py --help

Writes a synthetic cohort (random numbers, which hardly compress) of three blocks through the library, the same values
as one CSV (pandas) and one HDF5 file (h5py: a matrix and its names), reads all of them in this process with the files in
the page cache, compares what was read value by value, and prints a table. Needs the extra "omics" for h5py, and polars.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import duckdb
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from features.core.case import ROI, target_of
from features.core.catalog.catalog import Catalog
from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.region import Region
from features.core.storage.store import Store
from features.core.storage.table import ARROW, Schema, dictionary_rows
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.results.manifest import CohortState, Mart
from features.results.prefixes import settings_digests
from features.results.schemas import DICTIONARY, KEY, QUARANTINE, SCANS
from features.tables.patient import KEY as PATIENT_KEY
from flows.commands.export import read_export
from flows.commands.views import Views
from tests.support.catalog import catalog_of, cohort_of, dicom_images
from tests.support.mart import commit_tables

COHORT, DEEP, CLINICAL, MISSING = "synthetic", 1280, 40, 0.01
FIVE_MS, FUSED_S = 60, 3  # what the store promises at 5,000 patients and 4,000 features


class Random(Extractor):
    """Columns of a radiomics block; the values come from `write_store`."""

    kind: Literal["random"] = "random"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    features: int

    @property
    def version(self) -> str:
        return "1"

    def columns(self, recipe: Recipe) -> list[Column]:
        return [Column(f"f{i:05d}", "float64", f"random number {i}", family="random") for i in range(self.features)]

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        raise AssertionError("this benchmark opens no images")


class RandomNet(Random):
    """Columns of a deep block."""

    kind: Literal["random_net"] = "random_net"  # type: ignore[assignment]
    block: ClassVar[Literal["radiomics", "deep"]] = "deep"

    def columns(self, recipe: Recipe) -> list[Column]:
        return [Column(f"{i:04d}", "float32", f"random number {i}", family="random") for i in range(self.features)]


def describe(folder: Path, features: int) -> tuple[Catalog, Recipe]:
    """A catalog and a recipe for numbers that no image was needed for."""
    variables: dict[str, Any] = {f"v{i:02d}": {"type": "number", "description": f"number {i}"} for i in range(CLINICAL)}
    variables["response"] = {"type": "flag", "description": "a coin", "role": "outcome"}
    endpoints = {"response": {"kind": "binary", "column": "response"}}
    centres = {"A": {}, "B": {}, "C": {}}
    cohort = cohort_of(dicom_images(), centres=centres, variables=variables, endpoints=endpoints)
    extractors = [Random(features=features), RandomNet(features=DEEP)]
    recipe = {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "window": [0, 1]}
    return catalog_of(folder, **{COHORT: cohort}), Recipe.model_validate({**recipe, "extractors": extractors})


def make_tables(patients: int, catalog: Catalog, recipe: Recipe) -> dict[str, tuple[pa.Table, list[Column]]]:
    """The tables of the cohort, one case per patient."""
    random = np.random.default_rng(0)
    codes = [f"{i:012x}" for i in range(patients)]
    facts = {
        "case": [f"{COHORT}:{code}:baseline" for code in codes],
        "cohort": [COHORT] * patients,
        "centre": ["ABC"[i % 3] for i in range(patients)],
        "patient": codes,
        "timepoint": ["baseline"] * patients,
        "lesion": [""] * patients,
    }

    def numbers(columns: Sequence[Column]) -> dict[str, pa.Array]:
        made = {}
        for column in columns:
            values = random.normal(size=patients)
            made[column.name] = pa.array(values, mask=random.random(patients) < MISSING).cast(ARROW[column.type])
        return made

    tables = {}
    volume = [Column("region__ct__volume_ml", "float64", "volume", unit="ml")]
    blocks = {"region": ([*KEY, *volume], numbers(volume))}
    for extractor in recipe.extractors:
        prefix = f"{extractor.kind}__{recipe.name}__"
        columns = [Column(prefix + c.name, c.type, c.description) for c in extractor.columns(recipe)]
        result = Column(f"{prefix}result", "string", "address of the result", role="fact")
        found = {result.name: pa.array(["0" * 64] * patients), **numbers(columns)}
        blocks[f"{extractor.block}/{recipe.name}"] = ([*KEY, result, *columns], found)
    variables = catalog.cohort(COHORT).variables
    clinical = [Column(name, "float64", v.description) for name, v in variables.items() if v.type == "number"]
    flag = Column("response", "bool", "a coin", role="outcome")
    blocks["clinical"] = (
        [*PATIENT_KEY, *clinical, flag],
        {**numbers(clinical), "response": random.random(patients) < 0.5},
    )
    for block, (columns, values) in blocks.items():
        schema = Schema(block, tuple(columns))
        keys = {c.name: pa.array(facts[c.name]) for c in columns if c.name in facts}
        tables[block] = schema.checked(pa.table({**keys, **values})), columns
    rows = [row for name, (_, own) in tables.items() for row in dictionary_rows(name.split("/")[0], COHORT, own)]
    tables["dictionary"] = DICTIONARY.table(rows), list(DICTIONARY.columns)
    tables["quarantine"] = QUARANTINE.table([]), list(QUARANTINE.columns)
    cases = tables["region"][0].select([column.name for column in KEY]).to_pylist()
    image = {"image": "CT", "roi": ROI, "modality": "CT"}
    scans = [
        {**case, **image, "image_digest": case["case"], "mask_digest": case["case"], "segmentation": "given"}
        for case in cases
    ]
    tables["scans"] = SCANS.table(scans), list(SCANS.columns)
    return tables


def write_store(store: Store, tables: Mapping[str, tuple[pa.Table, list[Column]]], recipe: Recipe) -> None:
    rows = tables["region"][0].num_rows
    state = CohortState(
        key="1",
        scans=rows,
        used=rows,
        settings=settings_digests([(recipe, target_of(recipe.modality, ROI, recipe.modality))]),
    )
    commit_tables(store, COHORT, state, {name: table for name, (table, _) in tables.items()})


def write_peers(folder: Path, wide: pd.DataFrame) -> dict[str, float]:
    """One wide CSV, and one HDF5 file with the matrix and its names; seconds of each."""
    spent = {}
    start = time.perf_counter()
    wide.to_csv(folder / "wide.csv")
    spent["CSV"] = time.perf_counter() - start
    start = time.perf_counter()
    with h5py.File(folder / "wide.h5", "w") as file:
        file["values"] = wide.to_numpy(np.float64)
        file["cases"] = wide.index.to_numpy(object)
        file["columns"] = wide.columns.to_numpy(object)
    spent["HDF5"] = time.perf_counter() - start
    return spent


def timed(read: Callable[[], Any], repeats: int) -> tuple[float, float, Any]:
    """Median seconds by the clock and of CPU, after one reading that is not counted unless it is the only one."""
    wall, cpu = [], []
    for _ in range(repeats + (repeats > 1)):
        start = time.perf_counter(), time.process_time()
        found = read()
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    return statistics.median(wall[1:] or wall), statistics.median(cpu[1:] or cpu), found


def five_columns(folder: Path, store: Store, names: list[str]) -> dict[str, Callable[[], Any]]:
    """Ways to read five columns of all patients."""
    file = store.mart / "radiomics" / "ct" / f"{COHORT}.parquet"

    def hdf5() -> pd.DataFrame:
        with h5py.File(folder / "wide.h5") as h5:
            places = {name.decode(): i for i, name in enumerate(h5["columns"][:])}
            return pd.DataFrame({name: h5["values"][:, places[name]] for name in names})

    columns = ", ".join(names)
    views = Views(store)
    return {
        "Parquet by pyarrow": lambda: pq.read_table(file, columns=names, page_checksum_verification=True).to_pandas(),
        "Parquet by pandas": lambda: pd.read_parquet(file, columns=names),
        "Parquet by DuckDB": lambda: duckdb.sql(f"SELECT {columns} FROM '{file}'").df(),
        "Parquet by polars": lambda: pl.read_parquet(file, columns=names).to_pandas(),
        "radweave query (every byte checked)": lambda: views.ask(f"SELECT {columns} FROM radiomics").df(),
        "CSV by pandas": lambda: pd.read_csv(folder / "wide.csv", usecols=names)[names],
        "HDF5 by h5py": hdf5,
    }


def fused(folder: Path, store: Store, catalog: Catalog, recipe: Recipe) -> dict[str, Callable[[], Any]]:
    """Ways to read three blocks as one matrix (cases, features)."""
    question = Question((COHORT,), "response", "baseline", (recipe,))
    features = [f"clinical__v{i:02d}" for i in range(CLINICAL)]
    features += [f"{e.kind}__ct__{column.name}" for e in recipe.extractors for column in e.columns(recipe)]

    def pandas() -> pd.DataFrame:
        files = [store.mart / block / f"{COHORT}.parquet" for block in ("radiomics/ct", "deep/ct", "clinical")]
        radiomics, deep, clinical = map(pd.read_parquet, files)
        clinical = clinical.set_index("patient").add_prefix("clinical__")
        joined = radiomics.set_index("case").join(deep.set_index("case"), rsuffix="_", validate="1:1")
        return joined.join(clinical, on="patient", validate="m:1")[features].astype(float)

    def hdf5() -> pd.DataFrame:
        with h5py.File(folder / "wide.h5") as file:
            index = [case.decode() for case in file["cases"][:]]
            return pd.DataFrame(file["values"][:], index, [name.decode() for name in file["columns"][:]])[features]

    def export() -> pd.DataFrame:
        table = read_export(Views(store), ["radiomics", "deep", "clinical"]).table
        return table.select(features).to_pandas().astype(float)

    return {
        "radweave fuse, as studies do (every byte checked)": lambda: fuse(Mart.open(store), catalog, question).X[
            features
        ],
        "radweave export's join (every byte checked)": export,
        "Parquet by pandas": pandas,
        "CSV by pandas": lambda: pd.read_csv(folder / "wide.csv", index_col="case")[features],
        "HDF5 by h5py": hdf5,
    }


def compare(what: str, ways: Mapping[str, Callable[[], Any]], unit: float, repeats: int) -> None:
    """Print rows of the table: times, and how often they fit into the time that CSV takes. Values have to agree."""
    spent: dict[str, tuple[float, float]] = {}
    first = None
    for name, read in ways.items():
        *spent[name], found = timed(read, 1 if name.startswith("CSV") else repeats)
        values = found.to_numpy(np.float64)
        first = values if first is None else first
        np.testing.assert_allclose(values, first, rtol=1e-12, err_msg=f"{what}: {name}")  # CSV may lose the last bit
    csv = next(wall for name, (wall, _) in spent.items() if name.startswith("CSV"))
    text = "{:.0f} ms" if unit == 1000 else "{:.2f} s"
    for name, (wall, cpu) in spent.items():
        print(
            f"| {what} | {name} | {text.format(wall * unit)} | {text.format(cpu * unit)} | {csv / wall:.1f} × |",
            flush=True,
        )


def run(folder: Path, patients: int, features: int) -> None:
    """Print the whole comparison as a table in Markdown."""
    catalog, recipe = describe(folder, features)
    tables = make_tables(patients, catalog, recipe)
    store = Store(folder / "store")
    start = time.perf_counter()
    write_store(store, tables, recipe)
    spent = {"Parquet (store)": time.perf_counter() - start}
    blocks = ("radiomics/ct", "deep/ct")
    frames = [tables[block][0].to_pandas().set_index("case").select_dtypes("number") for block in blocks]
    clinical = (
        tables["clinical"][0].to_pandas().select_dtypes("number").set_axis(frames[0].index).add_prefix("clinical__")
    )
    wide = pd.concat([*frames, clinical], axis=1).astype(np.float64)  # float32 as text would lose digits
    spent |= write_peers(folder, wide)
    sizes = {
        "Parquet (store)": sum(path.stat().st_size for path in (store.root / "tables").rglob("*.parquet")),
        "CSV": (folder / "wide.csv").stat().st_size,
        "HDF5": (folder / "wide.h5").stat().st_size,
    }
    print("| what | how | time or size | CPU time | CSV is |\n|---|---|---|---|---|")
    for name, s in spent.items():
        print(f"| write | {name} | {s:.1f} s | | {spent['CSV'] / s:.1f} × |")
    for name, size in sizes.items():
        print(f"| size | {name} | {size / 1e6:.0f} MB | | {sizes['CSV'] / size:.1f} × |", flush=True)
    names = [f"random__ct__f{i * (features - 1) // 4:05d}" for i in range(5)]
    compare("five columns", five_columns(folder, store, names), 1000, 9)
    compare("three blocks fused", fused(folder, store, catalog, recipe), 1, 3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Read five columns and a fused design table from Parquet, CSV and HDF5."
    )
    parser.add_argument("--patients", type=int, default=5000)
    parser.add_argument("--features", type=int, default=4000, help="of the radiomics block")
    given = parser.parse_args()
    print(
        f"{given.patients} patients; radiomics {given.features}, deep {DEEP}, clinical {CLINICAL} columns; one cohort;"
    )
    print("files in the page cache; medians; CPU is of all threads together.")
    print(f"{platform.machine()}, {pa.cpu_count()} cores, pyarrow {pa.__version__}, duckdb {duckdb.__version__}\n")
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), given.patients, given.features)
    print(f"\nPromised at 5000 patients and 4000 features: five columns under {FIVE_MS} ms, fused under {FUSED_S} s.")


if __name__ == "__main__":
    main()
