"""The quality page of cases with many images and ROIs: a card per image, one colour per ROI, what is missing by name."""

from __future__ import annotations

import pytest

from features.images.thumbnail import CONTOURS, OTHERS
from features.results.manifest import Mart
from features.results.verify import verify
from tasks.quality.cards import Card, contour_colours, css, make_visits
from tasks.quality.image_facts import image_facts
from tasks.quality.outliers import find_outliers
from tasks.quality.quality_page import render_quality
from tasks.quality.scan_facts import read_scan_facts
from tests.support.page import Page
from tests.tasks.quality.many_images import IMAGES, ROIS, many_store

PATIENTS = 20


@pytest.fixture(scope="module")
def mart(tmp_path_factory: pytest.TempPathFactory) -> Mart:
    return Mart.open(many_store(tmp_path_factory.mktemp("quality") / "store", PATIENTS))


@pytest.fixture(scope="module")
def html(mart: Mart) -> str:
    (page,) = render_quality(mart, "trial")
    return page


@pytest.fixture(scope="module")
def cards(mart: Mart) -> dict[tuple[str, str], Card]:
    found = read_scan_facts(mart, "trial")
    visits = make_visits(mart.store, found, (), mart.read("warnings", "trial").to_pylist(), 1000)
    return {(card.patient, card.image): card for visit in visits for card in visit.cards}


def test_each_image_has_one_card_with_a_line_for_each_roi(cards: dict[tuple[str, str], Card], html: str) -> None:
    assert len(cards) == PATIENTS * len(IMAGES)
    card = cards["p0003", "t1c"]
    assert [part.roi for part in card.parts] == list(ROIS)
    assert [part.colour for part in card.parts] == [css(colour) for colour in CONTOURS[:3]]
    assert all(part.size.endswith(" ml") for part in card.parts)
    assert card.alt.startswith("t1c of p0003:baseline: the slice with most of its ROIs, with their contours: necrosis ")
    page = Page(html)
    assert sum(tag == "img" for tag, _ in page.tags) == PATIENTS * len(IMAGES) - 1
    assert len(page.ids) == len(set(page.ids))


def test_a_roi_keeps_its_colour_where_another_one_is_absent_or_rejected(cards: dict[tuple[str, str], Card]) -> None:
    absent, rejected = cards["p0000", "t2"], cards["p0002", "t2"]
    assert [(part.colour, part.size[:6]) for part in absent.parts[:1]] == [("", "absent")]
    assert absent.parts[2].colour == rejected.parts[2].colour == css(CONTOURS[2])
    assert rejected.parts[1].colour == ""
    assert absent.marks == (("ROI_ABSENT: necrosis", "warning"),)
    assert rejected.marks == (("MASK_TINY: oedema", "error"),)


def test_an_image_that_a_visit_lacks_has_an_empty_place(cards: dict[tuple[str, str], Card], html: str) -> None:
    card = cards["p0001", "adc"]
    assert (card.there, card.png, card.marks) == (False, "", (("IMAGE_ABSENT", "warning"),))
    assert "no adc" in Page(html).text


def test_an_image_that_no_case_of_a_centre_has_though_it_is_declared_has_one_too(tmp_path) -> None:
    mart = Mart.open(many_store(tmp_path / "store", 2))
    (page,) = render_quality(mart, "trial")
    assert Page(page).text.count("no adc") == 1
    one_image = Mart.open(many_store(tmp_path / "other", 3, images=("t1",)))
    said = {"case": "trial:p0000:baseline", "centre": "A", "image": "flair", "code": "IMAGE_ABSENT", "roi": ""}
    (visit, _) = make_visits(one_image.store, read_scan_facts(one_image, "trial"), (), [said], 10)
    assert [(card.image, card.there) for card in visit.cards] == [("flair", False), ("t1", True)]


