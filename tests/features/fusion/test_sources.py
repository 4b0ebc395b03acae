"""Sources of columns: networks and handcrafted families, with the stability that was measured of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.core.storage.table import write_table
from features.fusion.sources import Source, measured_sources, stability_parts
from features.results.prefixes import settings_digests
from features.results.schemas import STABILITY
from tests.support.measured import measured

RECIPE = Recipe.model_validate(
    {
        "name": "ct",
        "modality": "CT",
        "unit": "HU",
        "window": [-100, 100],
        "discretise": {"bin_count": 8},
        "extractors": [
            {"kind": "radweave", "families": ["firstorder", "shape"]},
            {
                "kind": "network",
                "weights": "random",
                "seed": 1,
                "architecture": "efficientnet_lite",
                "samplings": ["largest"],
            },
        ],
    }
)
NETWORK, FAMILIES = "efficientnet_lite0_random__ct__", "radweave__ct__"


def columns(prefix: str) -> list[str]:
    (found,) = [e for e in RECIPE.extractors if prefix.startswith(e.word)]
    return [prefix + column.name for column in found.columns(RECIPE) if column.role == "predictor"]


EVERY = columns(NETWORK) + columns(FAMILIES)


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., Store]:
    store = Store(tmp_path)

    def build(cohort: str, prefix: str, icc: Mapping[str, float], settings: str = "") -> Store:
        rows = [
            {"feature": name, "icc_2_1": value, "icc_2_1_low": value, "n": 9, "k": 8} for name, value in icc.items()
        ]
        known = settings or settings_digests(measured(RECIPE))[prefix]
        write_table(store.stability(cohort, prefix), STABILITY.table(rows), {"settings": known})
        return store

    return build


def ask(store: Store, *cohorts: str, used: list[str] = EVERY) -> dict[str, Source]:
    return {one.name: one for one in measured_sources(store, cohorts, measured(RECIPE), used)}


def test_a_network_is_one_source_and_handcrafted_features_are_one_for_each_family(keep: Callable[..., Store]) -> None:
    found = ask(keep("demo", NETWORK, dict.fromkeys(columns(NETWORK), 0.9)), "demo")
    assert {*found} == {f"{FAMILIES}* shape", f"{FAMILIES}* firstorder", f"{NETWORK}*"}
    assert sorted(name for one in found.values() for name in one.columns) == sorted(EVERY)
    network = found[f"{NETWORK}*"]
    assert (network.block, network.extractor, network.family, network.recipe) == (
        "deep",
        "efficientnet_lite0_random",
        "",
        "ct",
    )
    assert (network.cohort, network.regions, network.measurements) == ("demo", 9, 8)
    assert (network.median_icc, network.stable_share) == (0.9, 1.0)
    assert network.mark == "RANDOM WEIGHTS"
    shape = next(one for one in found.values() if one.family == "shape")
    assert (shape.cohort, shape.block) == ("", "radiomics")
    assert math.isnan(shape.median_icc) and math.isnan(shape.stable_share)


def test_columns_that_a_study_does_not_use_and_those_without_an_icc(keep: Callable[..., Store]) -> None:
    names = columns(NETWORK)
    store = keep("demo", NETWORK, {names[0]: 0.8, names[1]: 0.7, names[2]: math.nan, names[3]: 0.99})
    (found,) = ask(store, "demo", used=names[:3]).values()
    assert (len(found.columns), found.stable) == (3, 1)
    assert found.median_icc == pytest.approx(0.75)
    assert found.stable_share == pytest.approx(1 / 3)


def test_without_any_measurement_of_these_settings_there_is_no_source(keep: Callable[..., Store]) -> None:
    store = keep("other", NETWORK, dict.fromkeys(columns(NETWORK), 0.9))
    assert ask(store, "demo") == {}
    keep("demo", NETWORK, dict.fromkeys(columns(NETWORK), 0.9), settings="of another radweave")
    assert ask(store, "demo") == {}
    assert ask(store, "demo", "other")[f"{NETWORK}*"].cohort == "other"


def test_what_was_measured_is_part_of_the_address_of_a_study(keep: Callable[..., Store], tmp_path: Path) -> None:
    assert stability_parts(Store(tmp_path), ["demo"], measured(RECIPE)) == []
    (first,) = stability_parts(keep("demo", NETWORK, {columns(NETWORK)[0]: 0.9}), ["demo"], measured(RECIPE))
    (second,) = stability_parts(keep("demo", NETWORK, {columns(NETWORK)[0]: 0.8}), ["demo"], measured(RECIPE))
    assert first != second


def test_columns_of_several_lesions_have_the_stability_of_those_of_one(keep: Callable[..., Store]) -> None:
    names = columns(NETWORK)[:3]
    store = keep("demo", NETWORK, dict.fromkeys(names, 0.9))
    (found,) = ask(store, "demo", used=[f"{name}__sum_of_lesions" for name in names]).values()
    assert found.columns == tuple(f"{name}__sum_of_lesions" for name in names)
    assert (found.stable, found.median_icc) == (3, 0.9)
