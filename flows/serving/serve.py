"""serve: a Prefect server on loopback, and a runner for what its schedules and its UI ask for."""

import asyncio
import logging
import os
import signal
import threading
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from features.core.catalog.catalog import Catalog, load_catalog
from features.core.errors import RadweaveError, StoreError
from features.core.storage.lock import locked
from features.core.storage.place import is_remote, open_place
from features.core.storage.store import Store
from features.results.keys import is_new
from flows.commands.keys import own_key
from flows.serving.server import (
    HEARTBEAT_SECONDS,
    HOST,
    SERVED_BY,
    check_access,
    check_database,
    check_port,
    running_server,
    server_settings,
)
from tasks.running.runner import Runner

REFRESHING, SCORING = "refresh/scheduled", "score-new/new-cases"  # which have schedules


def serve_deployments(
    store: str,
    catalog: Path,
    port: int,
    cron: str,
    runner: Runner,
    *,
    score_cron: str = "0 5 * * *",
    database: str = "",
    auth: str = "",
    url: str = "",
) -> None:
    """Serve the deployments of `deployments.DEPLOYED` until interrupted. cron, score_cron: when cohorts are refreshed, and new
    cases scored.

    Without a database, the server's own data lie in <store>/prefect; for a store on object storage, in ./radweave-server.
    url: where browsers find the server, if that is behind a proxy.

    Raises RadweaveError if the catalog has faults, an option is wrong, the port is taken, the database does not answer or
    the store cannot be written.
    """
    _check_folder(Path.cwd())
    declared, url = load_catalog(catalog), url.rstrip("/")
    place = open_place(store)
    home = Path("radweave-server") if is_remote(place) else place
    if any(above.is_file() for above in (home, *home.parents)):
        raise _not_writable(home, "a file stands in its place")
    own_key(Store(place), needed=not is_new(Store(place)))  # said now, and not only by the first run at night
    auth = auth or os.environ.get("PREFECT_SERVER_API_AUTH_STRING", "")
    check_access(auth, url)
    check_port(port)
    if database:
        check_database(database)
    settings = server_settings((home / "prefect").resolve(), port, database=database, auth=auth, url=url)
    os.environ.update(_client_settings(settings, auth))  # before prefect is imported: it reads its settings once
    check_cron(cron)
    check_cron(score_cron, "--score-cron")
    log = _writable(home) / "prefect-server.log"
    stopping = threading.Event()
    pages = None if is_remote(place) else place.resolve()
    with (
        locked(home / "prefect" / "served", f"{store} is being served"),
        running_server(settings, log, stopping, pages),
    ):
        print(f"radweave: the UI is at {url or f'http://{HOST}:{port}'}; stop with Ctrl+C", flush=True)
        where = store if is_remote(place) else str(place.resolve())
        crons = {REFRESHING: cron, SCORING: score_cron}
        _run_deployments(declared, where, catalog.resolve(), crons, runner, stopping)


def check_cron(cron: str, option: str = "--cron") -> None:
    """Raises RadweaveError if this is no cron expression, ValidationError if a setting of Prefect is wrong."""
    with warnings.catch_warnings():  # its home is made later, where all options are right
        warnings.filterwarnings("ignore", "Failed to create the Prefect home")
        from prefect.client.schemas.schedules import CronSchedule
        from prefect.settings import get_current_settings
    get_current_settings()
    try:
        CronSchedule(cron=cron)
    except ValueError:
        raise RadweaveError(
            f'{option} "{cron}": not a cron expression; it has five fields in UTC: minute, hour, day of the month, month, day of '
            'the week, such as "0 3 * * *" for 3 o\'clock each night'
        ) from None


def _writable(home: Path) -> Path:
    """The folder of the server's log and data. Raises RadweaveError if it cannot be written."""
    try:
        (home / "prefect").mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home), TemporaryFile(dir=home / "prefect"):
            return home
    except OSError as error:
        raise _not_writable(home, str(error.strerror)) from None


def _not_writable(home: Path, why: str) -> StoreError:
    return StoreError(
        f"{home}: cannot be written ({why}): the server keeps its log and its data there, and refreshes write to the store; "
        "choose another --store, or have it made writable"
    )


