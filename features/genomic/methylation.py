"""Methylation of probes or genes: beta values, or M values (log2 of methylated over unmethylated)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from features.core.catalog.genomic_source import MethylationTable
from features.core.catalog.id_form import IdForm
from features.core.column import Column
from features.genomic.matrix import read_matrix
from features.genomic.values import Values, check_values

LIMIT = 50.0
UNITS = {"beta": "beta", "m_value": "M value"}


def read_methylation(root: Path, source: MethylationTable, form: IdForm, known: Collection[str]) -> Values:
    """Values of a methylation table. Raises ConfigError, also if values contradict the declared scale."""
    found = read_matrix(root, source, form, known)
    values = found.values[np.isfinite(found.values)]
    if source.scale == "beta":
        check_values(source, (values < 0) | (values > 1), "beta: numbers from 0 to 1", "are they M values, or percent?")
    else:
        allowed = f"m_value: numbers from {-LIMIT:g} to {LIMIT:g}"
        check_values(source, np.abs(values) > LIMIT, allowed, "are they intensities?")
    columns = [
        Column(
            source.column(name),
            "float64",
            f"methylation of {source.level} {name}",
            unit=UNITS[source.scale],
            family="methylation",
        )
        for name in found.genes
    ]
    return Values(found.patients, found.places, columns, found.values)
