"""The store as DuckDB sees it: its tables over all cohorts, and nothing else: no file, no network, no setting to change."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs

from features.core.digest import digest_file
from features.core.errors import RadweaveError, StoreError
from features.core.storage.place import find_files, is_remote
from features.core.storage.store import Store
from features.core.storage.table import arrow_memory, plain_texts, read_table
from features.core.wording import counted
from features.results.earlier import changes, of_today
from features.results.manifest import File, Mart, checked_bytes
from features.results.regions import REGIONS, long_regions
from features.results.runs import is_run
from features.results.schemas import ASSOCIATION_TABLES, IMAGE_BLOCKS, KEY, STUDY_TABLES
from features.results.side_by_side import side_by_side
from flows.commands.joined_files import JoinedFiles

CASE_BLOCKS = ("region", *IMAGE_BLOCKS)  # one row per case
CASE_KEY = tuple(column.name for column in KEY)
PATIENT_KEY = ("patient", "cohort", "centre")  # and timepoint or lesion, where a block of patients tells them
_RUN = pa.schema([("study", pa.string()), ("run", pa.string())])
_EMPTY = {
    schema.name: pa.schema([*_RUN, *schema.arrow]).empty_table() for schema in (*STUDY_TABLES, *ASSOCIATION_TABLES)
}
_PARQUET = ds.ParquetFileFormat()
_DISK = pyarrow.fs.LocalFileSystem()


class Views:
    """The tables of one refresh by name, `regions` (a row per case, image and ROI), the tables of whole studies, and `cases`:
    all blocks side by side, a row per case.

    A table of studies is there, empty, where no study has it yet.
    refresh: the tables as they were then; None: the newest. A table is opened when it is asked for, so that a damaged one
    spoils no other. Raises StoreError if the store is empty.
    """

    def __init__(self, store: Store, refresh: int | None = None) -> None:
        self.store = store
        self.manifest = Mart.open(store, refresh).manifest
        if not self.manifest.files:
            raise StoreError(f"{store.root}: the store is empty: run radweave refresh")
        self._studies = _study_tables(store)
        of_patients = {name for cohort in self.manifest.cohorts for name in self.manifest.patient_blocks(cohort)}
        self.blocks = (*CASE_BLOCKS, *dict.fromkeys(["clinical", "genomic", *sorted(of_patients)]))
        kept = {*IMAGE_BLOCKS, REGIONS, *(name.split("/")[0] for name in self.manifest.files)}
        self.names = (*sorted(kept), *self._studies)
        self._tables: dict[str, ds.Dataset | pa.Table] = {}
        self._shown: set[str] = set()
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,  # no variable of this process is a table
                "temp_directory": "",  # nor is anything spilled to the disk
            },
        )
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The answer to a SELECT, as a DuckDB relation. The tables that `sql` names are checked first.

        Raises StoreError if one of their files is damaged, RadweaveError if the SQL is faulty or no SELECT.
        """
        named = self._named(sql)
        for name in named or self.names:  # without a name, the tables themselves are asked for
            self._check_letters(name)
            self._show(name)
        try:
            if not named or "cases" in sql.lower():
                self._make_cases()
            kinds = [statement.type.name for statement in self._connection.extract_statements(sql)]
            refused = [kind for kind in kinds if kind not in ("SELECT", "EXPLAIN", "MULTI")]  # a PIVOT is MULTI
            if refused or not kinds:
                raise RadweaveError(f"the query fails: found {refused[0] if refused else 'nothing'}; allowed: SELECT")
            return self._connection.sql(sql, params=list(parameters) or None)
        except duckdb.Error as error:
            raise RadweaveError(f"the query fails: {error}") from error

    def read(self, name: str, columns: Sequence[str], condition: Any = None) -> pa.Table:
        """Columns of a table, of the rows that fulfil a condition of pyarrow. Raises StoreError if it is damaged."""
        table = self.table(name)
        dataset = table if isinstance(table, ds.Dataset) else ds.dataset(table)
        try:
            return dataset.to_table(columns=list(columns), filter=condition)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"table {name}: cannot be read: {error}") from error

    def columns(self, name: str) -> list[str]:
        """Columns of a table. Raises StoreError as `table`."""
        return list(self.table(name).schema.names)

    def table(self, name: str) -> ds.Dataset | pa.Table:
        """A table of these names with the columns of today, checked when it is first asked for.

        Its files are compared byte by byte with the manifest. Raises StoreError if one is missing or damaged, or cohorts
        differ in the type of a column.
        """
        if name not in self._tables:
            if name in self._studies:
                tables = [_named(path) for path in self._studies[name]]
                self._tables[name] = pa.concat_tables([*tables, _EMPTY[name]], promote_options="permissive")
            elif name == REGIONS:
                self._tables[name] = self._regions()
            else:
                files = [self.manifest.parts(name, cohort) for cohort in sorted(self.manifest.cohorts)]
                self._tables[name] = _union(self.store, name, [parts for parts in files if parts])
        return self._tables[name]

    def _regions(self) -> pa.Table:
        """The table `regions` over all cohorts."""
        mart = Mart(self.store, self.manifest)
        parts = [
            long_regions(mart.read("region", cohort), mart.read("dictionary", cohort).to_pylist())
            for cohort in sorted(self.manifest.cohorts)
            if self.manifest.file("region", cohort) is not None
        ]
        return pa.concat_tables(parts, promote_options="permissive") if parts else long_regions(side_by_side([]), [])

    def levels(self, name: str) -> dict[str, list[str]]:
        """Columns of a table with declared levels, in their order, where all cohorts declare the same.

        Raises StoreError if the dictionary is damaged.
        """
        if name not in self.blocks or "levels" not in self.columns("dictionary"):
            return {}
        rows = self.read("dictionary", ["name", "levels"], ds.field("block") == name).to_pylist()
        told: dict[str, set[str]] = {}
        for row in rows:
            told.setdefault(row["name"], set()).add(row["levels"] or "")
        return {column: json.loads(*texts) for column, texts in told.items() if len(texts) == 1 and texts != {""}}

    def _show(self, name: str) -> None:
        """Let SQL see a table; columns with levels as ENUM, so that they are sorted in their declared order.

        The type has a name (`clinical__stage`), because SQL compares an ENUM with plain text by the alphabet.
        """
        if name in self._shown:
            return
        self._shown.add(name)
        try:
            levels = self.levels(name)
        except StoreError:  # a damaged dictionary spoils no other table: levels are then texts like others
            levels = {}
        if not levels:
            self._connection.register(name, self.table(name))
            return
        whole = f"{name} as kept"
        self._connection.register(whole, self.table(name))
        for column, words in levels.items():
            texts = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
            self._connection.execute(f"CREATE TYPE {quoted(f'{name}__{column}')} AS ENUM ({texts})")
        cast = ", ".join(
            f"CAST({quoted(column)} AS {quoted(f'{name}__{column}')}) AS {quoted(column)}" for column in levels
        )
        self._connection.execute(f"CREATE TABLE {quoted(name)} AS SELECT * REPLACE ({cast}) FROM {quoted(whole)}")
        self._connection.unregister(whole)

    def _named(self, sql: str) -> list[str]:
        """The tables that SQL may read, all if it asks for the schema; a word too many costs time alone."""
        words = set(re.findall(r"\w+", sql.lower()))
        if "information_schema" in words:
            return []
        return [name for name in self.names if name in words or ("cases" in words and name in self.blocks)]

    def _check_letters(self, name: str) -> None:
        names = self.columns(name)
        folded = Counter(map(str.lower, names))
        twins = [column for column in names if folded[column.lower()] > 1]
        if twins:
            raise StoreError(f"table {name}: SQL cannot tell {twins[0]} from {twins[1]}; read the table with pandas")

    def _make_cases(self) -> None:
        """Make the view `cases`, which costs too much for queries that do not name it."""
        blocks = {block: self.columns(block) for block in self.blocks if block in self.names}
        for block in blocks:
            self._show(block)
        if any(block in blocks for block in CASE_BLOCKS):
            self._connection.execute(f"CREATE OR REPLACE VIEW cases AS {_cases_sql(blocks)}")


