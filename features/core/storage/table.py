"""Tables: a schema as data, and the only reader and writer of Parquet. What is written is declared, whole and durable."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.core.column import Column, Type
from features.core.digest import digest_bytes, digest_file
from features.core.errors import StoreError
from features.core.storage.place import Bytes, put_file, temporary_file, write_bytes
from features.core.storage.seal import BLANK, KEY, SEAL_DIGITS, damaged, read_sealed, seal_place

LEVELS = "levels"  # in the provenance of a table: column → its levels, as JSON
T = TypeVar("T")
SMALL = 2**20  # bytes of a file that is read by one thread: others would cost more than they do
_QUICK = {pa.string(): "DELTA_BYTE_ARRAY", pa.float64(): "BYTE_STREAM_SPLIT"}
ARROW: dict[Type, pa.DataType] = {
    "string": pa.string(),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
}


@dataclass(frozen=True)
class Written:
    """A file that is written: its sha-256, bytes, and path."""

    sha256: str
    bytes: int
    path: Path


@dataclass(frozen=True)
class Schema:
    """The declared columns of a table; the key columns together are unique and never null."""

    name: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> list[str]:
        return [column.name for column in self.columns if column.role == "key"]

    @property
    def arrow(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, ARROW[c.type], nullable=c.role != "key") for c in self.columns])

    def table(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Rows as a table of this schema, sorted by the key. Missing columns are null, unknown ones an error."""
        rows = list(rows)
        names = {column.name for column in self.columns}
        unknown = {name for row in rows for name in row} - names
        if unknown:
            raise StoreError(f"table {self.name}: undeclared columns {sorted(unknown)[:5]}")
        arrays = {c.name: pa.array([row.get(c.name) for row in rows], ARROW[c.type]) for c in self.columns}
        return self.checked(pa.table(arrays))

    def checked(self, table: pa.Table) -> pa.Table:
        """The table with this schema, sorted by its key. Raises StoreError if the key is null or not unique."""
        schema = self.arrow
        if table.schema.names != schema.names:
            raise StoreError(f"table {self.name}: columns differ from the schema")
        for name in self.key:
            if table[name].null_count:
                raise StoreError(f'table {self.name}: the key column "{name}" holds nulls')
        table = typed(table, schema)
        if not self.key:
            return table
        groups = table.group_by(self.key).aggregate([([], "count_all")])
        if groups.num_rows != table.num_rows:
            twice = groups.filter(pa.compute.greater(groups["count_all"], 1)).select(self.key).slice(0, 3).to_pylist()
            raise StoreError(f"table {self.name}: keys are not unique, for example {twice}")
        order = pc.sort_indices(table.select(self.key), [(name, "ascending") for name in self.key])
        is_sorted = pc.all(pc.equal(order, pa.array(range(table.num_rows), order.type))).as_py()
        return table.combine_chunks() if is_sorted else table.take(order)  # what is sorted and whole is not copied


def typed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table in the types of a schema of the same columns; where they are that already, thousands of casts are spared."""
    if table.schema.types == schema.types:
        return pa.Table.from_arrays(table.columns, schema=schema)
    return table.cast(schema)


def dictionary_rows(block: str, cohort: str, columns: Sequence[Column]) -> list[dict[str, str]]:
    """Rows of the mart's dictionary for the columns of one block and cohort."""
    names = [field.name for field in fields(Column)]
    return [
        {
            "block": block,
            "cohort": cohort,
            **{name: getattr(column, name) for name in names},
            "levels": _levels_text(column),
        }
        for column in columns
    ]


def column_of(row: Mapping[str, str]) -> Column:
    """The column that a row of the dictionary describes."""
    facts = {field.name: row[field.name] for field in fields(Column) if field.name in row}
    return Column(**{**facts, "levels": tuple(json.loads(row.get("levels") or "[]"))})  # type: ignore[arg-type]


def _levels_text(column: Column) -> str:
    return json.dumps(column.levels, ensure_ascii=False) if column.levels else ""


