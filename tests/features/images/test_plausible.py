"""check_unit: values that cannot be in their unit are refused or told, and odd ones that can be are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.case import Unit
from features.core.quarantine import Rejected
from features.images.plausible import check_unit

RNG = np.random.default_rng(0)
SHAPE = (24, 24, 24)
Z, Y, X = np.indices(SHAPE)
BALL = (Z - 12) ** 2 + (Y - 12) ** 2 + (X - 12) ** 2
HU = np.rint(
    np.where(BALL < 121, RNG.normal(45, 20, SHAPE), RNG.normal(-1000, 8, SHAPE))
    + np.where(BALL < 16, 900, 0)  # bone
    - np.where((BALL > 90) & (BALL < 121), 145, 0)  # fat
)
SOFT = np.rint(RNG.normal(60, 15, SHAPE))
METAL = np.where(BALL < 3, 12000, HU)
SUV = RNG.gamma(2, 0.5, SHAPE)


def masked(values: NDArray[np.float64], background: float) -> NDArray[np.float64]:
    return np.where(BALL < 81, values, background)


def picture(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 to 255, as for display."""
    return np.rint(np.clip((values + 1000) / 2000, 0, 1) * 255)


TRUE: dict[str, tuple[Unit, NDArray[np.generic]]] = {
    "a scan": ("HU", HU.astype(np.int16)),
    "soft tissue alone": ("HU", SOFT),
    "soft tissue that was resampled": ("HU", RNG.normal(60, 15, SHAPE).astype(np.float32)),
    "contrast in vessels": ("HU", np.where(BALL < 60, SOFT + 170, SOFT)),
    "masked by 0": ("HU", masked(HU, 0)),
    "masked by -1024": ("HU", masked(HU, -1024)),
    "masked by -3024": ("HU", masked(SOFT, -3024)),
    "masked by NaN": ("HU", masked(HU, np.nan)),
    "a small part of a large image": ("HU", np.where(BALL < 5, SOFT, 0)),
    "a lung window": ("HU", np.clip(HU, -1350, 150)),
    "a brain window": ("HU", np.clip(HU, 0, 80)),
    "bone alone": ("HU", RNG.normal(1100, 350, SHAPE)),
    "metal": ("HU", METAL),
    "one value": ("HU", np.zeros(SHAPE)),
    "a PET": ("SUV", SUV),
    "a cold region": ("SUV", RNG.uniform(0.05, 0.95, SHAPE)),
    "a tumour with a hot core": ("SUV", np.where(BALL < 30, 40, SUV)),
    "noise round 0 in air": ("SUV", np.where(BALL < 121, SUV, RNG.normal(0, 0.03, SHAPE))),
    "masked PET": ("SUL", masked(SUV, 0)),
    "activity": ("BQML", SUV * 5000),
    "activity in a cold region": ("BQML", RNG.uniform(20, 200, SHAPE)),
    "anything": ("arbitrary", HU * 1e6),
}
DOUBTFUL: dict[str, tuple[Unit, NDArray[np.generic], str]] = {
    "0 to 1": ("HU", ((HU + 1000) / 2000).astype(np.float32), "scaled"),
    "0 to 1 under a mask": ("HU", masked((HU + 1000) / 2000, 0), "scaled"),
    "z-scores": ("HU", (HU - HU.mean()) / HU.std(), "scaled"),
    "thousandths": ("HU", HU / 1000, "scaled"),
    "bytes": ("HU", picture(HU).astype(np.uint8), "picture"),
    "0 to 255": ("HU", picture(HU), "picture"),
    "stored values": ("HU", np.clip(HU + 1024, 0, None), "HU + 1024"),
    "stored values of soft tissue": ("HU", SOFT + 1024, "HU + 1024"),
    "stored values under a mask": ("HU", masked(HU + 1024, 0), "HU + 1024"),
    "much metal": ("HU", np.where(BALL < 50, 12000, HU), "metal"),
    "PET from 0 to 1": ("SUV", (SUV - SUV.min()) / (SUV.max() - SUV.min()), "exactly 0"),
    "PET as z-scores": ("SUV", (SUV - SUV.mean()) / SUV.std(), "below 0"),
    "PET as bytes": ("SUV", (SUV * 20).astype(np.uint8), "picture"),
    "a bladder": ("SUV", np.where(BALL < 60, 150, SUV), "bladder"),
    "uptake as activity": ("BQML", SUV, "uptake"),
}
IMPOSSIBLE: dict[str, tuple[Unit, NDArray[np.generic], str]] = {
    "a hundred times": ("HU", HU * 100, "HU_RANGE"),
    "a hundred times, soft tissue": ("HU", SOFT * 100, "HU_RANGE"),
    "ten times": ("HU", HU * 10, "HU_RANGE"),
    "signed as unsigned": ("HU", np.where(HU < 0, HU + 65536, HU), "HU_RANGE"),
    "activity as uptake": ("SUV", SUV * 5000, "PET_RANGE"),
    "activity as uptake under a mask": ("SUV", np.where(BALL < 5, SUV * 5000, 0), "PET_RANGE"),
    "activity as lean uptake": ("SUL", SUV * 5000, "PET_RANGE"),
}


@pytest.mark.parametrize("case", TRUE)
def test_values_that_can_be_in_their_unit_pass_without_a_word(case: str) -> None:
    unit, array = TRUE[case]
    assert check_unit(array, unit) == ()


@pytest.mark.parametrize("case", DOUBTFUL)
def test_values_that_may_be_in_another_unit_are_told(case: str) -> None:
    unit, array, why = DOUBTFUL[case]
    (warned,) = check_unit(array, unit)
    assert warned.code == "UNIT_DOUBTFUL"
    assert why in warned.message


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_values_that_cannot_be_in_their_unit_are_refused(case: str) -> None:
    unit, array, code = IMPOSSIBLE[case]
    with pytest.raises(Rejected) as caught:
        check_unit(array, unit)
    assert caught.value.code == code


def test_a_whole_pet_has_no_bladder_of_a_hundredth_of_its_voxels() -> None:
    with pytest.raises(Rejected, match="PET_RANGE"):
        check_unit(DOUBTFUL["a bladder"][1], "SUV", whole=True)


def test_known_padding_is_left_out() -> None:
    padding = RNG.random(SHAPE) < 0.3
    array = np.where(padding, RNG.uniform(-4000, -2000, SHAPE), HU)
    assert check_unit(array, "HU", left_out=padding) == ()
    with pytest.raises(Rejected, match="HU_RANGE"):
        check_unit(array, "HU")
