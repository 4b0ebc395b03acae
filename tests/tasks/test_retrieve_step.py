"""The step before the index: which sources it asks, what it says, and where credentials come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect.blocks.system import Secret

from features.core.catalog.pacs_source import PacsSource
from features.core.errors import RadweaveError
from features.core.quarantine import Quarantined
from features.images.index.index_cohort import Index
from features.pacs.credentials import Credentials
from features.pacs.server import Server
from tasks.retrieve import Retrieval, find_credentials, retrieve_cohort
from tests.features.pacs.conftest import FakePacs, Wound, pacs, wound  # noqa: F401

CATALOG = """\
version: 1
cohorts:
  demo:
    title: Demo
    licence: CC0
    root: .
    centres: {A: {}, B: {}}
    images:
    - format: dicom
      centre: A
      modality: CT
      unit: HU
      path: a
      mask: {format: rtstruct, roi: GTV}
      pacs: {url: 'http://pacs.test/dicom-web', settle_s: 0, retries: 1, requests_per_second: 1000}
    - {format: nifti, centre: B, modality: CT, unit: HU, path: '{patient}.nii', mask: {format: nifti, path: '{patient}_m.nii'}}
"""


@pytest.fixture
def retrieve(tmp_path: Path, pacs: FakePacs, wound: Wound) -> Callable[..., Retrieval]:  # noqa: F811
    def run(catalog: str = CATALOG) -> Retrieval:
        def make(declared: PacsSource, credentials: Credentials) -> Server:
            return Server(declared, credentials, clock=wound.clock, adapter=pacs)

        (tmp_path / "catalog.yaml").write_text(catalog)
        return retrieve_cohort(tmp_path / "catalog.yaml", "demo", make_server=make)

    return run


def test_only_sources_with_a_pacs_are_asked(retrieve: Callable[..., Retrieval], tmp_path: Path) -> None:
    found = retrieve()
    assert (found.rows, found.messages) == ((), ("PACS of A: 4 series with 10 files retrieved",))
    assert len(list((tmp_path / "a").rglob("*.dcm"))) == 10
    assert retrieve() == Retrieval()


def test_a_cohort_goes_on_while_there_is_anything_to_go_on_with(
    retrieve: Callable[..., Retrieval],
    pacs: FakePacs,  # noqa: F811
) -> None:
    pacs.faults = [requests.ConnectionError() for _ in range(9)]
    found = retrieve()
    assert [row.code for row in found.rows] == ["PACS_FAILED"] and "goes on" in found.messages[0]
    alone = CATALOG[: CATALOG.index("    - {format: nifti")]
    with pytest.raises(RadweaveError, match='cohort "demo": the PACS does not answer .* no file to go on with'):
        retrieve(alone)
    pacs.faults = []
    assert retrieve(alone).rows == ()
    pacs.faults = [requests.ConnectionError() for _ in range(9)]
    assert len(retrieve(alone).rows) == 1


def test_rows_join_those_of_the_index_in_order() -> None:
    rows = [Quarantined("demo", "A", f"demo:{n}", "CT", "index", "PACS_FAILED", "m", {"n": n}) for n in (1, 2, 3)]
    index = Index("demo", (), (rows[0], rows[2]), {})
    assert Retrieval(rows=(rows[1],)).added_to(index).quarantined == tuple(rows)


def test_credentials_come_from_the_block_that_the_catalog_names(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def load(name: str, **_: Any) -> Secret[Any]:
        asked.append(name)
        if name == "absent":
            raise ValueError("no such block")
        return Secret(value={"user": "reader", "password": "hunter2"})

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(RadweaveError, match='in the Prefect block "north": set PREFECT_API_URL'):
        find_credentials("north")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setattr(Secret, "load", load)
    assert find_credentials("north") == Credentials("reader", "hunter2") and asked == ["north"]
    with pytest.raises(RadweaveError, match='no Secret block "absent"'):
        find_credentials("absent")
