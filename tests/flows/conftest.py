"""What several tests of the flows share: a store that no image was needed for, and one `radweave serve` with its REST
API, which tells which hosts its processes look for.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from features.core.column import Column
from features.core.storage.store import Store
from features.results.manifest import CohortState
from features.results.schemas import IMAGE_BLOCKS, KEY
from tests.support.mart import case_row, fill_store, publish_tables


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store of `fill_store`: do not change it."""
    return fill_store(Store(tmp_path_factory.mktemp("small") / "store"))


@pytest.fixture
def copied(small: Store, tmp_path: Path) -> Store:
    """A copy of the small store, for tests that change it."""
    return Store(Path(shutil.copytree(small.root, tmp_path / "store", symlinks=True)))


@pytest.fixture
def publish_row(copied: Store) -> Callable[..., Store]:
    """Give the copied store a cohort with these columns, of one row, in its block `deep` or another one."""

    def build(*columns: Column, block: str = "deep", **values: Any) -> Store:
        name = f"{block}/ct" if block in IMAGE_BLOCKS else block
        table = (*KEY, *columns), [case_row("three", "p1", **values)]
        publish_tables(copied, "three", CohortState(key="1"), {name: table})
        return copied

    return build


ROOT = Path(__file__).parents[2]
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
# Loaded by every Python process of a server: each attempt to reach a host becomes a line.
SPY = """
import os, sys
def spy(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
    elif event == "socket.getaddrinfo":
        address = arguments[0]
    else:
        return
    with open(os.environ["RADWEAVE_TEST_SPY"], "a") as file:
        file.write(repr(address) + "\\n")
sys.addaudithook(spy)
"""


class Server:
    """A running `radweave serve` and its REST API."""

    def __init__(self, catalog: Path, store: Path, *options: object, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.catalog, self.store = catalog, store
        self.headers = {"content-type": "application/json"}
        spy = store.parent / "spy"
        spy.mkdir(exist_ok=True)
        (spy / "sitecustomize.py").write_text(SPY)
        self.spied = store.parent / "spied.txt"
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{spy}",
            "RADWEAVE_TEST_SPY": str(self.spied),
            "COLUMNS": "200",
            **environment,
        }
        found = ["--catalog", catalog, "--store", store, "--port", self.port, "--workers", 1, *options]
        self.log = store.parent / "serve.log"
        with self.log.open("wb") as file:
            command = [sys.executable, "-m", "flows.cli", "serve", *map(str, found)]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=file, stderr=file, start_new_session=True
            )

    def get(self, path: str) -> Any:
        request = urllib.request.Request(self.url + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read().decode()
            return json.loads(text) if "json" in answer.headers["content-type"] else text

    def post(self, path: str, body: dict[str, Any], method: str = "POST") -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), self.headers, method=method)
        for pause in (1, 3, 10, 0):  # 503: the server's SQLite is busy
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                if error.code != 503 or not pause:
                    raise
                error.close()
                time.sleep(pause)
        raise AssertionError("unreachable")

    def wait(self, what: str, ready: Callable[[], Any], seconds: float = 900) -> Any:
        """What `ready` gives once it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                found = ready()
            except OSError:
                found = None
            if found:
                return found
            time.sleep(0.5)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.log.read_text()}")

    def serving(self) -> "Server":
        self.wait("deployments", lambda: "serving" in self.log.read_text())
        return self

    def deployment(self, name: str) -> Any:
        return next(one for one in self.post("/api/deployments/filter", {}) if one["name"] == name)

    def trigger(self, name: str, **parameters: object) -> str:
        path = f"/api/deployments/{self.deployment(name)['id']}/create_flow_run"
        return str(self.post(path, {"parameters": parameters})["id"])

    def pause_schedule(self, name: str) -> None:
        """As the switch beside a schedule in the UI does."""
        found = self.deployment(name)
        for schedule in found["schedules"]:
            place = f"/api/deployments/{found['id']}/schedules/{schedule['id']}"
            self.post(place, {"active": False}, "PATCH")

    def run(self, run: str) -> Any:
        return self.get(f"/api/flow_runs/{run}")

    def end(self, run: str, seconds: float = 900) -> Any:
        """The flow run once it has ended."""

        def ended() -> Any:
            found = self.run(run)
            return found if found["state"]["type"] in ENDED else None

        return self.wait("the end of the run", ended, seconds)

    def runs(self) -> Any:
        return self.post("/api/flow_runs/filter", {"sort": "START_TIME_DESC"})

    def artifacts(self, run: str) -> dict[str, Any]:
        """Artifacts of a flow run by key."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [run]}}, "limit": 200}
        return {one["key"]: one for one in self.post("/api/artifacts/filter", wanted)}

    def command(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """`radweave` with runs tracked by this server, as one would type it in another terminal."""
        settings = {**self.environment, "PREFECT_API_URL": f"{self.url}/api", **environment}
        return subprocess.Popen(
            [sys.executable, "-m", "flows.cli", *map(str, arguments)],
            cwd=ROOT,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def stop(self) -> str:
        """Ends with SIGTERM; returns what was printed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=600)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        return self.log.read_text()


@pytest.fixture(scope="session")
def serve() -> Callable[..., Server]:
    """Starts a server of one's own: `serve(catalog, store, "--cron", …)`."""
    return Server


@pytest.fixture(scope="session")
def server(demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that tests share. Its schedule has started one refresh, and is paused since."""
    folder = Path(os.environ.get("RADWEAVE_PICTURES_AT") or tmp_path_factory.mktemp("serve"))
    catalog = demo.catalog
    if os.environ.get("RADWEAVE_PICTURES_AT"):  # a neat place for the pictures of the guide
        catalog = demo.copy_cohort(folder)
    found = Server(catalog, demo.copy(folder), "--cron", "* * * * *", PREFECT_SERVER_API_HOST="0.0.0.0")
    try:
        found.serving()
        started = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "COMPLETED", "FAILED", "CRASHED"]}}}}
        found.wait("a scheduled run", lambda: found.post("/api/flow_runs/filter", started))
        for name in ("scheduled", "new-cases"):
            found.post(f"/api/deployments/{found.deployment(name)['id']}/pause_deployment", {})
        yield found
    finally:
        printed = found.stop()
    assert "Warning" not in printed and "radweave: stopped" in printed
