"""Mean filter: means of boxes, whichever part of the image is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from features.core.kinds.filter import FILTERS, Source
from features.radiomics.convolution import Boundary
from features.radiomics.filters.ibsi_mean import IbsiMean

IMAGE: np.ndarray[Any, np.dtype[Any]] = np.random.default_rng(0).integers(-500, 500, (7, 8, 9)).astype(np.int16)
WHOLE = (slice(0, 7), slice(0, 8), slice(0, 9))


def test_each_voxel_is_the_mean_of_its_box() -> None:
    (name, found), *rest = IbsiMean(support=3).derive(Source(IMAGE, (1, 1, 1), (slice(2, 3), slice(3, 4), slice(4, 5))))
    assert name == "ibsi-mean-3-3D-mirror" and not rest
    assert found[0, 0, 0] == pytest.approx(IMAGE[1:4, 2:5, 3:6].mean())


@pytest.mark.parametrize("boundary", ["zero", "nearest", "periodic", "mirror"])
@pytest.mark.parametrize("dimensions", ["2D", "3D"])
def test_a_part_is_cut_from_the_whole(boundary: Boundary, dimensions: Any) -> None:
    box = (slice(0, 3), slice(5, 8), slice(2, 4))
    settings = IbsiMean(support=5, boundary=boundary, dimensions=dimensions)
    (_, whole), (_, part) = (next(settings.derive(Source(IMAGE, (1, 1, 1), place))) for place in (WHOLE, box))
    np.testing.assert_allclose(part, whole[box], atol=1e-12)
    assert part.dtype == np.float64 and part.flags.c_contiguous


def test_slices_do_not_mix_in_two_dimensions() -> None:
    image = np.zeros((3, 5, 5))
    image[1, 2, 2] = 9
    _, found = next(
        IbsiMean(support=3, dimensions="2D").derive(Source(image, (1, 1, 1), (slice(0, 3), slice(0, 5), slice(0, 5))))
    )
    assert not found[[0, 2]].any()
    np.testing.assert_allclose(found[1, 1:4, 1:4], 1)


def test_a_box_without_a_middle_is_refused() -> None:
    with pytest.raises(ValidationError, match="4 voxels have no middle"):
        IbsiMean(support=4)


def test_the_room_knows_the_filter() -> None:
    settings = {"kind": "ibsi_mean", "support": 15, "boundary": "constant", "constant": -1000}
    assert FILTERS.parse(settings).names() == ["ibsi-mean-15-3D-constant-m1000"]
