"""The rectum cohort's files: b-values, phases and contours in one frame of reference, and planted patterns in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from features.simulate.kinds.rectum import Rectum
from features.simulate.rectum import B_VALUES, PHASES_S, Pelvis, Tumour, diffusion, dynamics

SITE = Rectum.sites[0]


def test_grain_changes_the_pattern_of_adc_and_uptake_and_not_their_histograms() -> None:
    pelvis = Pelvis(np.random.default_rng(1), Tumour(30.0, 1.3, 1.3), SITE.grid)
    part = pelvis.tumour(SITE.grid, pelvis.tissue(SITE.grid), 2.5)
    for calculated in (_adc, _uptake):
        fine, coarse = (calculated(pelvis, grain) for grain in (1.3, 6.0))
        assert np.quantile(np.abs(np.sort(fine[part]) - np.sort(coarse[part])), 0.99) < 0.05 * fine[part].std()
        both = part[:, :, 1:] & part[:, :, :-1]
        steps = [float(np.abs(np.diff(image, axis=2))[both].mean()) for image in (fine, coarse)]
        assert steps[0] > 1.5 * steps[1]


def _adc(pelvis: Pelvis, grain_mm: float) -> np.ndarray:
    zero, thousand = diffusion(pelvis, SITE.grid, SITE, grain_mm, np.random.default_rng(2))
    return 1000 * (np.log(np.maximum(zero, 1.0)) - np.log(np.maximum(thousand, 1.0)))


def _uptake(pelvis: Pelvis, grain_mm: float) -> np.ndarray:
    from dataclasses import replace

    before, after, _ = dynamics(pelvis, SITE.grid, replace(SITE, bias=0.0), grain_mm, np.random.default_rng(2))
    return after.astype(float) - before


@pytest.mark.slow
def test_series_tell_b_values_and_phases_and_share_a_frame_with_the_contours(tmp_path: Path) -> None:
    folder = Rectum(patients_per_centre=1, seed=2).write(tmp_path, None).parent
    for site in Rectum.sites:
        place = folder / site.name / f"{site.name}-0001"
        series = {
            name: [pydicom.dcmread(path) for path in sorted((place / name).iterdir())] for name in ("t2", "dwi", "dce")
        }
        everything = [one for slices in series.values() for one in slices]
        assert len({one.FrameOfReferenceUID for one in everything}) == 1
        assert len({one.SOPInstanceUID for one in everything}) == len(everything)
        assert [len({one.SeriesInstanceUID for one in slices}) for slices in series.values()] == [1, 1, 1]
        assert {one.DiffusionBValue for one in series["dwi"]} == set(map(float, B_VALUES))
        times = sorted({one.AcquisitionTime for one in series["dce"]})
        assert len(times) == len(PHASES_S) == len({one.TemporalPositionIdentifier for one in series["dce"]})
        mask = pydicom.dcmread(place / ("SEG.dcm" if site.format == "seg" else "RTSTRUCT.dcm"))
        assert mask.Modality == ("SEG" if site.format == "seg" else "RTSTRUCT")
