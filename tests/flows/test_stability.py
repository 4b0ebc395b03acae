"""`radweave stability` on the built-in cohort, a study that filters by it, and its report, which shows it beside scores."""

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from features.core.storage.table import read_table
from features.simulate.simulator import SIMULATORS, simulate

pytestmark = pytest.mark.slow
TWO = "chains:\n- []\n- [{kind: noise, sd: 4}]\n"
PAIR = """\
modality: MR
unit: arbitrary
normalise: {kind: zscore, scale: 100}
window: [-300, 300]
discretise: {bin_count: 32}
channels: [t1c, flair]
roi: tumour
extractors:
- {kind: network, weights: random, seed: 1, architecture: {kind: lenet, channels: 2}, samplings: [largest]}
"""
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
    found = radweave(
        "stability", "builtin", "--extractor", "radweave", "--perturbations", tmp_path / "two.yaml", *places
    )
    assert "regions × 2 measurements" in found.stdout
    scores = read_table(store / "stability" / "builtin" / "radweave__ct_lung.parquet").to_pandas()
    shutil.copytree(store / "stability" / "builtin", store / "stability" / "pilot")  # as if another cohort had them
    inside("study", tmp_path / "stable.yaml", *places)
    (folder,) = (store / "studies" / "stable").iterdir()
    used = {name for name in read_table(folder / "design.parquet").column_names if name.startswith("radweave__")}
    assert used == set(scores.loc[scores["icc_2_1"] >= 0.9, "feature"])
    assert 0 < len(used) < len(scores)
    worth = read_table(folder / "worth.parquet").to_pandas()
    assert set(worth["source"]) == {f"radweave__ct_lung__* {family}" for family in worth["family"]}
    assert worth["columns"].sum() == len(used)
    assert (worth["cohort"] == "builtin").all()
    assert worth["value"].notna().all()
    assert 'id="table-stability"' in (folder / "report.html").read_text()
    assert "no faults" in command("verify", "--store", store).stdout


def test_a_network_is_measured_beside_handcrafted_features(
    demo, command, inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = demo.copy(tmp_path)
    places = "--catalog", demo.catalog, "--store", store
    (tmp_path / "deep.yaml").write_text(STUDY.replace("radiomics", "deep").split("stable")[0])
    (tmp_path / "two.yaml").write_text(TWO)
    unknown = command("stability", "builtin", "--extractor", "lite0", *places, code=2).stderr
    assert 'no recipe has an extractor "lite0"; there are radweave, efficientnet_lite0' in unknown
    taken: list[bool] = []
    monkeypatch.setattr("flows.stability.gpu_slot", lambda: nullcontext(taken.append(True)))
    inside(
        "stability", "builtin", "--extractor", "efficientnet_lite0", "--perturbations", tmp_path / "two.yaml", *places
    )
    assert taken == [True], "one run at a time uses the GPU"
    inside("study", tmp_path / "deep.yaml", *places)
    (folder,) = (store / "studies" / "deep").iterdir()
    (row,) = read_table(folder / "worth.parquet").to_pylist()
    assert (row["source"], row["columns"], row["cohort"]) == ("efficientnet_lite0__ct_lung__*", 2560, "builtin")
    assert 0 < row["median_icc"] <= 1
    assert row["n"] > 10


def test_images_that_are_shown_together_are_measured_and_known_by_the_name_of_their_recipe(
    inside, command, tmp_path: Path
) -> None:
    catalog = simulate(SIMULATORS.parse({"kind": "brain", "seed": 1, "patients_per_centre": 1}), tmp_path / "cohort")
    (tmp_path / "two.yaml").write_text(TWO)
    (tmp_path / "pair.yaml").write_text(PAIR)
    places = "--catalog", catalog, "--store", tmp_path / "store"
    unknown = command("stability", "external", "--recipe", "pair", *places, code=2).stderr
    assert 'there is no recipe "pair"' in unknown
    inside("refresh", "external", "--recipe", tmp_path / "pair.yaml", *places)
    (tmp_path / "pair.yaml").unlink()  # the tables hold it
    inside("stability", "external", "--recipe", "pair", "--perturbations", tmp_path / "two.yaml", *places)
    (scores,) = (tmp_path / "store" / "stability" / "external").glob("*.parquet")
    assert scores.stem.startswith("lenet5_random__pair__t1c__tumour")
    assert set(read_table(scores)["k"].to_pylist()) == {2}
