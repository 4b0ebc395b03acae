"""A study keeps the features whose stability was measured to be high enough, and asks for scores that it lacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from features.core.errors import RadweaveError
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.core.storage.table import write_table
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.fusion.stable import Stable, stability_digests
from features.results.manifest import Mart
from features.results.prefixes import settings_digests
from features.results.schemas import STABILITY
from tests.support.measured import measured

HEADER = "id,age,sex,site,stage,smoker,weight_loss,death,os_days\n"
CLINICAL = HEADER + "p1,60,male,leg,II,true,5,true,100\np2,60,male,leg,II,true,5,false,100\n"


def _save(store: Store, recipe: Recipe, lows: Mapping[str, float], *, settings: str = "") -> None:
    prefix = "fake__ct__"
    rows = [
        {"feature": prefix + name, "icc_2_1": 0.95, "icc_2_1_low": low, "n": 9, "k": 3} for name, low in lows.items()
    ]
    provenance = {"settings": settings or settings_digests(measured(recipe))[prefix]}
    write_table(store.stability("pilot", prefix), STABILITY.table(rows), provenance)


@pytest.fixture
def ask(
    store: Store, make_catalog: Callable, make_recipe: Callable, build_tables: Callable
) -> Callable[..., list[str]]:
    """Names of the image columns of a study with scores (feature → lower bound) and a `stable` setting."""
    catalog, recipe = make_catalog(), make_recipe()
    build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2)], [recipe], CLINICAL)

    def names(lows: Mapping[str, float] | None, stable: Stable, *, settings: str = "", **more: object) -> list[str]:
        if lows is not None:
            _save(store, recipe, lows, settings=settings)
        question = Question(("demo",), "died", "baseline", (recipe,), stable=stable, **more)  # type: ignore[arg-type]
        return fuse(Mart.open(store), catalog, question).columns("region", "radiomics", "delta")

    return names


def test_features_below_the_minimum_or_without_a_score_are_left_out(ask: Callable[..., list[str]]) -> None:
    lows = {"a": 0.9, "b": 0.6}
    assert ask(lows, Stable(cohort="pilot", minimum=0.75)) == ["region__ct__volume_ml", "fake__ct__a"]
    assert ask(lows, Stable(cohort="pilot", minimum=0.6)) == ["region__ct__volume_ml", "fake__ct__a", "fake__ct__b"]
    assert ask({"a": math.nan, "b": 0.8}, Stable(cohort="pilot")) == ["region__ct__volume_ml", "fake__ct__b"]
    assert ask({"b": 0.8}, Stable(cohort="pilot")) == ["region__ct__volume_ml", "fake__ct__b"]
    assert ask(lows, Stable(cohort="pilot", minimum=0.95, figure="icc_2_1")) == [
        "region__ct__volume_ml",
        "fake__ct__a",
        "fake__ct__b",
    ]


def test_blocks_that_are_not_named_are_not_touched(ask: Callable[..., list[str]]) -> None:
    lows = {"a": 0.9, "b": 0.6}
    assert len(ask(lows, Stable(cohort="pilot", blocks=("deep",)))) == 3
    assert len(ask(lows, Stable(cohort="pilot", blocks=("radiomics", "deep")))) == 2
    assert "blocks" not in Stable(cohort="pilot").model_dump()


def test_lesions_are_of_stable_features_too(ask: Callable[..., list[str]]) -> None:
    found = ask({"a": 0.2, "b": 0.9}, Stable(cohort="pilot"), lesions="sum")
    assert found == ["region__ct__volume_ml__sum_of_lesions", "fake__ct__b__sum_of_lesions"]


def test_missing_scores_and_those_of_other_settings_are_told(ask: Callable[..., list[str]]) -> None:
    with pytest.raises(
        RadweaveError, match="no stability scores of fake__ct__.* run radweave stability pilot --recipe ct"
    ):
        ask(None, Stable(cohort="pilot"))
    with pytest.raises(RadweaveError, match="are of other settings: run radweave stability pilot --recipe ct"):
        ask({"a": 0.9, "b": 0.9}, Stable(cohort="pilot"), settings="old")


def test_patients_who_are_validated_have_no_say(ask: Callable[..., list[str]]) -> None:
    with pytest.raises(RadweaveError, match=r'"demo" is validated by this study.* name another cohort'):
        ask({"a": 0.9, "b": 0.9}, Stable(cohort="demo"))


def test_other_scores_are_another_study(store: Store, make_recipe: Callable) -> None:
    recipe = make_recipe()
    assert stability_digests(store, "pilot", measured(recipe)) == []
    _save(store, recipe, {"a": 0.9})
    first = stability_digests(store, "pilot", measured(recipe))
    _save(store, recipe, {"a": 0.8})
    assert stability_digests(store, "pilot", measured(recipe)) != first != []