def relation_table(relation: Any) -> pa.Table:
    """The rows of a relation. Raises RadweaveError if reading fails (a damaged page) or two columns share a name."""
    twice = [name for name, count in Counter(relation.columns).items() if count > 1]
    if twice:
        raise RadweaveError(
            f'the answer has {counted(len(twice), "column")} twice, such as "{twice[0]}"; name one of them with AS'
        )
    try:
        return plain_texts(relation.to_arrow_table())
    except duckdb.Error as error:
        raise RadweaveError(f"the query fails: {error}") from error


def quoted(name: str) -> str:
    """An identifier in SQL.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def row_keys(blocks: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The keys of the rows of blocks (with their columns) side by side: those of cases, or else of patients."""
    if any(block in CASE_BLOCKS for block in blocks):
        return CASE_KEY
    told = {column for columns in blocks.values() for column in columns}
    return (*PATIENT_KEY, *(key for key in ("timepoint", "lesion") if key in told))


def join_keys(block: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The keys by which a block is joined to rows of cases, or of patients."""
    return ("case",) if block in CASE_BLOCKS else tuple(k for k in CASE_KEY if k in columns and k != "centre")


def joined_names(blocks: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, str]]:
    """Column of the joined table → its block and its name there. Columns of patient blocks get the block as prefix.

    >>> joined_names({"region": ["case", "cohort", "x"], "clinical": ["patient", "age"]})["clinical__age"]
    ('clinical', 'age')
    """
    keys = row_keys(blocks)
    first = next(block for block in blocks if (block in CASE_BLOCKS) == (keys is CASE_KEY))
    found = {key: (next((b for b, columns in blocks.items() if key in columns), first), key) for key in keys}
    for block, columns in blocks.items():
        prefix = "" if block in CASE_BLOCKS else f"{block}__"
        found |= {prefix + column: (block, column) for column in columns if column not in keys}
    return found


def _cases_sql(blocks: Mapping[str, Iterable[str]]) -> str:
    """SQL for blocks (with their columns) side by side: a row for each case of images that any of them has.

    Patients of cohorts without images have a row for each of their time points and lesions in the other blocks.
    """
    of_cases = [block for block in blocks if block in CASE_BLOCKS]
    keys = ", ".join(map(quoted, CASE_KEY))
    rows = " UNION ".join(f"SELECT {keys} FROM {quoted(block)}" for block in of_cases)
    rows += "".join(f" UNION {_rows_of_patients(block, blocks, of_cases)}" for block in blocks if block not in of_cases)
    select = [f"k.{quoted(key)}" for key in CASE_KEY]
    for name, (block, column) in joined_names(blocks).items():
        if name not in CASE_KEY:
            select.append(f"{quoted(block)}.{quoted(column)} AS {quoted(name)}")
    joins = []
    for block, columns in blocks.items():
        same = (f"{quoted(block)}.{quoted(key)} = k.{quoted(key)}" for key in join_keys(block, columns))
        joins.append(f"LEFT JOIN {quoted(block)} ON {' AND '.join(same)}")
    return f"SELECT {', '.join(select)} FROM ({rows}) AS k {' '.join(joins)}"


def _rows_of_patients(block: str, blocks: Mapping[str, Iterable[str]], of_cases: Sequence[str]) -> str:
    """SQL for the keys of a block of patients whose cohort has no images, but for who has finer rows in another one."""
    known = {name: join_keys(name, columns) for name, columns in blocks.items() if name not in of_cases}
    own = known[block]
    case = " || ':' || ".join(quoted(key) for key in own)
    keys = ", ".join(quoted(key) if key in (*own, "centre") else f"'' AS {quoted(key)}" for key in CASE_KEY[1:])
    others = " UNION ".join(f"SELECT cohort FROM {quoted(name)}" for name in of_cases)
    finer = [name for name, found in known.items() if len(found) > len(own)]
    where = [f"cohort NOT IN ({others})"]
    where += [f"(cohort, patient) NOT IN (SELECT (cohort, patient) FROM {quoted(name)})" for name in finer]
    return f'SELECT {case} AS "case", {keys} FROM {quoted(block)} WHERE {" AND ".join(where)}'


def _union(store: Store, name: str, cohorts: Sequence[Sequence[File]]) -> ds.Dataset | pa.Table:
    """Files, by cohort, as one table with the columns of all of them; pyarrow alone would take the first file's."""
    if not cohorts:
        return side_by_side([])
    fragments = [[_fragment(store, file) for file in files] for files in cohorts]
    if changes(name):
        return _of_today(name, [part for parts in fragments for part in parts])
    try:
        schemas = [pa.unify_schemas([_plain(part.physical_schema) for part in parts]) for parts in fragments]
        schema = pa.unify_schemas(schemas)
    except pa.ArrowException as error:
        raise StoreError(f"table {name}: cohorts differ in the type of a column: {error}") from error
    if all(len(parts) == 1 for parts in fragments):
        return ds.FileSystemDataset([part for (part,) in fragments], schema, _PARQUET)
    return JoinedFiles(fragments, schema)


def _of_today(name: str, fragments: Sequence[ds.Fragment]) -> pa.Table:
    """Files of a table that an earlier radweave wrote with other columns, as one table with those of today."""
    try:
        whole = [of_today(name, plain_texts(part.to_table())) for part in fragments]
        return pa.concat_tables(whole, promote_options="default")
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"table {name}: cannot be read: {error}") from error


