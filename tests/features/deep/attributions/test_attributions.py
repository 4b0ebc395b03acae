"""Kinds of maps: against what mathematics and captum say of the same network, and on lesions that are planted off the middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from features.core.errors import RadweaveError
from features.deep.attribution import ATTRIBUTIONS
from features.deep.explaining.localisation import centre_prior, likeness, over_cases, share_inside
from tests.support.explained import Plain, planted, trained

torch = pytest.importorskip("torch")

COARSE: dict[str, Any] = {"occlusion": {"kind": "occlusion", "side": 0.3, "stride": 0.2}}


def network(dimensions: int, channels: int = 2, seed: int = 3) -> Plain:
    """A small network that nobody trained."""
    return Plain.drawn(dimensions, channels, seed)


def views_of(dimensions: int, number: int = 2, channels: int = 2) -> Any:
    torch.manual_seed(5)
    return torch.rand(number, channels, *(16,) * dimensions)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("kind", ATTRIBUTIONS.modules)
def test_every_kind_has_a_value_for_every_pixel_and_leaves_the_views_alone(kind: str, dimensions: int) -> None:
    views = views_of(dimensions)
    before = views.clone()
    found = ATTRIBUTIONS.parse(kind).explain(network(dimensions), views)
    assert found.values.shape == tuple(views.shape) and found.values.dtype == np.float32
    assert np.isfinite(found.values).all() and found.values.any()
    assert ATTRIBUTIONS.load(kind).signed or found.values.min() >= 0
    assert torch.equal(views, before) and not views.requires_grad


@pytest.mark.parametrize("dimensions", [2, 3])
def test_grad_cam_is_what_each_place_gives_to_a_score_of_means(dimensions: int) -> None:
    """The mean of its map over a view is what the view gives: the score is linear in the means of the maps."""
    own, views = network(dimensions), views_of(dimensions)
    found = ATTRIBUTIONS.parse({"kind": "grad_cam", "keep": "both"}).explain(own, views)
    with torch.no_grad():
        (maps,) = own.maps(views)
        given = (own.weights @ maps.flatten(2).mean(dim=2).T).numpy() / len(views)
    # a stretched map keeps the mean of its places but for its edges
    assert np.corrcoef(found.values[:, 0].reshape(len(views), -1).mean(axis=1), given)[0, 1] > 0.99
    assert np.allclose(found.values[:, 0].reshape(len(views), -1).mean(axis=1), given, rtol=0.25)
    raising = ATTRIBUTIONS.parse("grad_cam").explain(own, views)
    assert np.array_equal(raising.values, np.maximum(found.values, 0))


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("baseline", ["floor", "mean"])
def test_integrated_gradients_add_up_to_the_difference_that_they_explain(dimensions: int, baseline: str) -> None:
    own, views = network(dimensions), views_of(dimensions)
    found = ATTRIBUTIONS.parse({"kind": "integrated_gradients", "baseline": baseline, "steps": 64}).explain(own, views)
    nothing = torch.zeros_like(views)
    if baseline == "mean":
        nothing = nothing + views.mean(dim=tuple(range(2, views.ndim)), keepdim=True)
    with torch.no_grad():
        difference = float(own.score(own.maps(views)) - own.score(own.maps(nothing)))
    assert found.gap is not None and found.gap < 0.05
    assert found.values.sum() == pytest.approx(difference, rel=0.06)


def test_occlusion_is_the_fall_of_the_score_where_only_one_place_counts() -> None:
    class Spot(Plain):
        def score(self, maps: Sequence[Any]) -> Any:
            return 3 * maps[0][0, 0, 4, 12]

        def maps(self, views: Any) -> list[Any]:
            return [views]

        def scores(self, views: Any, place: int, changed: Any) -> Any:
            return np.array([float(self.score([one[None]])) for one in changed])

    views = torch.full((1, 1, 16, 16), 0.5)
    own = Spot(network(2, 1).body, network(2, 1).weights)
    found = ATTRIBUTIONS.parse({"kind": "occlusion", "side": 0.125, "stride": 0.0625, "fill": "floor"}).explain(
        own, views
    )
    values = found.values[0, 0]
    assert values[4, 12] == pytest.approx(1.5) and values[10, 3] == 0
    rows, columns = np.nonzero(values)
    assert rows.min() >= 2 and rows.max() <= 6 and columns.min() >= 10 and columns.max() <= 14


@pytest.mark.parametrize("dimensions", [2, 3])
def test_captum_says_the_same(dimensions: int) -> None:
    captum = pytest.importorskip("captum.attr", reason="captum is not installed")
    own, views = network(dimensions), views_of(dimensions, 1)

    def score(pixels: Any) -> Any:
        return torch.stack([own.score(own.maps(one[None])) for one in pixels])

    found = ATTRIBUTIONS.parse({"kind": "integrated_gradients", "steps": 32}).explain(own, views)
    theirs = captum.IntegratedGradients(score).attribute(views, baselines=0.0, n_steps=32, method="gausslegendre")
    assert np.allclose(found.values, theirs.detach().numpy(), atol=1e-5 * float(theirs.abs().max()))

    cam = captum.LayerGradCam(score, own.body).attribute(views, relu_attributions=False)
    cam = captum.LayerAttribution.interpolate(cam, views.shape[2:], "bilinear" if dimensions == 2 else "trilinear")
    ours = ATTRIBUTIONS.parse({"kind": "grad_cam", "keep": "both"}).explain(own, views).values[:, :1]
    places = own.maps(views)[0][0, 0].numel()
    assert np.allclose(ours, places * cam.detach().numpy(), atol=1e-5 * float(np.abs(ours).max()))

    box = (views.shape[1], *(4,) * dimensions)
    steps = (views.shape[1], *(2,) * dimensions)
    theirs = captum.Occlusion(score).attribute(views, sliding_window_shapes=box, strides=steps, baselines=0.0)
    ours = ATTRIBUTIONS.parse({"kind": "occlusion", "fill": "floor"}).explain(own, views).values
    assert np.allclose(ours, theirs.detach().numpy(), atol=1e-5 * float(np.abs(ours).max()))


def test_a_score_that_no_pixel_moves_by_small_steps_is_told() -> None:
    class Steps(Plain):
        def score(self, maps: Sequence[Any]) -> Any:
            return 0 * super().score(maps)

    own = Steps(network(2).body, network(2).weights)
    for kind in ("grad_cam", "integrated_gradients"):
        with pytest.raises(RadweaveError, match="take occlusion"):
            ATTRIBUTIONS.parse(kind).explain(own, views_of(2))


def test_boxes_that_leave_places_out_are_refused() -> None:
    with pytest.raises(ValueError, match=r"stride 0\.5 is more than the side 0\.25"):
        ATTRIBUTIONS.parse({"kind": "occlusion", "stride": 0.5})


@pytest.mark.slow
@pytest.mark.parametrize("dimensions", [2, 3])
def test_maps_find_lesions_off_the_middle_and_those_of_a_random_network_do_not(dimensions: int) -> None:
    """Each case has a lesion somewhere in a larger field, never in its middle; cases were not seen in training.

    Mean share of what raises the score that lies in the lesion, with its interval over cases, against the lesion's share of a
    prior of the middle and against the same kind on a network with random weights.
    """
    own = trained(dimensions, seed=4)
    pixels, _, labels = planted(dimensions, 40, seed=5)
    with torch.no_grad():
        risks = (own.maps(torch.from_numpy(pixels))[0].flatten(2).mean(dim=2) @ own.weights).numpy()
    assert ((risks > 0) == labels).mean() > 0.9, "it has learnt what it is asked about"
    randoms = [Plain(Plain.drawn(dimensions, 1, seed).body, own.weights) for seed in (11, 12)]
    pixels, lesions, _ = planted(dimensions, 10, seed=77, positive=True)
    prior = centre_prior(pixels.shape[2:])
    for kind in ATTRIBUTIONS.modules:
        one = ATTRIBUTIONS.parse(COARSE.get(kind, kind))
        gains, above, alike = [], [], []
        for view, lesion in zip(pixels, lesions, strict=True):
            found, *others = (one.explain(any_, torch.from_numpy(view[None])).values[0, 0] for any_ in (own, *randoms))
            share = share_inside(found, lesion)
            gains.append(share - share_inside(prior, lesion))
            elsewhere = [share_inside(other, lesion) for other in others]  # one that says nothing points anywhere
            above.append(share - np.mean([lesion.mean() if np.isnan(one) else one for one in elsewhere]))
            alike.append(over_cases([likeness(found, other) for other in others]).mean)
        against_prior, against_random, similar = (over_cases(values) for values in (gains, above, alike))
        print(f"{dimensions}D {kind}: inside, above the prior {against_prior}, above random weights {against_random}")
        print(f"{dimensions}D {kind}: likeness to random weights {similar}")
        assert against_prior.n == 10 and against_prior.low > 0.02, (kind, against_prior)
        assert against_random.low > 0.02, (kind, against_random)
        assert not similar.high >= 0.9, (kind, similar)  # none where random networks raise nothing
