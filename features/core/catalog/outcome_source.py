"""Sources of outcomes: columns of files that the catalog declares as outcomes, which no table may read as predictors."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from features.core.catalog.genomic_source import JOINT, MatrixTable, MutationTable
from features.core.catalog.outcome_name import outcome_word
from features.core.catalog.ready_table import ReadyTable
from features.core.catalog.table_source import ClinicalTable, TableSource, TextSource, Variable

HINT = "an outcome is never a predictor: leave the column out, or narrow the pattern"
LEAK_HINT = "leave it out by exclude, or name it in leak_checked if it is known at the prediction time"


@dataclass(frozen=True, slots=True)
class Misread:
    """A column that is an outcome in one table, and a predictor in another or the same one.

    table: position of the table that reads it as a predictor; word: the variable that it becomes there, "" for genes and
    ready-made columns.
    """

    table: int
    word: str
    column: str
    outcome: str
    reads: str

    @property
    def what(self) -> str:
        """The fault in words, without the place."""
        return f'the column "{self.column}" is the outcome "{self.outcome}", and {self.reads}'


def misread_outcomes(
    tables: Sequence[TableSource],
    variables: Mapping[str, Variable],
    is_same_file: Callable[[TextSource, TextSource], bool],
) -> Iterator[Misread]:
    """Every column that is declared as an outcome and read as a predictor, in whichever table and block.

    Of an outcome that is the time between two dates, the second one is meant: the first may be any milestone. Patterns of a
    ready-made table leave out what clinical tables of the same path name.
    """
    outcomes = _outcomes(tables, variables)
    for i, table in enumerate(tables):
        same = dict.fromkeys(
            (column, word) for source, column, word in outcomes if is_same_sheet(source, table, is_same_file)
        )
        others = named_elsewhere(table, tables) if isinstance(table, ReadyTable) else frozenset()
        for column, outcome in same:
            for word, reads in _readers(table, column, variables, others):
                yield Misread(i, word, column, outcome, reads)


def named_elsewhere(table: TableSource, tables: Sequence[TableSource]) -> frozenset[str]:
    """Columns that clinical tables of the same file, and sheet, name."""
    return frozenset(
        name
        for other in tables
        if isinstance(other, ClinicalTable) and is_same_sheet(other, table, is_same_path)
        for column in other.columns.values()
        for name in (column.source, column.start, column.end, *other.own)
        if name is not None
    )


def declared_names(tables: Sequence[TableSource], variables: Mapping[str, Variable]) -> frozenset[str]:
    """Names of outcomes and of the columns behind them, in small letters."""
    words = (word for word, variable in variables.items() if variable.role == "outcome")
    return frozenset(name.casefold() for name in (*words, *(column for _, column, _ in _outcomes(tables, variables))))


def is_named(column: str, declared: Collection[str]) -> bool:
    """Whether a genomic column is named as outcomes are, or as one that is declared. What stands behind "__" does not count."""
    gene = column.partition(JOINT)[0]
    return bool(outcome_word(gene)) or gene.casefold() in declared


def _outcomes(tables: Sequence[TableSource], variables: Mapping[str, Variable]) -> list[tuple[ClinicalTable, str, str]]:
    """Table, column and variable of each outcome."""
    return [
        (table, column.source or str(column.end), word)
        for table in tables
        if isinstance(table, ClinicalTable)
        for word, column in table.columns.items()
        if word in variables and variables[word].role == "outcome"
    ]


def is_same_sheet(one: TextSource, other: TextSource, is_same_file: Callable[[TextSource, TextSource], bool]) -> bool:
    """Whether two sources read the same rows: one file, and not two sheets or tables of it."""
    apart = any(mine and theirs and mine != theirs for mine, theirs in ((one.sheet, other.sheet), (one.key, other.key)))
    return (one is other or is_same_file(one, other)) and not apart


def is_same_path(one: TextSource, other: TextSource) -> bool:
    """Whether two paths are one as they are written."""
    return posixpath.normpath(one.path) == posixpath.normpath(other.path)


def _readers(
    table: TableSource, column: str, variables: Mapping[str, Variable], others: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Variables of a table that read a column as a predictor, or "" for genes and ready-made columns, and how."""
    if isinstance(table, ClinicalTable):
        for word, source in table.columns.items():
            is_predictor = word in variables and variables[word].role == "predictor"
            if is_predictor and column in (source.source, source.start, source.end):
                yield word, f'the predictor "{word}" reads it'
    elif isinstance(table, MatrixTable) and column != table.id:
        if table.rows == "patients" and fnmatchcase(column, table.genes):
            yield "", f"the pattern of genes ({table.genes}) reads it"
        elif table.rows == "pairs" and column in (table.gene, table.value):
            yield "", "the pairs of genes and values read it"
    elif isinstance(table, MutationTable) and column in (table.gene, table.classification):
        yield "", "the mutations read it"
    elif isinstance(table, ReadyTable) and table.takes(column, others):
        yield "", f"the block {table.block} reads it"
