"""Landmarks of a cohort: every image counts once, what cannot be used is told, and the file says whose images they were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from features.core.case import CaseId, Scan
from features.core.errors import RadweaveError
from features.core.kinds.normaliser import BiasCorrection, FittedOn
from features.core.quarantine import Rejected
from features.images.normalisers.nyul import PERCENTILES, Nyul, fit_landmarks, image_landmarks
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tasks.standardise import find_landmarks
from tests.support.scans import nifti_files

ORIGIN = FittedOn(cohort="demo", centres=("A",), modality="MR", unit="arbitrary")


def _image(i: int) -> np.ndarray:
    return np.random.default_rng(i).gamma(2 + i, 30, (16, 16, 10)).astype(np.float32)


@pytest.fixture
def scans(tmp_path: Path) -> list[Scan]:
    """Three images; the second has two lesions."""
    mask = np.zeros((16, 16, 10), np.uint8)
    mask[4:12, 4:12, 2:8] = 1
    files = nifti_files(tmp_path / "mask.nii.gz", mask)
    found = []
    for i, lesion in ((0, ""), (1, "a"), (1, "b"), (2, "")):
        image = nifti_files(tmp_path / f"{i}.nii.gz", _image(i))
        found.append(Scan(CaseId("demo", f"p{i}", "baseline", lesion), "A", "MR", "arbitrary", image, files, "1"))
    return found


def _find(scans: Sequence[Scan], origin: FittedOn = ORIGIN) -> tuple[bytes, list[Rejected]]:
    with Pool(Threads(workers=1)) as pool:
        found: tuple[bytes, list[Rejected]] = find_landmarks.fn(scans, origin, pool)
    return found


def test_the_file_holds_the_mean_landmarks_and_the_cases(scans: list[Scan], tmp_path: Path) -> None:
    data, left_out = _find(scans)
    found = json.loads(data)
    wanted = fit_landmarks([image_landmarks(_image(i)).tolist() for i in range(3)])
    assert found["values"] == pytest.approx(wanted)
    assert (found["percentiles"], left_out) == (list(PERCENTILES), [])
    assert found["cases"] == ["demo:p0:baseline", "demo:p1:baseline:a", "demo:p2:baseline"]
    assert data == _find(list(reversed(scans)))[0]
    (tmp_path / "landmarks.json").write_bytes(data)
    assert Nyul(landmarks=tmp_path / "landmarks.json").fitted_on == ORIGIN  # type: ignore[arg-type]


def test_the_bias_is_corrected_where_the_recipe_does_so(scans: list[Scan]) -> None:
    corrected = ORIGIN.model_copy(update={"bias_correction": BiasCorrection(iterations=(3,))})
    assert json.loads(_find(scans, corrected)[0])["values"] != json.loads(_find(scans)[0])["values"]


def test_an_image_that_cannot_be_used_is_left_out(scans: list[Scan], tmp_path: Path) -> None:
    nifti_files(tmp_path / "0.nii.gz", np.full((16, 16, 10), 4.0, np.float32))
    data, left_out = _find(scans)
    assert [one.code for one in left_out] == ["IMAGE_FLAT"]
    assert json.loads(data)["cases"] == ["demo:p1:baseline:a", "demo:p2:baseline"]


def test_one_image_is_too_few(scans: list[Scan]) -> None:
    with pytest.raises(RadweaveError, match=r'cohort "demo" \(centres A\) has 1 that can be used'):
        _find(scans[1:3])
