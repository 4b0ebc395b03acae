"""Outcomes that a text model gave are none where a model is judged or an association measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.core.catalog.catalog import load_catalog
from features.fusion.labelled import WEAK, label_columns, labelled_by, without_weak
from tests.support.reports import declared, patients


def test_weak_labels_are_missing_and_counted_and_those_who_taught_keep_theirs(tmp_path: Path) -> None:
    cohort = load_catalog(declared(tmp_path, patients(6, 4))).cohort("demo")
    endpoint = cohort.endpoints["blood"]
    clinical = pd.DataFrame(
        {"blood": [True, False, True], "blood_label": ["hand", "taught", "text"], "blood_by_text": [True, True, True]},
        index=["a", "b", "c"],
    )
    outcome, reasons = without_weak(clinical, cohort, endpoint, clinical[["blood"]], {"outcome missing": 2})
    assert list(outcome.index) == ["a", "b"]
    assert reasons == {"outcome missing": 2, WEAK: 1}
    cases = pd.DataFrame({"patient": ["c", "a", "a"]}, index=["c1", "a1", "a2"])
    columns = label_columns(clinical, cohort, endpoint, cases)
    assert list(columns) == ["blood", "blood_label", "blood_by_text"]
    assert labelled_by(columns).tolist() == ["text", "hand", "hand"]
