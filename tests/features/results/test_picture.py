"""The picture of an image: one for all its ROIs, kept once, drawn again only if its ROIs are others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from features.core.case import Scan
from features.core.quarantine import Rejected, Warned
from features.core.region import Region
from features.core.storage.store import THUMBNAIL, Store
from features.images.region import read_region
from features.results.measure_visit import Job, Todo, measure_visit
from features.results.picture import Drawer, Picture, drawings_of, load_picture, picture_address
from features.results.work import check_of


@pytest.fixture
def scans(make_scan: Callable[..., Scan]) -> list[Scan]:
    """Two ROIs of an image, and an image with one."""
    one = make_scan("p1", 50)
    return [
        replace(one, image_name="t1c", roi_name="oedema"),
        replace(one, image_name="t1c", roi_name="tumour", mask=make_scan("p2", 60).mask, roi="1+1"),
        replace(make_scan("p1", 70, timepoint="later"), image_name="flair", case=one.case),
    ]


def jobs(scans: list[Scan], todo: list[Scan]) -> Job:
    checks = [Todo(scan, check_of(scan)) for scan in todo]
    return Job(tuple(checks), tuple(drawings_of(check_of(scan) for scan in scans)))


def test_an_image_has_one_picture_of_all_its_rois_and_one_of_its_only_roi_lies_at_its_check(
    scans: list[Scan], store: Store
) -> None:
    assert measure_visit(jobs(scans, scans), store) == {}
    oedema, tumour, flair = (check_of(scan).address for scan in scans)
    both = picture_address([tumour, oedema])
    assert store.results()[THUMBNAIL] == {both, flair}
    assert both == picture_address([oedema, tumour])
    found = [load_picture(store, address) for address in (both, flair, oedema, "")]
    assert [one and one.rois for one in found] == [("oedema", "tumour"), (), None, None]


def test_a_further_roi_gives_another_picture_and_an_unchanged_image_none(scans: list[Scan], store: Store) -> None:
    measure_visit(jobs(scans[:1], scans[:1]), store)
    measure_visit(jobs(scans[:2], scans[1:2]), store)
    kept = store.results()[THUMBNAIL]
    assert kept == {check_of(scans[0]).address, picture_address([check_of(scan).address for scan in scans[:2]])}
    measure_visit(jobs(scans[:2], []), store)
    assert store.results()[THUMBNAIL] == kept


def test_the_order_in_which_rois_are_seen_does_not_change_the_picture(scans: list[Scan], store: Store) -> None:
    (drawing,) = drawings_of(check_of(scan) for scan in scans[:2])
    shown = []
    for order in (scans[:2], scans[1::-1]):
        drawer = Drawer(drawing)
        for scan in order:
            drawer.see(scan, read_region(scan))
        assert drawer.keep(read_region, store) is None
        shown.append(load_picture(store, drawing.address))
        store.work(THUMBNAIL, drawing.address).unlink()
    assert isinstance(shown[0], Picture) and shown[0] == shown[1]


def test_a_roi_that_cannot_be_read_is_left_out_and_nothing_that_may_show_a_name_is_drawn(
    scans: list[Scan], store: Store
) -> None:
    (drawing,) = drawings_of(check_of(scan) for scan in scans[:2])

    def no_oedema(scan: Scan) -> Region:
        if scan.roi_name == "oedema":
            raise Rejected("MASK_EMPTY")
        return read_region(scan)

    def burned(scan: Scan) -> Region:
        return replace(read_region(scan), warnings=(Warned("PHI_BURNED", "x"),))

    def nothing(scan: Scan) -> Region:
        raise Rejected("NII_TRUNC")

    assert Drawer(drawing).keep(burned, store) is None
    assert load_picture(store, drawing.address) is None
    why = Drawer(drawing).keep(nothing, store)
    assert why is not None and why.code == "NII_TRUNC"
    assert Drawer(drawing).keep(no_oedema, store) is None
    found = load_picture(store, drawing.address)
    assert found is not None and found.rois == ("tumour",)
