"""Words of images and ROIs: one source for each, and what columns are of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.core.case import Target
from features.core.catalog.catalog import Cohort, load_catalog
from features.core.catalog.targets import declared_targets, one_image, regions_of, targets_of
from features.core.errors import ConfigError, RadweaveError
from features.core.kinds.recipe import Recipe
from tests.support.catalog import cohort_of, dicom_images, file_images, write_catalog

MR = {"modality": "MR", "unit": "arbitrary"}
LABELS = {"format": "nifti", "path": "{patient}/seg.nii.gz", "rois": {"tumour": [1, 4], "oedema": 2}}


def _brain(**changes: Any) -> dict[str, Any]:
    return {
        **file_images("{patient}/{image}.nii.gz"),
        **MR,
        "mask": LABELS,
        "image": {"t1c": "t1ce", "flair": "flair"},
        **changes,
    }


def _cohort(*images: dict[str, Any]) -> Cohort:
    return Cohort.model_validate(cohort_of(*images))


def _recipe(**changes: Any) -> Recipe:
    base = {"name": "mr", **MR, "discretise": {"bin_count": 8}, "extractors": [{"kind": "radweave"}]}
    return Recipe.model_validate({**base, **changes})


def test_an_entry_is_a_source_for_each_image_and_roi() -> None:
    found = [(one.image_name, one.path, one.mask.roi_name, one.mask.pattern) for one in _cohort(_brain()).sources]
    t1c, flair = "{patient}/t1ce.nii.gz", "{patient}/flair.nii.gz"
    assert found == [
        ("t1c", t1c, "tumour", "1+4"),
        ("t1c", t1c, "oedema", "2"),
        ("flair", flair, "tumour", "1+4"),
        ("flair", flair, "oedema", "2"),
    ]


def test_dicom_words_add_to_what_is_selected() -> None:
    words = {"t1c": {"SeriesDescription": "T1.*"}, "flair": {"SeriesDescription": "FLAIR"}}
    source = dicom_images(
        image=words, select={"Manufacturer": "X"}, mask={"format": "rtstruct", "rois": {"tumour": "GTV.*"}}, **MR
    )
    found = {one.image_name: one.select for one in _cohort(source).sources}  # type: ignore[union-attr]
    assert found == {word: {"Manufacturer": "X", **own} for word, own in words.items()}


def test_a_cohort_without_words_has_the_names_of_always() -> None:
    (target,) = declared_targets(_cohort(file_images()))
    assert (target, target.infix) == (Target("CT", "roi"), "")
    (named,) = declared_targets(_cohort(file_images(image="ct")))
    assert named == target, "the modality as a word is no other word"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, ["t1c tumour", "t1c oedema", "flair tumour", "flair oedema"]),
        ({"images": ["flair"]}, ["flair tumour", "flair oedema"]),
        ({"roi": "tumour"}, ["t1c tumour", "flair tumour"]),
        ({"roi": ["oedema", "tumour - oedema"], "images": ["t1c"]}, ["t1c oedema", "t1c tumour_minus_oedema"]),
        ({"roi": {"kind": "rim", "of": "tumour", "margin_mm": 2}}, ["t1c tumour", "flair tumour"]),
        ({"roi": "liver"}, []),
        ({"images": ["t2"]}, []),
    ],
)
def test_a_recipe_measures_the_images_and_rois_that_it_names(changes: dict[str, Any], wanted: list[str]) -> None:
    found = targets_of(_cohort(_brain()), _recipe(**changes))
    assert [f"{one.image} {one.roi}" for one in found] == wanted
    assert all(one.infix == f"{one.image}__{one.roi}__" for one in found)


def test_which_images_and_rois_leaves_no_trace_in_addresses() -> None:
    named = _recipe(images=["t1c"], roi="tumour")
    assert named.digest() == _recipe().digest()
    assert Recipe.model_validate(named.settings) == named
    shells = [_recipe(roi={"kind": "shell", "thickness_mm": 3, **of}) for of in ({}, {"of": "tumour"})]
    assert shells[0].digest() == shells[1].digest() != named.digest()


def test_rois_of_another_image_are_targets_of_this_one() -> None:
    adc = file_images("{patient}/adc.nii.gz", image="adc", **MR) | {
        "mask": {"format": "of", "image": "t1c", "rois": ["tumour"]}
    }
    cohort = _cohort(_brain(), adc)
    assert [one.roi for one in declared_targets(cohort) if one.image == "adc"] == ["tumour"]
    recipe = _recipe(images=["adc", "t1c"], roi="tumour - oedema")
    assert [one.image for one in targets_of(cohort, recipe)] == ["t1c"], "adc has no oedema"
    assert [(one.image, one.roi) for one in regions_of(cohort, [recipe])] == [("t1c", "oedema"), ("t1c", "tumour")]


def test_an_image_without_a_mask_is_one_roi() -> None:
    cohort = _cohort(file_images(image="fundus", **MR) | {"mask": "whole"})
    (target,) = targets_of(cohort, _recipe(roi="whole"))
    assert (target.roi, target.infix) == ("whole", "fundus__")


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        ([_brain(path="{patient}/t1.nii.gz")], "needs {image} if image names several, and only then"),
        ([_brain(image="t1c")], "needs {image} if image names several, and only then"),
        ([_brain(image=["T1"])], "image"),
        ([_brain(mask={**LABELS, "label": 3})], "give one of label"),
        (
            [_brain(mask={"format": "rtstruct", "roi": "GTV"})],
            'the mask cannot be "rtstruct"; allowed: adaptive_threshold, box, command, contour_network, fixed_threshold, mha',
        ),
        ([_brain(mask={"format": "niftii", "path": "x"})], 'unknown format "niftii"'),
        ([dicom_images(mask={"format": "rtstruct"})], "give either roi, for one ROI, or rois"),
        (
            [_brain(), _brain(modality="CT", unit="HU", path="b/{patient}/{image}.nii.gz")],
            'the image "t1c" is declared twice',
        ),
        (
            [_brain(), file_images("{patient}/a.nii", image="adc", **MR) | {"mask": {"format": "of", "image": "t1"}}],
            'no other image "t1"',
        ),
        ([_brain(registration={"to": "t3"})], 'the ROIs of "t1c" are its own'),
    ],
)
def test_faults_name_their_place_and_what_is_allowed(tmp_path: Path, images: list[dict[str, Any]], wanted: str) -> None:
    path = write_catalog(tmp_path, demo=cohort_of(*images))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    assert any(wanted in str(fault) and "data_catalog.yaml:" in str(fault) for fault in caught.value.faults), (
        caught.value
    )


def test_an_entry_of_several_centres_is_a_source_of_each() -> None:
    mask = {**LABELS, "path": "{centre}/{patient}/seg.nii.gz"}
    entry = {**_brain(path="{centre}/{patient}/{image}.nii.gz", mask=mask), "centres": ["A", "B"]}
    del entry["centre"]
    cohort = Cohort.model_validate({**cohort_of(entry), "centres": {"A": {}, "B": {}}})
    found = {(one.centre, one.path, getattr(one.mask, "path", "")) for one in cohort.sources}
    assert ("B", "B/{patient}/t1ce.nii.gz", "B/{patient}/seg.nii.gz") in found and len(cohort.sources) == 8
    for wrong in ({"centre": "A"}, {"path": "{patient}/{image}.nii.gz"}):
        with pytest.raises(
            ValueError, match="give either centre, or centres|needs {centre} if there are several centres"
        ):
            Cohort.model_validate(cohort_of({**entry, **wrong}))


def test_images_of_several_words_are_not_mixed_where_one_scale_is_fitted() -> None:
    cohort = _cohort(_brain())
    assert one_image(cohort, _recipe(images=["t1c"])) == Target("t1c", "tumour", True, True)
    with pytest.raises(RadweaveError, match=r"recipe mr fits the images flair, t1c, and .* as images: \[flair\]"):
        one_image(cohort, _recipe())


def test_landmarks_of_an_image_are_for_it_alone() -> None:
    origin = {"cohort": "demo", "centres": [], **MR, "image": "t1c"}
    marks = {"percentiles": [1, 50, 99], "values": [0, 40, 100], "origin": origin, "sha256": "0" * 64}
    fitted = {"kind": "nyul", "landmarks": marks}
    assert _recipe(images=["t1c"], normalise=fitted).images == ("t1c",)
    for images in ([], ["t1c", "flair"]):
        with pytest.raises(ValueError, match=r"fitted on images t1c, and images is .*; say images: \[t1c\]"):
            _recipe(images=images, normalise=fitted)
