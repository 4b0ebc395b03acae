"""What every filter and every family of the radiomics engine keeps, whichever file it stands in."""

from __future__ import annotations

import re

import numpy as np
import pytest

from features.core.kinds.filter import FILTERS, Source
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.families.family import FAMILIES
from tests.support.kinds import settings_of


def _source() -> Source:
    image = np.random.default_rng(2).normal(40, 20, (15, 16, 17)).round()
    return Source(image, (1.0, 1.0, 1.0), (slice(4, 9), slice(5, 11), slice(3, 10)))


@pytest.mark.parametrize("kind", sorted(FILTERS.modules))
def test_a_filter_gives_the_images_that_it_names_on_the_box_alone(kind: str) -> None:
    one, source = FILTERS.parse(settings_of(FILTERS, kind)), _source()
    before = source.image.copy()
    found = list(one.derive(source))
    assert [name for name, _ in found] == one.names()
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*", name) for name in one.names())
    for _, array in found:
        assert (array.shape, array.dtype) == ((5, 6, 7), np.float64)
        assert array.flags.c_contiguous
        assert np.isfinite(array).all()
    np.testing.assert_array_equal(source.image, before)
    for (_, first), (_, again) in zip(found, one.derive(_source()), strict=True):
        np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("kind", sorted(FEATURES))
def test_a_family_computes_the_features_that_it_lists(kind: str) -> None:
    family = FAMILIES.parse(kind)
    image = np.random.default_rng(1).normal(0, 60, (1, 6, 7) if kind == "shape2D" else (5, 6, 7))
    found = family.by_pyradiomics(Roi(image, np.ones(image.shape, bool), (1.0, 1.0, 2.0), Settings()))
    assert list(found) == [feature.name for feature in FEATURES[kind]]
    assert all(np.isfinite(value) for value in found.values())
