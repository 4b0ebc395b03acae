"""Refresh: reruns cost nothing, kill -9 loses nothing, one bad case is one row."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.manifest import Mart
from features.results.verify import verify

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def digests(store: Path, *folders: str) -> dict[str, str]:
    """sha-256 of every file below the folders of a store."""
    files = [path for folder in folders or (".",) for path in sorted((store / folder).rglob("*")) if path.is_file()]
    return {str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_scans_in_are_scans_used_plus_quarantined(demo) -> None:
    mart = Mart.open(Store(demo.store))
    state = mart.manifest.cohorts["builtin"]
    assert state.scans == state.used + sum(state.quarantined.values())
    assert state.quarantined == {}
    assert state.used == mart.read("radiomics", "builtin").num_rows > 24


def test_rerun_computes_nothing_and_gives_the_same_bytes(demo, inside, tmp_path: Path) -> None:
    store = demo.copy(tmp_path)
    kept = ("work", "tables", "refreshes", "views", "studies")
    before = digests(store, *kept)
    times = {path: path.stat().st_mtime_ns for path in (store / "work").rglob("*.parquet")}
    inside("refresh", "--all", "--catalog", demo.catalog, "--store", store)
    inside("study", "builtin_response", "--catalog", demo.catalog, "--store", store)
    assert digests(store, *kept) == before
    assert {path: path.stat().st_mtime_ns for path in (store / "work").rglob("*.parquet")} == times


def test_killed_refresh_is_finished_by_the_next_with_the_same_tables(demo, radweave, tmp_path: Path) -> None:
    store = demo.begun(tmp_path)
    command = [sys.executable, "-m", "flows.cli", "refresh", "--all", "--catalog", demo.catalog, "--store", store]
    rng = random.Random(0)
    done = begun = len(list((store / "work").rglob("*.parquet")))
    for _ in range(2):
        process = subprocess.Popen(list(map(str, command)), cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
        wanted = done + rng.randint(8, 16)
        while process.poll() is None and len(list((store / "work").rglob("*.parquet"))) < wanted:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done = len(list((store / "work").rglob("*.parquet")))
        if (store / "mart").exists():  # on a busy machine it may have come to its end first
            assert digests(store, "tables") == digests(demo.store, "tables")
    assert begun < done <= len(list((demo.store / "work").rglob("*.parquet")))
    radweave("refresh", "--all", "--catalog", demo.catalog, "--store", store)
    assert digests(store, "tables") == digests(demo.store, "tables")
    assert verify(Store(store)).faults == ()


def test_bad_cases_are_rows_and_the_others_do_not_change(demo, inside, tmp_path: Path) -> None:
    cohort = Path(shutil.copytree(demo.catalog.parent, tmp_path / "cohort"))
    store = demo.copy(tmp_path)
    image = min((cohort / "C").rglob("baseline/CT.nii.gz"))
    image.write_bytes(image.read_bytes()[:2000])
    slices = sorted(min((cohort / "A" / "dicom").iterdir()).rglob("baseline/CT/*.dcm"))
    slices[len(slices) // 2].unlink()
    min((cohort / "B" / "dicom").iterdir()).joinpath("baseline", "SEG.dcm").unlink()
    inside("refresh", "--all", "--catalog", cohort / "data_catalog.yaml", "--store", store)
    mart = Mart.open(Store(store))
    rows = mart.read("quarantine", "builtin").to_pylist()
    assert sorted(row["code"] for row in rows) == ["DICOM_MISSING_SLICE", "MASK_MISSING", "NII_TRUNC"]
    assert all(row["case"].startswith("builtin:") and row["message"] for row in rows)
    names = [path.name for centre in "ABC" for path in (cohort / centre).glob("dicom/*" if centre < "C" else "*")]
    assert not any(name in json.dumps(rows) for name in names)
    before = {row["case"]: row for row in Mart.open(Store(demo.store)).read("radiomics", "builtin").to_pylist()}
    after = {row["case"]: row for row in mart.read("radiomics", "builtin").to_pylist()}
    assert len(before) - len(after) == 3
    assert all(before[case] == row for case, row in after.items())


def test_no_patient_data_reaches_the_store(demo) -> None:
    """Ids, names, paths and UIDs of the source files stand nowhere in tables, reports and results."""
    ids = {path.name for path in (demo.catalog.parent / "A" / "dicom").iterdir()}
    ids |= {path.name for path in (demo.catalog.parent / "C").iterdir()}
    needles = [name.encode() for name in ids] + [b"2.25.", b"/dicom/", b"RTSTRUCT.dcm"]
    for path in demo.store.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".parquet":
                data = json.dumps(read_table(path).to_pydict(), default=str).encode()
            assert [needle for needle in needles if needle in data] == [], path
