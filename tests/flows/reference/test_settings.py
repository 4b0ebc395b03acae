"""The words of keys: every key that a user may write says what it means, and its default is the one that is taken."""

from __future__ import annotations

import json
import re

import pytest

from features.radiomics.dialects.settings import Settings
from features.radiomics.parameter_file import FileSettings
from features.radiomics.parameters import PREPARATION, SETTINGS
from features.radiomics.pyradiomics_preparation import PyradiomicsPreparation
from flows.reference.lists import find_list, list_names
from flows.reference.pages import pages
from flows.reference.schema import FILES, model_of, schema_of
from flows.reference.settings import settings_in, settings_of


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_a_file_says_what_it_means(file: str) -> None:
    schema = schema_of(file)
    parts = {file: schema, **{name: one for name, one in schema["$defs"].items() if "properties" in one}}
    silent = [
        f"{name}.{one.name}"
        for name, part in parts.items()
        for one in settings_in(part, schema["$defs"])
        if one.name != "kind" and not one.means
    ]
    assert silent == []


@pytest.mark.parametrize("name", list_names())
def test_every_setting_of_a_kind_says_what_it_means(name: str) -> None:
    listed = find_list(name)
    assert [f"{one.name}.{two.name}" for one in listed.entries() for two in one.settings if not two.means] == []


def test_types_and_bounds_are_words() -> None:
    found = {one.name: one for one in settings_of(model_of("study"))}
    assert (found["models"].type, found["models"].allowed, found["models"].default) == (
        "list of models or Candidate",
        "at least 1 of them",
        "needed",
    )
    assert (found["seed"].type, found["seed"].allowed, found["seed"].default) == (
        "whole number",
        "≥ 0",
        "0",
    )
    assert found["missing_block"].type == "one of impute, exclude"
    assert found["splits"].default.startswith('[{"kind": "nested"')
    cohorts = next(one for one in settings_of(model_of("catalog")) if one.name == "cohorts")
    assert cohorts.type == "mapping of Cohort"


def test_defaults_of_parameter_files_are_those_that_are_taken() -> None:
    """The keys of pyradiomics default to null in the model, and to what it does where it reads them."""
    taken = {
        **{key: PyradiomicsPreparation.model_fields[ours].default for key, ours in PREPARATION.items()},
        **{key: Settings.model_fields[ours].default for key, ours in SETTINGS.items()},
    }
    assert len(taken) > 20
    for key, default in taken.items():
        said = re.search(r"Default: ([^,]+?)(?:,.*)?\.$", FileSettings.model_fields[key].description or "")
        assert said is not None, key
        shown = json.dumps(list(default) if isinstance(default, tuple) else default).strip('"')
        assert said[1] == shown.replace(".0", "") or said[1] == shown, key


def test_the_page_of_keys_holds_every_key_and_every_kind() -> None:
    page = pages()["keys.md"]
    for file in FILES:
        assert all(f"| `{one.name}` |" in page for one in settings_of(model_of(file)) if one.name != "folder")
    for name in set(list_names()) - {"recipes", "studies"}:
        assert all(f"#### {one} {{ #{name}-{one} }}" in page for one in find_list(name).names)
