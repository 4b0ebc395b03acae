"""export: tables of the store as one file for other programs, with the dictionary of its columns."""

import operator
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from features.core.errors import RadweaveError, did_you_mean, hint_sentence
from features.core.storage.store import Store
from features.core.wording import counted
from features.results.schemas import DICTIONARY
from flows.commands.exported import Export
from flows.commands.output import TABLES, check_output, write_tables
from flows.commands.views import CASE_BLOCKS, CASE_KEY, Views, join_keys, joined_names, row_keys

OMICS = (".h5ad", ".h5mu")


def run_export(
    store: Store,
    tables: Sequence[str],
    output: Path,
    *,
    cohorts: Sequence[str] = (),
    timepoint: str = "",
    patterns: Sequence[str] = (),
    refresh: int | None = None,
) -> str:
    """Write tables of the store to a file, by its ending; what was written, for people.

    Raises RadweaveError if a word is unknown or the file cannot hold the table; StoreError if the store is damaged.
    """
    check_output(store, output, TABLES + OMICS)
    found = read_export(Views(store, refresh), tables, cohorts=cohorts, timepoint=timepoint, patterns=patterns)
    if output.suffix.lower() in OMICS:
        from flows.commands.omics import write_omics

        write_omics(output, found)
        written = [output]
    else:
        sheets = {"_".join(tables)[:31]: found.table}  # of a sheet's name, Excel allows 31 letters
        if found.dictionary is not None and tables != ["dictionary"]:
            sheets["dictionary"] = found.dictionary
        written = write_tables(store, output, sheets, found.levels)
    shape = f"{counted(found.table.num_rows, 'row')}, {counted(found.table.num_columns, 'column')} of refresh {found.refresh}"
    return "\n".join([f"{output}: {shape}", *map(str, written[1:])]) + "\n"


def read_export(
    views: Views,
    tables: Sequence[str],
    *,
    cohorts: Sequence[str] = (),
    timepoint: str = "",
    patterns: Sequence[str] = (),
) -> Export:
    """One table as it is, or several blocks side by side: a row per case, or per patient if all are of patients.

    cohorts: only these. timepoint: only cases of it. patterns: shell patterns of the columns besides the keys.
    Raises RadweaveError if a table, cohort, time point or pattern fits nothing; StoreError as `Views`.
    """
    _check_tables(views, tables)
    wanted = {"cohort": list(cohorts), "timepoint": [timepoint] if timepoint else []}
    for word, values in wanted.items():
        _check_values(views, tables, word, values)
    columns = {name: views.columns(name) for name in tables}
    alone = tables[0] if len(tables) == 1 else None
    names = joined_names(columns) if alone is None else {column: (alone, column) for column in columns[alone]}
    chosen = {name: names[name] for name in _chosen(names, patterns)}
    parts = {}
    for block in tables:
        keys = [key for key in CASE_KEY if key in columns[block]] if alone is None else []
        own = dict.fromkeys([*keys, *(column for origin, column in chosen.values() if origin == block)])
        conditions = [ds.field(word).isin(v) for word, v in wanted.items() if v and word in columns[block]]
        parts[block] = views.read(block, list(own), reduce(operator.and_, conditions) if conditions else None)
    table = parts[alone] if alone is not None else _side_by_side(parts, chosen)
    of_block = {block: views.levels(block) for block in tables}
    levels = {name: of_block[b][column] for name, (b, column) in chosen.items() if column in of_block[b]}
    return Export(table, chosen, _dictionary(views, chosen, cohorts), views.manifest.refresh, levels)


def _side_by_side(parts: Mapping[str, pa.Table], names: Mapping[str, tuple[str, str]]) -> pa.Table:
    """Columns by their names in the joined table: a row for each case of any part; without case blocks, for each patient, or
    each of her time points and lesions.
    """
    of_cases = [block for block in parts if block in CASE_BLOCKS]
    keys = list(row_keys({block: part.schema.names for block, part in parts.items()}))
    every = [parts[block].select(keys) for block in of_cases] or _rows_of_patients(parts, keys)
    order = [(key, "ascending") for key in dict.fromkeys(["cohort", keys[0], *keys])]
    rows = pa.concat_tables(every).group_by(keys).aggregate([]).sort_by(order)
    taken = {}
    for block, part in parts.items():
        on = [key for key in join_keys(block, part.schema.names) if key in keys]
        place = pc.index_in(_identity(rows, on), value_set=_identity(part, on))
        taken[block] = dict(zip(part.schema.names, part.combine_chunks().take(place).columns, strict=True))
    return pa.table({n: rows[n] if n in keys else taken[block][column] for n, (block, column) in names.items()})


