"""The whole way with a real PACS: refresh from it, refresh again, and send masks and features back."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.core.pacs_source import PacsSource
from features.pacs.credentials import Credentials
from features.pacs.send import send
from features.pacs.server import Server
from features.simulate.cohort import simulate_cohort
from tests.features.pacs.orthanc import PASSWORD, URL, USER, Orthanc, private_network, why_not

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    if reason := why_not():
        pytest.skip(reason)
    with private_network():
        found = Orthanc(tmp_path)
        yield found
        found.kill()


def _catalog(folder: Path) -> Path:
    """The simulated cohort's catalog with its DICOM files in a PACS, and none on disk."""
    written = simulate_cohort(folder / "hospital", centres=1, patients_per_centre=1, seed=2)
    files = [path.read_bytes() for path in sorted(written.parent.rglob("*.dcm"))]
    send(Server(PacsSource(url=URL, requests_per_second=1000), Credentials(USER, PASSWORD)), files)
    facts = yaml.safe_load(written.read_text())
    cohort = facts["cohorts"]["builtin"]
    (folder / "cohort" / "tables").mkdir(parents=True)
    for table in cohort["tables"]:
        (folder / "cohort" / table["path"]).write_bytes((written.parent / table["path"]).read_bytes())
    pacs = {"url": "${PACS_URL}", "description": "thorax", "settle_s": 0, "requests_per_second": 1000, "retries": 2}
    cohort["images"][0]["pacs"] = pacs
    found = folder / "cohort" / "data_catalog.yaml"
    found.write_text(yaml.safe_dump(facts))
    return found


def test_a_cohort_in_a_pacs_is_refreshed_and_answered(
    orthanc: Orthanc, tmp_path: Path, command: Callable[..., Any]
) -> None:
    catalog, store = _catalog(tmp_path), tmp_path / "store"
    where = {"PACS_URL": URL, "RADWEAVE_PACS_USER": USER, "RADWEAVE_PACS_PASSWORD": PASSWORD}

    def run(*arguments: object, code: int = 0, **environment: str) -> str:
        found = command(*arguments, "--catalog", catalog, "--store", store, code=code, **{**where, **environment})
        told = found.stdout + found.stderr
        assert PASSWORD not in told
        return str(told)

    refresh = ("refresh", "builtin", "--recipe", "ct_lung", "--runner", "threads")
    orthanc.kill()
    assert "there is no file to go on with" in run(*refresh, code=2)
    orthanc.start()
    assert "refuses the credentials (HTTP 401)" in run(*refresh, code=2, RADWEAVE_PACS_PASSWORD="no")
    assert "PACS of A: 4 series with " in run(*refresh)
    assert "PACS of A" not in run(*refresh)
    written = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in written and b"A-0001" not in written

    asked = {"url": URL, "requests_per_second": 1000}
    client = Server(PacsSource.model_validate(asked), Credentials(USER, PASSWORD)).client
    before = len(client.search_for_instances())
    for _ in range(2):  # what is sent twice is kept once
        assert "4 files of 2 scans: stored at the PACS" in run("export-seg", "builtin", "--pacs", URL)
    assert len(client.search_for_instances()) == before + 4
    kept = client.search_for_series(fields=["SeriesDescription", "Modality"])
    told = sorted((row["00080060"]["Value"][0], row["0008103E"]["Value"][0]) for row in kept)
    assert told.count(("SEG", "radweave ROI")) == told.count(("SR", "radweave features")) == 2

    orthanc.kill()
    assert "the refresh of A goes on with the files that are there" in run(*refresh)
    orthanc.start()