def _client_settings(settings: dict[str, str], auth: str) -> dict[str, str]:
    """Environment of the runner and of the runs: the server's, without its secrets, and where it is."""
    found = {key: value for key, value in settings.items() if not key.startswith("PREFECT_SERVER_DATABASE")}
    found["PREFECT_API_URL"] = f"http://{HOST}:{settings['PREFECT_SERVER_API_PORT']}/api"
    found["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] = str(HEARTBEAT_SECONDS)
    found[SERVED_BY] = str(os.getpid())
    return {**found, "PREFECT_API_AUTH_STRING": auth} if auth else found


def _check_folder(folder: Path) -> None:
    """Raises RadweaveError if runs would find another package where radweave's is looked for: they look here first."""
    for name in ("features", "tasks", "flows"):
        for found in (folder / name / "__init__.py", folder / f"{name}.py"):
            if found.exists() and folder.resolve() != Path(__file__).resolve().parents[2]:
                raise RadweaveError(
                    f"{found}: would hide radweave's own package {name} from the server and every run; start "
                    "`radweave serve` in another folder"
                )


def _run_deployments(
    declared: Catalog, store: str, catalog: Path, crons: Mapping[str, str], runner: Runner, stopping: threading.Event
) -> None:
    from prefect.schedules import Cron

    from flows.serving.deployments import DEPLOYED, deployments
    from flows.serving.prepare import end_stale_runs, free_gpu_slots, is_paused, prepare_server

    prepare_server(for_workers=False)
    if swept := end_stale_runs([one.name for one in DEPLOYED]):
        print(f"radweave: runs that were left by an earlier process and are Crashed now: {swept}", flush=True)
    if freed := free_gpu_slots(restarted=True):
        print(f"radweave: slots of the GPU that killed runs had left taken, free now: {freed}", flush=True)
    schedules = {}
    for word, cron in crons.items():
        paused = is_paused(*word.split("/"))
        if paused:
            print(
                f"radweave: the schedule of {word} stays paused, as it was left in the UI: it runs when you press Run",
                flush=True,
            )
        schedules[word] = Cron(cron, timezone="UTC", active=not paused)  # UTC is said, so that the UI says it too
    places = {"catalog": str(catalog), "store": store}
    found = deployments(declared, Store(open_place(store)), places, runner, schedules)
    _run_until_stopped(found, stopping)


def _run_until_stopped(deployments: list[Any], stopping: threading.Event) -> None:
    """One run at a time, until Ctrl+C or SIGTERM, which `stopping` then tells."""
    from prefect.runner import Runner as PrefectRunner

    class Served(PrefectRunner):
        def handle_sigterm(self, *_: Any) -> None:
            stopping.set()
            loop = asyncio.get_running_loop()  # Prefect's own way leaves a coroutine that nobody awaits
            loop.call_soon_threadsafe(lambda: loop.create_task(self.end()))

        async def end(self) -> None:
            while not self.started:  # Prefect's runner listens before it can be stopped
                await asyncio.sleep(0.05)
            await self.astop()

    def interrupt(*_: Any) -> None:
        stopping.set()
        raise KeyboardInterrupt

    names = ", ".join(f"{deployment.flow_name}/{deployment.name}" for deployment in deployments)
    for handler in logging.getLogger("prefect").handlers:
        handler.addFilter(lost_in_a_line)
    with suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, interrupt)  # until the runner listens itself
        runner = Served(name="radweave", limit=1, pause_on_shutdown=False)
        for deployment in deployments:
            runner.add_deployment(deployment)
        print(f"radweave: serving {names}", flush=True)
        asyncio.run(runner.start())
    print("radweave: stopped", flush=True)


def lost_in_a_line(record: logging.LogRecord) -> bool:
    """True: every line is logged, but that the server is lost without the way there. `serve` says what ended it."""
    from httpx import TransportError
    from websockets.exceptions import WebSocketException

    lost = (ConnectionError, EOFError, TimeoutError, TransportError, WebSocketException)
    if record.exc_info and isinstance(record.exc_info[1], lost):
        record.exc_info = record.exc_text = None
    return True
