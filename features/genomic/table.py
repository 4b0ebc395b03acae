"""The genomic block: wide expression tables of all centres as one typed table, one row per patient."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from features.core.catalog import Cohort, GenomicTable
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.core.table import Column, Schema
from features.tables.files import read_text_table
from features.tables.patient import KEY, PatientTable


def read_genomic(root: Path, name: str, cohort: Cohort, key: bytes) -> PatientTable:
    """The genomic block of a cohort: the union of the centres' genes, null where a centre has not measured one.

    Raises ConfigError with all faults: no gene column matches, a gene stands twice, cells are not numbers, units differ.
    """
    faults: list[Fault] = []
    rows: list[dict[str, object]] = []
    units: dict[str, str] = {}
    for source in cohort.tables:
        if not isinstance(source, GenomicTable):
            continue
        text = read_text_table(root, source)
        genes = [column for column in text.columns if fnmatchcase(column, source.genes)]
        if not genes:
            faults.append(Fault(source.path, "no column matches the gene pattern", source.genes))
            continue
        numbers = text[genes].apply(pd.to_numeric, errors="coerce")
        wrong = int((numbers.isna() & text[genes].notna()).to_numpy().sum())
        if wrong:
            faults.append(Fault(source.path, f"{wrong} cells of gene columns are not numbers"))
        for gene in genes:
            if units.setdefault(gene, source.unit) != source.unit:
                faults.append(Fault(source.path, f'gene "{gene}" has another unit', source.unit, units[gene]))
        centre = source.centre or next(iter(cohort.centres))
        values = numbers.to_numpy(float)
        for i, patient in enumerate(text.index):
            row = {gene: float(v) for gene, v in zip(genes, values[i], strict=True) if np.isfinite(v)}
            rows.append({"patient": pseudonym(key, name, patient), "cohort": name, "centre": centre, **row})
    if faults:
        raise ConfigError(faults)
    columns = [
        Column(gene, "float64", f"expression of {gene}", unit=units[gene], family="expression")
        for gene in sorted(units)
    ]
    schema = Schema("genomic", (*KEY, *columns))
    return PatientTable(schema.table(rows), schema.columns)
