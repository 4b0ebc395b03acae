"""External cohorts and test cases on a user's way: from tables to scores by cohort, and who leaves on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from features.core.storage.table import read_provenance, read_table
from tests.support.catalog import cohort_of, write_catalog


def write_table(folder: Path, name: str, patients: int, seed: int, **columns: object) -> pd.DataFrame:
    """A table of 24 features, the first of which tells something of the response."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(patients, 24)), columns=[f"f{i}" for i in range(24)])
    frame.insert(0, "id", [f"{name}{i}" for i in range(patients)])
    frame = frame.assign(better=(frame["f0"] + rng.normal(size=patients) > 0).astype(int), **columns)
    frame.to_csv(folder / f"{name}.csv", index=False)
    return frame


def cohort(name: str) -> dict[str, object]:
    variables = {"better": {"type": "flag", "description": "responded", "role": "outcome"}}
    split = {"split": "part"} if name == "own" else {}
    one = {"path": f"{name}.csv", "id": "id", **split}
    tables = [
        {"block": "clinical", "columns": {"better": {"from": "better", "codes": {"1": True, "0": False}}}, **one},
        {"block": "texture", "columns": ["f*"], **one},
    ]
    endpoints = {"response": {"kind": "binary", "column": "better"}}
    return cohort_of(variables=variables, tables=tables, endpoints=endpoints)


@pytest.mark.slow
def test_held_out_cohorts_are_predicted_scored_and_counted(inside, command, tmp_path: Path) -> None:
    own = write_table(tmp_path, "own", 60, 0, part=["train"] * 45 + ["test"] * 15)
    other = write_table(tmp_path, "other", 20, 1)
    other.loc[3, own.columns[1:25]] = own.loc[5, own.columns[1:25]]  # a copy of a training patient
    other.to_csv(tmp_path / "other.csv", index=False)
    catalog = write_catalog(tmp_path, own=cohort("own"), other=cohort("other"))
    plan = {
        "cohorts": ["own"],
        "external": ["other"],
        "endpoint": "response",
        "blocks": {"texture": ["texture"]},
        "models": [{"kind": "lasso_logistic", "C": [0.3]}],
        "splits": [{"kind": "nested", "folds": 2, "repeats": 1}, "given"],
    }
    study, places = tmp_path / "better_study.yaml", ("--catalog", catalog, "--store", tmp_path / "store")
    study.write_text(yaml.safe_dump(plan))
    inside("refresh", "--study", study, *places)
    inside("study", study, *places)

    run = next((tmp_path / "store" / "studies" / "better_study").iterdir())
    scores = read_table(run / "scores.parquet").to_pandas()
    assert [tuple(row) for row in scores.query("metric == 'auc'")[["split", "cohort", "n"]].to_numpy()] == [
        ("nested", "", 45),
        ("given", "own", 15),
        ("external", "other", 19),
    ]
    predictions = read_table(run / "predictions.parquet").to_pandas()
    assert predictions.groupby("split")["cohort"].unique().map(list).to_dict() == {
        "nested": ["own"], "given": ["own"], "external": ["other"],
    }  # fmt: skip
    flow = read_provenance(run / "design.parquet")["flow"]
    assert '"reasons": {"copy of a patient who trains": 1}' in flow
    assert "no clinical value" not in flow  # no cohort has such columns
    held_out = read_table(run / "design.parquet").to_pandas()["held_out"]
    assert held_out.value_counts().to_dict() == {"": 45, "external": 19, "test": 15}

    other.drop(columns="f4").to_csv(tmp_path / "other.csv", index=False)
    inside("refresh", "other", *places)
    told = command("study", study, *places, code=2).stderr
    assert (
        'external cohort "other": it has no value in 1 of 24 columns that train models: "texture__f4". Allowed' in told
    )
    study.write_text(yaml.safe_dump({**plan, "external_columns": "common"}))
    inside("study", study, *places)
    assert any(
        "1 column that other lacks was left out" in page.read_text()
        for page in (tmp_path / "store" / "studies" / "better_study").glob("*/report.html")
    )
