"""Rows carry what networks are shown wherever they go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tasks.modelling.rows import Rows
from tests.support.design import make_design

DESIGN = make_design(n=6, images=(2, 1, 4, 4))


def test_images_are_taken_drawn_and_kept_with_their_rows() -> None:
    rows = Rows.of(DESIGN)
    assert rows.images is not None and rows.images.shape == (2, 1, 4, 4)
    own = rows.images.addresses
    drawn = np.array([4, 0, 4])
    for found, which in (
        (rows.take(np.array([2, 5])), [2, 5]),
        (rows.take(np.arange(6) > 3), [4, 5]),
        (rows.drawn(drawn), [4, 0, 4]),
        (rows.keep(np.array([0])), range(6)),
        (rows.with_values(rows.X + 1), range(6)),
    ):
        assert found.images is not None
        np.testing.assert_array_equal(found.images.addresses, own[list(which)])
    assert (rows.images.read(np.array([1])) == rows.take(slice(1, 2)).images.read(np.array([0]))).all()  # type: ignore[union-attr]


def test_a_set_that_names_no_images_has_none_and_rows_have_one_image_each() -> None:
    assert Rows.of(DESIGN.of_set(("clinical",))).images is None
    rows = Rows.of(DESIGN)
    with pytest.raises(ValueError, match="6 rows have images of 5"):
        replace(rows, images=rows.take(slice(0, 5)).images)
