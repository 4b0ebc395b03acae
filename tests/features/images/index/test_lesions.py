"""Lesions of one label map: a case for each number that is there, or that is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import Index, index_cohort
from features.images.masks.labels import labels_of
from features.images.region import read_region
from tests.support.catalog import file_images
from tests.support.scans import save_itk

KEY = b"k" * 32
IMAGE = np.random.default_rng(0).normal(50, 20, (12, 13, 14)).astype(np.float32)  # z, y, x
SPACING = (1, 1, 2)


def labels(*numbers: int, dtype: type = np.uint8) -> np.ndarray:
    """A label map with a box of 27 + n voxels in a corner for each number."""
    array = np.zeros(IMAGE.shape, dtype)
    for i, number in enumerate(numbers):
        z, y = divmod(i, 3)
        array[4 * z : 4 * z + 3, 4 * y : 4 * y + 3, 1 : 5 + i] = number
    return array


def source(lesions: object, ending: str = "nii") -> dict:
    form = {"nii": "nifti", "nrrd": "nrrd", "mha": "mha", "mhd": "mha"}[ending]
    mask = {"format": form, "path": f"{{patient}}/M.{ending}", "lesions": lesions}
    return {**file_images(f"{{patient}}/CT.{ending}", form=form), "mask": mask}


@pytest.fixture
def index(tmp_path: Path, catalog: Callable) -> Callable[..., Index]:
    """The index of patients: name → label map."""

    def find(
        lesions: object,
        patients: dict[str, np.ndarray],
        ending: str = "nii",
        cache: FileCache | None = None,
        **more: object,
    ) -> Index:
        for patient, array in patients.items():
            save_itk(tmp_path / "data" / patient / f"CT.{ending}", IMAGE, spacing=SPACING)
            save_itk(tmp_path / "data" / patient / f"M.{ending}", array, spacing=SPACING)
        return index_cohort(catalog(source(lesions, ending)), "demo", KEY, cache=cache, **more)  # type: ignore[arg-type]

    return find


def voxels(found: Index) -> list[dict[str, int]]:
    """Lesion → voxels, of each patient, fewest lesions first."""
    patients: dict[str, dict[str, int]] = {}
    for scan in found.scans:
        patients.setdefault(scan.case.patient, {})[scan.case.lesion] = int(read_region(scan).mask.sum())
    return sorted(patients.values(), key=len)


@pytest.mark.parametrize("ending", ["nii", "nrrd", "mha", "mhd"])
def test_every_number_of_a_label_map_is_a_lesion(index: Callable, ending: str) -> None:
    found = index("by_label", {"P1": labels(1, 2), "P2": labels(7), "P3": labels(2, 5, 300, dtype=np.int16)}, ending)
    assert voxels(found) == [{"7": 36}, {"1": 36, "2": 45}, {"2": 36, "5": 45, "300": 54}]
    assert found.quarantined == ()
    assert found.files["used"] == (12 if ending == "mhd" else 6)
    assert sorted(str(scan.case).split(":", 2)[2] for scan in found.scans)[0] == "baseline:1"


def test_a_mapping_names_the_numbers_that_are_meant(index: Callable) -> None:
    patients = {"P1": labels(1, 2, 9), "P2": labels(2), "P3": labels(9)}
    found = index({1: "primary", 2: "node"}, patients)
    assert voxels(found) == [{"node": 36}, {"primary": 36, "node": 45}]
    assert [(row.code, row.message) for row in found.quarantined] == [
        ("LABEL_ABSENT", "the mask has none of the labels that are named")
    ]


def test_label_maps_without_lesions_are_refused_with_the_reason(index: Callable) -> None:
    patients = {
        "P1": labels(),
        "P2": labels(1, 2).astype(np.float32),
        "P3": labels(1).astype(np.float32) * 0.5,
        "P4": np.arange(IMAGE.size, dtype=np.int16).reshape(IMAGE.shape),
        "P5": labels(1, -1, dtype=np.int16),
    }
    found = index("by_label", patients)
    assert voxels(found) == [{"1": 36, "2": 45}]
    assert sorted(row.code for row in found.quarantined) == ["MASK_EMPTY", "MASK_VALUES", "MASK_VALUES", "MASK_VALUES"]
    assert found.files == {"used": 2, "merged": 0, "quarantined": 8}


def test_labels_are_read_once_and_again_when_the_file_changes(
    index: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> tuple[int, ...]:
        read.append(path)
        return labels_of(path)

    monkeypatch.setattr("features.images.index.lesions.labels_of", counted)
    cache = tmp_path / "cache.parquet"
    for patients, wanted in (({"P1": labels(1, 2)}, 1), ({}, 1), ({"P1": labels(1, 2, 3)}, 2)):
        known = FileCache.load(cache, KEY)
        monkeypatch.setattr(known, "_now_ns", known._now_ns + 10**11)
        found = index("by_label", patients, cache=known)
        known.save()
        assert len(read) == wanted
    assert voxels(found) == [{"1": 36, "2": 45, "3": 54}]


def test_a_withdrawn_lesion_leaves_the_others(index: Callable, tmp_path: Path) -> None:
    case = str(index("by_label", {"P1": labels(1, 2)}).scans[0].case)
    found = index("by_label", {}, withdrawn=frozenset({case}))
    assert ([scan.roi for scan in found.scans], found.withdrawn) == (["2"], 1)
    patient = case.rsplit(":", 2)[0]
    assert index("by_label", {}, withdrawn=frozenset({patient})).scans == ()


def test_two_sources_may_share_a_label_map_if_each_names_its_lesions(
    index: Callable, catalog: Callable, tmp_path: Path
) -> None:
    index({1: "primary"}, {"P1": labels(1, 2)})
    sources = source({1: "primary"}), source({2: "node"})
    assert voxels(index_cohort(catalog(*sources), "demo", KEY)) == [{"primary": 36, "node": 45}]


def test_one_image_with_two_masks_says_how_lesions_are_told_apart(
    index: Callable, catalog: Callable, tmp_path: Path
) -> None:
    index("by_label", {"P1": labels(1)})
    save_itk(tmp_path / "data" / "P1" / "N.nii", labels(1, 2), spacing=SPACING)
    one, other = source(None), source(None)
    other["mask"] = {**other["mask"], "path": "{patient}/N.nii"}
    found = index_cohort(catalog(one, other), "demo", KEY)
    assert [row.code for row in found.quarantined] == ["SERIES_AMBIGUOUS"] * 2
    assert "by_label" in found.quarantined[0].message
