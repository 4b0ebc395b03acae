"""What every cohort with a planted pattern keeps to: the same bytes, an oracle, a confounded site, and a null."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.core.catalog.catalog import load_catalog
from features.core.digest import digest_file
from features.core.kinds.recipe import load_recipe
from features.simulate.planted import Planted
from features.simulate.simulator import SIMULATORS, simulate
from features.simulate.streams import stream
from features.simulate.write_catalog import dump_catalog, plain_yaml
from flows.configuration import check_configuration
from flows.wanted import fits_cohort

KINDS = [kind for kind in SIMULATORS.modules if issubclass(SIMULATORS.load(kind), Planted)]


def planted(kind: str, **settings: Any) -> Planted:
    found = SIMULATORS.parse({"kind": kind, **settings})
    assert isinstance(found, Planted)
    return found


@pytest.fixture(scope="module", params=KINDS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, simulate(planted(request.param, patients_per_centre=1, seed=3), folder / "one").parent


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def people_of(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "truth" / "patients.csv").read_text("utf-8").splitlines()))


@pytest.mark.slow
def test_same_seed_same_bytes_and_another_seed_other_bytes(written: tuple[str, Path], tmp_path: Path) -> None:
    kind, folder = written
    simulate(planted(kind, patients_per_centre=1, seed=3), tmp_path / "again")
    assert digests(tmp_path / "again") == digests(folder)
    simulate(planted(kind, patients_per_centre=1, seed=4), tmp_path / "other")
    first, other = digests(folder), digests(tmp_path / "other")
    same = {name for name in first if other.get(name) == first[name]}
    assert all(name == "data_catalog.yaml" or name.startswith(("recipes/", "studies/", "atlas/")) for name in same)


@pytest.mark.slow
def test_tables_and_truth_name_every_patient_and_the_catalog_nothing_of_the_truth(written: tuple[str, Path]) -> None:
    kind, folder = written
    people, sites = people_of(folder), planted(kind).sites
    assert [one["patient"] for one in people] == [f"{site.name}-0001" for site in sites]
    assert {one["cohort"] for one in people} >= {"development", "external"}
    catalog = yaml.safe_load((folder / "data_catalog.yaml").read_text("utf-8"))
    named = [image["path"] for cohort in catalog["cohorts"].values() for image in cohort["images"]]
    assert all(not path.startswith("truth") and (folder / path.split("/")[0]).is_dir() for path in named)
    tables = [table for cohort in catalog["cohorts"].values() for table in cohort["tables"]]
    assert all((folder / table["path"]).is_file() for table in tables)


@pytest.mark.slow
def test_the_truth_tells_settings_oracle_and_what_is_planted(written: tuple[str, Path]) -> None:
    kind, folder = written
    truth = json.loads((folder / "truth" / "truth.json").read_text("utf-8"))
    assert (truth["kind"], truth["seed"], truth["null"]) == (kind, 3, False)
    assert truth["planted"] and set(truth["oracle"]) == {one.endpoint for one in planted(kind).outcomes}


@pytest.mark.parametrize("kind", KINDS)
def test_the_catalog_and_the_recipes_and_studies_beside_it_are_sound(kind: str, tmp_path: Path) -> None:
    plan = planted(kind)
    names = dict.fromkeys(site.cohort for site in plan.sites)
    cohorts = {name: plan.cohort(name, tuple(one for one in plan.sites if one.cohort == name)) for name in names}
    dump_catalog(tmp_path / "data_catalog.yaml", "", cohorts)
    catalog = load_catalog(tmp_path / "data_catalog.yaml")
    assert list(catalog.cohorts) == list(names)
    for folder, files in {"recipes": plan.recipes(), "studies": plan.studies()}.items():
        (tmp_path / folder).mkdir()
        for name, settings in files.items():
            (tmp_path / folder / f"{name}.yaml").write_text(plain_yaml(settings), "utf-8")
    for name in plan.recipes():
        own = load_recipe(tmp_path / "recipes" / f"{name}.yaml")
        assert all(fits_cohort(catalog, cohort, own) for cohort in names)
    check_configuration(tmp_path / "data_catalog.yaml", sorted((tmp_path / "studies").glob("*.yaml")))


@pytest.mark.parametrize("kind", KINDS)
def test_the_oracle_of_binary_outcomes_is_between_80_and_90_percent_and_the_null_s_is_chance(kind: str) -> None:
    binary = {one.endpoint for one in planted(kind).outcomes if one.kind == "binary"}
    assert binary
    for name, scores in planted(kind).oracle().items():
        assert 0.70 < float(str(scores["oracle"])) < 0.90, name
        assert name not in binary or float(str(scores["oracle"])) > 0.80, name
    for name, scores in planted(kind, null=True).oracle().items():
        assert float(str(scores["oracle"])) == pytest.approx(0.5, abs=0.01), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("null", [False, True])
def test_the_site_goes_with_the_outcome_in_development_alone(kind: str, null: bool) -> None:
    plan = planted(kind, null=null)
    column = next(one.columns[0] for one in plan.outcomes if one.kind == "binary")
    rates = {site: plan.draw(stream(1, kind, site.name), site, 20_000)[column].mean() for site in plan.sites}
    development = [rate for site, rate in rates.items() if site.cohort == "development"]
    external = [rate for site, rate in rates.items() if site.cohort == "external"]
    assert max(development) - min(development) > 0.1
    assert max(external) - min(external) < 0.03


@pytest.mark.slow
def test_the_null_cohort_has_the_same_images(written: tuple[str, Path], tmp_path: Path) -> None:
    """So a score of the null tells what the same pixels give by chance."""
    kind, folder = written
    simulate(planted(kind, patients_per_centre=1, seed=3, null=True), tmp_path / "null")
    first, second = digests(folder), digests(tmp_path / "null")
    images = {name for name in first if name.split("/")[0] in {site.name for site in planted(kind).sites}}
    assert images and {name for name in images if first[name] != second.get(name)} == set()
