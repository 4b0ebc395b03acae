"""check_unit: values that cannot be in their unit are refused or told, and odd ones that can be are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from features.core.case import Unit
from features.core.quarantine import Rejected
from features.images.unit_plausibility import check_unit

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
BROAD = (np.clip(RNG.normal(-200, 300, SHAPE), -1000, 1000) + 1000) / 2000
METAL = np.where(BALL < 3, 12000, HU)
LUNG = RNG.normal(-800, 40, SHAPE)
SUV = RNG.gamma(2, 0.5, SHAPE)
HOT = np.where(BALL < 4, 40, SUV)


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
    "a head window that nothing is below": ("HU", np.clip(HU + 1000, 0, 80)),
    "blood beside bone": ("HU", np.where(BALL < 20, RNG.normal(350, 120, SHAPE), RNG.normal(150, 25, SHAPE)).clip(5)),
    "bone under a mask": ("HU", masked(RNG.gamma(3, 120, SHAPE) + 150, 0)),
    "soft tissue under a mask, to exactly 100": ("HU", masked(np.clip(SOFT, 37, 100), 0) - (BALL == 0)),
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
    "0 to 255 with hardly any air": ("HU", BROAD * 255, "picture"),
    "0 to 255 with hardly any air, whole numbers": ("HU", np.rint(BROAD * 255).astype(np.uint16), "picture"),
    "0 to 255 of a wide range": ("HU", np.rint((HU + 1024) / 4095 * 255).astype(np.int16), "just above it"),
    "0 to 255 of a lung window": (
        "HU",
        np.rint((np.clip(HU, -1350, 150) + 1350) / 1500 * 255).astype(np.int16),
        "picture",
    ),
    "percent": ("HU", BROAD * 100, "percent"),
    "percent, whole numbers": ("HU", np.rint(BROAD * 100).astype(np.int16), "percent"),
    "percent of a lung window": ("HU", (np.clip(HU, -1350, 150) + 1350) / 15, "percent"),
    "0 to 100 by lowest and highest": ("HU", (SOFT - SOFT.min()) / np.ptp(SOFT) * 100, "exactly 100"),
    "percent of soft tissue alone": ("HU", (SOFT + 1000) / 20, "noise"),
    "0 to 4095": ("HU", BROAD * 4095, "HU + 1024"),
    "stored values of a broad range": ("HU", np.rint(BROAD * 2000 + 24).astype(np.uint16), "HU + 1024"),
    "stored values of lung and soft tissue": ("HU", np.where(BALL < 60, SOFT, LUNG) + 1024, "HU + 1024"),
    "stored values of bone and soft tissue": ("HU", np.where(BALL < 60, SOFT + 400, SOFT) + 1024, "HU + 1024"),
    "stored values": ("HU", np.clip(HU + 1024, 0, None), "HU + 1024"),
    "stored values of soft tissue": ("HU", SOFT + 1024, "HU + 1024"),
    "stored values under a mask": ("HU", masked(HU + 1024, 0), "HU + 1024"),
    "much metal": ("HU", np.where(BALL < 50, 12000, HU), "metal"),
    "PET from 0 to 1": ("SUV", (SUV - SUV.min()) / (SUV.max() - SUV.min()), "exactly 0"),
    "PET as z-scores": ("SUV", (SUV - SUV.mean()) / SUV.std(), "below 0"),
    "PET as bytes": ("SUV", (SUV * 20).astype(np.uint8), "picture"),
    "PET from 0 to 255": ("SUV", HOT / HOT.max() * 255, "exactly 255"),
    "PET from 0 to 255, whole numbers": ("SUV", np.rint(HOT / HOT.max() * 255).astype(np.int16), "whole numbers"),
    "PET in percent": ("SUV", SUV / SUV.max() * 100, "exactly 100"),
    "PET in whole numbers": ("SUV", np.rint(SUV * 10).astype(np.uint16), "whole numbers"),
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


def _crops(array: NDArray[np.generic], rng: np.random.Generator) -> list[NDArray[np.generic]]:
    """Random boxes of 6 to 32 voxels a side."""
    found = []
    for _ in range(60):
        size = rng.integers(6, np.minimum(33, np.array(array.shape) + 1))
        at = rng.integers(0, np.array(array.shape) - size + 1)
        found.append(array[tuple(slice(a, a + n) for a, n in zip(at, size, strict=True))])
    return found


def test_real_images_and_parts_of_them_pass_without_a_word_and_scaled_they_do_not(
    public_data: Callable[[str], Path],
) -> None:
    rng = np.random.default_rng(0)
    ct = np.rint(sitk.GetArrayFromImage(sitk.ReadImage(public_data("ibsi1-ct-phantom/nifti/phantom.nii.gz"))))
    mask = sitk.GetArrayFromImage(sitk.ReadImage(public_data("ibsi1-ct-phantom/nifti/mask.nii.gz")))
    for part in (ct, np.where(mask > 0, ct, 0), *_crops(ct, rng)):
        assert check_unit(part.astype(np.int16), "HU") == ()
    for low, high in ((-1000, 1000), (-1024, 3071), (-160, 240), (-1350, 150)):
        for top in (1, 100, 255):
            scaled = (np.clip(ct, low, high) - low) / (high - low) * top
            for values in (scaled.astype(np.float32), np.rint(scaled).astype(np.uint16)):
                assert check_unit(values, "HU") != ()
    assert sum(bool(check_unit(part + 1024, "HU")) for part in _crops(ct, rng)) > 40
    for path in sorted(public_data("sts").glob("*/PET_image.nii.gz")):
        pet = sitk.GetArrayFromImage(sitk.ReadImage(path))
        assert [part for part in (pet, *_crops(pet, rng)) if check_unit(part, "SUV")] == []
        assert check_unit(np.rint(pet / pet.max() * 255).astype(np.int16), "SUV") != ()
