"""The Prefect server as a child process: on loopback, behind a check of origins, silent, and gone when its parent is gone.

Run as a module it is that child. Prefect's newer user interface asks amplitude.com for its settings from every browser,
also where analytics are switched off; so only the older one is served.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from features.core.errors import ExitCode, NetworkError, RadweaveError
from flows.serving.own_origin import App, OwnOrigin, own_origins

HOST = "127.0.0.1"
DRIVERS = ("postgresql+asyncpg", "sqlite+aiosqlite")
START_SECONDS = 120
STOP_SECONDS = 20
HEARTBEAT_SECONDS = 30  # the shortest that Prefect allows
SERVED_BY = "RADWEAVE_SERVED_BY"  # process id of the `radweave serve` that runs belong to
ORIGINS = "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"  # of this setting's names the one that Prefect looks for first
OURS = ("PREFECT_API_", "PREFECT_UI_", "PREFECT_SERVER_API_", "PREFECT_SERVER_UI_", "PREFECT_SERVER_CORS_")
_PARENT = "RADWEAVE_SERVER_PARENT"
_STORE = "RADWEAVE_SERVER_STORE"  # whose pages the server shows
_PR_SET_PDEATHSIG = 1
SILENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
}


def server_settings(home: Path, port: int, *, database: str = "", auth: str = "", url: str = "") -> dict[str, str]:
    """Environment of the server: its data in `home`, or in a database; `auth` is "user:password", if it asks for one.

    url: where browsers find the server, if that is behind a proxy.
    """
    settings = {
        **SILENT,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"{url or f'http://{HOST}:{port}'}/api",
        ORIGINS: ",".join(own_origins(port, url)),
    }
    if database:
        settings["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    if auth:
        settings["PREFECT_SERVER_API_AUTH_STRING"] = auth
    return settings


def check_access(auth: str, url: str) -> None:
    """Raises RadweaveError if these are no "user:password", or no URL of a proxy, which needs a password."""
    if auth and not all(auth.partition(":")):
        raise RadweaveError("--auth (or RADWEAVE_AUTH): not of the form USER:PASSWORD; what was given is not shown")
    if url and not (
        urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc and urlsplit(url).path in ("", "/")
    ):
        raise RadweaveError(
            f"--url {url}: not the address of a server, such as https://radweave.example; paths are not served"
        )
    if url and not auth:
        raise RadweaveError(f"--url {url}: who can reach it could start runs: set a password too (RADWEAVE_AUTH)")


def check_database(database: str) -> None:
    """Raises RadweaveError if this is no URL of a database that Prefect can use, or nothing answers there."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(database)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in DRIVERS:
        kind = f'"{url.drivername}"' if url else "no URL"  # the URL itself may hold a password
        raise RadweaveError(
            f"--database (or RADWEAVE_DATABASE): found {kind}; allowed: {' and '.join(f'{one}://…' for one in DRIVERS)}"
        )
    if url.drivername.startswith("postgresql") and url.host:
        where = (url.host, url.port or 5432)
        try:
            socket.create_connection(where, timeout=10).close()
        except OSError as error:
            raise NetworkError(
                f"--database (or RADWEAVE_DATABASE): nothing answers at {where[0]}, port {where[1]} ({error.strerror or error})"
            ) from None


def check_port(port: int) -> None:
    """Raises RadweaveError if nothing can listen at this port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the server does: one that has just ended is no hindrance
        try:
            probe.bind((HOST, port))
            probe.listen()
        except PermissionError:
            raise RadweaveError(f"port {port} is not for every user: choose another --port, above 1023") from None
        except OSError:
            raise RadweaveError(f"port {port} is in use: end what listens there, or choose another --port") from None


@contextmanager
def running_server(
    settings: Mapping[str, str], log: Path, stopping: threading.Event, store: Path | None = None
) -> Iterator[None]:
    """A server process that ends with the block, and this process with it: nothing works without its server.

    store: the folder whose reports and quality pages the server shows; None: it shows none.
    Where the server ends by itself, this is said and the exit code is that of a network fault; not once `stopping` is set.
    Raises RadweaveError if the port is taken, NetworkError if the server does not answer.
    """
    port = int(settings["PREFECT_SERVER_API_PORT"])
    check_port(port)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    environment = {**inherited, **settings, _PARENT: str(os.getpid()), _STORE: str(store or "")}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.serving.server"],
            env=environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        _wait(process, port, log)
        threading.Thread(target=_end_with, args=(process, log, stopping), daemon=True).start()
        yield
    finally:
        stopping.set()
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with(process: subprocess.Popen[bytes], log: Path, stopping: threading.Event) -> None:
    """In a thread: end this process when the server has ended, without asking it for anything more."""
    code = process.wait()
    together = 2.0 if code in (0, -signal.SIGTERM) else 0.0  # who stops a service tells all of its processes at once
    if not stopping.wait(together):
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        print(
            f"radweave: the Prefect server has ended {how}, and radweave serve with it: see the end of {log}; what was "
            "finished is kept, the next radweave serve goes on",
            file=sys.stderr,
            flush=True,
        )
        os._exit(ExitCode.NETWORK)  # Prefect's runner would ask the server that is gone, for minutes


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NetworkError(f"the Prefect server stopped at once: see the end of {log}")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/api/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise NetworkError(f"the Prefect server did not answer within {START_SECONDS} s; see {log}")


def _serve() -> None:
    """In the child: end with the parent, also if that is killed, and serve until told to stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if str(os.getppid()) != os.environ[_PARENT]:
            return  # the parent was gone before
    import prefect
    import uvicorn
    from prefect.server.api.server import create_app

    from flows.serving.own_style import OwnStyle
    from flows.serving.pages import Pages

    prefect.__ui_v2_static_path__ = Path(os.devnull) / "not-served"
    origins = os.environ[ORIGINS].split(",")
    port = int(os.environ["PREFECT_SERVER_API_PORT"])
    app: App = OwnStyle(create_app(final=True))
    if store := os.environ[_STORE]:
        app = Pages(app, Path(store), os.environ.get("PREFECT_SERVER_API_AUTH_STRING", ""))
    uvicorn.run(OwnOrigin(app, origins), host=HOST, port=port)


if __name__ == "__main__":
    _serve()
