"""Planted names, ids, dates and UIDs of a patient are in no file, table, log, page or artifact that a refresh leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydicom.dataset import Dataset

from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.core.storage.table import read_table
from flows.refresh import refresh_cohort
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tests.support.catalog import cohort_of, dicom_images, file_images, write_catalog
from tests.support.scans import image_series, rtstruct_of, save_nifti

NAME, BIRTH, ROOT_UID = "KANARIE", "19510203", "1.2.826.77.88.99"
ID = "77Q88-KANARIE"  # with a Q, so that no UUID of the server holds it by chance
CANARIES = (NAME, NAME.lower(), BIRTH, "1951-02-03", ROOT_UID, "77Q88-", "77q88-")
COHORT = cohort_of(
    dicom_images("ct", mask={"format": "rtstruct", "roi": "GTV.*"}),
    file_images("mr/{patient}/T1.nii.gz", "mr/{patient}/GTV.nii.gz", centre="B", modality="MR", unit="arbitrary"),
    root="files",
    centres={"A": {}, "B": {}},
    variables={"age": {"type": "number", "description": "age", "unit": "years"}},
    tables=[
        {"block": "clinical", "centre": "A", "path": f"{NAME}.csv", "id": "id", "columns": {"age": "Age"}},
        {"block": "clinical", "centre": "B", "path": f"{NAME} B.csv", "id": "id", "columns": {"age": "Age"}},
    ],
)
RECIPE = Recipe.model_validate(
    {
        "name": "mr",
        "modality": "MR",
        "unit": "arbitrary",
        "spacing_mm": [1, 1, 1],
        "discretise": {"bin_count": 8},
        "window": [0, 200],
        "extractors": [{"kind": "radweave", "families": ["firstorder"]}],
    }
)


def _mark(ds: Dataset, patient: str, series: int, number: int) -> None:
    """Put the canary into representations of all kinds, at depth, and into private attributes."""
    ds.preamble = NAME.encode().ljust(128)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT_UID}.{patient[-1]}.{series}.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{ROOT_UID}.{patient[-1]}", f"{ROOT_UID}.{patient[-1]}.{series}"
    ds.FrameOfReferenceUID = f"{ROOT_UID}.{patient[-1]}.2"
    ds.PatientName, ds.PatientBirthDate, ds.StudyDate = f"{NAME}^Ann", BIRTH, BIRTH
    for keyword in ("StudyDescription", "SeriesDescription", "InstitutionName", "StationName", "AccessionNumber"):
        setattr(ds, keyword, NAME[:16])
    for keyword in ("ImageComments", "AdditionalPatientHistory", "InstitutionAddress", "ProtocolName"):
        setattr(ds, keyword, f"of {NAME}")
    ds.BodyPartExamined, ds.StationAETitle, ds.RetrieveURL = NAME, NAME, f"http://{NAME}/"
    ds.AcquisitionDateTime = BIRTH + "101112"
    item = Dataset()
    item.PatientName, item.PatientID, item.CodeMeaning = f"{NAME}^Ann", patient, NAME
    ds.OtherPatientIDsSequence = ds.RequestAttributesSequence = [item]
    ds.private_block(0x0011, NAME, create=True).add_new(1, "LO", NAME)


def _save_ct(folder: Path, patient: str, roi: str, *, damage: str = "") -> None:
    folder.mkdir(parents=True)
    values = np.random.default_rng(1).integers(0, 900, (6, 12, 12))
    series = image_series(values, patient=patient, spacing=(1, 1, 2), origin=(0, 0, 0), intercept=0)
    for k, ds in enumerate(series):
        _mark(ds, patient, 1, k)
        if damage == "burned":
            ds.BurnedInAnnotation = "YES"
        if damage == "number" and k == 3:
            ds.add_new(0x00280030, "LO", NAME)  # PixelSpacing as text: pydicom's error would quote it
        path = folder / f"{NAME}{k}.dcm"
        ds.save_as(path, enforce_file_format=True)
        if damage == "short" and k == 2:
            path.write_bytes(path.read_bytes()[:-50])
    struct = rtstruct_of(series, [(roi, [[(2, 2, z), (9, 2, z), (9, 9, z), (2, 9, z)] for z in (2, 4, 6)])])
    _mark(struct, patient, 9, 0)
    struct.StructureSetROISequence[0].ROIDescription = NAME
    struct.save_as(folder / f"{NAME}_rt.dcm", enforce_file_format=True)


def _mark_nifti(image: Any) -> None:
    image.header["descrip"] = image.header["aux_file"] = NAME


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and bad scans, with the canary in attributes, paths, names of regions, NIfTI headers and cells."""
    root = tmp_path_factory.mktemp("canaries")
    files = root / "files"
    _save_ct(files / "ct" / f"{NAME}^Ann 1", f"{ID}1", f"GTV of {NAME}")
    _save_ct(files / "ct" / f"{NAME}^Ann 2", f"{ID}2", f"Liver of {NAME}")
    _save_ct(files / "ct" / f"{NAME}^Ann 3", f"{ID}3", "GTV", damage="short")
    _save_ct(files / "ct" / f"{NAME}^Ann 4", f"{ID}4", "GTV", damage="burned")
    _save_ct(files / "ct" / f"{NAME}^Ann 5", f"{ID}5", "GTV", damage="number")
    (files / "ct" / f"{NAME}.dcm").write_bytes(bytes(128) + b"DICM" + NAME.encode())
    (files / "ct" / f"{NAME}.lnk").symlink_to(f"/nowhere/{NAME}")
    for n, array in ((6, np.random.default_rng(2).normal(100, 9, (12, 12, 6))), (7, np.zeros((2, 2, 2)))):
        folder = files / "mr" / f"{ID}{n}"
        mask = np.zeros(array.shape, np.uint8)
        mask[2:9, 2:9, 1:5] = 1
        for name, values in (("T1", array.astype(np.float32)), ("GTV", mask)):
            save_nifti(folder / f"{name}.nii.gz", values, np.eye(4), edit=_mark_nifti)
    rows = "".join(f"{ID}{n},{60 + n},{NAME},{BIRTH}\n" for n in (1, 2, 9))
    (files / f"{NAME}.csv").write_text("id,Age,name,born\n" + rows)
    (files / f"{NAME} B.csv").write_text("id,Age,name,born\n" + f"{ID}6,61,{NAME},{BIRTH}\n")
    return write_catalog(root, demo=COHORT)


