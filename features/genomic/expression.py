"""Expression: values of genes as they were measured, and scores of gene sets where pathways are declared."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from features.core.catalog.genomic_source import SCORE, ExpressionTable
from features.core.catalog.id_form import IdForm
from features.core.column import Column
from features.genomic.matrix import Matrix, read_matrix
from features.genomic.pathways import score_pathways
from features.genomic.values import Values, check_values

LIMIT = 50.0  # 2^50 molecules are in no sample, and no value is fifty standard deviations off


def read_expression(root: Path, source: ExpressionTable, form: IdForm, known: Collection[str]) -> Values:
    """Values of an expression table. Raises ConfigError, also if values contradict the declared scale."""
    found = read_matrix(root, source, form, known)
    _check_scale(source, found)
    columns = [
        Column(source.column(gene), "float64", f"expression of {gene}", unit=source.unit, family="expression")
        for gene in found.genes
    ]
    if source.pathways is None:
        return Values(found.patients, found.places, columns, found.values)
    scores = score_pathways(root, source.path, source.pathways, found.genes, found.values)
    score_columns = [
        Column(source.column(name, SCORE), "float64", f"ssGSEA score of {name}", unit="score", family="pathway")
        for name in scores
    ]
    parts = [found.values] if source.pathways.keep_genes else []
    numbers = np.column_stack([*parts, *scores.values()])
    kept = columns if source.pathways.keep_genes else []
    return Values(found.patients, found.places, [*kept, *score_columns], numbers)


def _check_scale(source: ExpressionTable, found: Matrix) -> None:
    values = found.values[np.isfinite(found.values)]
    if source.scale == "counts":
        check_values(
            source, (values < 0) | (values != np.round(values)), "counts: whole numbers from 0", "are they TPM?"
        )
    elif source.scale in ("tpm", "fpkm"):
        check_values(source, values < 0, f"{source.scale}: numbers from 0", "are they logarithms, or z-scores?")
    elif source.scale is not None:
        allowed = f"{source.scale}: numbers from {-LIMIT:g} to {LIMIT:g}"
        check_values(source, np.abs(values) > LIMIT, allowed, "are they counts or TPM?")