def test_missing_images_and_rois_are_counted_by_name(html: str) -> None:
    rows = {(row[0], i): row[1:] for i, row in enumerate(Page(html).tables["table-presence"].rows)}
    assert rows["Image, ROI", 0] == ["A", "B", "all"]
    assert rows["adc", 1] == ["10 of 10", "9 of 10", "19 of 20"]
    assert rows["necrosis", 2] == ["9 of 10 (1 absent)", "9 of 10", "18 of 20 (1 absent)"]
    assert rows["oedema", 7] == ["10 of 10 (1 rejected)", "10 of 10", "20 of 20 (1 rejected)"]


def test_what_images_have_in_common_is_shown_once(mart: Mart) -> None:
    found = {one.name: one for one in image_facts(read_scan_facts(mart, "trial"))}
    assert [roi for roi, _ in found["t1"].varied] == ["", *ROIS]
    assert [plot.title for plot in dict(found["t1"].varied)["tumour"]] == [
        "Mean intensity in the mask (arbitrary)",
        "Standard deviation of intensities in the mask (arbitrary)",
    ]
    assert "tumour: Volume of the mask (ml)" in dict(found["t1"].alike)["flair"]
    (table,) = [found["t1"].acquisition]
    assert "tumour: Volume of the mask (ml), median [quartiles]" in [row.label for row in table.rows]


def test_an_outlier_that_images_share_is_one_row(mart: Mart, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_scan_facts(mart, "trial")
    far = found.scans["patient"] == "p0004"
    found.scans.loc[far & (found.scans["roi"] == "tumour"), "volume_ml"] = 9000.0
    (one,) = (one for one in find_outliers(found) if one.value == 9000.0)
    assert (one.images, one.roi, one.name) == (IMAGES, "tumour", "adc, flair, t1, t1c, t2 tumour")


def test_images_and_centres_can_be_chosen_without_any_script(html: str) -> None:
    page = Page(html)
    inputs = {attributes["id"]: attributes["type"] for tag, attributes in page.tags if tag == "input"}
    assert inputs["only-image-0"] == inputs["only-centre-2"] == "radio" and inputs["only-marked"] == "checkbox"
    assert 'body:has(#only-image-4:checked) [data-image]:not([data-image~="4"])' in html
    assert "script" not in {tag for tag, _ in page.tags}


def test_a_visit_is_not_torn_over_pages(mart: Mart) -> None:
    pages = [Page(text) for text in render_quality(mart, "trial", images=12)]
    pictures = [[attributes["alt"] for tag, attributes in page.tags if tag == "img"] for page in pages]
    owners = [{alt.split(":")[0].split(" ")[-1] for alt in some} for some in pictures]
    assert all(len(some) <= 12 for some in pictures)
    assert sum(map(len, owners)) == PATIENTS


def test_of_an_atlas_a_card_lists_what_has_something_to_say(tmp_path) -> None:
    rois = tuple(f"r{i:02d}" for i in range(9))
    mart = Mart.open(many_store(tmp_path / "store", 4, images=("t1",), rois=rois))
    found = read_scan_facts(mart, "trial")
    visits = make_visits(mart.store, found, (), [], 10)
    cards = {visit.first.patient: visit.first for visit in visits}
    assert [(part.roi, part.size) for part in cards["p0000"].parts] == [("r00", "absent")]
    assert (cards["p0000"].left, cards["p0003"].parts, cards["p0003"].left) == (8, (), 9)
    (page,) = render_quality(mart, "trial")
    assert "the others: r06, r07, r08" in Page(page).text


def test_colours_are_the_same_for_all_and_the_whole_image_has_the_last() -> None:
    found = contour_colours(["whole", "b", "a"])
    assert [*found] == ["a", "b", "whole"]
    assert found["a"] == CONTOURS[0]
    assert set(list(contour_colours(f"r{i}" for i in range(8)).values())[6:]) == {OTHERS}


def test_the_store_closes(mart: Mart) -> None:
    assert [fault for fault in verify(mart.store).faults if "scans in" in fault] == []
