"""image_facts: the same for an image that is turned round or stored in another type, and right."""

from __future__ import annotations

import numpy as np
import pytest

from features.images.image_facts import image_facts

IMAGE = np.random.default_rng(1).integers(-1024, 3071, (5, 7, 9)).astype(np.int16)


def test_facts_are_those_of_numpy() -> None:
    found = image_facts(IMAGE)
    planes = sum(IMAGE.mean(axis=axes).var() for axes in ((0, 1), (0, 2), (1, 2)))
    assert found[:4] == (IMAGE.size, IMAGE.min(), IMAGE.mean(), IMAGE.max())
    assert found[4:] == pytest.approx((IMAGE.std(), np.sqrt(planes)), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64, np.float16, np.float32, np.float64, ">f4"])
def test_another_type_or_the_axes_turned_change_nothing(dtype: object) -> None:
    image = IMAGE // 2 * 2  # what halves hold too
    turned = np.flip(image.astype(dtype).transpose(2, 0, 1), (0, 2))  # type: ignore[call-overload]
    assert image_facts(turned) == pytest.approx(image_facts(image), rel=1e-12)


def test_sums_of_whole_numbers_are_exact_at_the_ends_of_their_types() -> None:
    for dtype in (np.uint8, np.uint16, np.int16, np.int8):
        image = np.full((3, 300, 300), np.iinfo(dtype).max, dtype)
        image[0] = np.iinfo(dtype).min
        image.flags.writeable = False  # as the bytes of a file are
        assert image_facts(image)[1:5] == pytest.approx(
            (image.min(), image.mean(dtype=float), image.max(), image.std())
        )
    assert image_facts(np.full((3, 300, 300), 65535, np.uint16))[4:] == (0, 0)


def test_what_is_no_number_is_left_out() -> None:
    image = IMAGE.astype(np.float32)
    image[0, 0, :3] = np.nan, np.inf, -np.inf
    kept = image[np.isfinite(image)].astype(np.float64)
    assert image_facts(image)[:5] == pytest.approx((len(kept), kept.min(), kept.mean(), kept.max(), kept.std()))
    assert image_facts(np.full((2, 2, 2), np.nan))[0] == 0
    assert np.isnan(image_facts(np.full((2, 2, 2), np.nan))[1:]).all()
    beyond = image_facts(np.array([[[1e300, -1e300, 0.0]]]))
    assert beyond[:4] == (3, -1e300, 0.0, 1e300)
    assert np.isnan(beyond[4:]).all()
