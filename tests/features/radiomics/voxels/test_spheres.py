"""Spheres: means as they are written out, where the image ends too."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.radiomics.voxels.spheres import sphere_means


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.integers(1, 8)] * 3), st.tuples(*[st.sampled_from([0.7, 1.0, 2.5])] * 3), st.integers(0, 2**32 - 1)
)
def test_means_are_added_up_in_the_order_of_the_array_of_what_the_image_has(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    array, mask = rng.normal(0, 1, shape), rng.random(shape) < 0.7
    mask[0, 0, 0] = True
    places = np.argwhere(np.ones(shape, bool))
    expected = []
    for place in np.argwhere(mask):
        near = (((places - place) * spacing[::-1]) ** 2).sum(axis=1) <= 2.2**2
        expected.append(np.add.accumulate(array[near.reshape(shape)])[-1] / int(near.sum()))
    assert sphere_means(array, mask, spacing, 2.2).tolist() == expected
