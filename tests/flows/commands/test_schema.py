"""The command schema: what an editor gets accepts the files that radweave reads, and marks what it rejects."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from features.core.yaml import Document
from flows.named import recipe_files, study_files
from flows.reference.registries import registries
from flows.reference.schema import FILES, schema_of
from tests.support.kinds import one_of_each

ROOT = Path(__file__).parents[3]
SHIPPED = [
    ("catalog", ROOT / "data_catalog.yaml"),
    *(("recipe", path) for path in recipe_files().values()),
    *(("association" if "association" in name else "study", path) for name, path in study_files().items()),
]


@cache
def validator(file: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(file))


def faults(file: str, data: Any) -> list[str]:
    """What an editor marks, of data as JSON has them."""
    as_json = json.loads(json.dumps(data, default=str))
    return [error.message for error in validator(file).iter_errors(as_json)]


@pytest.mark.parametrize("file", FILES)
def test_every_schema_is_one(file: str) -> None:
    Draft202012Validator.check_schema(schema_of(file))


@pytest.mark.parametrize(("file", "path"), SHIPPED, ids=lambda one: getattr(one, "stem", one))
def test_every_file_that_comes_with_radweave_is_accepted(file: str, path: Path) -> None:
    assert faults(file, Document.load(path).data) == []


@pytest.mark.parametrize(("file", "path"), SHIPPED, ids=lambda one: getattr(one, "stem", one))
def test_a_misspelt_key_is_marked(file: str, path: Path) -> None:
    data = Document.load(path).data
    assert "cohrots" in " ".join(faults(file, {**data, "cohrots": 1}))


def recipe(**settings: Any) -> dict[str, Any]:
    return {**Document.load(recipe_files()["ct_lung"]).data, **settings}


def test_each_kind_is_accepted_with_its_own_settings_and_no_others() -> None:
    """Which filter has which key is the schema's to say, not the reader's to find out."""
    found = registries()
    for one in one_of_each(found["filters"]):
        assert faults("recipe", recipe(filters=[one])) == []
        assert faults("recipe", recipe(filters=[{**one, "not_a_setting": 1}])) != []
    for one in one_of_each(found["normalisers"]):
        assert faults("recipe", recipe(normalise=one)) == []
    for one in one_of_each(found["variants"]):
        assert faults("recipe", recipe(roi=one)) == []
    study = Document.load(study_files()["builtin_response"]).data
    for one in one_of_each(found["models"]):
        assert faults("study", {**study, "models": [one]}) == []
        assert faults("study", {**study, "models": [one["kind"]]}) == []
    assert faults("study", {**study, "models": ["svn"]}) != []
    assert faults("recipe", recipe(filters=["log"])) != []  # it needs sigma_mm


def test_what_may_stand_in_two_ways_is_accepted_in_both() -> None:
    assert faults("recipe", recipe(normalise={"scale": 10})) == []  # without a kind: zscore
    assert (
        faults(
            "parameters", {"setting": {"binWidth": 25, "interpolator": 3}, "imageType": {"LoG": {"sigma": [2, 2.5]}}}
        )
        == []
    )
    assert faults("parameters", {"setting": None, "featureClass": {"glcm": None, "shape": []}}) == []
    assert faults("parameters", {"setting": {"binWidht": 25}}) != []


def test_catalogs_of_all_forms_are_accepted() -> None:
    """The catalog that the page for data managers shows has contours, label maps, codes, dates and genes."""
    text = (ROOT / "docs" / "data-manager.md").read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    assert faults("catalog", _parsed(text)) == []
    assert faults("catalog", _parsed(text.replace("several:", "sevral:").replace("roi: GTV", "rio: GTV"))) != []


def _parsed(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def test_the_command_writes_a_file_and_says_how_to_use_it(command: Callable, tmp_path: Path) -> None:
    out = tmp_path / "study.schema.json"
    assert "$schema=study.schema.json" in command("schema", "study", "--out", out).stdout
    assert json.loads(out.read_text("utf-8")) == schema_of("study")
    assert json.loads(command("schema", "recipe").stdout)["title"] == "radweave recipe"
    assert 'Did you mean "study"' in command("schema", "studdy", code=2).stderr
