"""A recipe and a study of one's own, in a folder outside radweave, run as a user runs them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.manifest import Mart, newest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
RECIPE = """\
modality: CT
unit: HU
spacing_mm: [2, 2, 2]
discretise: {bin_width: 10}
extractors: [{kind: radweave, families: [firstorder]}]
"""
STUDY = """\
cohorts: [builtin]
endpoint: response
recipes: [./ct_own.yaml]
blocks: {radiomics: [radiomics]}
models: [lasso_logistic]
splits: [{kind: nested, folds: 3, repeats: 1}]
"""
RECIPES = "ct_own", "ct_own_shuffled"
ENTROPY = "radweave__ct_own__original_firstorder_Entropy"


def test_a_recipe_and_a_study_outside_radweave_from_the_files_to_the_report(demo, command, tmp_path: Path) -> None:
    store, own = Store(demo.copy(tmp_path)), tmp_path / "own"
    own.mkdir()
    recipe, study = own / "ct_own.yaml", own / "first.yaml"
    recipe.write_text(RECIPE)
    study.write_text(STUDY)
    places = "--catalog", demo.catalog, "--store", store.root, "--runner", "threads"

    def entropy() -> list[float]:
        table = Mart.open(store).read("radiomics", "builtin", ["case", ENTROPY])
        found: list[float] = table.sort_by("case")[ENTROPY].to_pylist()
        return found

    def built() -> list[str]:
        return sorted(newest(store).cohorts["builtin"].settings)

    checked = command("check", study, "--recipe", recipe, "--catalog", demo.catalog).stdout
    assert f"{recipe}: no faults; for cohort builtin" in checked and "1 study: no faults" in checked
    before, columns = newest(store).refresh, built()
    missing = command("study", study, *places, code=4).stderr
    asked = f"--study {study} --catalog {demo.catalog} --store {store.root}"
    assert f'"{ENTROPY[:19]}' in missing and f"run radweave refresh builtin {asked}" in missing

    command("refresh", "--study", study, *places)
    assert built() == sorted([*columns, "radweave__ct_own__"])
    wide = entropy()
    command("study", study, *places)
    (run,) = (store.root / "studies" / "first").iterdir()
    kept = json.loads((run / "study.json").read_text())
    assert kept["study"]["recipes"] == ["ct_own"]
    assert kept["recipes"]["ct_own"]["discretise"] == {"bin_width": 10}
    assert "Image features follow the recipe ct_own." in (run / "report.html").read_text()
    texts = [(run / "study.json").read_text(), store.refresh(before + 1).read_text()]
    assert not any(str(tmp_path) in text for text in texts)

    elsewhere = (
        tmp_path / "elsewhere"
    )  # the files moved: who asks for nothing, and who asks by the new place, changes nothing
    own.rename(elsewhere)
    for asked in ((), ("--recipe", elsewhere / "ct_own.yaml"), ("--study", elsewhere / "first.yaml")):
        assert f"{before + 1}, as before" in command("refresh", "builtin", *asked, *places).stdout
    command("study", elsewhere / "first.yaml", *places)
    assert len(list(run.parent.iterdir())) == 1

    recipe = elsewhere / "ct_own.yaml"
    recipe.write_text(RECIPE.replace("10", "40"))
    other = command("study", elsewhere / "first.yaml", *places, code=4).stderr
    assert f'of recipe "ct_own" with other settings: run radweave refresh builtin --study {elsewhere}' in other
    said = command("refresh", "builtin", "--recipe", recipe, *places).stderr
    assert "recipe ct_own: its discretise changed since the last refresh" in said
    assert all(narrow < old for narrow, old in zip(entropy(), wide, strict=True))
    states = command("status", *places[:4], COLUMNS="400").stdout
    assert re.findall(r"│ first +│ \w+ +│ (\w+)", states) == ["stale"]
    recipe.write_text(RECIPE)
    command("refresh", "builtin", "--recipe", recipe, *places)
    assert entropy() == wide

    recipe.rename(recipe.with_name("ct_lung.yaml"))
    taken = command("refresh", "builtin", "--recipe", recipe.with_name("ct_lung.yaml"), *places, code=2).stderr
    assert 'ct_lung.yaml: the name "ct_lung" is taken by the recipe ct_lung of radweave' in taken
    command("refresh", "builtin", "--drop", "ct_own", *places)
    assert built() == columns
    states = command("status", *places[:4], COLUMNS="400").stdout
    assert re.findall(r"│ first +│ \w+ +│ (\w+)", states) == ["stale"]
    assert ": no faults" in command("verify", "--store", store.root).stdout


def test_a_study_with_shuffled_intensities_has_its_images_extracted_so_too(demo, command, tmp_path: Path) -> None:
    """One line in the study: its refresh makes the features, its report tells what is left; the columns stay out of its blocks."""
    store = Store(demo.copy(tmp_path))
    (tmp_path / "ct_own.yaml").write_text(RECIPE.replace("[firstorder]", "[firstorder, glcm]"))
    (tmp_path / "first.yaml").write_text(STUDY + "controls: [shuffled_intensities]\n")
    places = "--catalog", demo.catalog, "--store", store.root, "--runner", "threads"
    command("refresh", "--study", tmp_path / "first.yaml", *places)
    settings = newest(store).cohorts["builtin"].settings
    assert {"radweave__ct_own__", "radweave__ct_own_shuffled__"} <= settings.keys()
    names = [
        f"radweave__{recipe}__original_{what}"
        for what in ("firstorder_Energy", "glcm_Correlation")
        for recipe in RECIPES
    ]
    table = Mart.open(store).read("radiomics", "builtin", ["case", *names]).to_pandas()
    energy, shuffled, texture, gone = (table[name].dropna() for name in names)
    assert energy.to_list() == pytest.approx(shuffled.to_list(), rel=1e-12)
    assert (gone.abs() < texture.abs()).mean() > 0.9
    command("study", tmp_path / "first.yaml", *places)
    (run,) = (store.root / "studies" / "first").iterdir()
    kept = json.loads((run / "study.json").read_text())
    assert list(kept["recipes"]) == ["ct_own"]
    page = (run / "report.html").read_text()
    assert "intensities exchanged within each ROI" in page
    assert "ct_own_shuffled" not in page
    states = command("status", *places[:4], COLUMNS="400").stdout
    assert re.findall(r"│ first +│ \w+ +│ (\w+)", states) == ["current"]


def test_recipes_of_files_serve_stability_and_landmarks(demo, command, tmp_path: Path) -> None:
    (tmp_path / "ct_own.yaml").write_text(RECIPE)
    (tmp_path / "pet.yaml").write_text(RECIPE.replace("CT", "PT").replace("HU", "SUV"))
    (tmp_path / "two.yaml").write_text("chains:\n- []\n- [{kind: noise, sd: 4}]\n")
    store = demo.copy(tmp_path)
    places = "--catalog", demo.catalog, "--store", store, "--runner", "threads"
    chains = "--perturbations", tmp_path / "two.yaml"
    command("stability", "builtin", "--recipe", tmp_path / "ct_own.yaml", *chains, *places)
    scores = read_table(store / "stability" / "builtin" / "radweave__ct_own.parquet")
    assert ENTROPY in scores["feature"].to_pylist()
    out = tmp_path / "marks.json"
    command("standardise", "builtin", "--recipe", tmp_path / "ct_own.yaml", "--out", out, *places)
    assert out.is_file()
    for words in (("stability", "builtin", *chains), ("standardise", "builtin", "--out", out)):
        unfit = command(*words, "--recipe", tmp_path / "pet.yaml", *places, code=2).stderr
        assert 'recipe pet is for PT in SUV: cohort "builtin" has CT in HU' in unfit


def test_the_page_s_recipe_and_study_of_one_s_own_have_no_faults(demo, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "cohort").symlink_to(demo.catalog.parent)
    (tmp_path / "flows").symlink_to(ROOT / "flows")
    (block,) = re.findall(r"^mkdir demo/own\n.*?^```", (ROOT / "docs" / "data-scientist.md").read_text(), re.M | re.S)
    lines = [
        line for line in block.splitlines() if line.split()[0] in ("mkdir", "sed") or line.startswith("radweave check")
    ]
    assert len(lines) == 4
    function = f'radweave() {{ "{sys.executable}" -m flows.cli "$@"; }}'
    found = subprocess.run(
        ["bash", "-ec", "\n".join([function, *lines])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "demo/own/ct_fine.yaml: no faults; for cohort builtin\n1 study: no faults\n" in found.stdout
