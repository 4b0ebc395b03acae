"""choose: which columns of a ready-made table are read, as what, and under which names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from features.core.catalog.catalog import Cohort
from features.core.catalog.outcome_source import LEAK_HINT, declared_names, is_named, named_elsewhere
from features.core.catalog.ready_table import ROW_FACTS, ReadyTable
from features.core.column import Column
from features.core.errors import ConfigError, Fault
from features.core.kinds.writer import WRITERS, recognise
from features.tables.excel import is_excel_damage


@dataclass(frozen=True)
class Chosen:
    """Columns that are read, each with its entry in the dictionary, and what patterns took and is left out.

    writer: who wrote the table; diagnostics: columns that describe the extraction; unnamed: how many have no name.
    """

    numbers: Mapping[str, Column]
    texts: Mapping[str, Column]
    writer: str
    diagnostics: Sequence[str]
    unnamed: int


def choose(source: ReadyTable, header: Sequence[str], cohort: Cohort) -> Chosen:
    """The columns of a ready-made table that the catalog asks for.

    Raises ConfigError if none fits, names stand twice, are those of key columns, or were turned into dates by Excel, or
    columns look like outcomes and nobody has checked them.
    """
    others = named_elsewhere(source, cohort.tables)
    taken = [name for name in dict.fromkeys((*header, *source.named)) if source.takes(name, others)]
    writer = WRITERS.parse(source.written_by) if source.written_by else recognise(taken)
    explained = writer.explain(name for name in taken if name)
    diagnostics = [name for name, column in explained.items() if column is None and name not in source.named]
    kept = {
        name: column or Column(name, "float64", name) for name, column in explained.items() if name not in diagnostics
    }
    faults = list(_faults(source, list(kept), cohort))
    columns = {name: _column(source, name, column) for name, column in kept.items()}
    doubled = [name for name, count in Counter(column.name for column in columns.values()).items() if count > 1]
    if doubled:
        faults.append(Fault(source.path, f'two columns become "{doubled[0]}"'))
    if faults:
        raise ConfigError(faults)
    is_text = source.type == "text"
    texts = {name: one for name, one in columns.items() if name in source.categories or (is_text and source.shared)}
    numbers = {} if is_text else {name: one for name, one in columns.items() if name not in texts}
    return Chosen(numbers, texts, writer.kind, diagnostics, sum(not name for name in taken))


def _column(source: ReadyTable, name: str, column: Column) -> Column:
    said = f"{source.description}: {column.description}" if source.description else column.description
    found = replace(column, name=source.prefix + name, description=said, unit=column.unit or source.unit)
    if name in source.categories:
        return replace(found, type="string", family=found.family or "category", levels=source.categories[name])
    return replace(found, type="string", family="text", role="fact") if source.type == "text" else found


def _faults(source: ReadyTable, names: Sequence[str], cohort: Cohort) -> list[Fault]:
    faults = []
    if not names:
        what = "no column is asked for: the patterns fit none, or all are left out"
        faults.append(Fault(source.path, what, ", ".join(source.columns)))
    damaged = [name for name in names if is_excel_damage(name)]
    if damaged:
        hint = "write the names of columns again, in cells formatted as text"
        what = "Excel has turned names of the header into dates or numbers"
        faults.append(Fault(source.path, what, _some(damaged), hint=hint))
    keys = [name for name in names if source.prefix + name in ROW_FACTS]
    if keys:
        hint = "name the column in its key (centre, timepoint, lesion, split), exclude it, or declare a prefix"
        faults.append(Fault(source.path, "columns have the names of key columns", _some(keys), hint=hint))
    declared = declared_names(cohort.tables, cohort.variables)
    doubtful = [name for name in names if name not in source.leak_checked and is_named(name, declared)]
    if doubtful:
        faults.append(Fault(source.path, "columns look like outcomes", _some(doubtful), hint=LEAK_HINT))
    return faults


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
