"""Recipes and the catalog as one configuration: which recipes there are, and which a refresh extracts unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.catalog.catalog import Catalog
from features.core.errors import RadweaveError
from features.core.kinds.recipe import load_recipe
from flows import configuration
from flows.configuration import find_recipes, recipe_files, recipes_for

IBSI = [f"ibsi_{name}" for name in "abcde"]


def _catalog(tmp_path: Path) -> Catalog:
    image = {"format": "nifti", "centre": "A", "modality": "CT", "unit": "HU", "path": "{patient}/ct.nii.gz"}
    image["mask"] = {"format": "nifti", "path": "{patient}/roi.nii.gz"}  # type: ignore[assignment]
    cohort = {"title": "one", "licence": "public", "root": ".", "centres": {"A": {}}, "images": [image]}
    return Catalog.model_validate({"version": 1, "cohorts": {"one": cohort}, "folder": tmp_path})


@pytest.mark.parametrize("name", recipe_files())
def test_the_repository_s_recipes_are_good_and_found_by_their_names(name: str) -> None:
    assert load_recipe(recipe_files()[name]).name == name


def test_recipes_of_a_folder_are_found_by_name_or_place() -> None:
    assert [recipe.name for recipe in find_recipes(["ibsi_a", "ibsi/b"])] == ["ibsi_a", "ibsi_b"]
    with pytest.raises(RadweaveError, match=r'there is no recipe "ibsi/f"; .*did you mean "ibsi_'):
        find_recipes(["ibsi/f"])
    with pytest.raises(
        RadweaveError, match=r'no recipe "/tmp/x.yaml"; .* A recipe is given by its name, not as a file\.$'
    ):
        find_recipes(["/tmp/x.yaml"])


def test_a_refresh_extracts_recipes_by_default_or_because_a_study_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = _catalog(tmp_path)
    assert [recipe.name for recipe in recipes_for(catalog, "one")] == ["ct_lung"]
    for word, cohort in (("mine", "one"), ("other", "two")):
        (tmp_path / f"{word}.yaml").write_text(f"cohorts: [{cohort}]\nrecipes: [ibsi_{word[0].replace('m', 'c')}]\n")
    (tmp_path / "faulty.yaml").write_text("cohorts: [one\n")
    files = {path.stem: path for path in tmp_path.glob("*.yaml")}
    monkeypatch.setattr(configuration, "study_files", lambda: files)
    assert [recipe.name for recipe in recipes_for(catalog, "one")] == ["ct_lung", "ibsi_c"]


def test_a_cohort_that_only_recipes_by_name_fit_is_told_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: path for name, path in recipe_files().items() if name in IBSI}
    monkeypatch.setattr(configuration, "recipe_files", lambda: files)
    with pytest.raises(RadweaveError, match=rf"or name one of {', '.join(IBSI)} by --recipe"):
        recipes_for(_catalog(tmp_path), "one")
