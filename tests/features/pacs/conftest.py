"""A PACS inside the process: a transport that answers DICOMweb requests, whose faults are planted; and a clock to wind."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import requests
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, RTStructureSetStorage, generate_uid

from features.core.catalog.image_source import DicomSource
from features.core.catalog.pacs_source import PacsSource
from features.images.index.findings import Pseudonyms
from features.pacs.credentials import Credentials
from features.pacs.retrieve import Retrieved, retrieve_source
from features.pacs.server import Clock, Server
from tests.support.catalog import dicom_images
from tests.support.scans import new_dataset

KEY = b"k" * 64
URL = "http://pacs.test/dicom-web"


def instance(patient: str, study: str, series: str, modality: str = "CT", **facts: Any) -> Dataset:
    """An instance of 8 × 8 pixels."""
    place = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "StudyDate": "20200401"}
    pixels = {"Rows": 8, "Columns": 8, "BitsAllocated": 16, "PixelData": np.arange(64, dtype="<i2").tobytes()}
    own = {"SeriesDescription": "Thorax 1mm", **place, **(pixels if modality == "CT" else {}), **facts}
    return new_dataset(CTImageStorage if modality == "CT" else RTStructureSetStorage, modality, patient, **own)


_encoded: dict[str, bytes] = {}  # by SOP instance UID: encoding takes half the time of these tests


def encoded(ds: Dataset) -> bytes:
    """The bytes of an instance; it must not change any more."""
    uid = str(ds.SOPInstanceUID)
    if uid not in _encoded:
        buffer = io.BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        _encoded[uid] = buffer.getvalue()
    return _encoded[uid]


@dataclass
class FakePacs(requests.adapters.BaseAdapter):
    """Holds instances and answers QIDO-RS and WADO-RS. `faults`: what the next requests get instead of an answer.

    A fault is a status, an exception, or a function of the whole body that gives what of it arrives. page: at most so many
    results at once. Matching of words is loose, as some servers': without regard to case.
    """

    instances: list[Dataset] = field(default_factory=list)
    page: int = 1000
    faults: list[Any] = field(default_factory=list)
    log: list[requests.PreparedRequest] = field(default_factory=list)
    after: Callable[[str], object] = str

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.log.append(request)
        url = urlsplit(str(request.url))
        fault = self.faults.pop(0) if self.faults else 200
        if isinstance(fault, Exception):
            raise fault
        answer = requests.Response()
        answer.request, answer.url, answer.status_code = request, str(request.url), 200
        answer.headers["Content-Type"] = "application/dicom+json"
        if isinstance(fault, int) and fault != 200:
            answer.status_code, body = fault, b"PatientName Secret^P1"
        else:
            body = self._body(url.path.removeprefix("/dicom-web/"), parse_qs(url.query), answer)
        if callable(fault):
            body = fault(body)
        answer.raw = io.BytesIO(body)
        self.after(url.path)
        return answer

    def close(self) -> None: ...

    @property
    def retrieved(self) -> list[str]:
        """Paths of the requests for files."""
        return [urlsplit(str(one.url)).path for one in self.log if "multipart" in str(one.headers.get("Accept"))]

    def _body(self, path: str, query: dict[str, list[str]], answer: requests.Response) -> bytes:
        uids = dict(zip(("studies", "series", "instances"), re.findall(r"/([\d.]+)", path), strict=False))
        found = [
            ds
            for ds in self.instances
            if ds.StudyInstanceUID == uids.get("studies", ds.StudyInstanceUID)
            and ds.SeriesInstanceUID == uids.get("series", ds.SeriesInstanceUID)
            and ds.SOPInstanceUID == uids.get("instances", ds.SOPInstanceUID)
        ]
        if "multipart" in str(answer.request.headers.get("Accept")):
            return self._files(found, answer)
        level = path.rsplit("/", 1)[-1]
        rows: dict[str, Dataset] = {}
        for ds in found:
            rows.setdefault(self._uid(ds, level), ds)
        wanted = [ds for ds in rows.values() if self._fits(ds, query)]
        start, limit = (int(query.get(name, [default])[0]) for name, default in (("offset", "0"), ("limit", "1000")))
        page = wanted[start : start + min(self.page, limit)]
        return json.dumps([self._row(ds, level, found) for ds in page]).encode()

    def _files(self, found: list[Dataset], answer: requests.Response) -> bytes:
        answer.headers["Content-Type"] = 'multipart/related; type="application/dicom"; boundary=edge'
        if not found:
            answer.status_code = 404
        parts = (b"\r\n--edge\r\nContent-Type: application/dicom\r\n\r\n" + encoded(ds) for ds in found)
        return b"".join(parts).removeprefix(b"\r\n") + b"\r\n--edge--\r\n"

    def _fits(self, ds: Dataset, query: dict[str, list[str]]) -> bool:
        first, last = ([*query.get("StudyDate", ["-"])[0].split("-"), ""])[:2]
        patient = query.get("PatientID", [ds.PatientID])[0]
        return (first or "0") <= ds.StudyDate <= (last or "9") and patient.lower() == ds.PatientID.lower()

    def _uid(self, ds: Dataset, level: str) -> str:
        return str({"studies": ds.StudyInstanceUID, "series": ds.SeriesInstanceUID}.get(level, ds.SOPInstanceUID))

    def _row(self, ds: Dataset, level: str, found: list[Dataset]) -> dict[str, Any]:
        row = Dataset()
        for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality"):
            setattr(row, keyword, ds[keyword].value)
        row.SeriesDescription = ds.SeriesDescription
        own = [one for one in found if self._uid(one, level) == self._uid(ds, level)]
        row.NumberOfStudyRelatedInstances = row.NumberOfSeriesRelatedInstances = len(own)
        row.NumberOfStudyRelatedSeries = len({one.SeriesInstanceUID for one in own})
        return row.to_json_dict()


@dataclass
class Wound:
    """A clock that only `sleep` moves on."""

    s: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.s += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.s, sleep=self.sleep, random=lambda: 1.0)


@pytest.fixture
def wound() -> Wound:
    return Wound()


@pytest.fixture
def pacs() -> FakePacs:
    """Two patients: P1 with five slices and an RTSTRUCT, P2 with three slices and an RTSTRUCT."""
    found = FakePacs()
    for patient, slices in (("P1", 5), ("P2", 3)):
        study, series = generate_uid(), generate_uid()
        found.instances += [instance(patient, study, series) for _ in range(slices)]
        found.instances.append(instance(patient, study, generate_uid(), "RTSTRUCT", SeriesDescription="Contours"))
    return found


@pytest.fixture
def server(pacs: FakePacs, wound: Wound) -> Callable[..., Server]:
    """A server on the PACS inside the process."""

    def build(credentials: Credentials | None = None, **settings: Any) -> Server:
        declared = PacsSource(url=URL, **{"requests_per_second": 1000, "settle_s": 0, **settings})
        return Server(declared, credentials or Credentials(), clock=wound.clock, adapter=pacs)

    return build


@pytest.fixture
def retrieve(pacs: FakePacs, server: Callable[..., Server], tmp_path: Path) -> Callable[..., Retrieved]:
    """Retrieve into tmp_path/dicom, with the settings of a catalog's key `pacs`."""

    def run(again: bool = False, withdrawn: frozenset[str] = frozenset(), **settings: Any) -> Retrieved:
        declared = {"url": URL, "settle_s": 0, "requests_per_second": 1000, **settings}
        source = DicomSource.model_validate(dicom_images(pacs=declared))
        assert source.pacs is not None
        names = Pseudonyms("demo", KEY)
        found = server(**{name: value for name, value in settings.items() if name == "retries"})
        return retrieve_source(
            found, source, source.pacs, tmp_path, names, today=date(2020, 6, 1), withdrawn=withdrawn, again=again
        )

    return run
