"""IMAGE_COPY: one image under two patients is told, whatever its file is called, how it is stored and who contoured it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import nibabel as nib
import numpy as np
import pyarrow as pa
import pytest

from features.core.case import CaseId, Scan
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.images.image_facts import image_facts
from features.results.image_copies import IMAGE, equal_scans, find_copies
from features.results.manifest import Mart
from features.results.published import Published
from features.results.withdraw import withdraw
from tests.support.scans import nifti_files


def warned(store: Store) -> list[tuple[str, str]]:
    rows = Mart.open(store).read("warnings", "demo").to_pylist()
    return [(row["case"], row["details"]) for row in rows if row["code"] == "IMAGE_COPY"]


def copied(scan: Scan, patient: str, **changes: str) -> Scan:
    """The scan as another patient's, or as another of the same patient's, in a file of other bytes."""
    case = replace(CaseId("demo", patient, scan.case.timepoint), **changes)  # type: ignore[arg-type]
    return replace(scan, case=case, image=replace(scan.image, digest="c" * 64))


def test_the_same_voxels_under_two_patients_are_told_at_every_refresh(
    make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Callable[..., Published], store: Store
) -> None:
    first, other = make_scan("p1", 50), make_scan("p3", 70)
    scans = [first, other, copied(first, "p2")]
    for recipe in (make_recipe(), make_recipe(minimum_voxels=30)):
        found = refresh(scans, recipe)
        assert (found.used, found.warned["IMAGE_COPY"]) == (3, 2)
        cases, details = zip(*warned(store), strict=True)
        assert [case.split(":")[1] for case in cases] == ["p1", "p2"]
        assert len(set(details)) == 1
        assert json.loads(details[0])["patients"] == 2


def test_an_image_that_is_a_copy_is_told_once_whatever_the_number_of_its_rois(
    make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Callable[..., Published], store: Store
) -> None:
    first, other = make_scan("p1", 50), make_scan("p3", 50)
    scans = [replace(one, roi_name=roi) for one in (first, copied(first, "p2"), other) for roi in ("oedema", "tumour")]
    assert refresh(scans, make_recipe(roi="tumour")).warned["IMAGE_COPY"] == 3
    assert [case.split(":")[1] for case, _ in warned(store)] == ["p1", "p2", "p3"]


def test_two_lesions_or_time_points_of_one_patient_are_no_copies(
    make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Callable[..., Published], store: Store
) -> None:
    scan = make_scan("p1", 50)
    refresh([scan, copied(scan, "p1", timepoint="later"), make_scan("p2", 60)], make_recipe())
    assert warned(store) == []


def test_who_withdraws_is_not_told_of_any_more(
    make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Callable[..., Published], store: Store
) -> None:
    scan = make_scan("p1", 50)
    refresh([scan, copied(scan, "p2")], make_recipe())
    withdraw(store, "demo:p2", "consent")
    assert "p2" not in str(Mart.open(store).read("warnings", "demo").to_pylist())
    refresh([scan], make_recipe(), withdrawn=1)
    assert warned(store) == []


def other_reader(scan: Scan, patient: str, array: np.ndarray) -> Scan:
    """Another patient's scan of this image, with a contour of its own."""
    folder = scan.image.paths[0].parent.with_name(f"{patient}_other")
    mask = np.zeros(array.shape, np.uint8)
    mask[2:8, 4:9, 3:6] = 1
    image, contour = nifti_files(folder / "image.nii.gz", array), nifti_files(folder / "mask.nii.gz", mask)
    return replace(scan, case=CaseId("demo", patient, scan.case.timepoint), image=image, mask=contour, roi="1")


def pixels(scan: Scan) -> np.ndarray:
    return np.asarray(nib.load(scan.image.paths[0]).dataobj)


def scaled(array: np.ndarray) -> np.ndarray:
    """Rounded to the steps of 16 bits, as a scaled copy in whole numbers is."""
    step = (array.max() - array.min()) / 65535
    return (np.round((array - array.min()) / step) * step + array.min()).astype(np.float32)


@pytest.mark.parametrize(
    "stored",
    [
        lambda array: array.astype(np.float64),
        lambda array: np.flip(array.transpose(2, 0, 1), 1),
        scaled,
    ],
    ids=["doubles", "turned", "16 bits"],
)
def test_one_image_that_two_readers_contoured_is_told(
    stored: Callable[[np.ndarray], np.ndarray],
    make_scan: Callable[..., Scan],
    make_recipe: Callable[..., Recipe],
    refresh: Callable[..., Published],
    store: Store,
) -> None:
    scan = make_scan("p1", 50)
    scans = [scan, other_reader(scan, "p2", stored(pixels(scan)))]
    scans += [other_reader(scan, f"p{i}", pixels(make_scan(f"q{i}", i))) for i in range(3, 12)]
    refresh(scans, make_recipe())
    assert [case.split(":")[1] for case, _ in warned(store)] == ["p1", "p2"]


def test_two_readers_of_one_patient_and_a_crop_of_another_size_are_no_copies(
    make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Callable[..., Published], store: Store
) -> None:
    scan = make_scan("p1", 50)
    again = other_reader(scan, "p1", pixels(scan))
    again = replace(again, case=replace(again.case, lesion="2"))
    refresh([scan, again, other_reader(scan, "p2", pixels(scan)[:, 1:])], make_recipe())
    assert warned(store) == []


def test_images_of_one_scale_are_told_apart() -> None:
    """Equal sizes, and ends, mean and deviation as normalisation makes them."""
    rng, facts = np.random.default_rng(4), []
    for i in range(300):
        image = rng.gamma(2.0, size=(16, 16, 16))
        image = (image - image.mean()) / image.std() if i % 2 else (image - image.min()) / np.ptp(image)
        facts.append((16, 16, 16, *image_facts(image)[1:]))
    columns = dict(zip(IMAGE, np.array(facts).T.tolist(), strict=True))
    assert equal_scans(columns) == [""] * 300
    twice = {name: [*values, values[7]] for name, values in columns.items()}
    assert [i for i, word in enumerate(equal_scans(twice)) if word] == [7, 300]


@pytest.mark.parametrize("levels", [(7.0, 7.0), (0.0, 100.0)])
def test_one_or_two_intensities_prove_nothing(levels: tuple[float, float], make_scan: Callable[..., Scan]) -> None:
    scans = [make_scan(f"p{i}") for i in (1, 2)]
    image = np.full((4, 5, 6), levels[0])
    image[1:3, 1:3, 1:3] = levels[1]
    _, lowest, mean, highest, sd, plane_sd = image_facts(image)
    values = {"size_x": 6, "size_y": 5, "size_z": 4, "image_plane_sd": plane_sd, "voxels": image.size}
    for kind in ("image", "intensity"):
        values |= {f"{kind}_min": lowest, f"{kind}_mean": mean, f"{kind}_max": highest, f"{kind}_sd": sd}
    cells = {f"region__ct__{name}": [float(value)] * 2 for name, value in values.items()}
    table = pa.table({"case": [str(scan.case) for scan in scans], **cells})
    assert list(find_copies(scans, table, "region__ct__")) == []
