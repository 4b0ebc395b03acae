"""A region is prepared as far round its ROI as samplings look: the rest of the image changes no view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import SAMPLINGS, Shape, Shown
from features.core.region import Region, Volume
from features.images.prepare import prepare_region
from features.results.samples import reach_of
from tests.support.kinds import settings_of

EVERYWHERE = (1e3, 1e3, 1e3)
RECIPES: tuple[dict[str, Any], ...] = (
    {},
    {"spacing_mm": [2.0, 2.0, 2.0]},
    {"spacing_mm": [1.5, 1.5, None], "resegment": [-50, None]},
    {"roi": {"kind": "shell", "thickness_mm": 4}},
)


@pytest.fixture(scope="module")
def region() -> Region:
    """A ROI that is long and slanted, so that its slices are thin and at the edge of its box."""
    shape, rng = (60, 150, 160), np.random.default_rng(1)
    z, y, x = np.indices(shape)
    mask = (abs(z - 30) < 5) & (abs(y - 75) < 20) & (abs(x - 80 - 0.9 * (y - 75) - 2 * (z - 30)) < 3)
    return Region(Volume(rng.normal(0, 60, shape), (0.8, 1.0, 2.5)), mask)


@pytest.mark.parametrize("settings", RECIPES, ids=["kept", "resampled", "resegmented", "shell"])
@pytest.mark.parametrize("kind", SAMPLINGS.modules)
def test_what_lies_farther_out_changes_no_view(region: Region, kind: str, settings: dict[str, Any]) -> None:
    recipe = Recipe.model_validate(
        {
            "name": "ct",
            "modality": "CT",
            "unit": "HU",
            "discretise": {"bin_width": 25},
            "window": [-150, 150],
            "extractors": ["radweave"],
            **settings,
        }
    )
    sampling = SAMPLINGS.parse(settings_of(SAMPLINGS, kind))
    shape = Shape((20, 20)) if sampling.dimensions == 2 else Shape((8, 24, 24), 1, (1.5, 1.5, 2.0))
    near = prepare_region(region, recipe, reach_mm=reach_of(region, recipe, [Shown(sampling, shape)]))
    far = prepare_region(region, recipe, reach_mm=EVERYWHERE)
    assert near.mask.size < far.mask.size
    one, other = (sampling.sample([prepared], recipe, shape) for prepared in (near, far))
    np.testing.assert_allclose(one, other, atol=1e-6)
