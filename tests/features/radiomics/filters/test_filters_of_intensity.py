"""Square, square root, logarithm and exponential: pyradiomics' values of the whole image, to the bit, and images of zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from radiomics import imageoperations

from features.core.kinds.filter import FILTERS, Source

JUDGES = {
    "square": imageoperations.getSquareImage,
    "squareroot": imageoperations.getSquareRootImage,
    "logarithm": imageoperations.getLogarithmImage,
    "exponential": imageoperations.getExponentialImage,
}
BOX = (slice(0, 2), slice(1, 3), slice(1, 4))


def images(dtype: type[np.generic]) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    whole = np.issubdtype(dtype, np.integer)
    elements = st.integers(-1024, 3071) if whole else st.floats(-1024, 3071, width=32)
    return arrays(dtype, (3, 4, 5), elements=elements).filter(lambda a: bool(a.any()))


@pytest.mark.parametrize("kind", JUDGES)
@given(array=st.sampled_from([np.int16, np.int32, np.float32, np.float64]).flatmap(images))
def test_values_are_those_of_pyradiomics_on_the_whole_image(kind: str, array: np.ndarray[Any, Any]) -> None:
    [(expected, name, _)] = JUDGES[kind](sitk.GetImageFromArray(array), None)
    [(found_name, found)] = FILTERS.parse(kind).derive(Source(array, (1.0, 1.0, 1.0), BOX))
    assert FILTERS.parse(kind).names() == [found_name] == [name]
    assert found.flags.c_contiguous and found.dtype == np.float64
    np.testing.assert_array_equal(found, sitk.GetArrayFromImage(expected)[BOX])


@pytest.mark.parametrize(("kind", "value"), [("square", 0), ("squareroot", 0), ("logarithm", 0), ("exponential", 1)])
def test_an_image_of_zeros_has_no_number_that_is_not_one(kind: str, value: float) -> None:
    [(_, found)] = FILTERS.parse(kind).derive(Source(np.zeros((3, 4, 5)), (1.0, 1.0, 1.0), BOX))
    np.testing.assert_array_equal(found, value)
