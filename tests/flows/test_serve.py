"""The Prefect server that `radweave serve` starts: it boots, schedules, runs what is asked for over REST, and ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.server, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


class Server:
    """A running `radweave serve` and its REST API."""

    def __init__(self, catalog: Path, store: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        options = ["--catalog", catalog, "--store", store, "--port", self.port, "--cron", "* * * * *", "--workers", 1]
        command = [sys.executable, "-m", "flows.cli", "serve", *map(str, options)]
        self.log = store.parent / "serve.log"
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file, start_new_session=True)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read()) if path.startswith("/api") else answer.read().decode()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def wait(self, what: str, ready: Any, seconds: float = 240) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                found = ready()
            except OSError:
                found = None
            if found:
                return found
            time.sleep(1)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.log.read_text()}")


@pytest.fixture(scope="module")
def server(demo, tmp_path_factory: pytest.TempPathFactory):
    store = demo.copy(tmp_path_factory.mktemp("serve"))
    found = Server(demo.catalog, store)
    try:
        found.wait("deployments", lambda: len(found.post("/api/deployments/filter", {})) == 2)
        yield found
    finally:
        found.process.send_signal(signal.SIGTERM)
        try:
            found.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(found.process.pid, signal.SIGKILL)
            raise


def deployment(server: Server, name: str) -> dict[str, Any]:
    return next(one for one in server.post("/api/deployments/filter", {}) if one["name"] == name)


def finished(server: Server, run: str) -> dict[str, Any] | None:
    found = server.get(f"/api/flow_runs/{run}")
    return found if found["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED") else None


def test_the_ui_is_served_on_loopback_alone(server: Server) -> None:
    assert "<html" in server.get("/").lower()
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if Path(table).exists():
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            listening += [row[1] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == server.port]
    assert all(address.startswith("0100007F") for address in listening)


def test_the_form_explains_its_parameters(server: Server) -> None:
    properties = deployment(server, "on-demand")["parameter_openapi_schema"]["properties"]
    assert all(one["description"] for one in properties.values())
    assert {one["$ref"].split("/")[-1] for one in properties["runner"]["oneOf"]} == {"Threads", "Processes", "Dask"}


def test_a_scheduled_refresh_appears_and_completes(server: Server) -> None:
    wanted = {"deployments": {"name": {"any_": ["scheduled"]}}, "sort": "EXPECTED_START_TIME_ASC", "limit": 1}
    run = server.wait("a scheduled run", lambda: server.post("/api/flow_runs/filter", wanted))[0]
    assert run["auto_scheduled"]
    ended = server.wait("its end", lambda: finished(server, run["id"]))
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    steps = server.post("/api/task_runs/filter", {"task_runs": {"flow_run_id": {"any_": [run["id"]]}}})
    assert {step["name"].split("-")[0] for step in steps} == {"index", "check", "extract", "tables", "publish"}


def test_a_study_triggered_over_rest_completes(server: Server) -> None:
    path = f"/api/deployments/{deployment(server, 'on-demand')['id']}/create_flow_run"
    run = server.post(path, {"parameters": {"study": "builtin_response"}})
    ended = server.wait("its end", lambda: finished(server, run["id"]))
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    assert ended["name"] == "study-builtin_response"


def test_a_faulty_parameter_is_refused(server: Server) -> None:
    path = f"/api/deployments/{deployment(server, 'on-demand')['id']}/create_flow_run"
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.post(path, {"parameters": {"study": "builtin_response", "runner": {"kind": "ponies"}}})
    assert refused.value.code in (409, 422)
    refused.value.close()
