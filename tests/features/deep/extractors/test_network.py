"""network: frozen weights or an error, columns that say what they are, and values that depend on the region alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.kinds.recipe import Recipe
from features.core.region import Region
from features.deep.extractors.network import Network

MakeRegion = Callable[..., Region]
SMALL = Network.model_validate({"weights": "efficientnet_lite0", "samplings": ["largest"]})
RANDOM: dict[str, Any] = {
    "weights": "random",
    "seed": 1,
    "architecture": "efficientnet_lite",
    "samplings": ["largest"],
}


def test_the_version_tells_the_card_and_the_samplings() -> None:
    found = Network(weights="efficientnet_lite0").version
    assert found.startswith("efficientnet_lite0 ")
    assert "; samplings largest " in found


def test_columns_say_view_and_number(recipe: Recipe) -> None:
    columns = Network(weights="efficientnet_lite0").columns(recipe)
    assert len(columns) == 2 * 1280
    assert len({column.name for column in columns}) == len(columns)
    assert (columns[0].name, columns[-1].name) == ("largest_0000", "adjacent_1279")
    assert columns[0].type == "float32"
    assert len(SMALL.columns(recipe)) == 1280


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"weights": "efficientnet_lite0", "views": ["largest"]}, "views: is now called samplings"),
        ({"weights": "efficientnet_lite0", "samplings": ["largest", "largest"]}, "the view largest stands twice"),
        ({"weights": "efficientnet_lite0", "samplings": ["axial"]}, 'unknown kind "axial"'),
        ({"weights": "efficientnet_lite0", "seed": 1}, "architecture and seed go with weights: random"),
        ({"weights": "random"}, "weights: random needs an architecture and a seed"),
        ({**RANDOM, "taps": ["features", "features"]}, "taps: features stands twice"),
        ({**RANDOM, "poolings": ["max", "average", "max"]}, "poolings: max stands twice"),
        ({**RANDOM, "poolings": ["class_token"]}, "class_token needs a transformer with a class token: take average"),
        ({**RANDOM, "augment": {"shifts": 32, "turns": 3}}, "turns"),
    ],
)
def test_settings_that_do_not_go_together_are_told(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Network.model_validate(settings)


def test_columns_name_taps_and_poolings_where_there_are_several(recipe: Recipe) -> None:
    def names(**settings: Any) -> list[str]:
        return [column.name for column in Network.model_validate({**RANDOM, **settings}).columns(recipe)]

    assert names(taps=["blocks.2"])[0] == "largest_0000"
    several = names(taps=["features", "blocks.2"], poolings=["moments", {"kind": "descriptors", "dimensions": 3}])
    assert (several[0], several[1280]) == ("largest_features_moments_mean_0000", "largest_features_moments_sd_0000")
    assert several[3 * 1280] == "largest_features_descriptors_p00_d00"
    assert several[-1] == "largest_blocks_2_descriptors_p15_d02"


def test_the_spread_over_augmented_views_is_a_fact(recipe: Recipe) -> None:
    columns = Network.model_validate(
        {**RANDOM, "samplings": ["largest", "adjacent"], "augment": {"flips": True}}
    ).columns(recipe)
    facts = [column.name for column in columns if column.role == "fact"]
    assert facts == ["largest_spread", "adjacent_spread"]
    assert columns[1280].name == "largest_spread"


def test_a_tap_that_is_no_layer_is_a_fault_of_the_recipe(recipe: Recipe) -> None:
    with pytest.raises(
        ValueError, match='taps: efficientnet_lite0 has no layer "block"; it has features .* [Dd]id you mean "blocks"'
    ):
        Network.model_validate({**RANDOM, "taps": ["block"]}).check(recipe)


@pytest.mark.slow
def test_augmented_features_are_means_over_what_the_network_is_shown(make_region: MakeRegion, recipe: Recipe) -> None:
    region = make_region()
    mirrored = Region(
        replace(region.volume, array=region.volume.array[:, :, ::-1].copy()), region.mask[:, :, ::-1].copy()
    )
    one, other = (SMALL.extract(each, recipe) for each in (region, mirrored))
    both = Network.model_validate({**SMALL.model_dump(), "augment": {"flips": True}})
    found, again = (both.extract(each, recipe) for each in (region, mirrored))
    names = [name for name in found if name != "largest_spread"]
    mean = np.array([[float(one[name]) + float(other[name])] for name in names]).ravel() / 2
    np.testing.assert_allclose([float(found[name]) for name in names], mean, atol=2e-2)
    np.testing.assert_allclose(*([float(values[name]) for name in found] for values in (found, again)), atol=2e-2)
    assert 0 < float(found["largest_spread"]) < 1


def test_random_weights_are_marked_in_every_column(recipe: Recipe) -> None:
    one = Network.model_validate(RANDOM)
    assert one.word == "efficientnet_lite0_random"
    assert "RANDOM WEIGHTS of seed 1" in one.version
    assert all("RANDOM WEIGHTS of seed 1" in column.description for column in one.columns(recipe))


@pytest.mark.slow
def test_random_weights_are_those_of_their_seed(make_region: MakeRegion, recipe: Recipe) -> None:
    import torch

    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, again, other = (
        Network.model_validate({**RANDOM, "seed": seed}).extract(make_region(), recipe) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.fixture(scope="module")
def regions(make_region: MakeRegion) -> list[Region]:
    return [make_region(seed=seed) for seed in range(17)]  # one more than a batch


@pytest.fixture(scope="module")
def together(regions: list[Region], recipe: Recipe) -> list[Mapping[str, float]]:
    return SMALL.extract_batch(regions, recipe)  # type: ignore[return-value]


@pytest.mark.slow
def test_equal_regions_have_equal_features_whatever_is_computed_with_them(
    regions: list[Region], together: list[Mapping[str, float]], recipe: Recipe
) -> None:
    others = SMALL.extract_batch([regions[16], regions[3], regions[0]], recipe)
    for one, other in zip(others, (together[16], together[3], together[0]), strict=True):
        np.testing.assert_allclose(list(one.values()), list(other.values()), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_different_regions_have_different_features(together: list[Mapping[str, float]]) -> None:
    values = np.array([list(features.values()) for features in together])
    assert values.shape == (17, 1280)
    assert np.isfinite(values).all()
    for one in range(17):
        for other in range(one):
            assert (values[one] != values[other]).mean() > 0.2


def test_no_window_is_a_fault_of_the_recipe(recipe: Recipe) -> None:
    settings = recipe.model_dump(mode="json") | {"window": None}
    with pytest.raises(ValueError, match="deep features need a window"):
        Recipe.model_validate(settings)
