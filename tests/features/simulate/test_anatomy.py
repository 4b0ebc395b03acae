"""The chest of the built-in cohort: the rim around the tumour shows its grain in space alone, and contours know nothing of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.simulate.acquisition import protocol
from features.simulate.anatomy import Phantom, draw_anatomy, render
from features.simulate.patient import Tumour

TUMOUR = Tumour(volume_ml=9.0, texture_hu=30.0, grain_mm=3.0, rim_grain_mm=1.5)


def scan(centre: int, rim_grain_mm: float) -> Phantom:
    anatomy, tumour = draw_anatomy(np.random.default_rng(3)), replace(TUMOUR, rim_grain_mm=rim_grain_mm)
    return render(anatomy, tumour, protocol(centre), np.random.default_rng(4))


@pytest.mark.parametrize("centre", [0, 1, 2])
def test_the_grain_of_the_rim_changes_a_pattern_and_neither_its_histogram_nor_the_contour(centre: int) -> None:
    fine, coarse = (scan(centre, grain) for grain in (1.5, 5.0))
    rim = fine.hu != coarse.hu
    assert np.array_equal(fine.tumour, coarse.tumour) and not (rim & ~fine.lungs).any()
    assert not (rim & fine.tumour).any()
    both = rim[:, :, 1:] & rim[:, :, :-1]
    rough, smooth = (float(np.abs(np.diff(one.hu.astype(float), axis=2))[both].mean()) for one in (fine, coarse))
    assert smooth < 0.75 * rough
    values = [one.hu[rim].astype(float) for one in (fine, coarse)]
    assert values[0].mean() == pytest.approx(values[1].mean(), abs=5)
    assert values[0].std() == pytest.approx(values[1].std(), rel=0.04)
    tenths = [np.percentile(one, np.arange(10, 100, 10)) for one in values]
    assert np.abs(tenths[0] - tenths[1]).max() < 25  # the values spread by 230 HU
