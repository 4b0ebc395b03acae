"""Pathway scores: single-sample gene set enrichment (ssGSEA) by gseapy.

A score is made of one sample's own ranks: nothing is learnt across patients, and the scores are not normalised over
samples (gseapy's ES, not its NES), so they may stand on both sides of a fold. Barbie et al., Nature 462 (2009) 108.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.catalog.genomic_source import Pathways
from features.core.errors import ConfigError, Fault, MachineError

WEIGHT = 0.25  # of the ranks, as published


def score_pathways(
    root: Path, path: str, pathways: Pathways, genes: Sequence[str], values: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Gene set → score of each sample, (patients,). values: (patients, genes), NaN where missing.

    A sample is scored on the genes that it has. A set with too few or too many of them, or with all of them, gives NaN.
    Raises ConfigError if the file of gene sets is not usable or no set can be scored, RadweaveError without gseapy.
    """
    sets = read_gmt(root, pathways.gmt)
    scores = {name: np.full(len(values), np.nan) for name in sets}
    order = np.argsort(np.array(genes, dtype=object), kind="stable")  # ties do not depend on the order of columns
    names, values = np.array(genes, dtype=object)[order], values[:, order]
    measured, group = np.unique(np.isfinite(values), axis=0, return_inverse=True)
    for i, present in enumerate(measured):
        samples = np.flatnonzero(group.ravel() == i)
        here = set(names[present])
        used = {name: [gene for gene in members if gene in here] for name, members in sets.items()}
        fits = {
            name: members
            for name, members in used.items()
            if pathways.minimum_genes <= len(members) <= min(pathways.maximum_genes, len(here) - 1)
        }
        if fits:
            found = _ssgsea(pd.DataFrame(values[np.ix_(samples, present)].T, index=names[present]), fits)
            for name in fits:
                scores[name][samples] = found[name].to_numpy()
    if not any(np.isfinite(score).any() for score in scores.values()):
        what = f"no gene set of {pathways.gmt} has {pathways.minimum_genes} or more of the table's genes"
        raise ConfigError([Fault(path, what, hint="do both name genes in the same way?")])
    return scores


def read_gmt(root: Path, name: str) -> dict[str, list[str]]:
    """Gene set → its genes, from a GMT file: name, description and genes, separated by tabs. Raises ConfigError."""
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ConfigError([Fault(name, "lies outside the cohort's folder")])
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(name, "cannot be read as gene sets", type(error).__name__)]) from None
    sets: dict[str, list[str]] = {}
    faults = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        title, *rest = (cell.strip() for cell in line.split("\t"))
        members = list(dict.fromkeys(gene for gene in rest[1:] if gene))
        if not title or not members:
            allowed = "name, description and genes, separated by tabs"
            faults.append(Fault(f"{name}:{number}", "is no gene set", "", allowed))
        elif title in sets:
            faults.append(Fault(f"{name}:{number}", f'the gene set "{title}" stands twice'))
        sets[title] = members
    if not sets:
        faults.append(Fault(name, "holds no gene set"))
    if faults:
        raise ConfigError(faults)
    return sets


def _ssgsea(samples: pd.DataFrame, sets: dict[str, list[str]]) -> pd.DataFrame:
    """Scores, (samples, sets), of expression (genes, samples)."""
    try:
        gseapy = import_module("gseapy")
    except ModuleNotFoundError:
        raise MachineError('pathway scores need gseapy: pip install "radweave[omics]"') from None
    data = samples.set_axis([f"s{i}" for i in range(samples.shape[1])], axis="columns")
    found = gseapy.ssgsea(
        data=data,
        gene_sets=sets,
        sample_norm_method="rank",
        correl_norm_type="rank",
        weight=WEIGHT,
        min_size=1,
        max_size=len(samples),
        outdir=None,
        no_plot=True,
        threads=1,
        verbose=False,
    )
    wide: pd.DataFrame = found.res2d.pivot(index="Name", columns="Term", values="ES").reindex(data.columns)
    return wide.astype(float)
