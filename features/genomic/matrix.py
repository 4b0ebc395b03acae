"""Matrices: one number per patient and gene, with patients in rows, genes in rows, or a row for each pair."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.catalog.genomic_source import JOINT, MatrixTable
from features.core.catalog.id_form import IdForm, normalise_id
from features.core.errors import ConfigError, Fault
from features.core.wording import counted
from features.tables.excel import is_excel_damage
from features.tables.files import (
    Header,
    TextTable,
    normalise_ids,
    patients_of,
    read_text_table,
    require_columns,
    some_rows,
)

HEADERS: dict[str, Header] = {"patients": "genes", "genes": "patients", "pairs": "columns"}


@dataclass(frozen=True, eq=False)
class Matrix:
    """Values of genes, (patients, genes), NaN where missing; places: where each patient stands in the file."""

    patients: Sequence[str]
    places: Sequence[str]
    genes: Sequence[str]
    values: NDArray[np.float64]


def read_matrix(root: Path, source: MatrixTable, form: IdForm, known: Collection[str]) -> Matrix:
    """The matrix of a table. known: patients of the centre's clinical tables, by which a transposed table is found out.

    Raises ConfigError if genes or patients stand twice, names were turned into dates by Excel, the table is transposed,
    or cells are not finite numbers.
    """
    text = read_text_table(root, source, header=HEADERS[source.rows])
    if source.rows == "pairs":
        return _pairs(text, source, form)
    is_swapped = source.rows == "genes"
    written_patients, written_genes = (text.columns, text.keys) if is_swapped else (text.keys, text.columns)
    genes = [
        gene for gene in written_genes if fnmatchcase(gene, source.genes) and (is_swapped or gene not in source.own)
    ]
    patients = [name for name in written_patients if fnmatchcase(name, source.patients)]
    _check_orientation(source, form, known, patients, written_genes, genes)
    if not patients and is_swapped:
        raise ConfigError([Fault(source.path, "no column matches the pattern of patients", source.patients)])
    _check_genes(source, genes)
    if is_swapped:
        columns = [f"{i}" for i, n in zip(text.places, text.columns, strict=True) if fnmatchcase(n, source.patients)]
        ids = normalise_ids(patients, source, form, columns, "columns")
        values, wrong = text.numbers(patients)
        chosen = [fnmatchcase(gene, source.genes) for gene in text.keys]
        values, wrong = values[chosen].T, wrong[chosen]
        places = [f"column {column}" for column in columns]
    else:
        ids = patients_of(text, form)
        values, wrong = text.numbers(genes)
        places = [f"row {row}" for row in text.rows]
    _check_numbers(source, wrong)
    return Matrix(ids, places, genes, values)


def _pairs(text: TextTable, source: MatrixTable, form: IdForm) -> Matrix:
    require_columns(text, [source.gene, source.value])
    ids = patients_of(text, form, repeated=True)
    names = text.column(source.gene)
    wanted = np.array([name is None or fnmatchcase(name, source.genes) for name in names], dtype=bool)
    rows = [row for row, chosen in zip(text.rows, wanted, strict=True) if chosen]
    if not rows:
        raise ConfigError([Fault(source.path, "no row matches the gene pattern", source.genes)])
    numbers, wrong = text.numbers([source.value])
    _check_numbers(source, wrong[wanted])
    genes, gene_names = pd.factorize(np.array(names, dtype=object)[wanted])
    if (genes < 0).any():
        found = some_rows(row for row, gene in zip(rows, genes, strict=True) if gene < 0)
        raise ConfigError([Fault(source.path, "genes have no name", found)])
    _check_genes(source, list(gene_names))
    patients, patient_ids = pd.factorize(np.array(ids, dtype=object)[wanted])
    pairs = pd.Series(patients * len(gene_names) + genes)
    twice = pairs.duplicated(keep=False).to_numpy()
    if twice.any():
        found = some_rows(row for row, double in zip(rows, twice, strict=True) if double)
        raise ConfigError([Fault(source.path, "a gene stands twice for one patient", found)])
    values = np.full((len(patient_ids), len(gene_names)), np.nan)
    values[patients, genes] = numbers[wanted, 0]
    first = pd.Series(rows).groupby(patients).first()
    return Matrix(list(patient_ids), [f"row {row}" for row in first], list(gene_names), values)


def _check_orientation(
    source: MatrixTable,
    form: IdForm,
    known: Collection[str],
    patients: Sequence[str],
    written_genes: Sequence[str],
    genes: Sequence[str],
) -> None:
    """Raises ConfigError if names of genes stand where patients should, or the other way round."""
    other = "patients" if source.rows == "genes" else "genes"
    hint = f"do the {other} stand in the rows? declare rows: {other}"

    def share(names: Sequence[str]) -> int:
        own = source.id_form.within(form) if source.id_form else form
        return sum(normalise_id(name, own) in known for name in names)

    if known and not share(patients) and share(written_genes):
        raise ConfigError([Fault(source.path, "the ids of patients stand where the genes should", "", "", hint)])
    if known and source.genes == "*" and not share(patients):  # else ids might become names of columns
        what = "none of its patients stands in the centre's clinical tables, and nothing tells genes from patients"
        raise ConfigError([Fault(source.path, what, hint="is the id_form right? or declare a pattern of genes")])
    if not genes:
        swapped = any(fnmatchcase(name, source.genes) for name in patients)
        what = f"no {'row' if source.rows == 'genes' else 'column'} matches the gene pattern"
        raise ConfigError([Fault(source.path, what, source.genes, "", hint if swapped else "")])


def _check_genes(source: MatrixTable, genes: Sequence[str]) -> None:
    faults = []
    damaged = sorted({gene for gene in genes if is_excel_damage(gene)})
    if damaged:
        hint = "write the names of genes again, in cells formatted as text"
        faults.append(
            Fault(source.path, "Excel has turned names of genes into dates or numbers", _some(damaged), "", hint)
        )
    counts = pd.Series(list(genes)).value_counts()
    if (counts > 1).any():
        twice = sorted(counts.index[counts > 1])
        faults.append(Fault(source.path, "genes stand twice", _some(twice), "one value per patient and gene"))
    joined = sorted({gene for gene in genes if JOINT in gene})
    if joined:
        what = f'names of genes hold "{JOINT}", which stands between a gene and the form of its column'
        faults.append(Fault(source.path, what, _some(joined)))
    if any(not gene for gene in genes):
        faults.append(Fault(source.path, "genes have no name"))
    if faults:
        raise ConfigError(faults)


def _check_numbers(source: MatrixTable, wrong: NDArray[np.bool_]) -> None:
    if wrong.any():
        form = f'finite numbers with "{source.decimal}"'
        hint = "is the decimal sign right? or add their codes to missing"
        not_numbers = counted(int(wrong.sum()), "cell of genes is not a number", "cells of genes are not numbers")
        raise ConfigError([Fault(source.path, not_numbers, "", form, hint)])


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
