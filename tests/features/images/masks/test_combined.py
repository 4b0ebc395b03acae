"""Masks made of masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from features.core.quarantine import Rejected
from features.images.masks.combined import combine_masks

masks = hnp.arrays(np.bool_, (2, 3, 4))


@given(masks, masks, masks)
def test_masks_are_combined_as_sets_from_left_to_right(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    wanted = (a & ~b) | c
    before = a.copy(), b.copy(), c.copy()
    if wanted.any():
        assert np.array_equal(combine_masks([("+", a), ("-", b), ("+", c)], "a - b + c"), wanted)
    else:
        with pytest.raises(Rejected, match='no voxel remains of "a - b"'):
            combine_masks([("+", a), ("-", b)], "a - b")
    assert all(np.array_equal(one, kept) for one, kept in zip((a, b, c), before, strict=True))


@given(masks, st.booleans())
def test_a_region_that_is_absent_counts_as_empty(a: np.ndarray, first: bool) -> None:
    a[0, 0, 0] = True
    terms = [("+", None), ("+", a)] if first else [("+", a), ("-", None)]
    assert np.array_equal(combine_masks(terms, "x"), a)  # type: ignore[arg-type]
    with pytest.raises(Rejected) as raised:
        combine_masks([("+", None), ("-", a)], "necrosis - tumour")
    assert (raised.value.code, raised.value.message) == ("MASK_EMPTY", 'no voxel remains of "necrosis - tumour"')
