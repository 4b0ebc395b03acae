"""Mutations (MAF): whether each gene that was looked at is mutated, and the burden per megabase of the panel."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from features.core.catalog.genomic_source import BURDEN, PER_MB, MutationTable
from features.core.catalog.id_form import IdForm
from features.core.column import Column
from features.core.errors import ConfigError, Fault
from features.genomic.values import Values
from features.tables.excel import is_excel_damage
from features.tables.files import TextTable, patients_of, read_text_table, require_columns, some_rows


def read_mutations(root: Path, source: MutationTable, form: IdForm, known: Collection[str]) -> Values:  # noqa: ARG001
    """Status of the declared genes (0, 1) and, with a panel's size, mutations of counted classes per megabase.

    Patients: those of the table `sequenced`, or else those that stand in the file. Raises ConfigError if a class is not
    declared, a mutation stands twice, or has a patient that was not sequenced.
    """
    text = read_text_table(root, source)
    require_columns(text, [source.gene, source.classification])
    patients = patients_of(text, form, repeated=True)
    genes = [gene or "" for gene in text.column(source.gene)]
    classes = [name or "" for name in text.column(source.classification)]
    _check(text, source, genes, classes)
    if source.sequenced is None:
        rows = dict(zip(reversed(patients), reversed(text.rows), strict=True))
        everyone = {patient: f"row {rows[patient]}" for patient in dict.fromkeys(patients)}
    else:
        sequenced = read_text_table(root, source.sequenced)
        ids = patients_of(sequenced, form)
        everyone = {patient: f"row {row}" for patient, row in zip(ids, sequenced.rows, strict=True)}
        strange = [row for patient, row in zip(patients, text.rows, strict=True) if patient not in everyone]
        if strange:
            what = f"patients do not stand in {source.sequenced.path}"
            raise ConfigError([Fault(source.path, what, some_rows(strange))])
    place = {patient: i for i, patient in enumerate(everyone)}
    column = {gene: i for i, gene in enumerate(source.genes)}
    status, burden = np.zeros((len(place), len(column))), np.zeros(len(place))
    for patient, gene, class_ in zip(patients, genes, classes, strict=True):
        if class_ in source.counted:
            burden[place[patient]] += 1
            if gene in column:
                status[place[patient], column[gene]] = 1
    columns = [
        Column(source.column(gene), "bool", f"{gene} has a mutation of the counted classes", family="mutation")
        for gene in source.genes
    ]
    if source.panel_mb is not None:
        name = source.column(BURDEN, PER_MB)
        description = "mutations of the counted classes per megabase of the panel"
        columns.append(Column(name, "float64", description, unit="1/Mb", family="mutation burden"))
        status = np.column_stack([status, burden / source.panel_mb])
    return Values(list(everyone), list(everyone.values()), columns, status)


def _check(text: TextTable, source: MutationTable, genes: list[str], classes: list[str]) -> None:
    faults = []
    nameless = [row for row, gene in zip(text.rows, genes, strict=True) if not gene]
    if nameless:
        faults.append(Fault(source.path, "genes have no name", some_rows(nameless)))
    damaged = sorted({gene for gene in genes if is_excel_damage(gene)})
    if damaged:
        hint = "write the names of genes again, in cells formatted as text"
        found = ", ".join(damaged[:5])
        faults.append(Fault(source.path, "Excel has turned names of genes into dates or numbers", found, "", hint))
    unknown = sorted(set(classes) - set(source.counted) - set(source.ignored))
    if unknown:
        shown = ", ".join(
            f'"{name}"' if len(name) <= 20 else f"a text of {len(name)} characters" for name in unknown[:5]
        )
        allowed = ", ".join((*source.counted, *source.ignored))
        faults.append(Fault(source.path, "classes of mutations that are not declared", shown, allowed))
    width = len(text.columns)
    cells = text.cells.to_pylist()
    seen: dict[tuple[str, ...], int] = {}
    twice = []
    for i, (row, key) in enumerate(zip(text.rows, text.keys, strict=True)):
        if seen.setdefault((key, *cells[i * width : (i + 1) * width]), row) != row:
            twice.append(row)
    if twice:
        faults.append(Fault(source.path, "mutations stand twice", some_rows(twice), "one row per mutation"))
    if faults:
        raise ConfigError(faults)
