"""ROIs that are computed: in place of masks that are missing, in boxes of a table, by a command; each is marked and counted."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.catalog.catalog import load_catalog
from features.core.digest import digest_folder
from features.core.errors import ConfigError, DataError, MachineError, WeightsError
from features.core.quarantine import Rejected
from features.images.index.index_cohort import Index, index_cohort
from features.images.masks import run_command
from features.images.reading import Reading
from features.images.region import read_region
from features.results.work import scan_facts
from tests.support.catalog import catalog_of, cohort_of, file_images, write_catalog
from tests.support.scans import save_nifti

KEY = b"k" * 32
PET = {"modality": "PT", "unit": "SUV"}
BOXES = "patient,lesion,x_min_mm,x_max_mm,y_min_mm,y_max_mm,z_min_mm,z_max_mm\n"
PROGRAM = """
    import sys, nibabel, numpy
    if "--version" in sys.argv:
        print("segmenter", open(__file__ + ".version").read())
        raise SystemExit
    given, made, how = sys.argv[1:4]
    image = nibabel.load(given)
    if how == "fail":
        sys.stderr.write("Secret^Patient")
        raise SystemExit(3)
    if how == "slow":
        import time
        time.sleep(60)
    values = numpy.asarray(image.dataobj)
    labels = (values > 5).astype("uint8") + 2 * (values == 3).astype("uint8")
    shape = labels[1:] if how == "grid" else labels * (how != "empty")
    nibabel.save(nibabel.Nifti1Image(shape, image.affine), made)
