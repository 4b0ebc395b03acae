"""The commands features and list: what can be computed, and what files may name."""

import csv
import json
from collections.abc import Callable

import pytest

from features.deep.card import card_names
from flows.named import recipe_files, study_files
from flows.reference.lists import find_list, list_names
from flows.reference.registries import registries


def test_image_types_and_extractors_are_listed(command: Callable) -> None:
    rows = json.loads(command("features", "--image-types", "--format", "json").stdout)
    assert {"original", "pyradiomics", "network"} <= {row["name"] for row in rows}
    assert all(row["what"] for row in rows)


def test_an_unknown_family_is_told(command: Callable) -> None:
    assert 'there is no family "gcml"' in command("features", "gcml", code=2).stderr
    assert "leave it out" in command("features", "glcm", "--image-types", code=2).stderr


def test_features_are_listed_with_codes_and_formulas(command: Callable) -> None:
    rows = list(csv.DictReader(command("features", "firstorder", "--format", "csv").stdout.splitlines()))
    (mean,) = (row for row in rows if row["feature"] == "Mean")
    assert mean["IBSI"] == "Q4LE"
    assert mean["formula"]
    assert "Q4LE" in command("features", "firstorder").stdout


def test_features_of_the_ibsi_mode_are_listed_too(command: Callable) -> None:
    rows = list(csv.DictReader(command("features", "gldzm", "--ibsi", "--format", "csv").stdout.splitlines()))
    assert len(rows) == 16
    assert all(len(row["IBSI"]) == 4 and row["formula"] for row in rows)
    assert 'did you mean "glcm"' in command("features", "glcn", "--ibsi", code=2).stderr


def test_every_registry_is_listed_with_all_kinds_of_its_folder(command: Callable) -> None:
    found = {row["list"]: int(row["entries"]) for row in json.loads(command("list", "--format", "json").stdout)}
    kinds = {name: len(registry.modules) for name, registry in registries().items()}
    assert len(kinds) >= 9
    assert found == {**kinds, "cards": len(card_names()), "recipes": len(recipe_files()), "studies": len(study_files())}


@pytest.mark.parametrize("name", list_names())
def test_each_entry_of_a_list_says_what_it_does(command: Callable, name: str) -> None:
    listed = find_list(name)
    rows = json.loads(command("list", name, "--format", "json").stdout)
    assert [row["name"] for row in rows] == list(listed.names)
    for row in rows:
        assert len(row["what"].split()) > 1
        assert row["what"][0].isupper()


def test_models_say_which_endpoint_they_predict(command: Callable) -> None:
    rows = list(csv.DictReader(command("list", "models", "--format", "csv").stdout.splitlines()))
    assert {row["name"]: row["endpoints"] for row in rows}["coxnet"] == "competing_risks, survival"


def test_settings_of_an_entry_come_with_type_default_and_meaning(command: Callable) -> None:
    found = json.loads(command("list", "model", "svm", "--format", "json").stdout)
    kernel = next(one for one in found["settings"] if one["setting"] == "kernel")
    assert (kernel["type"], kernel["default"]) == ("list of one of linear, rbf", '["linear", "rbf"]')
    assert "inner folds choose" in kernel["what"]
    assert "needed" in command("list", "variants", "shell").stdout


def test_the_file_of_a_recipe_is_shown(command: Callable) -> None:
    assert "discretise: {bin_width: 0.5}" in command("list", "recipes", "pet_suv").stdout


def test_unknown_lists_and_entries_are_told_with_the_nearest_word(command: Callable) -> None:
    assert 'Did you mean "models"' in command("list", "modls", code=2).stderr
    assert 'Did you mean "svm"' in command("list", "models", "svn", code=2).stderr


def test_image_types_are_those_of_the_lists(command: Callable) -> None:
    """Two ways that would say other things are one too many."""
    rows = json.loads(command("features", "--image-types", "--format", "json").stdout)
    what = {row["name"]: row["what"] for row in rows}
    for one in json.loads(command("list", "filters", "--format", "json").stdout):
        assert what[one["name"]] == one["what"]
