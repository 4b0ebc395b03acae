"""measure_visit and extract_scans: what is computed is kept, failures too, and nothing is computed twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from features.core.case import Scan
from features.core.errors import RadweaveError, StoreError, WeightsError
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.progress import heard_by, say
from features.core.quarantine import Rejected
from features.core.storage.store import REGION, Store
from features.core.storage.table import read_provenance
from features.results.attempt import attempt
from features.results.extract_scans import extract_scans
from features.results.measure_visit import measure_visit
from features.results.work import check_of, features_of
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tests.support.measured import compute, job

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]
Kinds = dict[str, type[Extractor]]


def test_a_check_is_kept(make_scan: MakeScan, store: Store) -> None:
    scan = make_scan("p1")
    assert measure_visit(job(scan, check_of(scan)), store) == {}
    facts = store.load(REGION, check_of(scan).address)
    assert isinstance(facts, dict)
    assert facts["voxels"] == 64
    assert facts["intensity_mean"] == pytest.approx(50, abs=1e-4)
    assert store.rejection(REGION, check_of(scan).address) is None


def test_a_rejected_check_is_kept(make_scan: MakeScan, store: Store) -> None:
    scan = make_scan("p1", empty=True)
    assert measure_visit(job(scan, check_of(scan)), store) == {}
    found = store.rejection(REGION, check_of(scan).address)
    assert found is not None
    assert found.code == "MASK_EMPTY"


def test_what_may_pass_is_returned_and_not_kept(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, fail: dict[float, Exception]
) -> None:
    scan, recipe = make_scan("p1"), make_recipe()
    fail[50] = Rejected("UNREADABLE")
    (extractor,) = recipe.extractors
    (found,) = compute([features_of(scan, recipe, extractor)], store)
    assert found is not None
    assert found.code == "UNREADABLE"
    assert store.results() == {}


def test_the_address_holds_what_decides_the_pixels_and_nothing_else(make_scan: MakeScan) -> None:
    scan = make_scan("p1")
    other = replace(scan.image, digest="0" * 64)
    for changed in (replace(scan, image=other), replace(scan, mask=other), replace(scan, roi="2")):
        assert check_of(changed).address != check_of(scan).address
    assert check_of(replace(scan, centre="B")).address == check_of(scan).address
    moved = replace(scan.image, paths=(Path("elsewhere.nii"),))
    assert check_of(replace(scan, image=moved)).address == check_of(scan).address


def test_features_are_kept_under_their_address(make_scan: MakeScan, make_recipe: MakeRecipe, store: Store) -> None:
    scan, recipe = make_scan("p1"), make_recipe()
    (extractor,) = recipe.extractors
    address = features_of(scan, recipe, extractor).address
    assert not store.has("radiomics", address)
    assert compute([features_of(scan, recipe, extractor)], store) == [None]
    assert store.has("radiomics", address)
    found = store.load("radiomics", features_of(scan, recipe, extractor).address)
    assert isinstance(found, dict)
    assert found["mean"] == pytest.approx(50, abs=1e-4)
    assert math.isnan(found["undefined"])  # type: ignore[arg-type]


def test_provenance_tells_how_and_names_no_file(make_scan: MakeScan, make_recipe: MakeRecipe, store: Store) -> None:
    scan, recipe = make_scan("p1"), make_recipe()
    compute([features_of(scan, recipe, recipe.extractors[0])], store)
    facts = read_provenance(store.work("radiomics", features_of(scan, recipe, recipe.extractors[0]).address))
    assert facts["version"] == "means 1"
    assert facts["image"] == scan.image.digest
    assert '"bin_count":8' in facts["recipe"]
    assert '"kind": "means"' in facts["extractor"]
    assert "p1" not in str(facts)
    assert str(store.root) not in str(facts)


def test_settings_and_recipe_change_the_address_names_do_not(
    make_scan: MakeScan, make_recipe: MakeRecipe, kinds: Kinds
) -> None:
    scan, recipe = make_scan("p1"), make_recipe()
    (extractor,) = recipe.extractors
    address = features_of(scan, recipe, extractor).address
    assert features_of(scan, make_recipe(name="other"), extractor).address == address
    assert features_of(scan, make_recipe(minimum_voxels=30), extractor).address != address
    assert features_of(scan, recipe, kinds["means"].model_validate({"power": 2})).address != address


def test_a_rejection_of_one_scan_leaves_the_others(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, fail: dict[float, Exception]
) -> None:
    recipe = make_recipe()
    (extractor,) = recipe.extractors
    scans = [make_scan("p1", 50), make_scan("p2", 60), make_scan("p3", 70, empty=True)]
    fail[60] = Rejected("TOO_MANY_BINS", grey_levels=5)
    assert compute([features_of(scan, recipe, extractor) for scan in scans], store) == [None] * 3
    found = [store.load("radiomics", features_of(scan, recipe, extractor).address) for scan in scans]
    assert isinstance(found[0], dict)
    assert [result.code for result in found[1:] if isinstance(result, Rejected)] == ["TOO_MANY_BINS", "MASK_EMPTY"]


def test_a_batch_that_fails_is_repeated_one_by_one(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, kinds: Kinds, seen: list[int], fail: dict
) -> None:
    recipe = make_recipe(kinds["batched"]())  # type: ignore[call-arg]
    (extractor,) = recipe.extractors
    scans = [make_scan("p1", 50), make_scan("p2", 60), make_scan("p3", 70)]
    compute([features_of(scan, recipe, extractor) for scan in scans[:1] + scans[2:]], store)
    assert seen == [2]
    fail[60] = RuntimeError("John Doe")
    compute([features_of(scan, recipe, extractor) for scan in scans], store)
    assert seen == [2, 3, 1, 1, 1]
    found = [store.load("deep", features_of(scan, recipe, extractor).address) for scan in scans]
    assert [isinstance(result, Rejected) for result in found] == [False, True, False]


def test_samples_are_handed_over_in_parts_and_results_stay_in_order(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, kinds: Kinds, seen: list[int], fail: dict, monkeypatch
) -> None:
    (extractor,) = (recipe := make_recipe(kinds["batched"]())).extractors  # type: ignore[call-arg]
    monkeypatch.setattr("features.results.extract_scans.AT_ONCE", 2)
    scans = [make_scan(f"p{i}", 50 + i) for i in range(5)]
    fail[52] = RuntimeError("John Doe")
    compute([features_of(scan, recipe, extractor) for scan in scans], store)
    assert sorted(seen) == [1, 1, 1, 2, 2]  # two parts at a time
    found = [store.load("deep", features_of(scan, recipe, extractor).address) for scan in scans]
    assert [isinstance(one, Rejected) or round(float(one["mean"])) for one in found] == [50, 51, True, 53, 54]


def test_what_an_extractor_says_is_heard(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    (extractor,) = (recipe := make_recipe(kinds["batched"]())).extractors  # type: ignore[call-arg]
    extract = kinds["batched"].extract_samples
    monkeypatch.setattr(kinds["batched"], "extract_samples", lambda *given: (say("slowly"), extract(*given))[1])
    heard: list[str] = []
    with heard_by(heard.append):
        compute([features_of(make_scan("p1"), recipe, extractor)], store)
    assert heard == ["slowly"]


def test_large_samples_are_handed_over_few_at_once(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, kinds: Kinds, seen: list[int], monkeypatch
) -> None:
    (extractor,) = (recipe := make_recipe(kinds["batched"]())).extractors  # type: ignore[call-arg]
    monkeypatch.setattr("features.results.extract_scans.BYTES", 3 * 2)  # a sample has one pixel of two bytes
    compute([features_of(make_scan(f"p{i}", 50 + i), recipe, extractor) for i in range(5)], store)
    assert sorted(seen) == [2, 3]


def test_a_scan_too_large_for_the_gpu_is_rejected_alone_and_not_for_ever(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, kinds: Kinds, fail: dict[float, Exception]
) -> None:
    (extractor,) = (recipe := make_recipe(kinds["batched"]())).extractors  # type: ignore[call-arg]
    scans = [make_scan(f"p{i}", 50 + i) for i in range(4)]
    fail[52] = MemoryError("cuda")
    with Pool(Threads(workers=1)) as pool:
        works = [features_of(scan, recipe, extractor) for scan in scans]
        for work in works:
            measure_visit(job(work.scan, None, work.samples), store)
        found = pool.map_batches(partial(extract_scans, store=store), works, "deep", 4)
    assert [one.code if one else None for one in found] == [None, None, "OOM_RISK", None]
    assert [store.has("deep", features_of(scan, recipe, extractor).address) for scan in scans] == [
        True,
        True,
        False,
        True,
    ]


def test_a_scan_that_would_not_fit_is_refused_before_its_pixels_are_read_and_nothing_is_kept(
    make_scan: MakeScan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.images.formats.nifti._bytes", lambda *_a, **_k: pytest.fail("pixels were read"))
    scan = make_scan("p1")
    runner = Threads(workers=1).model_copy(update={"memory_gib": 1e-5})
    with Pool(runner) as pool:
        (found,) = pool.map(partial(measure_visit, store=store), [job(scan, check_of(scan))], "measure")
    assert isinstance(found, Rejected)
    assert found.code == "OOM_RISK"
    assert not store.has(REGION, check_of(scan).address)


def test_an_unknown_error_becomes_a_digest_without_its_text(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, fail: dict[float, Exception]
) -> None:
    scan, recipe = make_scan("p1", 50), make_recipe()
    fail[50] = RuntimeError("cannot read JohnDoe.dcm")
    compute([features_of(scan, recipe, recipe.extractors[0])], store)
    path = store.work("radiomics", features_of(scan, recipe, recipe.extractors[0]).address)
    found = store.load("radiomics", features_of(scan, recipe, recipe.extractors[0]).address)
    assert isinstance(found, Rejected)
    assert (found.code, found.details["error"]) == ("UNEXPECTED", "RuntimeError")
    assert len(str(found.details["traceback"])) == 16
    assert b"JohnDoe" not in path.read_bytes()


@pytest.mark.parametrize("error", [StoreError("disk full"), WeightsError("missing"), RadweaveError("x")])
def test_a_fault_of_the_user_stops_the_run_and_keeps_nothing(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, fail: dict[float, Exception], error: Exception
) -> None:
    scan, recipe = make_scan("p1", 50), make_recipe()
    fail[50] = error
    with pytest.raises(type(error), match=str(error)):
        compute([features_of(scan, recipe, recipe.extractors[0])], store)
    assert not store.has("radiomics", features_of(scan, recipe, recipe.extractors[0]).address)


def test_guarded_passes_values_and_a_lack_of_memory() -> None:
    def full() -> int:
        raise MemoryError

    def full_in_itk() -> int:
        raise RuntimeError("Failed to allocate memory for image.")

    assert attempt(lambda: 3) == 3
    with pytest.raises(MemoryError):
        attempt(full)
    with pytest.raises(MemoryError):
        attempt(full_in_itk)


def test_guarded_does_not_hold_up_who_stops_the_program() -> None:
    def stop() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(stop)


def test_the_same_unknown_error_has_the_same_digest_whatever_it_says() -> None:
    def broken(text: str) -> int:
        raise ValueError(text)

    found = [attempt(lambda text=text: broken(text)) for text in ("a", "b")]  # type: ignore[misc]
    assert isinstance(found[0], Rejected)
    assert isinstance(found[1], Rejected)
    assert found[0].details == found[1].details


def test_what_preparation_noticed_is_kept_with_the_features_of_a_batch(
    make_scan: MakeScan, make_recipe: MakeRecipe, kinds: Kinds, store: Store
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60), make_scan("p3", 40)]
    recipe = make_recipe(kinds["batched"](), resegment=(52, 1000), minimum_voxels=1)
    (extractor,) = recipe.extractors
    assert compute([features_of(scan, recipe, extractor) for scan in scans], store) == [None, None, None]
    addresses = [features_of(scan, recipe, extractor).address for scan in scans]
    assert [len(store.warnings("deep", address)) for address in addresses] == [1, 0, 0]
    (warned,) = store.warnings("deep", addresses[0])
    assert warned.code == "RESEGMENTED_MOST"
    assert warned.details["share"] == int(warned.details["voxels_left"]) / 64
    rejected = store.rejection("deep", addresses[2])
    assert rejected is not None
    assert rejected.code == "RESEGMENTED_EMPTY"
