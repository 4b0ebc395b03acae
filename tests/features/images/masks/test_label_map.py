"""Settings of label maps: which go together, and the sources that they become."""

from __future__ import annotations

import re
from typing import Any

import pytest

from features.core.kinds.mask import MASKS


def label_map(**settings: Any) -> Any:
    return MASKS.parse({"format": "nifti", "path": "{patient}/mask.nii.gz", **settings})


READERS = {"path": "{patient}/{reader}.nii.gz", "readers": ["anna", "ben"]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"readers": ["anna", "ben"]}, '"{patient}/mask.nii.gz" needs {reader} if readers are named'),
        ({"path": "{patient}/{reader}.nii.gz"}, "needs {reader} if readers are named, and only then"),
        ({**READERS, "readers": ["anna", "anna"]}, "readers names one twice: anna, anna"),
        ({**READERS, "readers": ["anna"]}, "a consensus needs two readers or more; of one reader say consensus: none"),
        ({**READERS, "lesions": "by_label"}, "give either readers, whose masks are of the same ROI, or lesions"),
        ({"consensus": "staple"}, "consensus is of several readers"),
        ({"template": "{patient}/t1.nii"}, "is one image for all: it has no placeholders"),
        ({"rois": {"tumour": [1, 4], "core": 4}, "overlap": "reject"}, "tumour and core share the label 4"),
        ({"rois": {"tumour_by_anna": 1}}, "radweave writes into names of combined regions and readers"),
        ({"rois": {"a": 1, "b": 2}, "label": 3}, "give one of label, for one ROI, rois"),
        ({"label": 2, "lesions": "by_label"}, "give either label, for one ROI, or lesions"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        label_map(**settings)


def test_a_source_for_each_region_and_reader_the_consensus_first() -> None:
    found = label_map(**READERS, rois={"tumour": [1, 4], "oedema": 2}).each()
    assert [(one.roi_name, one.pattern, one.reader, one.path) for one in found[:3]] == [
        ("tumour", "1+4", "", "{patient}/{reader}.nii.gz"),
        ("tumour_by_anna", "1+4", "anna", "{patient}/anna.nii.gz"),
        ("tumour_by_ben", "1+4", "ben", "{patient}/ben.nii.gz"),
    ]
    assert [one.roi_name for one in found[3:]] == ["oedema", "oedema_by_anna", "oedema_by_ben"]
    single = label_map(**READERS, consensus="none").each()
    assert [one.roi_name for one in single] == ["roi_by_anna", "roi_by_ben"]
    assert [one.roi_name for one in label_map(label=3).each()] == ["roi"]


def test_nested_regions_of_a_brats_label_map_share_labels() -> None:
    found = label_map(rois={"whole_tumour": [1, 2, 4], "core": [1, 4], "enhancing": 4}).each()
    assert [one.pattern for one in found] == ["1+2+4", "1+4", "4"]
