"""The whole way with a real PACS: refresh from it, refresh again, and send masks and features back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.core.catalog.pacs_source import PacsSource
from features.core.errors import RadweaveError
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.pacs.credentials import Credentials
from features.pacs.send import send
from features.pacs.server import Server
from features.results.published import Published
from features.simulate.simulate_cohort import simulate_cohort
from flows.refresh import refresh_cohort
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tests.support.orthanc import PASSWORD, URL, USER, Orthanc

pytestmark = [pytest.mark.server, pytest.mark.slow]


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
    pacs = {"url": "${PACS_URL}", "description": "thorax", "settle_s": 0, "requests_per_second": 1000, "retries": 0}
    cohort["images"][0]["pacs"] = pacs
    found = folder / "cohort" / "data_catalog.yaml"
    found.write_text(yaml.safe_dump(facts))
    return found


def test_a_cohort_in_a_pacs_is_refreshed_and_answered(
    orthanc: Orthanc,
    tmp_path: Path,
    command: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    catalog, store = _catalog(tmp_path), tmp_path / "store"
    for name, value in {"PACS_URL": URL, "RADWEAVE_PACS_USER": USER, "RADWEAVE_PACS_PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(name, value)
    extractors = [{"kind": "radweave", "families": ["shape"]}]
    facts = {"name": "quick", "modality": "CT", "unit": "HU", "discretise": {"bin_width": 25}}
    recipe = Recipe.model_validate({**facts, "extractors": extractors})

    def refresh() -> Published:
        with Pool(Threads()) as pool:
            return refresh_cohort("builtin", [recipe], catalog, Store(store), pool)

    orthanc.kill()
    with pytest.raises(RadweaveError, match="there is no file to go on with"):
        refresh()
    orthanc.start()
    with monkeypatch.context() as wrong:
        wrong.setenv("RADWEAVE_PACS_PASSWORD", "no")
        with pytest.raises(RadweaveError, match=r"refuses the credentials \(HTTP 401\)"):
            refresh()
    first = refresh()
    assert (first.scans, first.used, first.quarantined) == (2, 2, {})
    assert not refresh().changed, "nothing is new"
    told = capfd.readouterr()
    assert told.err.count("PACS of A: 4 series with ") == told.err.count("PACS of A") == 1
    written = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in written and b"A-0001" not in written and PASSWORD not in told.out + told.err

    client = Server(PacsSource(url=URL, requests_per_second=1000), Credentials(USER, PASSWORD)).client
    before = len(client.search_for_instances())
    for _ in range(2):  # what is sent twice is kept once
        answer = command("export-seg", "builtin", "--pacs", URL, "--catalog", catalog, "--store", store)
        assert (
            "4 files of 2 scans: stored at the PACS" in answer.stdout and PASSWORD not in answer.stdout + answer.stderr
        )
    assert len(client.search_for_instances()) == before + 4
    kept = client.search_for_series(fields=["SeriesDescription", "Modality"])
    series = [(row["00080060"]["Value"][0], row["0008103E"]["Value"][0]) for row in kept]
    assert series.count(("SEG", "radweave ROI")) == series.count(("SR", "radweave features")) == 2

    orthanc.kill()
    last = refresh()
    assert (last.used, last.quarantined) == (2, {"PACS_FAILED": 1}), "what is there is used"
    assert "the refresh of A goes on with the files that are there" in capfd.readouterr().err
    orthanc.start()
