"""The quality page: every scan in its centre, counts that close, outliers with a reason, no name and no script."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tasks.quality.quality_page as quality
from features.core.storage.seal import page_bytes
from features.results.manifest import Mart
from tasks.quality.cards import make_visits
from tasks.quality.image_facts import image_facts
from tasks.quality.outliers import find_outliers, robust_z
from tasks.quality.quality_page import render_quality, write_quality
from tasks.quality.scan_facts import read_scan_facts
from tests.support.page import Page
from tests.tasks.quality.quality_store import quality_store

SCRIPT = "<script>document.title='broken'</script>"


@pytest.fixture(scope="module")
def mart(tmp_path_factory: pytest.TempPathFactory) -> Mart:
    return Mart.open(quality_store(tmp_path_factory.mktemp("quality") / "store", 40, kernel=SCRIPT))


@pytest.fixture(scope="module")
def html(mart: Mart) -> str:
    (page,) = render_quality(mart, "trial")
    return page


@pytest.mark.slow
def test_every_scan_has_a_picture_with_words_and_says_what_is_doubtful(html: str) -> None:
    page = Page(html)
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 40
    assert all(one["src"].startswith("data:image/png;base64,iVBOR") for one in pictures)
    assert len({one["alt"] for one in pictures}) == 40
    marks = [
        attributes["class"] for tag, attributes in page.tags if tag == "span" and "mark" in attributes.get("class", "")
    ]
    assert sorted(marks) == ["mark error"] * 2 + ["mark note"] + ["mark warning"] * 2  # those of the table too
    assert len(page.ids) == len(set(page.ids))


def test_the_tables_tell_files_scans_reasons_and_acquisition(html: str) -> None:
    tables = Page(html).tables
    assert tables["table-files"].rows[1:] == [["found", "83"], ["used", "80"], ["ignored: type", "3"]]
    assert tables["table-scans"].rows[-1] == ["all", "40", "39", "1", "MASK_TINY 1"]
    assert [row[:4] for row in tables["table-reasons"].rows[1:]] == [
        ["MASK_TINY", "error", "quality", "1"],
        ["TAB_MISSING", "warning", "tables", "1"],
    ]
    acquisition = {row[0]: row[1:] for row in tables["table-acquisition-ct"].rows}
    assert acquisition["Scans that passed the check"] == ["All", "A", "B", "C"]
    assert acquisition["Maker"][0] == "39 (100 %)"
    assert acquisition["Nominal slice thickness (mm), median [quartiles]"][1:] == ["1 [1–1]", "2 [2–2]", "3 [3–3]"]
    assert "Model of the scanner" not in acquisition  # nobody knows it


def test_the_page_loads_runs_and_names_nothing(html: str) -> None:
    page = Page(html)
    assert "script" not in {tag for tag, _ in page.tags}
    assert SCRIPT in page.text and SCRIPT not in html
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "SECRET" not in html
    assert [attributes for tag, attributes in page.tags if tag == "html"] == [{"lang": "en"}]


def test_equal_tables_give_an_equal_page(mart: Mart, html: str) -> None:
    write_quality(mart.store, "trial")
    assert mart.store.quality("trial").read_bytes() == page_bytes(html)


def test_the_scan_that_stands_apart_is_an_outlier_and_stands_first(mart: Mart) -> None:
    found = read_scan_facts(mart, "trial")
    (one,) = find_outliers(found)
    assert (one.case, one.centre, one.fact.title) == ("trial:p0000:baseline", "A", "Voxel spacing along z (mm)")
    assert (one.value, one.median, one.shown) == (9.0, 2.5, "unlike the others")
    visits = make_visits(mart.store, found, [one], mart.read("warnings", "trial").to_pylist(), 3)
    assert [visit.first.marks for visit in visits] == [
        (("outlier", "note"),),
        (("TAB_MISSING", "warning"),),
        (("MASK_TINY", "error"),),
    ]


def test_more_pictures_stand_on_further_pages_that_lead_to_each_other(mart: Mart, html: str) -> None:
    pages = [Page(text) for text in render_quality(mart, "trial", images=15)]
    pictures = [[attributes["alt"] for tag, attributes in page.tags if tag == "img"] for page in pages]
    assert [len(some) for some in pictures] == [15, 15, 10]
    whole = [attributes["alt"] for tag, attributes in Page(html).tags if tag == "img"]
    assert sorted(alt for some in pictures for alt in some) == sorted(whole)
    assert [bool(page.tables) for page in pages] == [True, False, False]
    links = [{attributes["href"] for tag, attributes in page.tags if tag == "a"} for page in pages]
    assert [{link for link in some if not link.startswith("#")} for some in links] == [
        {"trial-2.html#images", "trial-3.html#images"},
        {"trial.html#images", "trial-3.html#images"},
        {"trial.html#images", "trial-2.html#images"},
    ]
    assert all(f"CT of p{i:04d}:" in " ".join(pictures[0]) for i in (0, 1, 39))  # with something to say


def test_a_link_to_a_scan_leads_to_the_page_that_holds_it(mart: Mart, monkeypatch) -> None:
    found = read_scan_facts(mart, "trial")
    (one,) = find_outliers(found)
    monkeypatch.setattr(quality, "find_outliers", lambda _: [one, replace(one, case="trial:p0038:baseline")])
    first, second, *_ = (Page(text) for text in render_quality(mart, "trial", images=2))
    links = [attributes["href"] for tag, attributes in first.tags if tag == "a" and "#scan" in attributes["href"]]
    assert links == ["#scan-0", "trial-2.html#scan-38"]
    assert "scan-0" in first.ids and "scan-38" in second.ids


def test_pages_that_are_no_longer_needed_are_removed(mart: Mart) -> None:
    (mart.store.root / "quality").mkdir(exist_ok=True)
    old = [mart.store.quality("trial", i) for i in (2, 3)] + [mart.store.quality("trial_b", 2)]
    for place in old:
        place.write_text("old")
    write_quality(mart.store, "trial")
    assert [place.exists() for place in old] == [False, False, True]
    assert mart.store.quality_pages("trial") == [mart.store.quality("trial")]


def test_without_thumbnails_the_page_says_so(tmp_path) -> None:
    store = quality_store(tmp_path / "store", 4, drawn=False)
    (text,) = render_quality(Mart.open(store), "trial")
    assert "4 images have no picture" in text
    assert "<img" not in text


def test_robust_z_scores() -> None:
    spread = pd.Series([1.0, 2, 3, 4, 5, 6, 7, 8, 100])
    assert robust_z(spread) == {8: pytest.approx(0.6745 * (100 - 5) / 2, rel=1e-4)}
    assert robust_z(spread[:7]) == {}  # too few
    constant = pd.Series([2.5] * 19 + [2.501])
    assert robust_z(constant) == {}  # as good as equal
    assert robust_z(pd.Series([2.5] * 19 + [5.0])) == {19: np.inf}
    assert robust_z(pd.Series([2.5] * 6 + [5.0] * 4)) == {}  # two protocols, no outlier
    assert robust_z(pd.Series([1.0, 2, 4, 8, 16, 32, 64, 128]), logarithmic=True) == {}


def test_a_fact_that_varies_has_a_row_per_centre_and_one_that_does_not_is_a_sentence(mart: Mart) -> None:
    (image,) = image_facts(read_scan_facts(mart, "trial"))
    assert ("Peak voltage of the X-ray tube (kV)", "120 in 39 of 39 scans") in image.same
    ((roi, varied),) = image.varied
    assert roi == ""
    (thickness,) = (one for one in varied if one.id == "distribution-ct-slice_thickness_mm")
    assert [(row.centre, len(row.bars)) for row in thickness.rows] == [("A", 1), ("B", 1), ("C", 1)]
    assert (thickness.low, thickness.high) == ("1", "3")
    assert thickness.rows[0].median < thickness.rows[1].median < thickness.rows[2].median
    (intensity,) = (one for one in varied if one.id == "distribution-ct-intensity_mean")
    assert intensity.title == "Mean intensity in the mask (HU)"
