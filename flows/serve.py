"""serve: a Prefect server on loopback, and a runner for what its schedules and its UI ask for."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from features.core.catalog import load_catalog
from features.core.errors import RadweaveError
from tasks.runners.runner import Runner

HOST = "127.0.0.1"
START_SECONDS = 120


def serve_deployments(store: Path, catalog: Path, port: int, cron: str, runner: Runner) -> None:
    """Serve `refresh/scheduled` and `study/on-demand` until interrupted; the server's own data lie in <store>/prefect."""
    load_catalog(catalog)
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise RadweaveError(f"port {port} is in use: end what listens there, or choose another --port")
    os.environ.update(server_settings(store, port))  # before prefect is imported: it reads its settings once
    with _server(store, port):
        print(f"radweave: the UI is at http://{HOST}:{port}; stop with Ctrl+C", flush=True)
        _run_deployments(store.resolve(), catalog.resolve(), cron, runner)


def server_settings(store: Path, port: int) -> dict[str, str]:
    """Environment of server and runner: loopback only, nothing sent out, silent runs are noticed by their heartbeat."""
    return {
        "PREFECT_HOME": str((store / "prefect").resolve()),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "DO_NOT_TRACK": "1",
    }


def _run_deployments(store: Path, catalog: Path, cron: str, runner: Runner) -> None:
    from prefect import serve
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType

    from flows.refresh import refresh
    from flows.study import study

    places = {"catalog": str(catalog), "store": str(store), "runner": runner.model_dump(mode="json")}
    module = EntrypointType.MODULE_PATH
    scheduled = refresh.to_deployment("scheduled", cron=cron, parameters=places, entrypoint_type=module)
    on_demand = study.to_deployment("on-demand", parameters=places, entrypoint_type=module)
    assert isinstance(scheduled, RunnerDeployment)
    assert isinstance(on_demand, RunnerDeployment)
    serve(scheduled, on_demand, limit=1, pause_on_shutdown=False)


@contextmanager
def _server(store: Path, port: int) -> Iterator[None]:
    """A server process that ends with the block. Raises RadweaveError if it does not answer in time."""
    store.mkdir(parents=True, exist_ok=True)
    log = store / "prefect-server.log"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=_clean(os.environ), stdout=file, stderr=file, start_new_session=True)
    try:
        _wait(process, port, log)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The server serves; it must not take itself for a client of an API."""
    return {key: value for key, value in environment.items() if key != "PREFECT_API_URL"}


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RadweaveError(f"the Prefect server stopped at once; is port {port} in use? See {log}")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/api/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RadweaveError(f"the Prefect server did not answer within {START_SECONDS} s; see {log}")
