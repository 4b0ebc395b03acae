"""The way of a data manager with visits: a wrong day is told, put right in the table, and the scans are used again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.verify import verify
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.scans import save_nifti

pytestmark = pytest.mark.slow
RECIPE = """\
name: small
modality: CT
unit: HU
discretise: {bin_width: 25}
extractors: [radweave]
"""
STUDY = """\
cohorts: [trial]
endpoint: response
predict_at: week3
recipes: [small.yaml]
blocks: {course: [delta]}
models: [lasso_logistic]
splits: [{kind: nested, folds: 2, repeats: 1, inner_folds: 2}]
deltas:
- {kind: slope, least: 3}
- {kind: area, how: [mean]}
"""
DAYS = "patient,visit,day\n" + "".join(f"P{i},W{w},{7 * w + i % 3}\n" for i in range(12) for w in (1, 2, 3))


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """A cohort of weekly CTs of twelve patients: its folder."""
    rng = np.random.default_rng(3)
    mask = np.zeros((10, 10, 10), np.uint8)
    mask[2:8, 2:8, 2:8] = 1
    for patient in range(12):
        for week in (1, 2, 3):
            place = tmp_path / f"P{patient}" / f"w0{week}"
            save_nifti(place / "ct.nii.gz", (50 + 9 * week + rng.normal(0, 20, mask.shape)).astype(np.int16))
            save_nifti(place / "roi.nii.gz", mask)
    answers = "".join(f"P{i},{'yes' if i % 2 else 'no'}\n" for i in range(12))
    (tmp_path / "clinical.csv").write_text("patient,response\n" + answers)
    (tmp_path / "visits.csv").write_text(DAYS)
    (tmp_path / "small.yaml").write_text(RECIPE)
    (tmp_path / "course.yaml").write_text(STUDY)
    columns = {"response": {"from": "response", "codes": {"yes": True, "no": False}}}
    cohort = cohort_of(
        file_images(
            "{patient}/{timepoint}/ct.nii.gz", "{patient}/{timepoint}/roi.nii.gz", timepoint={"codes": {"w#": "week"}}
        ),
        timepoints={"week": {"to": 3, "every": 7}},
        visits={
            "path": "visits.csv",
            "id": "patient",
            "timepoint": {"column": "visit", "codes": {"W#": "week"}},
            "day": "day",
        },
        variables={"response": {"type": "flag", "description": "response", "role": "outcome"}},
        tables=[{"block": "clinical", "path": "clinical.csv", "id": "patient", "columns": columns}],
        endpoints={"response": {"kind": "binary", "column": "response"}},
    )
    write_catalog(tmp_path, trial=cohort)
    return tmp_path


def test_a_wrong_day_is_told_and_put_right_and_slopes_are_studied(trial: Path, command: Callable) -> None:
    where = ("--catalog", trial / "data_catalog.yaml", "--store", trial / "store")
    refresh = ("refresh", "trial", *where, "--recipe", trial / "small.yaml", "--runner", "threads")
    (trial / "visits.csv").write_text(DAYS.replace("P4,W2,15\n", "P4,W2,5\n"))
    assert "VISIT_ORDER 2" in command(*refresh).stdout
    store = Store(trial / "store")
    told = {row["message"] for row in Mart.open(store).read("quarantine", "trial").to_pylist()}
    assert "week2 is on day 5, week1 on day 8; allowed: a day of week2 after that of week1" in told
    states = [row["state"] for row in Mart.open(store).read("visits", "trial").to_pylist()]
    assert (states.count("used"), states.count("VISIT_ORDER")) == (34, 2)
    (trial / "visits.csv").write_text(DAYS)
    assert "VISIT_ORDER" not in command(*refresh).stdout
    assert "as before" in command(*refresh).stdout
    mart = Mart.open(store)
    assert mart.manifest.cohorts["trial"].used == 36
    assert {row["source"] for row in mart.read("visits", "trial").to_pylist()} == {"table"}
    asked = command(
        "query", "--store", trial / "store", "SELECT count(*) AS n FROM visits WHERE day > 0", "--format", "csv"
    )
    assert asked.stdout.split()[-1] == "36"
    assert not verify(store).faults
    command("study", trial / "course.yaml", *where, "--runner", "threads")
    (run,) = (trial / "store" / "studies" / "course").iterdir()
    assert (run / "report.html").is_file()


def test_a_study_of_each_visit_says_what_it_counts(trial: Path, command: Callable) -> None:
    text = STUDY.split("deltas:")[0].replace("{course: [delta]}", "{image: [radiomics]}") + "visits: each\n"
    (trial / "each.yaml").write_text(text)
    told = command("check", trial / "each.yaml", "--catalog", trial / "data_catalog.yaml", code=2).stderr
    assert "an outcome is known once per patient" in told
    (trial / "each.yaml").write_text(text + "scored_visit: last\n")
    command("check", trial / "each.yaml", "--catalog", trial / "data_catalog.yaml")
