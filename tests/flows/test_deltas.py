"""`radweave check` refuses deltas that cannot be known when the prediction is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CATALOG = """\
version: 1
cohorts:
  trial:
    title: trial
    licence: CC0
    root: .
    timepoints: {baseline: 0, week_6: 42}
    centres: {A: {}}
    images:
    - format: nifti
      centre: A
      modality: CT
      unit: HU
      path: "{patient}/{timepoint}.nii"
      mask: {format: nifti, path: "{patient}/{timepoint}_mask.nii"}
    variables:
      death: {type: flag, description: died, role: outcome}
    endpoints:
      died: {kind: binary, column: death}
"""
STUDY = """\
cohorts: [trial]
endpoint: died
predict_at: PREDICT
recipes: [ct_lung]
blocks: {change: [delta]}
models: [svm]
deltas:
- {since: SINCE, until: UNTIL}
"""


@pytest.mark.parametrize(
    ("predict", "since", "until", "message"),
    [
        ("week_6", "baseline", "week_6", ""),
        ("baseline", "baseline", "week_6", 'known at week_6, after the prediction at "baseline"'),
        ("week_6", "week_6", "baseline", '"week_6" is not before "baseline" in the catalog'),
        ("week_6", "baselin", "week_6", 'unknown time point of cohort trial; found "baselin"'),
    ],
)
def test_deltas_are_checked(
    command: Callable, tmp_path: Path, predict: str, since: str, until: str, message: str
) -> None:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    study = STUDY.replace("PREDICT", predict).replace("SINCE", since).replace("UNTIL", until)
    (tmp_path / "change.yaml").write_text(study)
    found = command("check", tmp_path / "change.yaml", "--catalog", tmp_path / "catalog.yaml", code=2 if message else 0)
    assert message in found.stderr
    if message:
        assert "change.yaml:8" in found.stderr
