"""Boxes and masks of labels are what numpy finds, whatever the label map holds besides."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.box import bounding_box, label_mask


@pytest.mark.parametrize(
    ("dtype", "values", "label"),
    [
        *((dtype, (0, 1), 1) for dtype in ("uint8", "int8", "bool", "int16", "float32")),
        *((dtype, (0, 1, 2), label) for dtype in ("uint8", "int16", "float32") for label in (1, 2)),
        ("uint8", (0, 2), 2),
    ],
)
def test_a_label_is_found(dtype: str, values: tuple[int, ...], label: int) -> None:
    labels = np.zeros((6, 7, 8), dtype)
    labels[1:5, 2:4, 3:7] = np.random.default_rng(1).choice(values, (4, 2, 4))
    found = label_mask(labels, label)
    assert found is not None
    mask, box = found
    places = np.argwhere(labels == label)
    assert mask.dtype == bool and (mask == (labels == label)).all()
    assert box == tuple(map(slice, places.min(axis=0), places.max(axis=0) + 1))


def test_an_absent_label_is_none() -> None:
    assert label_mask(np.zeros((2, 2, 2), np.uint8), 1) is None


@pytest.mark.parametrize(
    "within", [None, (slice(0, 4), slice(0, 5), slice(0, 6)), (slice(1, 3), slice(2, 4), slice(3, 5))]
)
def test_a_known_box_that_is_too_wide_is_narrowed(within: tuple[slice, slice, slice] | None) -> None:
    mask = np.zeros((4, 5, 6), bool)
    mask[1, 2, 4] = mask[2, 3, 3] = True
    assert bounding_box(mask, within) == (slice(1, 3), slice(2, 4), slice(3, 5))
