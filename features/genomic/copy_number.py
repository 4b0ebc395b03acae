"""Copy number of genes: log2 ratios to two copies, or GISTIC's calls."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from features.core.catalog.genomic_source import CopyNumberTable
from features.core.catalog.id_form import IdForm
from features.core.column import Column
from features.genomic.matrix import read_matrix
from features.genomic.values import Values, check_values

LIMIT = 20.0  # log2 of a million copies
UNITS = {"log2": "log2 ratio", "gistic": "GISTIC call"}


def read_copy_number(root: Path, source: CopyNumberTable, form: IdForm, known: Collection[str]) -> Values:
    """Values of a copy-number table. Raises ConfigError, also if values contradict the declared coding."""
    found = read_matrix(root, source, form, known)
    values = found.values[np.isfinite(found.values)]
    if source.coding == "gistic":
        check_values(source, ~np.isin(values, [-2, -1, 0, 1, 2]), "gistic: -2, -1, 0, 1, 2", "are they log2 ratios?")
    else:
        check_values(source, np.abs(values) > LIMIT, f"log2: numbers from {-LIMIT:g} to {LIMIT:g}", "are they copies?")
    columns = [
        Column(
            source.column(gene), "float64", f"copy number of {gene}", unit=UNITS[source.coding], family="copy number"
        )
        for gene in found.genes
    ]
    return Values(found.patients, found.places, columns, found.values)
