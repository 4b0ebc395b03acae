"""read_table, read_dictionary, query: tables of a store from Python, of one whole refresh, every file checked."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from flows.commands.exported import Export

Form = Literal["pandas", "arrow", "polars"]
FORMS = ("pandas", "arrow", "polars")
Place = str | os.PathLike[str]


@overload
def read_table(
    store: Place,
    name: str | Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    cohort: str | Sequence[str] | None = None,
    timepoint: str | None = None,
    at: int | None = None,
    as_: Literal["pandas"] = "pandas",
) -> "pd.DataFrame": ...
@overload
def read_table(
    store: Place,
    name: str | Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    cohort: str | Sequence[str] | None = None,
    timepoint: str | None = None,
    at: int | None = None,
    as_: Literal["arrow"],
) -> "pa.Table": ...
@overload
def read_table(
    store: Place,
    name: str | Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    cohort: str | Sequence[str] | None = None,
    timepoint: str | None = None,
    at: int | None = None,
    as_: Literal["polars"],
) -> "pl.DataFrame": ...
def read_table(
    store: Place,
    name: str | Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    cohort: str | Sequence[str] | None = None,
    timepoint: str | None = None,
    at: int | None = None,
    as_: Form = "pandas",
) -> Any:
    """A table of a store, such as "radiomics"; or several blocks side by side: a row per case, or per patient.

    store: its folder, or a URL such as s3://bucket/store. columns: names or shell patterns; the keys stay. cohort, timepoint:
    only rows of these. at: the number of a refresh; without it, the newest. as_: what is returned: a DataFrame of pandas or
    polars, or a table of pyarrow. Levels are ordered categories; a null is what is missing or not defined. A DataFrame of
    pandas knows its refresh: `table.attrs["refresh"]`.

    All rows are of one refresh, and every file is compared with the digest that the refresh noted. Raises StoreError if the
    store is missing, empty or damaged; RadweaveError if a name, column, cohort or time point fits nothing.
    """
    found = _read(store, name, columns, cohort, timepoint, at)
    return _returned(_with_levels(found), found.refresh, as_)


@overload
def read_dictionary(
    store: Place, name: str | Sequence[str] | None = None, *, at: int | None = None, as_: Literal["pandas"] = "pandas"
) -> "pd.DataFrame": ...
@overload
def read_dictionary(
    store: Place, name: str | Sequence[str] | None = None, *, at: int | None = None, as_: Literal["arrow"]
) -> "pa.Table": ...
@overload
def read_dictionary(
    store: Place, name: str | Sequence[str] | None = None, *, at: int | None = None, as_: Literal["polars"]
) -> "pl.DataFrame": ...
def read_dictionary(
    store: Place, name: str | Sequence[str] | None = None, *, at: int | None = None, as_: Form = "pandas"
) -> Any:
    """What the columns of a table are, a row per column and cohort: type, description, role, unit, family, IBSI code, recipe.

    name: a table, or blocks side by side under the names that `read_table` gives their columns; without it, all tables.
    Raises StoreError and RadweaveError as `read_table`; RadweaveError also for tables of studies, which have no dictionary.
    """
    from features.core.errors import RadweaveError

    found = _read(store, "dictionary" if name is None else name, None, None, None, at)
    if name is None:
        return _returned(found.table, found.refresh, as_)
    if found.dictionary is None:
        raise RadweaveError(f"{name}: has no dictionary; docs/analyst.md tells the columns of such tables")
    return _returned(found.dictionary, found.refresh, as_)


@overload
def query(store: Place, sql: str, *, at: int | None = None, as_: Literal["pandas"] = "pandas") -> "pd.DataFrame": ...
@overload
def query(store: Place, sql: str, *, at: int | None = None, as_: Literal["arrow"]) -> "pa.Table": ...
@overload
def query(store: Place, sql: str, *, at: int | None = None, as_: Literal["polars"]) -> "pl.DataFrame": ...
def query(store: Place, sql: str, *, at: int | None = None, as_: Form = "pandas") -> Any:
    """The answer to a SELECT over the tables of a store, as `radweave query` gives it. Raises errors as `read_table`."""
    from flows.commands.options import open_store
    from flows.commands.views import Views, relation_table

    views = Views(open_store(os.fspath(store), there=True), at)
    return _returned(relation_table(views.ask(sql)), views.manifest.refresh, as_)


def _read(
    store: Place,
    name: str | Sequence[str],
    columns: Sequence[str] | None,
    cohort: str | Sequence[str] | None,
    timepoint: str | None,
    at: int | None,
) -> "Export":
    from flows.commands.export import read_export
    from flows.commands.options import open_store
    from flows.commands.views import Views

    return read_export(
        Views(open_store(os.fspath(store), there=True), at),
        _several(name),
        cohorts=_several(cohort),
        timepoint=timepoint or "",
        patterns=_several(columns),
    )


def _several(words: str | Sequence[str] | None) -> list[str]:
    return [words] if isinstance(words, str) else list(words or ())


def _with_levels(found: "Export") -> "pa.Table":
    from features.core.storage.table import ordered_categories

    return ordered_categories(found.table, found.levels)


def _returned(table: "pa.Table", refresh: int, as_: Form) -> Any:
    if as_ == "arrow":
        return table
    if as_ == "pandas":
        found = table.to_pandas(use_threads=False)
        found.attrs["refresh"] = refresh
        return found
    from features.core.errors import MachineError, RadweaveError

    if as_ != "polars":
        raise RadweaveError(f'as_: found "{as_}"; allowed: {", ".join(FORMS)}')
    try:
        import polars as pl
    except ImportError as error:
        raise MachineError('as_="polars": polars is not installed; install it, or take "arrow"') from error
    return pl.from_arrow(table)
