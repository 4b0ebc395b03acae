"""plan_scans: which recipe measures which region of which image, and what an image lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from features.core.case import CaseId, FileSet, Scan
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.results.work import Plan, check_of, plan_scans, scan_facts

MakeRecipe = Callable[..., Recipe]
Kinds = dict[str, type[Extractor]]


def _scan(image: str = "t1c", roi: str = "tumour", patient: str = "p1", **changes: Any) -> Scan:
    files = FileSet("nifti", (), f"i {image}"), FileSet("nifti", (), "seg")
    labels = {"tumour": "1+4", "oedema": "2", "necrosis": "1"}.get(roi, "1")
    found = Scan(CaseId("demo", patient), "A", "MR", "arbitrary", *files, labels, image_name=image, roi_name=roi)
    return replace(found, **changes)


@pytest.fixture
def make_mr(make_recipe: MakeRecipe) -> MakeRecipe:
    return lambda *extractors, **settings: make_recipe(
        *extractors, name="mr", modality="MR", unit="arbitrary", **settings
    )


def _prefixes(plans: tuple[Plan, ...]) -> list[list[str]]:
    return [[work.prefix for work in plan.features] for plan in plans]


def test_every_region_is_measured_where_a_recipe_names_none(make_mr: MakeRecipe) -> None:
    plans = plan_scans([_scan("t1c"), _scan("flair", "oedema"), _scan("t1c", "oedema")], [make_mr()])
    assert [plan.scan.key[1:] for plan in plans] == [("flair", "oedema"), ("t1c", "oedema"), ("t1c", "tumour")]
    assert _prefixes(plans) == [[f"means__mr__{one}__"] for one in ("flair__oedema", "t1c__oedema", "t1c__tumour")]
    assert plans[0].check.prefix == "region__flair__oedema__"


def test_one_reader_is_measured_only_by_name(make_mr: MakeRecipe) -> None:
    scans = [_scan(), _scan(roi="tumour_by_anna", reader="anna")]
    assert _prefixes(plan_scans(scans, [make_mr()])) == [["means__mr__t1c__tumour__"], []]
    assert _prefixes(plan_scans(scans, [make_mr(roi="tumour_by_anna")]))[1] == ["means__mr__t1c__tumour_by_anna__"]


def test_a_region_of_several_rois_stands_with_the_first(make_mr: MakeRecipe) -> None:
    scans = [_scan(), _scan(roi="oedema"), _scan(roi="necrosis")]
    plans = plan_scans(scans, [make_mr(roi=["tumour - necrosis", "oedema"])])
    assert _prefixes(plans) == [[], ["means__mr__t1c__oedema__"], ["means__mr__t1c__tumour_minus_necrosis__"]]
    (work,) = plans[2].features
    assert work.scan.counted == scans[0] and [term.sign for term in work.scan.terms] == ["+", "-"]
    renamed = [replace(one, roi_name=f"x{one.roi_name}") for one in scans]
    (other,) = plan_scans(renamed, [make_mr(roi="xtumour - xnecrosis")])[2].features
    assert other.address == work.address, "words decide no voxels"
    (swapped,) = plan_scans(scans, [make_mr(roi="tumour + necrosis")])[2].features
    assert swapped.address != work.address


def test_what_an_image_lacks_is_said_once_and_only_where_nobody_said_so(make_mr: MakeRecipe) -> None:
    recipe, scans = make_mr(roi="tumour - necrosis"), [_scan(), _scan(roi="oedema")]
    key = ("demo:p1:baseline", "t1c", "necrosis")
    plans = plan_scans(scans, [recipe])
    assert [[(str(one.roi), one.missing) for one in plan.lacking] for plan in plans] == [
        [],
        [("tumour - necrosis", ("necrosis",))],
    ]
    assert not any(plan.lacking or plan.features for plan in plan_scans(scans, [recipe], refused={key}))
    (there,) = [work for plan in plan_scans(scans, [recipe], absent={key}) for work in plan.features]
    assert there.prefix == "means__mr__t1c__tumour_minus_necrosis__" and len(there.scan.terms) == 1


def test_words_leave_no_trace_in_addresses_and_what_decides_voxels_does() -> None:
    plain = _scan("MR", "roi")
    assert scan_facts(plain).keys() == {"image", "mask", "roi", "unit", "modality", "formats"}
    assert check_of(plain).address == check_of(replace(plain, image_name="t1c", roi_name="tumour")).address
    others = [replace(plain, readers=(plain,), consensus=kind) for kind in ("majority", "staple")]
    assert len({check_of(one).address for one in (plain, *others)}) == 3


def test_images_that_are_shown_together_stand_with_the_first(make_mr: MakeRecipe, kinds: Kinds) -> None:
    scans = [_scan(), _scan("flair"), _scan("flair", "oedema"), _scan(patient="p2")]
    recipe = make_mr(kinds["batched"](), channels=["t1c", "flair"], roi="tumour")  # type: ignore[call-arg]
    plans = plan_scans(scans, [recipe])
    (work,) = [work for plan in plans for work in plan.features]
    assert work.prefix == "batched__mr__t1c__tumour__"
    assert [[scan.image_name for scan in sample.images] for sample in work.samples] == [["t1c", "flair"]]
    (lack,) = [one for plan in plans for one in plan.lacking]
    assert (lack.image, lack.missing) == ("flair", ("tumour",)), "the second patient has no such image"
    other = replace(scans[1], image=FileSet("nifti", (), "another"))
    (changed,) = plan_scans([scans[0], other], [recipe])[1].features
    assert changed.address != work.address
    assert changed.samples[0].address != work.samples[0].address


def test_networks_that_are_shown_the_same_share_it(make_mr: MakeRecipe, kinds: Kinds) -> None:
    one, other = (make_mr(kinds["batched"].model_validate({"power": power})) for power in (1, 2))
    (plan,) = plan_scans([_scan()], [one, other])
    first, second = plan.features
    assert first.address != second.address
    assert first.samples[0].address == second.samples[0].address