def levels_text(levels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What the provenance of a table says of its columns with levels; empty if there are none."""
    return (
        {LEVELS: json.dumps({name: list(words) for name, words in levels.items()}, ensure_ascii=False)}
        if levels
        else {}
    )


def parquet_bytes(table: pa.Table, provenance: Mapping[str, str] | None = None) -> Bytes:
    """A table as Parquet: zstd, byte-stream split for floats, dictionary for text; sealed. Equal tables give equal bytes.

    Columns whose levels the provenance tells are ordered categories, as which pandas, polars and R read them.
    """
    # Room that is never too small, and memory only as it is written to: a stream that grows would hold all of it twice.
    texts = sum(map(len, (provenance or {}).values()))
    room = pa.allocate_buffer(3 * table.nbytes + 2**14 * (table.num_columns + 64) + 3 * texts)
    sink = pa.FixedSizeBufferWriter(room)
    _write_parquet(table, provenance, sink)
    return _sealed(memoryview(room).cast("B")[: sink.tell()])


def quick_bytes(table: pa.Table, provenance: Mapping[str, str]) -> Bytes:
    """A small table, of which there are thousands, as Parquet in the way that costs least: texts as what they do not share with
    those before, floats split by bytes, LZ4; sealed. Equal tables give equal bytes.
    """
    encodings = {field.name: encoding for field in table.schema if (encoding := _QUICK.get(field.type))}
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression="lz4",
        use_dictionary=False,
        column_encoding=encodings,
        write_page_checksum=True,
        write_statistics=False,
        store_schema=False,
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(_metadata(provenance))
    return _sealed(memoryview(bytearray(sink.getvalue())))


def _sealed(data: memoryview) -> memoryview:
    """The bytes of a Parquet file with its blank seal filled in, in place."""
    start = len(data) - int.from_bytes(data[-8:-4], "little") - 8  # of the footer
    at = start + seal_place(bytes(data[start:]))
    data[at : at + SEAL_DIGITS] = digest_bytes(data).encode()
    return data


def _metadata(provenance: Mapping[str, str] | None) -> dict[str, str]:
    """The provenance as it stands in a file, and the blank seal."""
    return {f"radweave:{key}": value for key, value in sorted((provenance or {}).items())} | {KEY: BLANK}


def write_by_digest(
    folder: Path, name: Callable[[str], str], table: pa.Table, provenance: Mapping[str, str]
) -> Written:
    """Write a table to a local folder under a name that its digest gives, unless it is there; memory never holds the file.

    Raises OSError if the disk is full or not writable.
    """
    with temporary_file(folder) as path:
        _write_parquet(table, provenance, str(path))
        with path.open("r+b") as file:
            size = file.seek(-8, io.SEEK_END) + 8
            start = size - int.from_bytes(file.read(4), "little") - 8
            file.seek(start)
            at = start + seal_place(file.read())
            seal = digest_file(path).encode()
            file.seek(at)
            file.write(seal)
        sha256 = digest_file(path)
        found = Written(sha256, size, folder / name(sha256))
        if not found.path.is_file() or digest_file(found.path) != sha256:
            put_file(path, found.path)
    return found


def _write_parquet(table: pa.Table, provenance: Mapping[str, str] | None, sink: Any) -> None:
    """Write a table whose seal is blank to a path or an Arrow stream."""
    table = table.replace_schema_metadata(None)
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    told: dict[str, list[str]] = json.loads((provenance or {}).get(LEVELS, "{}"))
    levels = {name: words for name, words in told.items() if name in table.schema.names}
    table = ordered_categories(table, levels)
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=texts,
        use_byte_stream_split=floats,
        write_page_checksum=True,
        write_statistics=texts,  # those of thousands of numbers would only make the footer slow to read
        store_schema=bool(levels),  # without, the schema's metadata are dropped too: they are added by hand
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(_metadata(provenance))


def ordered_categories(table: pa.Table, levels: Mapping[str, Sequence[str]]) -> pa.Table:
    """The table with texts of these columns as categories in the order of their levels. Raises StoreError if one is no level."""
    for name, words in levels.items():
        table = table.set_column(table.schema.names.index(name), name, _categories(table[name], words))
    return table


def _categories(texts: pa.ChunkedArray, levels: Sequence[str]) -> pa.DictionaryArray:
    """Texts as ordered categories. Raises StoreError if one is no level."""
    words = pa.array(levels, pa.string())
    places = pa.compute.index_in(texts.combine_chunks(), value_set=words)
    if places.null_count != texts.null_count:
        raise StoreError(f"a text is none of the levels {', '.join(levels)}")
    return pa.DictionaryArray.from_arrays(places.cast(pa.int32()), words, ordered=True)


def plain_texts(table: pa.Table) -> pa.Table:
    """The table with categories as texts."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table[i].cast(field.type.value_type))
    return table


def write_table(path: Path, table: pa.Table, provenance: Mapping[str, str] | None = None) -> None:
    """Write a table atomically. Raises StoreError."""
    write_bytes(path, parquet_bytes(table, provenance))


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, its seal and the checksums of its pages verified; categories are texts.

    Raises StoreError if it is missing or damaged.
    """
    return _opened(path).read(columns=columns)


def read_with_provenance(path: Path) -> tuple[pa.Table, dict[str, str]]:
    """A table and the provenance that was written with it. Raises StoreError as `read_table`."""
    file = _opened(path)
    return file.read(), file.provenance()


def table_of_bytes(data: bytes, where: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The table in a Parquet file's bytes, page checksums verified. Raises StoreError, naming `where`, if they are damaged."""
    return TableFile(data, where).read(columns=columns)


def column_names(path: Path) -> list[str]:
    """Names of a table's columns; no values are read. Raises StoreError as `read_table`."""
    return _opened(path).names()


def read_provenance(path: Path) -> dict[str, str]:
    """The provenance that was written with a table. Raises StoreError as `read_table`."""
    return _opened(path).provenance()


class TableFile:
    """The bytes of a Parquet file, opened: columns are read of it as often as needed. Damage is a StoreError, naming `where`."""

    def __init__(self, data: bytes, where: Path, *, checked: bool = False) -> None:
        """checked: its seal was, so that checksums of pages tell nothing more. Raises StoreError, as all of its functions."""
        self._where, self._threads = where, len(data) > SMALL
        source = pa.BufferReader(arrow_memory(data))
        self._file = self._guarded(lambda: pq.ParquetFile(source, page_checksum_verification=not checked))

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Columns, those that there are, or all; page checksums verified."""
        return plain_texts(self._guarded(lambda: self._file.read(columns=columns, use_threads=self._threads)))

    def names(self) -> list[str]:
        """Names of the columns."""
        return self._guarded(lambda: list(self._file.metadata.schema.to_arrow_schema().names))

    def provenance(self) -> dict[str, str]:
        """What was written with the table."""
        return self._guarded(lambda: _provenance(self._file.metadata.metadata or {}))

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (OSError, pa.ArrowException, ValueError) as error:  # ValueError: names or metadata that are no text
            raise damaged(self._where, str(error).splitlines()[0] if str(error) else type(error).__name__) from error


def arrow_memory(data: bytes) -> pa.Buffer:
    """Bytes in memory of Arrow's own.

    Arrow's threads may be the last to let go of what they read. Of Python's memory they can do so only with the
    interpreter's lock, and where the interpreter is just ending, that ends the process: "terminate called without an
    active exception", exit code 134.
    """
    buffer = pa.allocate_buffer(len(data))
    memoryview(buffer).cast("B")[:] = data
    return buffer


def _opened(path: Path) -> TableFile:
    data, held = read_sealed(path)
    return TableFile(data, path, checked=held)


def _provenance(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    found = {key.decode(): value.decode() for key, value in metadata.items()}
    own = {key: value for key, value in found.items() if key.startswith("radweave:") and key != KEY}
    return {key.removeprefix("radweave:"): value for key, value in own.items()}