def _texts(root: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder with its name and content; of Parquet the values and the metadata too."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            text = path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                text += repr(read_table(path).to_pydict()) + repr(pq.read_metadata(path).metadata)
            yield str(path.relative_to(root)), text


def _found(texts: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Where which canary is."""
    return [(where, canary) for where, text in texts for canary in CANARIES if canary in where + text]


def test_the_canaries_are_in_the_files(catalog: Path) -> None:
    assert {canary for _, canary in _found(_texts(catalog.parent / "files"))} >= {NAME, BIRTH, ROOT_UID, "77Q88-"}


def test_no_canary_leaves_index_check_tables_extraction_and_publication(
    catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    store = Store(tmp_path / "store")
    with Pool(Threads(workers=1)) as pool:
        published = refresh_cohort("demo", [RECIPE], catalog, store, pool)
    assert store.results()["radiomics"]
    assert (published.scans, published.used) == (9, 2)
    assert set(published.quarantined) >= {"ROI_MISSING", "DICOM_SHORT_PIXELS", "PHI_BURNED", "MASK_EMPTY"}
    said = [*capfd.readouterr(), caplog.text, repr(published)]
    assert _found([("said", text) for text in said]) == []
    assert _found(_texts(store.root)) == []


@pytest.mark.slow
def test_no_canary_leaves_the_command_line(
    catalog: Path, tmp_path: Path, command: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The commands that show what a store holds."""
    store, out, said = tmp_path / "store", tmp_path / "out", []
    with Pool(Threads(workers=1)) as pool:
        refresh_cohort("demo", [], catalog, Store(store), pool)
    for arguments in (
        ["status", "--catalog", catalog],
        ["query", "SELECT * FROM quarantine"],
        ["query", "SELECT * FROM scans"],
        ["export", "scans", "--output", out / "scans.csv"],
        ["verify"],
    ):
        found = command(*arguments, "--store", store)
        said += [found.stdout, found.stderr]
    assert _found([("said", text) for text in [*said, caplog.text]]) == []
    assert _found([*_texts(store), *_texts(out)]) == []


@pytest.mark.server
@pytest.mark.slow
def test_no_canary_reaches_the_server(server: Any, catalog: Path, tmp_path: Path) -> None:
    """Runs, their parameters, logs, artifacts, events, and every byte of the server's database."""
    store = tmp_path / "store"
    chosen = {"recipes": ["mr_t1"], "failure_threshold": 1}
    run = server.trigger("scheduled", catalog=str(catalog), store=str(store), **chosen)
    ended = server.end(run)
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    about = {"flow_run_id": {"any_": [run]}}
    logs = server.post("/api/logs/filter", {"logs": about, "limit": 200})
    artifacts = server.artifacts(run)
    assert logs and any("quarantine" in key for key in artifacts)
    tasks = server.post("/api/task_runs/filter", {"task_runs": about})
    said = [json.dumps(one) for one in (ended, logs, artifacts, tasks)] + [server.log.read_text()]
    assert _found([("said", text) for text in said]) == []
    assert _found(_texts(store)) == []
    assert _found(_texts(server.store / "prefect")) == []
