"""Functions of arrays that do not depend on the processor: the C library's values, in the shape of what was given."""

from __future__ import annotations

import math

import numpy as np

from features.core.portable import exp, log2, power


def test_values_are_the_c_library_s_in_the_shape_of_the_array() -> None:
    values = np.random.default_rng(0).random((3, 4, 5))[:, ::2] + 0.1
    for found, one in ((exp(values), math.exp), (log2(values), math.log2)):
        assert found.shape == values.shape
        assert found.ravel().tolist() == [one(value) for value in values.ravel()]
    assert exp(np.float64(2.0) * np.ones(())).shape == ()


def test_a_power_is_a_product() -> None:
    values = np.array([-2.0, 0.0, 0.1, 3.0])
    assert power(values, 0).tolist() == [1.0] * 4
    assert power(values, 3).tolist() == [v * v * v for v in values]
