"""The store under attack: killed, raced, read-only, with a wrong clock. What is read is always one whole refresh."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from features.core.storage.store import Store
from features.results import manifest as module
from features.results.manifest import Mart, mart_refresh, newest, refresh_numbers
from features.results.verify import verify

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
fork = multiprocessing.get_context("fork")


class Cohort:
    """A copy of the demo whose one patient can be taken out and put back: two states, A and B."""

    def __init__(self, demo, folder: Path) -> None:
        self.catalog = Path(shutil.copytree(demo.catalog.parent, folder / "cohort")) / "data_catalog.yaml"
        self.store = Store(demo.copy(folder))
        self._patient = min(path for path in (self.catalog.parent / "C").iterdir() if path.is_dir())
        self._away = folder / "away"

    def toggle(self) -> None:
        if self._away.exists():
            self._away.rename(self._patient)
        else:
            self._patient.rename(self._away)

    def refresh(self) -> None:
        from flows.cli import main

        os.chdir(ROOT)
        with open(os.devnull, "w") as null:  # noqa: PTH123
            os.dup2(null.fileno(), 1)
            os.dup2(null.fileno(), 2)
        try:
            main(
                ["refresh", "--all", "--catalog", str(self.catalog), "--store", str(self.store.root), "--workers", "1"]
            )
        except SystemExit as stop:
            os._exit(int(stop.code or 0))
        os._exit(0)

    def tables(self) -> dict[str, str]:
        return {name: file.sha256 for name, file in newest(self.store).files.items()}

    def finish(self) -> float:
        """A refresh that nobody disturbs; how long it took."""
        start = time.monotonic()
        process = fork.Process(target=self.refresh)
        process.start()
        process.join()
        assert process.exitcode == 0
        return time.monotonic() - start


@pytest.fixture
def cohort(demo, tmp_path: Path) -> Cohort:
    import flows.refresh  # noqa: F401 - forked children then need not import it

    return Cohort(demo, tmp_path)


def test_twenty_kills_leave_one_whole_refresh_each_time(cohort: Cohort) -> None:
    states = []
    for _ in range(2):
        cohort.toggle()
        took = cohort.finish()
        states.append(cohort.tables())
    assert states[0] != states[1]
    rng = random.Random(1)
    committed = 0
    for trial in range(20):
        cohort.toggle()
        before = newest(cohort.store).refresh
        process = fork.Process(target=cohort.refresh)
        process.start()
        time.sleep(
            rng.uniform(0.2, 1.05) * took if trial % 10 else 0
        )  # two at once, however fast the machine has become
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        committed += newest(cohort.store).refresh - before
        assert cohort.tables() in states
        mart = Mart.open(cohort.store)
        for name in mart.manifest.files:
            mart.read(*module.split_name(name))
        view = cohort.store.mart.resolve()
        linked = {str(path.relative_to(view).with_suffix("")): path for path in view.rglob("*.parquet")}
        assert {name: module.digest_bytes(path.read_bytes()) for name, path in linked.items()} in states
    cohort.finish()
    assert committed < 20, "some kills must have come before the commit"
    assert verify(cohort.store).faults == ()
    assert mart_refresh(cohort.store) == newest(cohort.store).refresh
    cohort.toggle()
    cohort.finish()
    assert cohort.tables() in states


def test_plain_globs_see_one_refresh_while_others_are_committed(cohort: Cohort) -> None:
    stop = fork.Event()

    def write() -> None:
        while not stop.is_set():
            cohort.toggle()
            cohort.finish()

    writer = fork.Process(target=write)
    writer.start()
    seen = set()
    try:
        end = time.monotonic() + 600
        while len(seen) < 3 and time.monotonic() < end:
            view = cohort.store.mart.resolve()
            cases = [
                ds.dataset(sorted(map(str, view.glob(f"{table}/*.parquet")))).to_table(columns=["case"])["case"]
                for table in ("region", "radiomics/ct_lung", "deep/ct_lung")
            ]
            assert cases[0].to_pylist() == cases[1].to_pylist() == cases[2].to_pylist()
            seen.add((view.name, len(cases[0])))
    finally:
        stop.set()
        writer.join()
    assert len(seen) >= 3


def test_of_two_refreshes_at_once_one_refuses(cohort: Cohort) -> None:
    cohort.toggle()
    numbers = refresh_numbers(cohort.store)
    processes = [fork.Process(target=cohort.refresh) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(process.exitcode for process in processes) in ([0, 4], [0, 0])  # [0, 0]: one after the other
    assert len(refresh_numbers(cohort.store)) == len(numbers) + 1
    assert verify(cohort.store).faults == ()


READ_ONLY = """
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
shift
exec "$@"
"""


def test_a_store_that_may_only_be_read_is_read_and_says_so(cohort: Cohort) -> None:
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this user may not mount a read-only folder")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [
            "unshare",
            "-m",
            "sh",
            "-c",
            READ_ONLY,
            "sh",
            str(cohort.store.root),
            sys.executable,
            "-m",
            "flows.cli",
        ]
        places = [
            "--store",
            str(cohort.store.root),
            *(["--catalog", str(cohort.catalog)] if "query" not in arguments else []),
        ]
        return subprocess.run([*command, *arguments, *places], capture_output=True, text=True, cwd=ROOT, check=False)

    cohort.toggle()
    found = run("refresh", "--all")
    assert found.returncode == 4
    assert "cannot be written: Read-only file system" in found.stderr
    assert "Traceback" not in found.stderr
    assert run("query", "SELECT count(*) FROM scans").returncode == 0
    assert run("status").returncode == 0


def test_a_clock_that_goes_back_does_not_change_what_is_newest(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    class Skewed(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) - timedelta(hours=1)

    monkeypatch.setattr(module, "datetime", Skewed)
    before = newest(cohort.store)
    cohort.toggle()
    cohort.finish()
    after = newest(cohort.store)
    assert after.at < before.at or after.at[:13] != before.at[:13]
    assert (after.refresh, after.parent) == (before.refresh + 1, before.refresh)
    assert after.at.endswith("+00:00")


def test_a_refresh_that_runs_again_commits_nothing(cohort: Cohort) -> None:
    """STO_IDEMP."""
    before = {path: path.stat().st_mtime_ns for path in cohort.store.root.rglob("*.parquet")}
    cohort.finish()
    assert refresh_numbers(cohort.store) == [1]
    changed = {path for path in cohort.store.root.rglob("*.parquet") if before.get(path) != path.stat().st_mtime_ns}
    assert {path.parent.name for path in changed} <= {"index"}
