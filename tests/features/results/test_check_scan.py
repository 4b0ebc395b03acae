"""note_of: what was checked once is read again without the checks, to the same bit; of all else nothing is noted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.core.case import CaseId, FileSet, Scan
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.storage.store import REGION, SAMPLES, Store
from features.results.check_scan import note_of
from features.results.measure_visit import measure_visit
from features.results.work import check_of, features_of
from tests.support.measured import job
from tests.support.scans import nifti_files, save_series


@pytest.fixture(params=["dicom", "nifti"])
def scan(request: pytest.FixtureRequest, tmp_path: Path) -> Scan:
    values = np.random.default_rng(0).integers(-50, 900, (8, 16, 16))
    mask = np.zeros(values.shape, np.uint8)
    mask[2:6, 4:12, 5:11] = 1
    affine = np.diag([-1.0, -1.0, 2.5, 1.0])
    affine[:2, 3] = 8.0
    image = nifti_files(tmp_path / "image.nii.gz", values.astype(np.int16).T, affine)
    if request.param == "dicom":
        paths, _ = save_series(tmp_path / "series", values)
        image = FileSet("dicom", tuple(paths), "d" * 64)
    return Scan(CaseId("c", "p"), "A", "CT", "HU", image, nifti_files(tmp_path / "mask.nii.gz", mask.T, affine), "1")


def test_what_was_checked_is_read_again_without_checks_and_shows_the_same(
    scan: Scan,
    make_recipe: Callable[..., Recipe],
    kinds: dict[str, type[Extractor]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = make_recipe(kinds["batched"]())
    (sample,) = features_of(scan, recipe, recipe.extractors[0]).samples
    stores = [Store(tmp_path / name) for name in ("new", "checked", "damaged")]
    for store in stores[1:]:
        assert measure_visit(job(scan, check_of(scan)), store) == {}
        assert store.rejection(REGION, check_of(scan).address) is None
        assert note_of(scan, store)
    path = stores[2].work(REGION, check_of(scan).address)
    path.write_bytes(path.read_bytes()[:-40])
    assert note_of(scan, stores[2]) == note_of(scan, stores[0]) == ""
    for store in (stores[0], stores[2]):
        assert measure_visit(job(scan, None, [sample]), store) == {}
    for name in ("read_dicom_series", "check_unit"):
        monkeypatch.setattr(f"features.images.reading.{name}", lambda *_a, **_k: pytest.fail("was checked before"))
    assert measure_visit(job(scan, None, [sample]), stores[1]) == {}
    first, *others = (store.work(SAMPLES, sample.address).read_bytes() for store in stores)
    assert others == [first, first]
