"""What every sampling keeps, with margins, masks and orientations: a new file in the folder is tested by its being there."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import SAMPLINGS, Sampling, Shape
from features.core.quarantine import Rejected
from features.core.region import Region, Vector, Volume
from tests.support.kinds import settings_of

WORD = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
WINDOW = (-100.0, 100.0)
PREPARATION = Preparation.model_validate(
    {"modality": "CT", "unit": "HU", "discretise": {"bin_width": 25}, "window": list(WINDOW)}
)
FURTHER: tuple[dict[str, Any], ...] = (
    {},
    {"masked": True},
    {"margin": [0.1, 1.0]},
    {"margin_mm": 7.5},
    {"orientation": "coronal"},
    {"orientation": "sagittal"},
    {"orientation": "RAS"},
    {"spacing_mm": 1.3},
    {"step_mm": 2.5, "slices": 5},
    {"step": 3},
    {"offsets": [-1.5, 0.25]},
    {"join": ["max", "mean"], "stride": 0.3, "most": 3},
    {"slices": "all", "side_mm": 9},
    {"centre": "mass"},
)


def _samplings() -> list[Any]:
    found = []
    for kind in SAMPLINGS.modules:
        for further in FURTHER:
            try:
                one = SAMPLINGS.parse({**settings_of(SAMPLINGS, kind), **further})
            except ValueError:
                continue  # the kind has no such setting
            found.append(pytest.param(one, id=f"{kind}-{'-'.join(further) or 'default'}"))
    return found


ALL = _samplings()


def _shape(sampling: Sampling, spacing: Vector | None = None) -> Shape:
    return Shape((12, 14), 3) if sampling.dimensions == 2 else Shape((6, 12, 10), 1, spacing)


def _region(
    shape: tuple[int, int, int] = (18, 26, 24),
    box: tuple[slice, slice, slice] = (slice(6, 11), slice(9, 17), slice(8, 20)),
    spacing: Vector = (1.0, 1.25, 3.0),
    direction: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0),
) -> Region:
    rng = np.random.default_rng(3)
    mask = np.zeros(shape, bool)
    mask[box] = rng.random(mask[box].shape) < 0.7
    mask[tuple(part.start for part in box)] = True
    return Region(Volume(rng.normal(0, 60, shape), spacing, direction=direction), mask)


def _views(sampling: Sampling, *regions: Region, shape: Shape | None = None) -> np.ndarray:
    return sampling.sample(regions, PREPARATION, shape or _shape(sampling))


def test_settings_of_every_kind_are_tried() -> None:
    assert len(ALL) > 4 * len(SAMPLINGS.modules)


@pytest.mark.parametrize("kind", SAMPLINGS.modules)
def test_views_of_other_settings_have_other_words(kind: str) -> None:
    words = [one.values[0].views for one in ALL if one.values[0].kind == kind]  # type: ignore[union-attr]
    every = [word for some in words for word in some]
    assert all(WORD.fullmatch(word) and word.startswith(kind) for word in every)
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("sampling", ALL)
@pytest.mark.parametrize("images", [1, 2])
def test_views_are_of_the_size_and_within_the_window(sampling: Sampling, images: int) -> None:
    region, shape = _region(), _shape(sampling)
    before = region.volume.array.copy(), region.mask.copy()
    views = _views(sampling, *[region] * images)
    assert views.dtype == np.float32
    assert views.shape[1:] == (sampling.channels(images), *shape.size)
    assert len(sampling.joined(views.reshape(len(views), -1))) == len(sampling.views)
    assert float(views.min()) >= 0 and float(views.max()) <= 1
    assert np.ptp(views) > 0.3, "nothing is seen"
    np.testing.assert_array_equal(views, _views(sampling, *[region] * images))
    np.testing.assert_array_equal(region.volume.array, before[0])
    np.testing.assert_array_equal(region.mask, before[1])
    if images == 2:
        half = views.shape[1] // 2
        np.testing.assert_array_equal(views[:, :half], views[:, half:])
        np.testing.assert_array_equal(views[:, :half], _views(sampling, region))


@pytest.mark.parametrize("sampling", ALL)
def test_nothing_is_looked_at_beyond_the_reach(sampling: Sampling) -> None:
    """A region that is cropped to the ROI and the reach gives the same views, wherever in its box the ROI is."""
    spacings: list[Vector | None] = [None, (1.0, 1.25, 3.0), (2.0, 2.0, 2.0)] if sampling.dimensions == 3 else [None]
    for spacing, roi in product(spacings, ["middle", "corner", "thin", "slanted"]):
        _check_reach(sampling, spacing, roi)


def _check_reach(sampling: Sampling, spacing: Vector | None, roi: str) -> None:
    region = _region(shape=(60, 66, 64), box=(slice(26, 31), slice(29, 37), slice(28, 40)))
    if roi == "corner":
        region.mask[:, 31:] = False
    elif roi == "thin":
        region.mask[:, :, 29:] = False
        region.mask[30, 36, 39] = True  # which is in the box, and in no slice that is large
    elif roi == "slanted":
        region.mask[:] = False
        for z in range(26, 31):
            region.mask[z, 29 + (z - 26) : 33 + (z - 26), 28 + 2 * (z - 26) : 30 + 2 * (z - 26)] = True
    shape = _shape(sampling, spacing)
    steps = region.volume.spacing_mm
    where = [np.flatnonzero(region.mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    extent = tuple((one[-1] - one[0] + 1) * step for one, step in zip(reversed(where), steps, strict=True))
    reach = sampling.reach_mm(extent, steps, shape)  # type: ignore[arg-type]
    crop = tuple(
        slice(max(one[0] - math.ceil(far / step), 0), one[-1] + 1 + math.ceil(far / step))
        for one, far, step in zip(where, reversed(reach), reversed(steps), strict=True)
    )
    volume = replace(region.volume, array=region.volume.array[crop])
    cropped = Region(volume, np.ascontiguousarray(region.mask[crop]))
    assert cropped.mask.size < region.mask.size
    np.testing.assert_array_equal(_views(sampling, cropped, shape=shape), _views(sampling, region, shape=shape))


@pytest.mark.parametrize("sampling", ALL)
def test_a_single_voxel_in_a_corner_is_enough(sampling: Sampling) -> None:
    for where in (0, -1):
        region = _region()
        region.mask[:] = False
        region.mask[where, where, where] = True
        region.volume.array[:] = 50.0  # type: ignore[call-overload]
        views = _views(sampling, region)
        assert np.isfinite(views).all()
        assert views.max() > 0


@pytest.mark.parametrize("sampling", ALL)
def test_nan_is_the_floor_of_the_window(sampling: Sampling) -> None:
    region = _region()
    lower = Region(replace(region.volume, array=region.volume.array.copy()), region.mask)
    region.volume.array[:, :12] = np.nan  # type: ignore[call-overload]
    lower.volume.array[:, :12] = -1e6  # type: ignore[call-overload]
    np.testing.assert_array_equal(_views(sampling, region), _views(sampling, lower))


@pytest.mark.parametrize("sampling", ALL)
def test_masked_shows_nothing_outside_the_roi(sampling: Sampling) -> None:
    masked = sampling.model_copy(update={"masked": True})
    region = _region()
    alone = Region(replace(region.volume, array=np.where(region.mask, region.volume.array, -1e6)), region.mask)
    np.testing.assert_array_equal(_views(masked, region), _views(sampling, alone))
    assert (_views(masked, region) != _views(sampling.model_copy(update={"masked": False}), region)).any()


@pytest.mark.parametrize("sampling", ALL)
def test_an_image_of_one_slice_is_shown_or_rejected_by_name(sampling: Sampling) -> None:
    region = _region(shape=(1, 26, 24), box=(slice(0, 1), slice(9, 17), slice(8, 20)))
    flat = (
        sampling.dimensions == 3 or sampling.kind == "nine_views" or getattr(sampling, "orientation", "") == "sagittal"
    )
    if flat:
        with pytest.raises(Rejected, match="SAMPLE_FLAT"):
            _views(sampling, region)
    else:
        assert _views(sampling, region).max() > 0


@pytest.mark.parametrize("sampling", ALL)
def test_a_network_of_other_dimensions_is_refused(sampling: Sampling) -> None:
    other = Shape((8, 8)) if sampling.dimensions == 3 else Shape((8, 8, 8), 1)
    assert sampling.fault(Shape((14, 14)) if sampling.dimensions == 2 else _shape(sampling)) is None
    if sampling.dimensions == 2:
        assert "takes 12 × 14" in (sampling.fault(_shape(sampling)) or "")
    assert "dimensions" in (sampling.fault(other) or "")
