"""Recipes and studies by name or file: what is found, and what is said of what is not."""

import json
import re
import shutil
from pathlib import Path

import pytest

from features.core.errors import ConfigError, RadweaveError
from features.core.kinds.normaliser import FittedOn
from features.core.kinds.recipe import Recipe, load_recipe
from features.images.normalisers.nyul import PERCENTILES, landmarks_file
from features.results.prefixes import settings_digests
from flows.named import find_recipe, find_recipes, find_study, name_of, read_study, recipe_files, study_files
from tests.support.measured import measured

CT_LUNG = recipe_files()["ct_lung"].read_text()
STUDY = "cohorts: [one]\nendpoint: response\nblocks: {all: [radiomics]}\nmodels: [svm]\nrecipes: [%s]\n"


@pytest.mark.parametrize("name", recipe_files())
def test_the_recipes_of_radweave_are_good_found_by_their_names_and_say_whether_a_refresh_takes_them(name: str) -> None:
    path = recipe_files()[name]
    assert load_recipe(path).name == name
    assert re.search(r"^default: (true|false)$", path.read_text(), re.MULTILINE)
    assert load_recipe(path).default == (name in ("ct_lung", "mr_t1", "pet_suv"))


def test_a_recipe_is_found_by_name_by_place_and_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text(CT_LUNG)
    given = ["ibsi_a", "ibsi/b", str(tmp_path / "mine.yaml")]
    assert [recipe.name for recipe in find_recipes(given)] == ["ibsi_a", "ibsi_b", "mine"]
    assert find_recipe("mine.yaml", tmp_path).name == "mine"
    assert [name_of(one) for one in (*given, "gone/own.yaml")] == ["ibsi_a", "ibsi_b", "mine", "own"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ct_lung").mkdir()
    (tmp_path / "builtin_response").write_text("")
    assert find_recipe("mine.yaml").name == "mine"
    assert find_recipe("ct_lung").name == "ct_lung"
    assert find_study("builtin_response") == study_files()["builtin_response"]


def test_recipes_beside_the_catalog_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "s2.yaml").write_text(CT_LUNG)
    (tmp_path / "recipes" / "file.yaml").write_text(f"name: said\n{CT_LUNG}")
    for given in ("s2", "said", str(tmp_path / "recipes" / "s2.yaml")):
        assert find_recipe(given, beside=tmp_path).name == Path(given).stem
    with pytest.raises(
        RadweaveError, match=r'no recipe "s22"; there are .*, s2, or give a YAML file\. Did you mean "s2"'
    ):
        find_recipe("s22", beside=tmp_path)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "study.yaml").write_text(STUDY % "s2, ../recipes/file.yaml, ibsi_a")
    plan, _ = read_study(tmp_path / "studies" / "study.yaml", tmp_path)
    assert plan.recipes == ("s2", "said", "ibsi_a")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("ibsi/f", r'there is no recipe "ibsi/f"; there are ct_lung, .*, or give a YAML file\. Did you mean "ibsi_'),
        ("/tmp/no/x.yaml", r"/tmp/no/x\.yaml: there is no such file of a recipe$"),
        (
            "ct_lung.yaml",
            r'ct_lung\.yaml: there is no such file of a recipe; there is a recipe named "ct_lung"',
        ),
        ("broken", r'there is no recipe "broken"; .* broken\.yaml is a file: give it with its ending\.$'),
        ("folder", r'there is no recipe "folder"; .* folder is a folder: give a file in it'),
        ("folder.yaml", r"folder\.yaml: cannot be read: Is a directory"),
        ("broken.yaml", r"broken\.yaml:3: is not YAML"),
        ("faulty.yaml", r'(?s)faulty\.yaml:3: .*resegment.*faulty\.yaml:4: unknown key "discretize"'),
        ("My-CT.yaml", r'My-CT\.yaml: the recipe takes its name from the file; found "My-CT"; allowed: small letters'),
        ("list.yaml", r"list\.yaml:1: the document: "),
    ],
)
def test_what_is_no_recipe_is_said_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("folder", "folder.yaml"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken.yaml").write_text("modality: CT\nunit: [HU\n")
    (tmp_path / "faulty.yaml").write_text(
        "modality: CT\nunit: HU\nresegment: 5\ndiscretize: {}\nextractors: [radweave]\n"
    )
    (tmp_path / "My-CT.yaml").write_text(CT_LUNG)
    (tmp_path / "list.yaml").write_text("[1]\n")
    with pytest.raises(RadweaveError, match=sentence):
        find_recipe(given)


def test_a_study_that_radweave_lacks_is_said_with_those_it_has() -> None:
    with pytest.raises(
        RadweaveError, match='there is no study "builtin_respons"; there are bibault2018, builtin_association, '
    ):
        find_study("builtin_respons")


def test_two_recipes_of_one_name_have_equal_settings(tmp_path: Path) -> None:
    for folder, text in (("a", CT_LUNG), ("b", CT_LUNG.replace("width: 25", "width: 10"))):
        (tmp_path / folder).mkdir()
        for name in ("mine", "ct_lung"):
            (tmp_path / folder / f"{name}.yaml").write_text(text)
    same, other = tmp_path / "a", tmp_path / "b"
    shutil.copytree(same, tmp_path / "c")
    (tmp_path / "c" / "mine.yaml").write_text(CT_LUNG.replace("default: true\n", ""))
    given = [same / "mine.yaml", tmp_path / "c" / "mine.yaml", same / "ct_lung.yaml", "ct_lung"]
    assert [recipe.name for recipe in find_recipes(map(str, given))] == ["mine", "ct_lung"]
    taken = r'b/mine\.yaml: the name "mine" is taken by .*a/mine\.yaml, which differs in discretise; columns begin with'
    with pytest.raises(ConfigError, match=taken):
        find_recipes([str(same / "mine.yaml"), str(other / "mine.yaml")])
    with pytest.raises(ConfigError, match='the name "ct_lung" is taken by the recipe ct_lung of radweave'):
        find_recipes([str(other / "ct_lung.yaml")])


def test_where_files_lie_leaves_no_trace_in_a_study_and_its_recipes(tmp_path: Path) -> None:
    origin = FittedOn(cohort="pilot", centres=("A",), modality="CT", unit="HU")
    found = []
    for folder, recipe in (("a", "./mine.yaml"), ("b", "recipes/mine.yaml")):
        path = tmp_path / folder / recipe
        path.parent.mkdir(parents=True)
        path.write_text(CT_LUNG + "normalise: {kind: nyul, landmarks: marks.json}\n")
        path.with_name("marks.json").write_bytes(landmarks_file([p / 100 for p in PERCENTILES], origin, ["pilot:p1"]))
        (tmp_path / folder / "study.yaml").write_text(STUDY % f"{recipe}, ibsi_a")
        found.append(read_study(tmp_path / folder / "study.yaml"))
    (one, recipes), (other, others) = found
    assert one.recipes == ("mine", "ibsi_a") and one == other and one.digest() == other.digest()
    assert [recipe.settings for recipe in recipes] == [recipe.settings for recipe in others]
    assert settings_digests(measured(*recipes)) == settings_digests(measured(*others))
    assert settings_digests(
        measured(Recipe.model_validate(json.loads(json.dumps(recipes[0].settings))))
    ) == settings_digests(measured(recipes[0]))


def test_a_study_is_named_as_its_file_and_names_recipes_or_files_of_them(tmp_path: Path) -> None:
    (tmp_path / "My-study.yaml").write_text(STUDY % "ibsi_a")
    with pytest.raises(ConfigError, match=r'My-study\.yaml: the study takes its name from the file; found "My-study"'):
        read_study(tmp_path / "My-study.yaml")
    (tmp_path / "study.yaml").write_text(STUDY % "Mine")
    with pytest.raises(ConfigError, match=r"study\.yaml:5: .*give the name of a recipe, or a file that ends in \.yaml"):
        read_study(tmp_path / "study.yaml")