"""


def make_pet(folder: Path, patient: str, *, mask: bool) -> None:
    """A PET of 12³ voxels of 2 mm with a block of 8.0 and one of 6.0 in 1.0 (3.0 in a row); its mask is a part of the first."""
    values = np.ones((12, 12, 12), np.float32)
    values[2:6, 2:6, 2:6], values[8:11, 8:11, 8:11], values[0, 0, :] = 8.0, 6.0, 3.0
    (folder / patient).mkdir(parents=True)
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])
    save_nifti(folder / patient / "image.nii.gz", values, affine)
    if mask:
        labels = np.zeros(values.shape, np.uint8)
        labels[2:5, 2:5, 2:6] = 1
        save_nifti(folder / patient / "mask.nii.gz", labels, affine)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    for number, mask in ((1, True), (2, True), (3, False)):
        make_pet(tmp_path, f"P{number}", mask=mask)
    return tmp_path


def indexed(folder: Path, mask: Mapping[str, Any], **changes: Any) -> Index:
    image = file_images(**PET, **changes) | {"mask": dict(mask)}
    return index_cohort(catalog_of(folder, demo=cohort_of(image)), "demo", KEY)


def program(folder: Path, how: str = "well") -> dict[str, Any]:
    """A command that this test installs, and its weights."""
    script = folder / "segmenter.py"
    script.write_text(textwrap.dedent(PROGRAM))
    (folder / "segmenter.py.version").write_text("1.2")
    (folder / "weights").mkdir(exist_ok=True)
    (folder / "weights" / "fold_0").write_bytes(b"weights")
    return {
        "format": "command",
        "command": [sys.executable, str(script), "{image}", "{mask}", how, "{weights}"],
        "version": [sys.executable, str(script), "--version"],
        "weights": "weights",
        "sha256": digest_folder(folder / "weights"),
    }


def masks(found: Index) -> dict[str, int]:
    return {one.segmentation: int(read_region(one).mask.sum()) for one in found.scans}


FALLBACK = {"format": "percent_of_max", "inside": {"format": "box", "table": "boxes.csv"}}
MAP = {"format": "nifti", "path": "{patient}/mask.nii.gz"}


def test_a_case_without_a_mask_has_the_source_that_otherwise_names_and_all_others_their_own(cohort: Path) -> None:
    (cohort / "boxes.csv").write_text(BOXES + "P3,,-1,13,-1,13,-1,13\nP1,,0,9,0,9,0,9\n")
    before = indexed(cohort, MAP)
    assert [one.code for one in before.quarantined] == ["MASK_MISSING"]
    found = indexed(cohort, {**MAP, "otherwise": FALLBACK})
    assert [one.segmentation for one in found.scans].count("given") == 2
    assert masks(found) == {"given": 36, "semiautomatic": 64}
    assert found.quarantined == ()
    assert sum(found.files.values()) == sum(before.files.values())
    given, computed = (
        next(one for one in found.scans if one.segmentation == how) for how in ("given", "semiautomatic")
    )
    assert scan_facts(given) == scan_facts(next(one for one in before.scans if one.case == given.case))
    assert "computed" in scan_facts(computed)
    assert [one.code for one in read_region(computed).warnings].count("SEGMENTED") == 2
    moved = (cohort / "boxes.csv").read_text().replace("P3,,-1,13", "P3,,-1,7")
    (cohort / "boxes.csv").write_text(moved)
    again = indexed(cohort, {**MAP, "otherwise": FALLBACK})
    other = next(one for one in again.scans if one.segmentation == "semiautomatic")
    assert scan_facts(other) != scan_facts(computed)
    assert [scan_facts(one) for one in again.scans if one.segmentation == "given"] == [
        scan_facts(one) for one in found.scans if one.segmentation == "given"
    ]


def test_whom_neither_mask_nor_table_tells_is_refused_once(cohort: Path) -> None:
    (cohort / "boxes.csv").write_text(BOXES + "P1,,0,9,0,9,0,9\n")
    found = indexed(cohort, {**MAP, "otherwise": FALLBACK})
    assert [(one.code, one.message) for one in found.quarantined] == [
        ("MASK_MISSING", 'an image has no mask: the table "boxes.csv" has no box for it')
    ]
    assert len(found.scans) == 2


def test_a_table_of_boxes_gives_a_case_for_each_lesion(cohort: Path) -> None:
    (cohort / "boxes.csv").write_text(BOXES + "P3,node,15,23,15,23,15,23\nP3,primary,-1,13,-1,13,-1,13\n")
    found = indexed(cohort, FALLBACK)
    sizes = {one.case.lesion: int(read_region(one).mask.sum()) for one in found.scans}
    assert sizes == {"node": 27, "primary": 64}
    assert [one.code for one in found.quarantined] == ["MASK_MISSING"] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOXES.replace("z_max_mm", "zmax"), 'boxes.csv: the table of boxes has no column "z_max_mm"'),
        (BOXES + "P1,,0,9,0,nine,0,9\n", "boxes.csv, line 2, y_max_mm: needed is a number in mm"),
        (BOXES + "P1,,9,0,0,9,0,9\n", "boxes.csv, line 2: x_min_mm has to be less than x_max_mm"),
        (None, r"boxes.csv: the table of boxes cannot be read \(FileNotFoundError\)"),
    ],
)
def test_a_table_of_boxes_with_a_fault_is_told_with_its_line(cohort: Path, text: str | None, message: str) -> None:
    if text is not None:
        (cohort / "boxes.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        indexed(cohort, FALLBACK)


def test_regions_of_label_maps_bound_and_another_image_takes_what_was_computed(cohort: Path) -> None:
    """The seed is a mask of files: only who has one has a ROI; the CT takes over what was computed on the PET."""
    grows = {"format": "fixed_threshold", "value": 4, "grows": True, "roi": "tumour", "inside": MAP}
    pet = file_images(**PET) | {"mask": grows}
    ct = file_images() | {"mask": {"format": "of", "image": "PT"}}
    found = index_cohort(catalog_of(cohort, demo=cohort_of(pet, ct)), "demo", KEY)
    assert {(one.image_name, one.roi_name, one.segmentation) for one in found.scans} == {
        ("CT", "tumour", "semiautomatic"),
        ("PT", "tumour", "semiautomatic"),
    }
    assert {int(read_region(one).mask.sum()) for one in found.scans} == {64}
    assert {one.code for one in found.quarantined} == {"MASK_MISSING"}


def test_a_command_is_run_once_for_all_its_rois_and_its_version_decides(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = {**program(cohort), "rois": {"hot": 1, "cold": 2}}
    found = indexed(cohort, mask)
    assert {one.segmentation for one in found.scans} == {"automatic"}
    runs: list[object] = []
    original = run_command.run_command
    monkeypatch.setattr(run_command, "run_command", lambda *args: runs.append(args) or original(*args))
    reading = Reading()
    own = [one for one in found.scans if one.case == found.scans[0].case]
    sizes = {one.roi_name: int(read_region(one, reading).mask.sum()) for one in own}
    assert sizes == {"hot": 64 + 27, "cold": 12}
    assert len(runs) == 1
    assert str(cohort) not in json.dumps({k: v for k, v in scan_facts(own[0]).items() if k != "computed"})
    run_command.version_of.cache_clear()
    (cohort / "segmenter.py.version").write_text("1.3")
    later = indexed(cohort, mask)
    assert scan_facts(later.scans[0]) != scan_facts(found.scans[0])
    with pytest.raises(
        MachineError, match="says .segmenter 1.3. here and .segmenter 1.2. where the refresh was planned"
    ):
        read_region(found.scans[0])


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("fail", "COMMAND_FAILED", "the command ended with the status 3"),
        ("grid", "COMMAND_FAILED", "the command wrote a mask on another grid: its size is another"),
        ("empty", "MASK_EMPTY", "the mask has no voxels"),
        ("slow", "TIMEOUT", "the command took longer than 1 s"),
    ],
)
def test_what_a_command_does_wrong_is_a_row_and_quotes_nothing_of_it(
    cohort: Path, how: str, code: str, message: str
) -> None:
    found = indexed(cohort, {**program(cohort, how), "time_limit_s": 1 if how == "slow" else 60})
    with pytest.raises(Rejected) as caught:
        read_region(found.scans[0])
    assert caught.value.code == code
    assert how == "empty" or caught.value.message == message
    assert "Secret" not in str(caught.value)


def test_weights_and_programs_that_are_not_there_stop_a_refresh_with_a_sentence(cohort: Path) -> None:
    mask = program(cohort)
    with pytest.raises(WeightsError, match="if they are meant, say sha256: [0-9a-f]{64}"):
        indexed(cohort, {**mask, "sha256": "0" * 64})
    with pytest.raises(WeightsError, match='there are no weights at "elsewhere"'):
        indexed(cohort, {**mask, "weights": "elsewhere"})
    with pytest.raises(MachineError, match='there is no program "no-such-program" on this machine'):
        indexed(cohort, {**mask, "version": ["no-such-program", "--version"]})


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ({"format": "command", "command": ["x", "{image}"], "version": ["x"]}, r"needs \{mask\} or \{mask_folder\}"),
        ({**MAP, "otherwise": MAP}, 'otherwise computes the ROI from the image; "nifti" does not'),
        ({**MAP, "rois": {"a": 1, "b": 2}, "otherwise": FALLBACK}, 'the mask has the ROI "a", too'),
        ({"format": "percent_of_max", "inside": {"format": "rtstruct", "roi": "GTV"}}, 'the mask cannot be "rtstruct"'),
    ],
)
def test_faults_of_the_catalog_are_told(tmp_path: Path, mask: dict[str, Any], message: str) -> None:
    path = write_catalog(tmp_path, demo=cohort_of(file_images(**PET) | {"mask": mask}))
    with pytest.raises(ConfigError, match=message):
        load_catalog(path)


def test_a_threshold_is_for_pet_alone(tmp_path: Path) -> None:
    path = write_catalog(tmp_path, demo=cohort_of(file_images() | {"mask": FALLBACK}))
    with pytest.raises(ConfigError, match="percent_of_max is for images of PT; this one is of CT"):
        load_catalog(path)


def test_what_decides_nothing_is_not_in_the_address(cohort: Path) -> None:
    (scan, *_) = indexed(cohort, program(cohort)).scans
    assert scan_facts(replace(scan, place="elsewhere")) == scan_facts(scan)
