"""ROIs of registered images on a user's way: catalog, refresh, columns, warnings, quarantine, pictures, quality page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks.registration_phantom import HEAD_ROI, Grid, Move, ball, picture_of, planted_move
from features.core.kinds.recipe import Recipe
from features.core.storage.store import REGISTRATION, Store
from features.images import reading
from features.images.registration.register import register
from features.results.manifest import Mart
from features.results.pair_picture import PAIR_PICTURE, load_pair_picture
from features.results.prefixes import RESULT
from features.results.published import Published
from flows.refresh import refresh_cohort
from tasks.quality.registered_pairs import registered_pairs, registered_section
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.page import Page
from tests.support.scans import save_nifti

pytestmark = pytest.mark.slow
MR = {"modality": "MR", "unit": "arbitrary"}
T1C, FLAIR = Grid((40, 46, 40), (4.5, 4.5, 4.5)), Grid((30, 44, 40), (4.5, 4.5, 6.0))
MOVES = {"near": 4.0, "far": 15.0}
RECIPE: dict[str, Any] = {
    "name": "mr",
    **MR,
    "spacing_mm": [4, 4, 4],
    "discretise": {"bin_count": 8},
    "extractors": [{"kind": "radweave", "families": ["firstorder"]}],
}


def write(path: Path, array: NDArray[Any], grid: Grid) -> None:
    """An array (z, y, x) in patient coordinates (LPS) as NIfTI, which has RAS."""
    affine = np.diag([-grid.spacing_mm[0], -grid.spacing_mm[1], grid.spacing_mm[2], 1.0])
    affine[:3, 3] = np.array(grid.origin_mm) * (-1, -1, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_nifti(path, array.transpose(2, 1, 0), affine, edit=lambda image: image.header.set_xyzt_units("mm"))


def catalog_of(folder: Path, rois: dict[str, int]) -> Path:
    mask = {"format": "nifti", "path": "{patient}/seg.nii.gz", "rois": rois}
    t1c = {**file_images("{patient}/t1c.nii.gz", image="t1c", **MR), "mask": mask}
    flair = {**file_images("{patient}/flair.nii.gz", image="flair", **MR), "registration": {"to": "t1c"}}
    return write_catalog(folder, demo=cohort_of(t1c, flair | {"mask": {"format": "of", "image": "t1c"}}))


def refresh(catalog: Path, store: Store, **changes: Any) -> Published:
    with Pool(Threads(workers=1)) as pool:
        return refresh_cohort("demo", [Recipe.model_validate({**RECIPE, **changes})], catalog, store, pool)


@pytest.fixture(scope="module")
def moves() -> dict[str, Move]:
    rng = np.random.default_rng(3)
    return {name: planted_move(rng, shift_mm=shift, degrees=4.0) for name, shift in MOVES.items()}


@pytest.fixture(scope="module")
def folder(moves: dict[str, Move], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients whose FLAIR is moved, and one whose FLAIR is noise."""
    place, rng = tmp_path_factory.mktemp("registered") / "cohort", np.random.default_rng(4)
    t1c = picture_of("head", "t1c", T1C, rng, noise=0.03)
    labels = ball(HEAD_ROI, T1C).astype(np.uint8) + ball(((-20.0, 10.0, 20.0), 16.0), T1C).astype(np.uint8) * 2
    for name in (*MOVES, "noise"):
        flair = picture_of("head", "flair", FLAIR, rng, move=moves.get(name), noise=0.03).array
        write(place / name / "t1c.nii.gz", t1c.array, T1C)
        write(place / name / "seg.nii.gz", labels, T1C)
        write(place / name / "flair.nii.gz", rng.normal(size=FLAIR.shape) if name == "noise" else flair, FLAIR)
    return place


@pytest.fixture(scope="module")
def store(folder: Path) -> Store:
    made = Store(folder.parent / "store")
    published = refresh(catalog_of(folder, {"tumour": 1}), made)
    assert (published.scans, published.used, published.quarantined) == (6, 5, {"REGISTRATION_FAILED": 1})
    return made


