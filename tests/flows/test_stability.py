"""`radweave stability` on the built-in cohort, and a study that filters by it."""

import shutil
from pathlib import Path

import pytest

from features.core.storage.table import read_table

pytestmark = pytest.mark.slow
TWO = "chains:\n- []\n- [{kind: noise, sd: 4}]\n"
STUDY = """\
cohorts: [builtin]
endpoint: response
recipes: [ct_lung]
blocks: {radiomics: [radiomics]}
models: [lasso_logistic]
splits: [{kind: nested, folds: 3, repeats: 1}]
stable: {cohort: pilot, minimum: 0.9, figure: icc_2_1}
"""


def test_a_study_uses_what_is_stable(demo, radweave, command, inside, tmp_path: Path) -> None:
    store = demo.copy(tmp_path)
    places = "--catalog", demo.catalog, "--store", store
    (tmp_path / "stable.yaml").write_text(STUDY)
    (tmp_path / "two.yaml").write_text(TWO)
    missing = command("study", tmp_path / "stable.yaml", *places, code=4)
    assert "run radweave stability pilot --recipe ct_lung" in missing.stderr
    found = radweave("stability", "builtin", "--recipe", "ct_lung", "--perturbations", tmp_path / "two.yaml", *places)
    assert "regions × 2 measurements" in found.stdout
    scores = read_table(store / "stability" / "builtin" / "radweave__ct_lung.parquet").to_pandas()
    shutil.copytree(store / "stability" / "builtin", store / "stability" / "pilot")  # as if another cohort had them
    inside("study", tmp_path / "stable.yaml", *places)
    (folder,) = (store / "studies" / "stable").iterdir()
    used = {name for name in read_table(folder / "design.parquet").column_names if name.startswith("radweave__")}
    assert used == set(scores.loc[scores["icc_2_1"] >= 0.9, "feature"])
    assert 0 < len(used) < len(scores)
    assert "no faults" in command("verify", "--store", store).stdout
