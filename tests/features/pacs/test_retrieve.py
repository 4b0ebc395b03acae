"""What is retrieved from a PACS, what is not, and what is said of it."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from pydicom import dcmread

from features.core.catalog.pacs_source import PACS_FOLDER
from features.core.errors import RadweaveError, StoreError
from features.core.progress import watched_by
from features.core.storage.lock import locked
from features.images.index.findings import Pseudonyms
from features.pacs.retrieve import Retrieved
from tests.features.pacs.conftest import KEY, FakePacs, encoded, instance

pytestmark = pytest.mark.slow

Retrieve = Callable[..., Retrieved]


def _found(folder: Path) -> dict[str, bytes]:
    """SOP instance UID → bytes, of the files that the index will find."""
    paths = [path for path in (folder / "dicom").rglob("*.dcm") if PACS_FOLDER not in path.parts]
    files = {str(dcmread(path).SOPInstanceUID): path.read_bytes() for path in paths}
    assert len(files) == len(paths), "an instance came twice"
    return files


def _codes(found: Retrieved) -> list[str]:
    return sorted(row.code for row in found.rows)


def _all(pacs: FakePacs) -> dict[str, bytes]:
    return {str(ds.SOPInstanceUID): encoded(ds) for ds in pacs.instances}


def test_every_file_arrives_as_it_was_stored(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    found = retrieve()
    assert _found(tmp_path) == _all(pacs) and found.rows == ()
    assert (found.series, found.files) == (4, 10) and str(found) == "PACS of A: 4 series with 10 files retrieved"
    assert len(pacs.retrieved) == 4, "one request for each series"


def test_a_second_refresh_asks_for_studies_alone(retrieve: Retrieve, pacs: FakePacs) -> None:
    retrieve()
    pacs.log.clear()
    found = retrieve()
    assert [str(request.url).split("?")[0].rsplit("/")[-1] for request in pacs.log] == ["studies", "studies"]
    assert (found.series, found.files, str(found)) == (0, 0, "")


def test_only_what_is_new_is_retrieved(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    retrieve()
    first = pacs.instances[0]
    new = [instance("P1", first.StudyInstanceUID, first.SeriesInstanceUID), instance("P3", "1.2.3", "1.2.3.4")]
    pacs.instances += new
    pacs.log.clear()
    found = retrieve()
    assert found.files == 2 and len(pacs.retrieved) == 2
    assert pacs.retrieved[0].endswith(new[0].SOPInstanceUID), "one file of a series that was there but for it"
    assert _found(tmp_path) == _all(pacs)


def test_what_was_replaced_at_the_pacs_is_replaced_here(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    retrieve()
    first = pacs.instances[0]
    pacs.instances[0] = instance("P1", first.StudyInstanceUID, first.SeriesInstanceUID)
    retrieve()
    assert _found(tmp_path) != _all(pacs), "counts tell nothing of it"
    retrieve(again=True)
    assert _found(tmp_path) == _all(pacs)


@pytest.mark.parametrize("page", [1, 2])
def test_small_pages_are_put_together(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path, page: int) -> None:
    pacs.page = page
    retrieve()
    assert _found(tmp_path) == _all(pacs)


def test_dates_descriptions_and_patients_narrow_the_choice(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    other = pacs.instances[0]
    scout = instance("P1", other.StudyInstanceUID, "1.2.77", SeriesDescription="Scout")
    old = instance("P1", "1.2.5", "1.2.55", StudyDate="20100101")
    like = instance("p1", "1.2.6", "1.2.66")
    pacs.instances += [scout, old, like]
    (tmp_path / "ids.txt").write_text("# of the trial\nP1\n\n")
    settings = {"study_date": {"from": "2020-01-01"}, "description": "thorax.*", "patients": "ids.txt"}
    retrieve(**settings)
    wanted = [ds for ds in pacs.instances if ds.PatientID == "P1" and ds not in (scout, old)]
    assert _found(tmp_path).keys() == {str(ds.SOPInstanceUID) for ds in wanted}
    dates = [request.url for request in pacs.log if "StudyDate" in str(request.url)]
    assert dates and all("StudyDate=20200101-" in str(url) for url in dates)


def test_last_days_are_counted_from_today(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    retrieve(study_date={"last_days": 30})
    assert "StudyDate=20200502-" in str(pacs.log[0].url) and _found(tmp_path) == {}


def test_a_study_without_a_wanted_image_gives_no_mask(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    retrieve(description="Abdomen")
    assert _found(tmp_path) == {} and pacs.retrieved == []


def test_the_file_of_patients_is_checked(retrieve: Retrieve, tmp_path: Path) -> None:
    with pytest.raises(RadweaveError, match='"ids.txt" cannot be read: No such file'):
        retrieve(patients="ids.txt")
    (tmp_path / "ids.txt").write_text("P1\nSECRET*\n")
    with pytest.raises(RadweaveError, match=r"ids.txt:2: a patient id holds") as caught:
        retrieve(patients="ids.txt")
    assert "SECRET" not in str(caught.value)
    with pytest.raises(RadweaveError, match="leads outside"):
        retrieve(patients="../ids.txt")


def test_a_body_that_is_cut_off_is_resumed(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    """Three of five slices arrive, the fourth is half: then the others are asked for one by one."""
    pacs.page = 1000
    cuts = 0

    def cut(body: bytes) -> bytes:
        nonlocal cuts
        cuts += 1
        return body[: body.rindex(b"--edge\r\nContent", 0, body.rindex(b"--edge\r\nContent")) + 300]

    pacs.after = lambda path: pacs.faults.append(cut) if path.endswith("/instances") and not cuts else None
    found = retrieve()
    assert cuts == 1 and _found(tmp_path) == _all(pacs) and found.rows == ()
    assert found.files == 10, "nothing came twice"
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_pacs_that_dies_in_the_middle_is_taken_up_at_the_next_refresh(
    retrieve: Retrieve, pacs: FakePacs, tmp_path: Path
) -> None:
    """The first slice of the first series is whole, the second half; then nobody answers any more."""

    def half(body: bytes) -> bytes:
        pacs.faults, pacs.after = [requests.ConnectionError() for _ in range(100)], str
        return body[: body.index(b"--edge", 10) + 100]

    pacs.after = lambda path: pacs.faults.append(half) if path.endswith("/instances") else None
    found = retrieve(retries=3)
    assert _codes(found) == ["PACS_FAILED"] * 4 and _found(tmp_path) == {} and len(_hidden(tmp_path)) == 1
    pacs.faults, pacs.after = [], str
    again = retrieve()
    assert again.rows == () and again.files == 9 and _found(tmp_path) == _all(pacs)


def _hidden(folder: Path) -> list[Path]:
    return list((folder / "dicom" / PACS_FOLDER).rglob("*.dcm"))


def test_a_series_that_still_arrives_is_hidden_until_it_is_whole(
    retrieve: Retrieve, pacs: FakePacs, tmp_path: Path
) -> None:
    first = pacs.instances[0]

    def arrive(path: str) -> None:
        if first.SeriesInstanceUID in path and path.endswith(first.SeriesInstanceUID):
            pacs.instances.append(instance("P1", first.StudyInstanceUID, first.SeriesInstanceUID))

    pacs.after = arrive
    found = retrieve()
    pacs.after = str
    (row,) = found.rows
    assert (row.code, row.stage, row.modality) == ("PACS_PARTIAL", "index", "CT")
    assert row.case == f"demo:{Pseudonyms('demo', KEY).patient('P1')}"
    assert {name: row.details[name] for name in ("expected", "received")} == {"expected": 6, "received": 5}
    assert not any(ds.SOPInstanceUID in _found(tmp_path) for ds in pacs.instances[:5])
    again = retrieve()
    assert again.rows == () and again.files == 1 and _found(tmp_path) == _all(pacs)


def test_a_whole_series_that_grows_is_hidden_until_the_rest_is_here(
    retrieve: Retrieve, pacs: FakePacs, tmp_path: Path
) -> None:
    retrieve()
    first = pacs.instances[0]
    pacs.instances.append(instance("P1", first.StudyInstanceUID, first.SeriesInstanceUID))
    pacs.after = lambda path: pacs.faults.append(404) if path.endswith("/instances") else None
    assert _codes(retrieve()) == ["PACS_FAILED"]
    assert not any(str(ds.SOPInstanceUID) in _found(tmp_path) for ds in pacs.instances[:5])
    pacs.faults, pacs.after = [], str
    assert retrieve().files == 1 and _found(tmp_path) == _all(pacs)


def test_the_second_look_comes_after_the_series_could_settle(retrieve: Retrieve, pacs: FakePacs, wound: object) -> None:
    retrieve(settle_s=30)
    assert max(wound.slept) == pytest.approx(30, abs=0.1)  # type: ignore[attr-defined]
    wound.slept.clear()  # type: ignore[attr-defined]
    retrieve(settle_s=30)
    assert max(wound.slept, default=0) < 1, "nothing new, nothing to wait for"  # type: ignore[attr-defined]


def test_one_series_that_fails_does_not_stop_the_others(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    bad = pacs.instances[0].SeriesInstanceUID
    pacs.after = lambda path: pacs.faults.append(404) if f"/{bad}/instances" in path else None
    found = retrieve()
    (row,) = found.rows
    assert row.code == "PACS_FAILED" and "HTTP 404" in row.message
    assert str(found) == "PACS of A: 3 series with 5 files retrieved, 1 could not be retrieved"
    assert len(_found(tmp_path)) == 5


def test_a_pacs_that_is_down_is_told_and_changes_nothing(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    retrieve()
    before = _found(tmp_path)
    pacs.faults = [requests.ConnectionError()] * 100
    found = retrieve(retries=2)
    assert not found.answered and _codes(found) == ["PACS_FAILED"] and found.rows[0].case == "demo:unknown"
    assert "goes on with the files that are there" in str(found) and _found(tmp_path) == before


def test_files_of_withdrawn_patients_are_not_fetched(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    retrieve(withdrawn=frozenset({f"demo:{Pseudonyms('demo', KEY).patient('P1')}"}))
    assert {dcmread(path).PatientID for path in (tmp_path / "dicom").rglob("*.dcm")} == {"P2"}


def test_what_is_not_dicom_is_not_kept(retrieve: Retrieve, pacs: FakePacs, tmp_path: Path) -> None:
    bad = pacs.instances[0].SeriesInstanceUID
    garbage = b"--edge\r\n\r\nnot DICOM\r\n--edge--"
    pacs.after = lambda path: pacs.faults.append(lambda _: garbage) if f"/{bad}/instances" in path else None
    (row,) = retrieve().rows
    assert (row.code, row.message) == ("PACS_FAILED", "the PACS sends what is not DICOM")
    assert len(_found(tmp_path)) == 5


def test_only_one_process_retrieves_into_a_folder(retrieve: Retrieve, tmp_path: Path) -> None:
    with locked(tmp_path / "dicom" / PACS_FOLDER / "lock", "x"), pytest.raises(StoreError, match="is being retrieved"):
        retrieve()


def test_no_ids_and_no_uids_reach_names_notes_rows_or_logs(
    retrieve: Retrieve, pacs: FakePacs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[object] = []
    pacs.faults = [503, 200, 200, 200]
    pacs.after = lambda path: pacs.faults.append(404) if path.endswith("/instances") else None
    with watched_by(lambda *news: told.append(news)):
        found = retrieve()
    pacs.faults, pacs.after = [], str
    with watched_by(lambda *news: told.append(news)):
        retrieve()
    notes = [path.read_text() for path in tmp_path.rglob("*.json")]
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    everything = json.dumps([names, notes, caplog.text, repr(found), str(found), repr(told)])
    secrets = {"Secret", '"P1"', "'P1'", "Thorax", "20200401"}
    secrets |= {str(ds[name].value) for ds in pacs.instances for name in ("StudyInstanceUID", "SeriesInstanceUID")}
    secrets |= {str(ds.SOPInstanceUID) for ds in pacs.instances}
    assert notes and told and not [secret for secret in secrets if secret in everything]
