"""IMAGE_COPY: one image under two patients is told, whatever its file is called."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from features.core.case import CaseId, Scan
from features.core.recipe import Recipe
from features.core.store import Store
from features.results.manifest import Mart
from features.results.publish import Published
from features.results.withdraw import withdraw


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


@pytest.mark.parametrize("mean", [50.0])
def test_flat_regions_prove_nothing(mean: float, make_scan: Callable[..., Scan]) -> None:
    import pyarrow as pa

    from features.results.copies import ALIKE, find_copies

    scans = [make_scan(f"p{i}", mean) for i in (1, 2)]
    facts = {"case": [str(scan.case) for scan in scans]}
    flat = pa.table(
        {**facts, **{f"region__ct__{name}": [0.0 if name == "intensity_sd" else 7.0] * 2 for name in ALIKE}}
    )
    assert list(find_copies(scans, flat, "region__ct__")) == []
