"""The genomic block: wide expression tables of all centres as one typed table, one row per patient."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from features.core.catalog import Cohort, GenomicTable
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.core.table import Column, Schema
from features.tables.files import file_row, read_text_table
from features.tables.number import parse_number
from features.tables.patient import KEY, PatientTable

VERSION = "1"  # raise it when the meaning of values changes


def read_genomic(root: Path, name: str, cohort: Cohort, key: bytes) -> PatientTable:
    """The genomic block of a cohort: the union of the centres' genes, null where a centre has not measured one.

    Tables of one centre complete each other, patient by patient. Raises ConfigError with all faults: no gene column
    matches, a gene stands twice, cells are not finite numbers, units differ.
    """
    faults: list[Fault] = []
    rows: dict[str, dict[str, object]] = {}
    units: dict[str, str] = {}
    for source in cohort.tables:
        if not isinstance(source, GenomicTable):
            continue
        text = read_text_table(root, source)
        genes = [column for column in text.columns if fnmatchcase(column, source.genes)]
        if not genes:
            faults.append(Fault(source.path, "no column matches the gene pattern", source.genes))
        twice = sorted({gene for gene in genes if genes.count(gene) > 1}) if len(set(genes)) < len(genes) else []
        if twice:
            faults.append(Fault(source.path, "gene columns stand twice", ", ".join(twice[:5])))
        if not genes or twice:
            continue
        for gene in genes:
            if units.setdefault(gene, source.unit) != source.unit:
                faults.append(Fault(source.path, f'gene "{gene}" has another unit', source.unit, units[gene]))
        centre = source.centre or next(iter(cohort.centres))
        wrong = 0
        for i, (patient, cells) in enumerate(zip(text.index, text[genes].to_numpy(object), strict=True)):
            values = {
                gene: parse_number(c, source.decimal) for gene, c in zip(genes, cells, strict=True) if c == c and c
            }
            wrong += sum(value is None for value in values.values())
            code = pseudonym(key, name, patient)
            row = rows.setdefault(code, {"patient": code, "cohort": name, "centre": centre})
            if values.keys() & row.keys() or row["centre"] != centre:
                what = "a patient already has these genes, or another centre, from another table"
                faults.append(Fault(source.path, what, f"row {file_row(text, i)}"))
            row |= values
        if wrong:
            form = f'finite numbers with "{source.decimal}"'
            faults.append(Fault(source.path, f"{wrong} cells of gene columns are not numbers", "", form))
    if faults:
        raise ConfigError(faults)
    columns = [
        Column(gene, "float64", f"expression of {gene}", unit=units[gene], family="expression")
        for gene in sorted(units)
    ]
    schema = Schema("genomic", (*KEY, *columns))
    return PatientTable(schema.table(rows.values()), schema.columns)
