"""Which recipes a refresh extracts: by default, because a study or a person asks, or because the tables hold them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import Catalog
from features.core.errors import RadweaveError
from features.core.kinds.recipe import Recipe
from features.results.manifest import CohortState
from features.results.prefixes import settings_digests
from flows import named, wanted
from flows.named import find_recipe, recipe_files
from flows.wanted import Asked, held_recipes, meant_names, recipes_for
from tests.support.catalog import catalog_of, cohort_of, file_images
from tests.support.measured import measured

IBSI = [f"ibsi_{name}" for name in "abcde"]
STUDY = "endpoint: response\nblocks: {all: [radiomics]}\nmodels: [svm]\n"
MINE = "modality: %s\nunit: HU\ndiscretise: {bin_width: 5}\nextractors: [radweave]\n"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Cohorts one and two, both of CT in HU."""
    return catalog_of(tmp_path, one=cohort_of(file_images()), two=cohort_of(file_images()))


@pytest.fixture
def mine(tmp_path: Path) -> str:
    (tmp_path / "mine.yaml").write_text(MINE % "CT")
    return str(tmp_path / "mine.yaml")


def names(recipes: tuple[Recipe, ...]) -> list[str]:
    return [recipe.name for recipe in recipes]


def state_of(*recipes: Recipe, own: tuple[Recipe, ...] = ()) -> CohortState:
    kept = {recipe.name: json.loads(json.dumps(recipe.settings)) for recipe in own}
    return CohortState(key="1", settings=settings_digests(measured(*recipes, *own)), recipes=kept)


def test_unasked_a_refresh_extracts_what_says_so_and_what_studies_of_radweave_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog
) -> None:
    assert names(recipes_for(catalog, "one")) == ["ct_lung"]
    for word, cohort, recipes in (("mine", "one", "ibsi_c, mr_t1"), ("other", "two", "ibsi_a")):
        (tmp_path / f"{word}.yaml").write_text(f"cohorts: [{cohort}]\nrecipes: [{recipes}]\n{STUDY}")
    (tmp_path / "faulty.yaml").write_text("cohorts: [one\n")
    files = {path.stem: path for path in tmp_path.glob("*.yaml")}
    monkeypatch.setattr(wanted, "study_files", lambda: files)
    assert names(recipes_for(catalog, "one")) == ["ct_lung", "ibsi_c"]


def test_a_study_is_asked_for_in_its_external_cohorts_too(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "own.yaml").write_text(f"cohorts: [one]\nexternal: [two]\nrecipes: [ibsi_a]\n{STUDY}")
    asked = Asked.of(catalog, ["one", "two"], [], [str(tmp_path / "own.yaml")])
    assert [names(recipes_for(catalog, cohort, asked)) for cohort in ("one", "two")] == [["ibsi_a"], ["ibsi_a"]]


def test_recipes_beside_the_catalog_stand_instead_of_radweave_s_for_images_of_their_kind(
    tmp_path: Path, catalog: Catalog, mine: str
) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    for name, default in (("own", "default: true\n"), ("spare", "")):
        (folder / f"{name}.yaml").write_text(default + MINE % "CT")
    (folder / "mr.yaml").write_text(
        "default: true\n" + (MINE % "MR").replace("HU", "arbitrary").replace("width", "count")
    )
    assert names(recipes_for(catalog, "one")) == ["own"]
    assert names(recipes_for(catalog, "one", Asked.of(catalog, ["one"], [mine], []))) == ["mine"]
    held = held_recipes(catalog, "one", state_of(own=(find_recipe(mine),)), meant_names(catalog, "one", Asked()))
    assert names(recipes_for(catalog, "one", Asked(), held)) == ["mine", "own"]
    edited = find_recipe(str(folder / "own.yaml")).model_copy(update={"minimum_voxels": 99})
    assert held_recipes(catalog, "one", state_of(own=(edited,)), meant_names(catalog, "one", Asked())) == ()
    (folder / "own.yaml").write_text("default: true\nmodality: XX\n")
    with pytest.raises(RadweaveError, match=r"recipes/own\.yaml:2: modality"):
        recipes_for(catalog, "one")


def test_what_is_asked_for_stands_instead_of_the_defaults_and_what_is_held_stays(
    tmp_path: Path, catalog: Catalog, mine: str
) -> None:
    (tmp_path / "study.yaml").write_text(f"cohorts: [two]\nrecipes: [./mine.yaml, ibsi_b]\n{STUDY}")
    both = ["one", "two"]
    asked = Asked.of(catalog, both, ["ibsi/a"], [str(tmp_path / "study.yaml")])
    assert names(recipes_for(catalog, "one", asked)) == ["ibsi_a"]
    assert names(recipes_for(catalog, "two", asked)) == ["ibsi_a", "ibsi_b", "mine"]
    alone = Asked.of(catalog, both, [], [str(tmp_path / "study.yaml")])
    assert names(recipes_for(catalog, "one", alone)) == ["ct_lung"]
    held = (find_recipe("ct_lung"), find_recipe(mine))
    assert names(recipes_for(catalog, "one", asked, held)) == ["ct_lung", "ibsi_a", "mine"]
    assert recipes_for(catalog, "one", Asked(), held) == held