def _fragment(store: Store, file: File) -> ds.Fragment:
    """A file, its bytes checked. A remote one is read whole, for the reason that `arrow_memory` gives."""
    path = store.root / file.path
    if is_remote(store.root):
        return _PARQUET.make_fragment(arrow_memory(checked_bytes(store, file)))
    if not (path.is_file() and path.stat().st_size == file.bytes and digest_file(path) == file.sha256):
        raise StoreError(f"{path}: is not the file that the manifest names; run radweave verify")
    return _PARQUET.make_fragment(str(path), filesystem=_DISK)


def _plain(schema: pa.Schema) -> pa.Schema:
    """A schema with categories as texts: some files have them, earlier ones not."""
    kinds = [field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in schema]
    return pa.schema([field.with_type(kind) for field, kind in zip(schema, kinds, strict=True)])


def _study_tables(store: Store) -> dict[str, list[Path]]:
    """The files of the tables of all whole runs, by name; none of a table that no run has."""
    files = find_files(store.root / "studies")
    found: dict[str, list[Path]] = {}
    for name in _EMPTY:
        paths = [store.root / "studies" / file for file in files if file.endswith(f"/{name}.parquet")]
        found[name] = [path for path in paths if is_run(path.parent)]
    return found


def _named(path: Path) -> pa.Table:
    """The table of a run, with study and run in front."""
    table = read_table(path)
    for i, (name, value) in enumerate(zip(_RUN.names, (path.parent.parent.name, path.parent.name), strict=True)):
        table = table.add_column(i, name, pa.array([value] * table.num_rows, pa.string()))
    return table