def _rows_of_patients(parts: Mapping[str, pa.Table], keys: Sequence[str]) -> list[pa.Table]:
    """Keys of all rows; a part without time points or lesions adds the patients whom the others lack.

    Raises RadweaveError if one part tells time points and another one lesions, and none both.
    """
    whole = [pa.table({key: part[key] for key in keys}) for part in parts.values() if {*keys} <= {*part.schema.names}]
    if not whole:
        told = "one block has rows of time points, another one rows of lesions, and none has both"
        raise RadweaveError(f"{', '.join(parts)}: {told}; export them alone")
    known = _identity(pa.concat_tables(whole), ["cohort", "patient"])
    for part in (part for part in parts.values() if not {*keys} <= {*part.schema.names}):
        own = part.filter(pc.invert(pc.is_in(_identity(part, ["cohort", "patient"]), value_set=known)))
        blank = pa.array([""] * own.num_rows, pa.string())
        whole.append(pa.table({key: own[key] if key in own.schema.names else blank for key in keys}))
    return whole


def _identity(table: pa.Table, columns: Sequence[str]) -> pa.Array:
    """What is the same in rows of one case, or of one patient."""
    return pc.binary_join_element_wise(*(table[column].combine_chunks() for column in columns), ":")


def _chosen(names: Mapping[str, tuple[str, str]], patterns: Sequence[str]) -> list[str]:
    """Names that fit a pattern, after those of key and place of a row, which always stay."""
    keys = ("case", "cohort", "centre", "patient", "timepoint", "lesion", "image", "roi", "modality")
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            hint = did_you_mean(pattern, names) or f"columns are {', '.join(list(names)[:8])} …"
            raise RadweaveError(f'no column fits "{pattern}"; {hint}')
    fit = [name for name in names if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]
    return list(dict.fromkeys([*(key for key in keys if key in names), *fit])) if patterns else fit


def _check_tables(views: Views, tables: Sequence[str]) -> None:
    for name in tables:
        if name not in views.names:
            hint = hint_sentence(name, views.names)
            raise RadweaveError(f'there is no table "{name}"; there are {", ".join(views.names)}. {hint}'.strip())
    if len(set(tables)) != len(tables):
        raise RadweaveError("a table is named twice")
    others = [name for name in tables if name not in views.blocks]
    if others and len(tables) > 1:
        raise RadweaveError(f'"{others[0]}" has no row per case: export it alone; blocks are {", ".join(views.blocks)}')


def _check_values(views: Views, tables: Sequence[str], word: str, wanted: Sequence[str]) -> None:
    """Raises RadweaveError if the tables have no such column, or it never holds a wanted value."""
    having = [name for name in tables if word in views.columns(name)]
    if wanted and not having:
        raise RadweaveError(f'the table "{tables[0]}" has no column "{word}"')
    known = sorted(
        {value for name in having if wanted for value in views.read(name, [word])[word].to_pylist()} - {None}
    )
    for value in wanted:
        if value not in known:
            hint = hint_sentence(value, known)
            raise RadweaveError(f'no row is of the {word} "{value}"; there are {", ".join(known)}. {hint}'.strip())


def _dictionary(views: Views, names: Mapping[str, tuple[str, str]], cohorts: Sequence[str]) -> pa.Table | None:
    """The dictionary's rows of the columns, under their names in the export, in their order."""
    rows = views.read("dictionary", [column.name for column in DICTIONARY.columns])
    described: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in rows.to_pylist():
        if not cohorts or row["cohort"] in cohorts:
            described.setdefault((row["block"], row["name"]), []).append(row)
    found = [{**row, "name": name} for name, origin in names.items() for row in described.get(origin, [])]
    if not found:
        return None
    order = ["name", *(column for column in rows.schema.names if column != "name")]
    return pa.Table.from_pylist(found, schema=rows.schema).select(order)
