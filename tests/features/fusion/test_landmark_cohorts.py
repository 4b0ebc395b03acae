"""Landmarks of a cohort are for studies of other cohorts only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from features.core.errors import ConfigError, RadweaveError
from features.core.kinds.normaliser import FittedOn
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.images.normalisers.nyul import PERCENTILES, landmarks_file
from features.results.manifest import Mart
from flows import configuration, named

HEADER = "id,age,sex,site,stage,smoker,weight_loss,death,os_days\n"
CLINICAL = HEADER + "p1,60,male,leg,II,true,5,true,100\np2,60,male,leg,II,true,5,false,100\n"


@pytest.fixture
def fitted_on(tmp_path: Path, make_recipe: Callable) -> Callable[[str], Recipe]:
    """A recipe with landmarks from a cohort."""

    def build(cohort: str) -> Recipe:
        origin = FittedOn(cohort=cohort, centres=("A",), modality="CT", unit="HU")
        path = tmp_path / "landmarks.json"
        path.write_bytes(landmarks_file([p / 100 for p in PERCENTILES], origin, [f"{cohort}:p1"]))
        recipe: Recipe = make_recipe(normalise={"kind": "nyul", "landmarks": path})
        return recipe

    return build


def test_cases_whose_images_made_the_landmarks_are_not_validated(
    store: Store, make_catalog: Callable, build_tables: Callable, fitted_on: Callable[[str], Recipe]
) -> None:
    catalog = make_catalog()
    for cohort in ("pilot", "demo"):
        recipe = fitted_on(cohort)
        build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2)], [recipe], CLINICAL)
        question = Question(("demo",), "died", "baseline", (recipe,))
        if cohort == "pilot":
            assert len(fuse(Mart.open(store), catalog, question).X) == 2
        else:
            with pytest.raises(RadweaveError, match='landmarks come from the cohort "demo", which is validated'):
                fuse(Mart.open(store), catalog, question)


def test_the_configuration_tells_so_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitted_on: Callable[[str], Recipe]
) -> None:
    fitted_on("builtin")
    settings = "unit: HU\ndiscretise: {bin_width: 5}\nnormalise: {kind: nyul, landmarks: landmarks.json}\n"
    (tmp_path / "ct_nyul.yaml").write_text(f"modality: CT\n{settings}extractors: [radweave]\n")
    study = "cohorts: [builtin]\nendpoint: response\nrecipes: [ct_nyul]\n"
    (tmp_path / "study.yaml").write_text(f"{study}blocks: {{all: [radiomics]}}\nmodels: [svm]\n")
    monkeypatch.setattr(named, "recipe_files", lambda: {"ct_nyul": tmp_path / "ct_nyul.yaml"})
    catalog = Path(named.FOLDER).parent / "data_catalog.yaml"
    with pytest.raises(ConfigError, match=r"study\.yaml:3: recipe ct_nyul: its landmarks come from the cohort"):
        configuration.check_configuration(catalog, [tmp_path / "study.yaml"])
