"""Cohorts of CT for immunotherapy: genes in one of them, whose signature has the score that the table tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.simulate.kinds.immuno import GENES, SIGNATURE, Immuno
from features.simulate.streams import stream

PLAN = Immuno(seed=2)


def test_the_score_is_the_mean_of_the_signature_s_genes(tmp_path: Path) -> None:
    site = PLAN.sites[0]
    people = PLAN.draw(stream(2, "people"), site, 30)
    people.insert(0, "patient", [f"A-{k:04d}" for k in range(1, 31)])
    PLAN.write_tables(tmp_path, site, people)
    genes = pd.read_csv(tmp_path / "A_genes.csv", index_col="sample")
    assert list(genes) == list(GENES)
    score = pd.read_csv(tmp_path / "A_clinical.csv", index_col="patient")["cd8_score"]
    assert np.allclose(genes[list(SIGNATURE)].mean(axis=1), score, atol=1e-3)


@pytest.mark.parametrize(
    ("cohort", "endpoints", "blocks"),
    [
        ("development", {"cd8"}, {"clinical", "genomic"}),
        ("external", {"response", "os"}, {"clinical"}),
        ("survival", {"os"}, {"clinical"}),
    ],
)
def test_each_cohort_has_the_outcomes_and_tables_of_its_own(cohort: str, endpoints: set[str], blocks: set[str]) -> None:
    found = PLAN.cohort(cohort, tuple(site for site in PLAN.sites if site.cohort == cohort))
    assert set(found["endpoints"]) == endpoints
    assert {table["block"] for table in found["tables"]} == blocks


def test_the_response_follows_the_cells_and_not_the_batch() -> None:
    first, last = (PLAN.draw(stream(2, site.name), site, 20_000) for site in (PLAN.sites[0], PLAN.sites[2]))
    assert first["cd8_score"].mean() - last["cd8_score"].mean() > 0.4
    assert first["ring_grain_mm"].mean() == pytest.approx(last["ring_grain_mm"].mean(), rel=0.02)
