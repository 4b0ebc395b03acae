"""Contours by a network on a user's way: trained on contoured cases, looked at, and then the mask source of a case without mask."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.case import CaseId, FileSet, Scan
from features.core.catalog.catalog import load_catalog
from features.core.errors import ConfigError, DataError, RadweaveError, WeightsError
from features.core.storage.store import Store
from features.deep.contouring.settings import Contouring
from features.results.manifest import Mart
from flows.commands.contour import read_settings
from flows.contour import _contour, chosen_scans
from tasks.running.runners.threads import Threads
from tests.features.images.index.test_computed import MAP, PET
from tests.flows.test_computed_rois import refresh
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.page import Page
from tests.support.scans import save_nifti

SMALL: dict[str, Any] = {"size": 16, "width": 4, "epochs": 30, "patches": 4, "learning_rate": 0.01, "window": [0, 4]}


def write_patient(folder: Path, number: int, *, mask: bool) -> None:
    rng = np.random.default_rng(number)
    place, at = np.indices((20, 22, 24)), rng.uniform(6, 14, 3).reshape(3, 1, 1, 1)
    ball = ((place - at) ** 2).sum(axis=0) <= 16
    values = rng.normal(1.0, 0.2, ball.shape) + 2.0 * ball
    own = folder / f"P{number}"
    own.mkdir(parents=True)
    affine = np.diag([-3.0, -3.0, 3.0, 1.0])
    save_nifti(own / "image.nii.gz", values.astype(np.float32), affine)
    if mask:
        save_nifti(own / "mask.nii.gz", ball.astype(np.uint8), affine)


@pytest.mark.slow
def test_a_network_learns_from_contoured_cases_and_draws_those_without(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch")
    folder, out = tmp_path / "cohort", tmp_path / "cohort" / "network"
    for number in range(1, 7):
        write_patient(folder, number, mask=number < 6)
    catalog = write_catalog(folder, demo=cohort_of(file_images(**PET) | {"mask": MAP}))
    store = str(tmp_path / "store")
    found = _contour("demo", out, "", "roi", Contouring(**SMALL), 2, catalog, store, Threads(workers=1))
    assert found.folds == 2
    assert len(found.rows) == 5
    assert found.means["dice"].value > 0.6
    assert found.means["dice"].low <= found.means["dice"].value <= found.means["dice"].high
    rows = list(csv.DictReader((out / "cases.csv").read_text().splitlines()))
    assert sorted(float(one["dice"]) for one in rows) == pytest.approx(sorted(one.dice for one in found.rows), abs=1e-6)
    facts = json.loads((out / "contour.json").read_text())
    assert (facts["cases"], facts["patients"], facts["sha256"]) == (5, 5, found.sha256)
    page = Page((out / "contours.html").read_text())
    assert page.text.count("Dice") >= 5
    assert not (out / ".training").exists()
    otherwise = {"format": "contour_network", "network": "network/network.safetensors", "sha256": found.sha256}
    write_catalog(folder, demo=cohort_of(file_images(**PET) | {"mask": {**MAP, "otherwise": otherwise}}))
    refresh(catalog, Store(Path(store)))
    scans = Mart.open(Store(Path(store))).read("scans", "demo").to_pylist()
    assert sorted((one["segmentation"], one["state"]) for one in scans) == [
        ("automatic", "used"),
        *[("given", "used")] * 5,
    ]
    wrong = {**otherwise, "sha256": "0" * 64}
    write_catalog(folder, demo=cohort_of(file_images(**PET) | {"mask": {**MAP, "otherwise": wrong}}))
    with pytest.raises(WeightsError, match=f"say sha256: {found.sha256}"):
        refresh(catalog, Store(Path(store)))
    assert load_catalog(catalog).cohorts["demo"].every_source[-1].steps[-1].kind == "contour_network"


def scan(roi: str = "tumour", segmentation: str = "given", image: str = "t1c", lesion: str = "") -> Scan:
    files = FileSet("nifti", (), "x")
    case = CaseId("demo", "p", "baseline", lesion)
    return Scan(
        case, "A", "MR", "arbitrary", files, files, "1", image_name=image, roi_name=roi, segmentation=segmentation
    )  # type: ignore[arg-type]


def test_what_a_network_cannot_learn_from_is_told() -> None:
    assert chosen_scans([scan(), scan("oedema"), scan(segmentation="automatic")], "demo", "T1C", "tumour") == [scan()]
    with pytest.raises(RadweaveError, match='with the ROI "tumor" that can be used; it has t1c tumour. Did you mean'):
        chosen_scans([scan()], "demo", "t1c", "tumor")
    with pytest.raises(RadweaveError, match="flair, t1c; name one by --image"):
        chosen_scans([scan(), scan(image="flair")], "demo", "", "tumour")
    with pytest.raises(DataError, match="a program made every ROI"):
        chosen_scans([scan(segmentation="automatic")], "demo", "", "tumour")
    with pytest.raises(DataError, match="a case for each lesion"):
        chosen_scans([scan(lesion="2")], "demo", "", "tumour")


def test_settings_of_the_command_are_checked_together() -> None:
    found = read_settings(["epochs=5", "window=-1000,400", "size=32"])
    assert (found.epochs, found.window, found.size, found.width) == (5, (-1000.0, 400.0), 32, 16)
    with pytest.raises(ConfigError) as caught:
        read_settings(["epoch=5", "size"])
    assert [fault.where for fault in caught.value.faults] == ["--set epoch=5", "--set size"]
    assert 'did you mean "epochs"?' in str(caught.value)
    with pytest.raises(ConfigError, match="--set size: .*multiple of 8"):
        read_settings(["size=33"])