def test_recipes_of_the_tables_are_remembered_those_of_files_by_their_settings(catalog: Catalog, mine: str) -> None:
    own = find_recipe(mine)
    state = state_of(find_recipe("ct_lung"), find_recipe("mr_t1"), own=(own,))
    Path(mine).unlink()
    held = held_recipes(catalog, "one", state, ())
    assert names(held) == ["ct_lung", "mine"]  # images in MR there are none any more
    assert settings_digests(measured(*held[1:])) == settings_digests(measured(own))
    assert names(held_recipes(catalog, "one", state, {"mine"})) == ["ct_lung"]
    assert held_recipes(catalog, "one", None, ()) == ()


def test_a_held_recipe_that_cannot_be_read_or_has_a_namesake_is_said(
    catalog: Catalog, mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = find_recipe(mine)
    old = CohortState(key="1", settings=settings_digests(measured(own)), recipes={"mine": {**own.settings, "gone": 1}})
    with pytest.raises(RadweaveError, match=r'"mine" of the tables is of another radweave \(gone: .*by --drop mine'):
        held_recipes(catalog, "one", old, ())
    assert held_recipes(catalog, "one", old, {"mine"}) == ()
    changed = Path(mine).with_name("namesake.yaml")
    changed.write_text((MINE % "CT").replace("5}", "6}") + "name: mine\n")
    for module in (named, wanted):
        monkeypatch.setattr(module, "recipe_files", lambda: {"mine": changed})
    with pytest.raises(RadweaveError, match=r"radweave has one of that name, which differs in discretise\. Rename"):
        held_recipes(catalog, "one", state_of(own=(own,)), ())


def test_a_recipe_or_a_study_that_is_for_none_of_the_cohorts_is_said(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "pet.yaml").write_text((MINE % "PT").replace("HU", "SUV"))
    unfit = r'recipe pet is for PT in SUV: cohort "one" has CT in HU; cohort "two" has CT in HU$'
    with pytest.raises(RadweaveError, match=unfit):
        Asked.of(catalog, ["one", "two"], [str(tmp_path / "pet.yaml")], [])
    (tmp_path / "study.yaml").write_text(f"cohorts: [two]\nrecipes: [./pet.yaml]\n{STUDY}")
    with pytest.raises(RadweaveError, match='recipe pet is for PT in SUV: cohort "two" has CT in HU$'):
        Asked.of(catalog, ["two"], [], [str(tmp_path / "study.yaml")])
    with pytest.raises(RadweaveError, match="study study is of the cohorts two; this refresh is of one"):
        Asked.of(catalog, ["one"], [], [str(tmp_path / "study.yaml")])


def test_a_cohort_that_only_recipes_by_name_fit_is_told_their_names(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: path for name, path in recipe_files().items() if name in IBSI}
    for module in (named, wanted):
        monkeypatch.setattr(module, "recipe_files", lambda: files)
    with pytest.raises(RadweaveError, match=rf"name one by --recipe \(there are {', '.join(IBSI)}\), or give a file"):
        recipes_for(catalog, "one")


def test_a_word_that_no_cohort_declares_is_a_fault_wherever_the_recipe_is_named(
    tmp_path: Path, command: Callable[..., Any]
) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "catalog.yaml").write_text(
        """
        version: 1
        cohorts:
          one:
            {title: One, licence: internal, root: ., timepoints: {baseline: 0}, centres: {A: {}}, images: [
            {format: nifti, centre: A, image: [t1c, flair], modality: MR, unit: arbitrary, path: '{patient}/{image}.nii.gz',
             mask: {format: nifti, path: '{patient}/seg.nii.gz', rois: {tumour: 1, necrosis: 2}}}]}
        """
    )
    own = tmp_path / "recipes/own.yaml"
    start = (
        "default: true\nmodality: MR\nunit: arbitrary\ndiscretise: {bin_count: 32}\nextractors: [{kind: radweave}]\n"
    )
    own.write_text(start + "images: [t1c, flare]\nroi: tumor - necrosis\n")
    places = ["--catalog", tmp_path / "catalog.yaml"]
    for words in (["check", *places], ["refresh", *places], ["refresh", *places, "--recipe", own]):
        store = ["--store", tmp_path / "store"] if words[0] == "refresh" else []
        told = " ".join(command(*words, *store, code=2).stderr.split())
        assert 'own.yaml:6: the catalog declares no image of this word for MR in arbitrary; found "flare"' in told
        assert 'allowed: flair, t1c; did you mean "flair"?' in told
        assert 'own.yaml:7: the catalog declares no ROI of this word for MR in arbitrary; found "tumor"' in told
        assert not (tmp_path / "store/mart").exists()
    own.write_text(start + "images: [t1c, flair]\nroi: tumour - necrosis\n")
    assert "own.yaml: no faults; for cohort one\n" in command("check", *places).stdout
    own.write_text(start.removeprefix("default: true\n"))
    told = "own.yaml: no faults; for cohort one; extracted where it is asked for, as `default: true` is not said\n"
    assert told in command("check", *places).stdout
