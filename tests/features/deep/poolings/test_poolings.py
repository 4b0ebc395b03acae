"""Poolings by plain numpy; every kind of the folder gives as many numbers as it has names."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from features.deep.architecture import ARCHITECTURES  # noqa: E402
from features.deep.descriptor_names import read_descriptor  # noqa: E402
from features.deep.pooling import POOLINGS  # noqa: E402
from features.deep.taps import shape_of  # noqa: E402

RNG = np.random.default_rng(0)
FLAT, SOLID = (
    torch.from_numpy(RNG.normal(size=shape).astype(np.float32)) for shape in ((2, 20, 7, 9), (2, 20, 3, 4, 5))
)
TOKENS = torch.from_numpy(RNG.normal(size=(2, 1 + 16, 20)).astype(np.float32))
ALL = pytest.mark.parametrize("kind", POOLINGS.modules)


@ALL
@pytest.mark.parametrize(("maps", "dimensions", "before"), [(FLAT, 2, 0), (SOLID, 3, 0), (TOKENS, 2, 1)])
def test_there_are_as_many_numbers_as_names_and_each_case_stands_for_itself(
    kind: str, maps: torch.Tensor, dimensions: int, before: int
) -> None:
    pooling = POOLINGS.parse(kind)
    if pooling.fault(before):
        with pytest.raises(ValueError, match="needs a transformer"):
            pooling.pool(maps, before=before)
        return
    names = pooling.names(20, dimensions)  # type: ignore[arg-type]
    found = pooling.pool(maps, before=before)
    assert found.shape == (2, len(names))
    assert len(set(names)) == len(names)
    torch.testing.assert_close(pooling.pool(maps[1:], before=before)[0], found[1])
    assert torch.isfinite(found).all()


@ALL
def test_maps_that_do_not_vary_give_numbers(kind: str) -> None:
    pooling = POOLINGS.parse(kind)
    maps, before = (TOKENS, 1) if pooling.fault(0) else (FLAT, 0)
    for constant in (0.0, 0.1):
        assert torch.isfinite(pooling.pool(torch.full_like(maps, constant), before=before)).all()


def test_average_max_and_class_token_are_those_of_numpy() -> None:
    flat, tokens = FLAT.numpy(), TOKENS.numpy()
    pooled = {kind: POOLINGS.parse(kind).pool for kind in ("average", "max", "class_token")}
    np.testing.assert_allclose(pooled["average"](FLAT), flat.mean(axis=(2, 3)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(pooled["average"](TOKENS, before=1), tokens[:, 1:].mean(axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(pooled["max"](FLAT), flat.max(axis=(2, 3)))
    np.testing.assert_array_equal(pooled["class_token"](TOKENS, before=1), tokens[:, 0])
    np.testing.assert_array_equal(pooled["average"](FLAT[:, :, 0, 0]), flat[:, :, 0, 0])


def test_moments_are_mean_sd_and_skewness_times_sd() -> None:
    from scipy.stats import skew

    values = SOLID.numpy().reshape(2, 20, -1).astype(np.float64)
    mean, sd = values.mean(axis=2), values.std(axis=2)
    expected = np.concatenate([mean, sd, skew(values, axis=2) * sd], axis=1)
    np.testing.assert_allclose(POOLINGS.parse("moments").pool(SOLID), expected, rtol=1e-3, atol=1e-5)
    assert not POOLINGS.parse("moments").pool(torch.full((1, 3, 4, 4), 0.1))[:, 3:].any()


def test_descriptors_are_a_projection_of_the_means_of_cells() -> None:
    pooling = POOLINGS.parse({"kind": "descriptors", "grid": 2, "dimensions": 8})
    names = pooling.names(20, 2)
    assert (names[0], names[8], names[-1]) == ("p00_d00", "p01_d00", "p03_d07")
    assert read_descriptor(f"lite__ct__largest_{names[-1]}") == ("lite__ct__largest", 3, 7)
    found = pooling.pool(FLAT[:, :, :6, :8]).reshape(2, 4, 8).numpy()
    cells = FLAT[:, :, :6, :8].numpy().reshape(2, 20, 2, 3, 2, 4).mean(axis=(3, 5)).reshape(2, 20, 4)
    projection = np.linalg.lstsq(cells.transpose(0, 2, 1).reshape(8, 20), found.reshape(8, 8), rcond=None)[0]
    np.testing.assert_allclose(np.einsum("ncp,cd->npd", cells, projection), found, atol=1e-5)
    whole = (
        POOLINGS.parse({"kind": "descriptors", "grid": 2, "dimensions": 64}).pool(FLAT[:, :, :6, :8]).reshape(2, 4, 20)
    )
    np.testing.assert_allclose(np.linalg.norm(whole, axis=2), np.linalg.norm(cells, axis=1), rtol=1e-5)


def test_descriptors_differ_by_the_seed_alone() -> None:
    one, same, other = (POOLINGS.parse({"kind": "descriptors", "seed": seed}).pool(FLAT) for seed in (0, 0, 1))
    torch.testing.assert_close(one, same)
    assert not torch.allclose(one, other)


def test_what_has_no_places_has_no_descriptors() -> None:
    pooling = POOLINGS.parse("descriptors")
    with pytest.raises(ValueError, match="this one has no places"):
        pooling.pool(torch.ones(2, 20))
    with pytest.raises(ValueError, match="tokens of a square of places; this layer has 17"):
        pooling.pool(TOKENS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ARCHITECTURES.modules)
def test_the_last_maps_of_every_architecture_can_be_pooled(kind: str) -> None:
    family = ARCHITECTURES.load(kind)
    if not family.model_fields["variant"].is_required():
        one = ARCHITECTURES.parse(kind)
        maps = torch.zeros(shape_of(one, "features"))
        for pooling in map(POOLINGS.parse, POOLINGS.modules):
            if not pooling.fault(one.before):
                found = pooling.pool(maps, before=one.before, dimensions=one.dimensions)
                assert found.shape == (1, len(pooling.names(one.width, one.dimensions)))
