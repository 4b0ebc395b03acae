"""A Dask cluster of real processes on loopback: a scheduler and two workers, one of which says that it has a GPU."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.running.pool import Pool
from tests.tasks.deeds import process_ids

ROOT = Path(__file__).parents[4]
QUIET = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}


@dataclass
class Cluster:
    """Processes of a cluster; they never had the pseudonym key."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--no-dashboard", *options]
        settings = {name: value for name, value in os.environ.items() if name != "RADWEAVE_KEY_FILE"}
        settings |= {"PYTHONPATH": str(ROOT), "HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder), **QUIET}
        log = (self.folder / f"{program}-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(command, cwd=self.folder, env=settings, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        return self.start("worker", self.address, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", *options)

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


def wait_until(ready: Callable[[], object], seconds: float = 300) -> None:
    """Raises AssertionError if it does not come true; the time is that of a machine with much else to do."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def of_two_children(pool: Pool) -> list[tuple[int, int]]:
    """Each child that did some work, and its parent: more work until two have done some, since one may start much later."""
    found: list[tuple[int, int]] = []

    def two() -> bool:
        found.extend(pool.map(process_ids, range(20), "processes"))
        return len({child for child, _ in found}) == 2

    wait_until(two)
    return found


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    found = Cluster(folder)
    try:
        found.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", "scheduler.json")
        wait_until((folder / "scheduler.json").is_file)
        import json

        wait_until(lambda: (folder / "scheduler.json").read_text().strip())
        found.address = json.loads((folder / "scheduler.json").read_text())["address"]
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def _clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cluster]]:
    """The running cluster of a file; a new one after a test that ended a worker of the old one."""
    with ExitStack() as stack:
        found: list[Cluster] = []

        def whole() -> Cluster:
            if not found or any(process.poll() is not None for process in found[-1].processes):
                stack.close()
                found.append(stack.enter_context(running(tmp_path_factory.mktemp("cluster"))))
                found[-1].start_worker()
                found[-1].start_worker("--resources", "GPU=1")
            return found[-1]

        yield whole


@pytest.fixture
def cluster(_clusters: Callable[[], Cluster]) -> Cluster:
    """A scheduler and two workers, the second with `GPU=1`."""
    return _clusters()
