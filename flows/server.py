"""The Prefect server as a child process: on loopback, silent, and gone when its parent is gone.

Run as a module it is that child. Prefect's newer user interface asks amplitude.com for its settings from every browser,
also where analytics are switched off; so only the older one is served.
"""

import ctypes
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

from features.core.errors import RadweaveError

HOST = "127.0.0.1"
START_SECONDS = 120
STOP_SECONDS = 20
HEARTBEAT_SECONDS = 30  # the shortest that Prefect allows
SERVED_BY = "RADWEAVE_SERVED_BY"  # process id of the `radweave serve` that runs belong to
_PARENT = "RADWEAVE_SERVER_PARENT"
_PR_SET_PDEATHSIG = 1
SILENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
}


def server_settings(home: Path, port: int, database: str = "", auth: str = "") -> dict[str, str]:
    """Environment of the server: its data in `home`, or in a database; `auth` is "user:password", if it asks for one."""
    settings = {
        **SILENT,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api",
    }
    if database:
        settings["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    if auth:
        settings["PREFECT_SERVER_API_AUTH_STRING"] = auth
    return settings


@contextmanager
def running_server(settings: Mapping[str, str], log: Path) -> Iterator[None]:
    """A server process that ends with the block. Raises RadweaveError if its port is taken or it does not answer."""
    port = int(settings["PREFECT_SERVER_API_PORT"])
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise RadweaveError(f"port {port} is in use: end what listens there, or choose another --port")
    log.parent.mkdir(parents=True, exist_ok=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_API_")}
    environment = {**inherited, **settings, _PARENT: str(os.getpid())}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.server"], env=environment, stdout=file, stderr=file, start_new_session=True
        )
    try:
        _wait(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RadweaveError(f"the Prefect server stopped at once: see the end of {log}")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/api/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RadweaveError(f"the Prefect server did not answer within {START_SECONDS} s; see {log}")


def _serve() -> None:
    """In the child: end with the parent, also if that is killed, and serve until told to stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if str(os.getppid()) != os.environ[_PARENT]:
            return  # the parent was gone before
    import prefect
    from prefect.cli import app

    prefect.__ui_v2_static_path__ = Path(os.devnull) / "not-served"
    port = os.environ["PREFECT_SERVER_API_PORT"]
    sys.argv = ["prefect", "server", "start", "--host", HOST, "--port", port]
    app()


if __name__ == "__main__":
    _serve()
