"""Images that take their ROIs from another one: what a catalog may not say, with its line and what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import load_catalog
from features.core.errors import ConfigError
from tests.support.catalog import cohort_of, file_images, write_catalog

MR = {"modality": "MR", "unit": "arbitrary"}
LABELS = {"format": "nifti", "path": "{patient}/seg.nii.gz", "rois": {"tumour": [1, 4], "oedema": 2}}
ATLAS = {"format": "nifti", "path": "atlas.nii.gz", "template": "t1.nii.gz", "rois": {"left": 1}}


def image(word: str, of: str = "", **changes: Any) -> dict[str, Any]:
    mask = {"format": "of", "image": of} if of else LABELS
    return {**file_images(f"{{patient}}/{word}.nii.gz", image=word, **MR), "mask": mask, **changes}


def faults(tmp_path: Path, *images: dict[str, Any]) -> list[str]:
    path = write_catalog(tmp_path, demo=cohort_of(*images))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    return [str(fault) for fault in caught.value.faults]


def test_what_is_meant_is_no_fault(tmp_path: Path) -> None:
    flair = image("flair", "t1c", registration={"to": "t1c"})
    adc = image("adc", "T1C") | {"mask": {"format": "of", "image": "t1c", "rois": ["tumour"]}}
    t1 = image("t1", mask=ATLAS, registration={"to": "template", "kind": "affine", "warn_shift_mm": 80})
    found = load_catalog(write_catalog(tmp_path, demo=cohort_of(image("t1c"), flair, adc, t1)))
    first, second = (found.cohorts["demo"].images[i].registration for i in (1, 3))
    assert first is not None and second is not None
    assert (first.warns_beyond_mm, second.warns_beyond_mm) == (10, 80)


@pytest.mark.parametrize(
    ("images", "key", "wanted"),
    [
        ([image("t1c"), image("adc", "t1")], "image:", 'centre A has no other image "t1"'),
        ([image("t1c"), image("adc", "t1")], "image:", 'did you mean "t1c"?'),
        ([image("t1c"), image("adc", "adc")], "image:", 'the image "adc" would take its ROIs from itself'),
        ([image("t1c", "flair"), image("flair", "t1c")], "image:", "in a circle; found t1c → flair → t1c"),
        (
            [image("t1c"), image("flair", "t1c"), image("adc", "flair")],
            "image:",
            'no ROI was drawn on the image "flair": it takes its own from another one; found adc → flair → t1c; allowed: t1c',
        ),
        (
            [image("t1c"), image("adc") | {"mask": {"format": "of", "image": "t1c", "rois": ["tumor"]}}],
            "rois:",
            'the image "t1c" has no ROI "tumor"',
        ),
        (
            [image("t1c"), image("adc", "t1c", registration={"to": "adc"})],
            "to:",
            'the image "adc" would be registered to itself; allowed: t1c',
        ),
        (
            [image("t1c"), image("adc", "t1c", registration={"to": "t3"})],
            "to:",
            'centre A has no other image "t3"',
        ),
        (
            [image("t1c"), image("t2"), image("adc", "t1c", registration={"to": "t2"})],
            "to:",
            'the registration is not to the image that the ROIs are of; found "t2"; allowed: t1c',
        ),
        (
            [image("t1c"), image("adc", registration={"to": "t1c"})],
            "registration:",
            'the ROIs of "adc" are its own, so that nothing is brought over',
        ),
        (
            [image("t1c"), image("t1", mask=ATLAS, registration={"to": "t1c"})],
            "to:",
            'the ROIs were drawn on the template of the atlas, so that the registration is to it; found "t1c"',
        ),
    ],
)
def test_faults_name_their_place(tmp_path: Path, images: list[dict[str, Any]], key: str, wanted: str) -> None:
    (found,) = [fault for fault in faults(tmp_path, *images) if wanted in fault]
    number = int(found.split("data_catalog.yaml:")[1].split(":")[0])
    assert (tmp_path / "data_catalog.yaml").read_text().splitlines()[number - 1].strip().startswith(key)


def test_a_fault_of_several_rois_is_told_once(tmp_path: Path) -> None:
    assert len(faults(tmp_path, image("t1c"), image("adc", "t1"))) == 1