@pytest.fixture(scope="module")
def region(store: Store) -> pd.DataFrame:
    return Mart.open(store).read("region", "demo").to_pandas()


def test_facts_tell_how_the_roi_came_to_its_image(region: pd.DataFrame, moves: dict[str, Move]) -> None:
    own = region.filter(like="region__flair__tumour__").rename(columns=lambda name: name.split("__", 3)[-1])
    known = own[own["drawn_on"].notna()].sort_values("registration_image_shift_mm")
    assert list(known["drawn_on"]) == ["t1c", "t1c"]
    planted = [np.linalg.norm(move(np.array(HEAD_ROI[0])) - HEAD_ROI[0]) for move in moves.values()]
    np.testing.assert_allclose(known["registration_shift_mm"], planted, atol=1.5)
    np.testing.assert_allclose(known["registration_rotation_deg"], 4.0, atol=1.5)
    assert (known["registration_metric"] > known["registration_metric_before"] + 0.1).all()
    volumes = region["region__t1c__tumour__volume_ml"].iloc[0]
    np.testing.assert_allclose(known["volume_ml"], volumes, rtol=0.15)
    bright = known["intensity_mean"]  # the tumour is the brightest part of the FLAIR
    assert (bright > 0.8).all()
    assert not region.filter(like="region__t1c__").filter(like="registration").shape[1]


def test_a_large_shift_is_warned_of_and_noise_is_quarantined(store: Store) -> None:
    mart = Mart.open(store)
    warned = [row for row in mart.read("warnings", "demo").to_pylist() if row["code"] == "REGISTRATION_SHIFT"]
    assert [(row["image"], row["roi"]) for row in warned] == [("flair", "tumour")]
    (refused,) = mart.read("quarantine", "demo").to_pylist()
    assert (refused["code"], refused["image"], refused["case"] != warned[0]["case"]) == (
        "REGISTRATION_FAILED",
        "flair",
        True,
    )


def test_the_quality_page_shows_pairs_by_shift_and_says_which_failed(store: Store) -> None:
    mart = Mart.open(store)
    page = Page(str(registered_section(mart, "demo")))
    heads, *rows = page.tables["table-registration"].rows
    shifts = [float(row[heads.index("Shift (mm)")]) for row in rows]
    assert shifts == sorted(shifts, reverse=True) and len(shifts) == 2
    assert [row[-1] for row in rows] == ["REGISTRATION_SHIFT", ""]
    assert len(page.tables["table-registration-failed"].rows) == 2
    images = [facts for tag, facts in page.tags if tag == "img"]
    assert len(images) == 2 and all("axial above, coronal below" in facts["alt"] for facts in images)
    assert registered_section(mart, "demo") == registered_section(mart, "demo")
    first = registered_pairs(mart, "demo", {})[0]
    assert (first.image, first.drawn_on, first.rois) == ("flair", "t1c", ("tumour",))


def test_a_further_roi_and_recipe_register_nothing_again(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = store.results()
    assert len(kept[REGISTRATION]) == 2
    tried: list[object] = []
    monkeypatch.setattr(reading, "register", lambda *pair: tried.append(pair) or register(*pair))
    published = refresh(catalog_of(folder, {"tumour": 1, "oedema": 2}), store, name="other", spacing_mm=[5, 5, 5])
    assert (published.scans, published.used) == (12, 10)
    assert published.quarantined == {"REGISTRATION_FAILED": 2}
    now = store.results()
    assert len(tried) == 1, "only the pair that failed is tried again, once for its further ROI"
    assert now[REGISTRATION] == kept[REGISTRATION] and now["region"] > kept["region"]
    after = Mart.open(store).read("region", "demo").to_pandas()
    checks = after[[f"region__flair__{roi}__{RESULT}" for roi in ("tumour", "oedema")]].stack().dropna()
    assert len(now[PAIR_PICTURE]) == 4 and all(load_pair_picture(store, one) for one in checks)
