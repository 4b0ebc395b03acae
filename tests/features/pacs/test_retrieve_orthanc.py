"""Retrieval from a real PACS: Orthanc, killed in the middle, still receiving, and asked again."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from features.core.catalog.image_source import DicomSource
from features.core.catalog.pacs_source import PACS_FOLDER, PacsSource
from features.core.errors import RadweaveError
from features.core.progress import watched_by
from features.images.index.findings import Pseudonyms
from features.pacs.credentials import Credentials
from features.pacs.retrieve import Retrieved, retrieve_source
from features.pacs.server import Clock, Server
from tests.features.pacs.conftest import KEY, encoded, instance
from tests.support.catalog import dicom_images
from tests.support.orthanc import PASSWORD, URL, USER, Orthanc

pytestmark = [pytest.mark.server, pytest.mark.slow]
PACS = {"url": URL, "settle_s": 0, "requests_per_second": 1000}


def _server(credentials: Credentials | None = None, sleep: Callable[[float], Any] = lambda _: None) -> Server:
    pacs = PacsSource.model_validate(PACS)
    return Server(pacs, credentials or Credentials(USER, PASSWORD), clock=Clock(sleep=sleep))


def _retrieve(folder: Path, server: Server | None = None) -> Retrieved:
    source = DicomSource.model_validate(dicom_images(pacs=PACS))
    assert source.pacs is not None
    names = Pseudonyms("demo", KEY)
    return retrieve_source(server or _server(), source, source.pacs, folder, names, today=date.today())


def _store(instances: list[Dataset]) -> None:
    whole = [dcmread(io.BytesIO(encoded(ds))) for ds in instances]  # with all of their file meta information
    _server().client.store_instances(whole)


def _series(slices: int, size: int = 8) -> list[Dataset]:
    study, series = generate_uid(), generate_uid()
    pixels = np.random.default_rng(0).integers(0, 4000, (slices, size, size), "<i2")
    found = [instance("P1", study, series, Rows=size, Columns=size, PixelData=p.tobytes()) for p in pixels]
    for ds in found:
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.BitsStored, ds.HighBit = 1, "MONOCHROME2", 16, 15
        ds.PixelRepresentation = 1
    return found


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in (folder / "dicom").rglob("*.dcm") if PACS_FOLDER not in path.parts]
    files = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID): path.read_bytes() for path in paths}
    assert len(files) == len(paths), "an instance came twice"
    return files


def _all(instances: list[Dataset]) -> dict[str, bytes]:
    return {str(ds.SOPInstanceUID): encoded(ds) for ds in instances}


def test_a_pacs_killed_in_the_middle_loses_nothing_and_gives_nothing_twice(orthanc: Orthanc, tmp_path: Path) -> None:
    sent = _series(60, 384)  # 18 MB: more than what waits between two sockets
    _store(sent)
    events: list[str] = []

    def watch(_what: str, done: int, _total: int) -> None:
        if done == 10 and not events:
            orthanc.kill()
            events.append(f"killed after {done}")

    def rest(_seconds: float) -> None:
        if events == ["killed after 10"]:
            events.append("restarted")
            orthanc.start()

    with watched_by(watch):
        found = _retrieve(tmp_path, _server(sleep=rest))
    assert events == ["killed after 10", "restarted"]
    assert found.rows == () and (found.series, found.files) == (1, 60)
    assert _files(tmp_path) == _all(sent)


def test_a_pacs_that_stays_away_is_taken_up_at_the_next_refresh(orthanc: Orthanc, tmp_path: Path) -> None:
    sent = _series(60, 384)
    _store(sent)
    with watched_by(lambda _what, done, _total: orthanc.kill() if done == 10 else None):
        found = _retrieve(tmp_path)
    assert [row.code for row in found.rows] == ["PACS_FAILED"] and _files(tmp_path) == {}
    assert not _retrieve(tmp_path).answered
    orthanc.start()
    again = _retrieve(tmp_path)
    assert again.rows == () and 0 < again.files <= 50, "what had arrived counts"
    assert _files(tmp_path) == _all(sent)
    third = _retrieve(tmp_path)
    assert (third.series, third.files, third.rows) == (0, 0, ())


def test_a_series_that_still_arrives_waits_for_the_next_refresh(orthanc: Orthanc, tmp_path: Path) -> None:
    sent = _series(12)
    _store(sent[:11])
    with watched_by(lambda _what, done, _total: _store(sent[11:]) if done == 5 else None):
        found = _retrieve(tmp_path)
    (row,) = found.rows
    assert (row.code, row.details["expected"], row.details["received"]) == ("PACS_PARTIAL", 12, 11)
    assert _files(tmp_path) == {}
    again = _retrieve(tmp_path)
    assert again.rows == () and again.files == 1 and _files(tmp_path) == _all(sent)


def test_a_wrong_password_is_told_without_it(orthanc: Orthanc, tmp_path: Path) -> None:
    wrong = "not-the-password"
    with pytest.raises(
        RadweaveError, match=r"refuses the credentials \(HTTP 401\): check RADWEAVE_PACS_USER"
    ) as caught:
        _retrieve(tmp_path, _server(Credentials(USER, wrong)))
    assert wrong not in repr(caught.value) and USER not in str(caught.value)
